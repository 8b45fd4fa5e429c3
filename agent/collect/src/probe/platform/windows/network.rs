//! Interfaces, addresses, routes, neighbours and DNS servers.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use befund_model::probe::network::Link;
use windows_sys::Win32::NetworkManagement::IpHelper::{IF_TYPE_SOFTWARE_LOOPBACK, MIB_IF_ROW2};
use windows_sys::Win32::NetworkManagement::Ndis::{
    IfOperStatusDormant, IfOperStatusDown, IfOperStatusLowerLayerDown, IfOperStatusNotPresent,
    IfOperStatusTesting, IfOperStatusUp, MediaConnectStateConnected, MediaConnectStateDisconnected,
};
use windows_sys::Win32::Networking::WinSock::{
    NlnsIncomplete, NlnsPermanent, NlnsReachable, NlnsUnreachable,
};

use super::{failed, tables, until_zero};
use crate::probe::netlink::{Address, DefaultRoute, State};
use crate::probe::{Context, Unmeasured};

/// Bits of MIB_IF_ROW2's InterfaceAndOperStatusFlags.
const HARDWARE: u8 = 1;
const FILTER: u8 = 2;
const CONNECTOR: u8 = 4;
/// What Windows fills in where nothing is set (RFC 3879 has deprecated them).
const SITE_LOCAL: [u16; 4] = [0xfec0, 0, 0, 0xffff];
/// The most servers that are asked.
const MAX_SERVERS: usize = 8;

/// The interfaces but for the loopback and the layers that filters put over others.
pub(in crate::probe) fn interfaces(_: &Context<'_>) -> Result<Vec<Link>, Unmeasured> {
    let rows = tables::interfaces().map_err(|error| failed("GetIfTable2", &error))?;
    Ok(rows
        .iter()
        .filter(|row| row.Type != IF_TYPE_SOFTWARE_LOOPBACK && flags(row) & FILTER == 0)
        .map(link)
        .collect())
}

const fn flags(row: &MIB_IF_ROW2) -> u8 {
    row.InterfaceAndOperStatusFlags._bitfield
}

#[expect(non_upper_case_globals, reason = "Windows' own names")]
fn link(row: &MIB_IF_ROW2) -> Link {
    let state = match row.OperStatus {
        IfOperStatusUp => "up",
        IfOperStatusDown => "down",
        IfOperStatusDormant => "dormant",
        IfOperStatusLowerLayerDown => "lowerlayerdown",
        IfOperStatusNotPresent => "notpresent",
        IfOperStatusTesting => "testing",
        _ => "unknown",
    };
    Link {
        name: until_zero(&row.Alias),
        physical: flags(row) & (HARDWARE | CONNECTOR) != 0,
        up: row.OperStatus == IfOperStatusUp,
        state: state.to_owned(),
        carrier: match row.MediaConnectState {
            MediaConnectStateConnected => Some(true),
            MediaConnectStateDisconnected => Some(false),
            _ => None,
        },
        // Bits a second; all ones where it is not known.
        speed_mbit: (row.TransmitLinkSpeed != u64::MAX && row.TransmitLinkSpeed > 0)
            .then_some(row.TransmitLinkSpeed / 1_000_000),
        mtu: (row.Mtu > 0).then_some(row.Mtu),
    }
}

/// Interfaces' names by their index.
pub(in crate::probe) fn links() -> io::Result<BTreeMap<u32, String>> {
    let mut names = BTreeMap::new();
    for adapter in tables::adapters()? {
        for index in [adapter.index, adapter.index_v6] {
            if index != 0 {
                names.insert(index, adapter.name.clone());
            }
        }
    }
    Ok(names)
}

pub(in crate::probe) fn addresses() -> io::Result<Vec<Address>> {
    let adapters = tables::adapters()?;
    let of = |adapter: tables::Adapter| {
        let index = adapter.index.max(adapter.index_v6);
        let each = adapter.addresses.into_iter();
        each.map(move |(address, prefix)| Address { index, address, prefix, scope: scope(address) })
    };
    Ok(adapters.into_iter().flat_map(of).collect())
}

