//! Routes and addresses as the kernel keeps them, kept so that exactly they can be put back.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::platform::linux::netlink::{
    CREATE, REPLACE, RTM_DELROUTE, RTM_GETADDR, RTM_GETROUTE, RTM_NEWADDR, RTM_NEWROUTE,
    attributes, dump, push, request, u32_at,
};
use crate::trouble::{Outcome, Trouble};

/// `struct rtmsg`, `struct ifaddrmsg`.
const ROUTE_HEAD: usize = 12;
const ADDRESS_HEAD: usize = 8;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_TABLE: u16 = 15;
const MAIN: u32 = 254;
const LOCAL: u32 = 255;
const UNICAST: u8 = 1;
const BY_KERNEL: u8 = 2;
const BY_DHCP: u8 = 16;
const BY_ADVERTISEMENT: u8 = 9;
const CLONED: u32 = 0x200;
/// What describes a route: destination, source, interface, gateway, metric, preferred source, metrics, table,
/// via, preference. The rest is the kernel's own bookkeeping.
const OF_A_ROUTE: [u16; 10] = [1, 2, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, 7, 8, RTA_TABLE, 18, 20];
const IFA_FLAGS: u16 = 8;
/// `IFA_F_PERMANENT`.
const PERMANENT: u32 = 0x80;
/// Flags that a person can set: `NODAD`, `HOMEADDRESS`, `MANAGETEMPADDR`, `NOPREFIXROUTE`, `MCAUTOJOIN`.
const SETTABLE: u32 = 0x02 | 0x10 | 0x100 | 0x200 | 0x400;

/// A default route of the main table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::platform::linux) struct Default {
    pub(super) index: u32,
    pub(super) gateway: Option<IpAddr>,
    pub(super) metric: u32,
}

/// The default routes of IPv4.
pub(super) fn defaults() -> Outcome<Vec<Default>> {
    let mut found = Vec::new();
    routes(|body| found.extend(default_in(body)))?;
    Ok(found)
}

fn routes(mut each: impl FnMut(&[u8])) -> Outcome<()> {
    dump(RTM_GETROUTE, &[0; ROUTE_HEAD], &mut each)
        .map_err(|error| Trouble::io("ask the kernel for the routes", &error))
}

fn table(body: &[u8]) -> Option<u32> {
    let wide = attributes(body, ROUTE_HEAD).find(|(kind, _)| *kind == RTA_TABLE);
    wide.and_then(|(_, value)| u32_at(value, 0)).or(body.get(4).copied().map(u32::from))
}

fn default_in(body: &[u8]) -> Option<Default> {
    let head = body.get(..ROUTE_HEAD)?;
    if head[0] != AF_INET || head[1] != 0 || head[7] != UNICAST || table(body)? != MAIN {
        return None;
    }
    let (mut index, mut gateway, mut metric) = (None, None, 0);
    for (kind, value) in attributes(body, ROUTE_HEAD) {
        match kind {
            RTA_OIF => index = u32_at(value, 0),
            RTA_GATEWAY => gateway = address(value),
            RTA_PRIORITY => metric = u32_at(value, 0)?,
            _ => {}
        }
    }
    Some(Default { index: index?, gateway, metric })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

/// Adds a default route, as a DHCP client does.
pub(super) fn add_default(index: u32, gateway: Ipv4Addr) -> io::Result<()> {
    request(RTM_NEWROUTE, CREATE, &default_route(index, gateway))
}

/// Removes it again.
pub(super) fn remove_default(index: u32, gateway: Ipv4Addr) -> io::Result<()> {
    request(RTM_DELROUTE, 0, &default_route(index, gateway))
}

fn default_route(index: u32, gateway: Ipv4Addr) -> Vec<u8> {
    let mut body = vec![AF_INET, 0, 0, 0, 254, BY_DHCP, 0, UNICAST, 0, 0, 0, 0];
    push(&mut body, RTA_OIF, &index.to_ne_bytes());
    push(&mut body, RTA_GATEWAY, &gateway.octets());
    body
}

/// What goes with an interface that is switched off, and does not come back by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lost {
    /// Messages of rtnetlink, in Base64.
    addresses: Vec<String>,
    routes: Vec<String>,
}

impl Lost {
    /// Notes it of an interface.
    pub(super) fn of(index: u32) -> Outcome<Self> {
        let mut lost = Self::default();
        dump(RTM_GETADDR, &[0; ADDRESS_HEAD], |body| {
            if u32_at(body, 4) == Some(index) {
                lost.addresses.extend(own_address(body).map(|body| BASE64.encode(&body)));
            }
        })
        .map_err(|error| Trouble::io("ask the kernel for the addresses", &error))?;
        routes(|body| lost.routes.extend(own_route(body, index).map(|body| BASE64.encode(&body))))?;
        // Gateways have to be reachable first: routes without one come before.
        lost.routes.sort_by_key(|route| has_gateway(route));
        Ok(lost)
    }