/// How far an address reaches, as rtnetlink counts it (`RT_SCOPE_UNIVERSE`, `_LINK`, `_HOST`).
fn scope(address: IpAddr) -> u8 {
    let link_local = match address {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.is_unicast_link_local(),
    };
    if address.is_loopback() {
        254
    } else if link_local {
        253
    } else {
        0
    }
}

/// The largest packet that an interface sends, in bytes.
pub(in crate::probe) fn interface_mtu(_: &Context<'_>, index: u32) -> Option<u32> {
    let row = tables::interface(index).ok()?;
    // Windows' loopback has no limit, which it tells by all ones.
    (row.Mtu > 0 && row.Mtu != u32::MAX).then_some(row.Mtu)
}

pub(in crate::probe) fn default_routes() -> io::Result<Vec<DefaultRoute>> {
    let routes = tables::routes()?;
    let default = routes.iter().filter(|route| {
        let to = &route.DestinationPrefix;
        to.PrefixLength == 0
            && tables::ip(&to.Prefix).is_some_and(|address| address.is_unspecified())
            && !route.Loopback
    });
    Ok(default
        .map(|route| DefaultRoute {
            index: route.InterfaceIndex,
            gateway: tables::ip(&route.NextHop).filter(|address| !address.is_unspecified()),
            metric: route.Metric,
            six: tables::ip(&route.DestinationPrefix.Prefix).is_some_and(|to| to.is_ipv6()),
        })
        .collect())
}

#[expect(non_upper_case_globals, reason = "Windows' own names")]
pub(in crate::probe) fn neighbours() -> io::Result<BTreeMap<(u32, IpAddr), State>> {
    let rows = tables::neighbours()?;
    let known = rows.iter().filter_map(|row| {
        let state = match row.State {
            NlnsUnreachable => State::Failed,
            NlnsIncomplete => State::Incomplete,
            NlnsReachable => State::Reachable,
            NlnsPermanent => State::Fixed,
            // Probed, delayed, stale: known from before.
            _ => State::Stale,
        };
        Some(((row.InterfaceIndex, tables::ip(&row.Address)?), state))
    });
    Ok(known.collect())
}

/// The servers of the adapters that are up, and their search domains.
pub(in crate::probe) fn name_servers(
    _: &Context<'_>,
) -> Result<(Vec<SocketAddr>, Vec<String>), Unmeasured> {
    let adapters = tables::adapters().map_err(|error| failed("GetAdaptersAddresses", &error))?;
    let (mut servers, mut search) = (Vec::new(), Vec::new());
    for adapter in adapters.into_iter().filter(|adapter| adapter.status == IfOperStatusUp) {
        for mut server in adapter.name_servers {
            server.set_port(53);
            if !is_filler(server.ip()) && !servers.contains(&server) && servers.len() < MAX_SERVERS
            {
                servers.push(server);
            }
        }
        if !adapter.suffix.is_empty() && !search.contains(&adapter.suffix) {
            search.push(adapter.suffix);
        }
    }
    Ok((servers, search))
}

/// Windows asks its servers itself: there is no stub in between.
pub(in crate::probe) const fn upstream(_: &Context<'_>, _: &[SocketAddr]) -> Vec<SocketAddr> {
    Vec::new()
}

fn is_filler(address: IpAddr) -> bool {
    let IpAddr::V6(six) = address else { return false };
    Ipv6Addr::segments(&six)[..4] == SITE_LOCAL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_windows_fills_in_is_no_server() {
        assert!(is_filler("fec0:0:0:ffff::1".parse().expect("an address")));
        assert!(!is_filler("2001:db8::53".parse().expect("an address")));
    }

    #[test]
    fn only_addresses_that_reach_beyond_their_link_are_of_global_scope() {
        for (address, expected) in
            [("::1", 254), ("fe80::1", 253), ("169.254.1.1", 253), ("2001:db8::1", 0)]
        {
            assert_eq!(scope(address.parse().expect("an address")), expected, "{address}");
        }
    }

    #[test]
    fn this_machine_has_its_loopback_address_on_an_adapter_with_a_name() {
        let names = links().expect("adapters");
        let found = addresses().expect("addresses");
        let loopback = found.iter().find(|found| found.address.is_loopback()).expect("one");
        assert!(names.contains_key(&loopback.index), "{names:?} {loopback:?}");
    }
}