    pub(super) fn count(&self) -> usize {
        self.addresses.len() + self.routes.len()
    }

    /// Puts back what is not there; how much could not be.
    pub(super) fn put_back(&self) -> Vec<io::Error> {
        let mut failed = Vec::new();
        let all = self.addresses.iter().map(|address| (RTM_NEWADDR, address));
        let all = all.chain(self.routes.iter().map(|route| (RTM_NEWROUTE, route)));
        for (kind, message) in all {
            let Ok(body) = BASE64.decode(message.as_bytes()) else { continue };
            let flags = if kind == RTM_NEWADDR { CREATE | REPLACE } else { CREATE };
            match request(kind, flags, &body) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => failed.push(error),
            }
        }
        failed
    }
}

fn has_gateway(route: &str) -> bool {
    let body = BASE64.decode(route.as_bytes()).unwrap_or_default();
    attributes(&body, ROUTE_HEAD).any(|(kind, _)| kind == RTA_GATEWAY || kind == 18)
}

/// A route over this interface that somebody has set: not the kernel's, nor a router's advertisement, which
/// come back by themselves.
fn own_route(body: &[u8], index: u32) -> Option<Vec<u8>> {
    let head = body.get(..ROUTE_HEAD)?;
    let by = head[5];
    let set = by != BY_KERNEL && by != BY_ADVERTISEMENT && by != 0;
    if !set || u32_at(head, 8)? & CLONED != 0 || table(body)? == LOCAL {
        return None;
    }
    let mut kept = head.to_vec();
    kept[8..12].fill(0);
    let mut over = None;
    for (kind, value) in attributes(body, ROUTE_HEAD) {
        if kind == RTA_OIF {
            over = u32_at(value, 0);
        }
        if OF_A_ROUTE.contains(&kind) {
            push(&mut kept, kind, value);
        }
    }
    (over == Some(index)).then_some(kept)
}

/// A lasting address of IPv6: those of IPv4 stay with an interface that is switched off.
fn own_address(body: &[u8]) -> Option<Vec<u8>> {
    let head = body.get(..ADDRESS_HEAD)?;
    let wide = attributes(body, ADDRESS_HEAD).find(|(kind, _)| *kind == IFA_FLAGS);
    let flags = wide.and_then(|(_, value)| u32_at(value, 0)).unwrap_or(u32::from(head[2]));
    if head[0] != AF_INET6 || head[3] != 0 || flags & PERMANENT == 0 {
        return None;
    }
    let mut kept = head.to_vec();
    kept[2] = 0;
    for (kind, value) in attributes(body, ADDRESS_HEAD).filter(|(kind, _)| [1, 2, 9].contains(kind))
    {
        push(&mut kept, kind, value);
    }
    push(&mut kept, IFA_FLAGS, &(flags & SETTABLE).to_ne_bytes());
    Some(kept)
}

/// Whether an interface has an address of IPv4 that was given to it and not made up (RFC 3927).
pub(super) fn has_address(index: u32) -> Outcome<Option<Ipv4Addr>> {
    let mut found = None;
    dump(RTM_GETADDR, &[0; ADDRESS_HEAD], |body| {
        if u32_at(body, 4) != Some(index) || body.first() != Some(&AF_INET) {
            return;
        }
        for (kind, value) in attributes(body, ADDRESS_HEAD) {
            if kind == 2
                && let Ok(four) = <[u8; 4]>::try_from(value)
                && !Ipv4Addr::from(four).is_link_local()
            {
                found = Some(Ipv4Addr::from(four));
            }
        }
    })
    .map_err(|error| Trouble::io("ask the kernel for the addresses", &error))?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_default_route_is_read_as_it_is_written() {
        let body = default_route(7, Ipv4Addr::new(10, 0, 0, 1));
        let read = default_in(&body).expect("a default route");
        let gateway = Some(Ipv4Addr::new(10, 0, 0, 1).into());
        assert_eq!(read, Default { index: 7, gateway, metric: 0 });
        assert_eq!(own_route(&body, 7).as_deref(), Some(&body[..]));
        assert_eq!(own_route(&body, 8), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            default_in(&bytes);
            own_route(&bytes, 1);
            own_address(&bytes);
        }
    }
}
