//! Routes and neighbours, by IP helper.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use std::net::IpAddr;

use befund_model::section::network::{Route, Routes};
use befund_model::section::reach::{Neighbour, Neighbours};
use windows::Win32::Foundation::ERROR_NOT_FOUND;
use windows::Win32::NetworkManagement::IpHelper::{
    FreeMibTable, GetIpForwardTable2, GetIpNetTable2, MIB_IPFORWARD_ROW2, MIB_IPFORWARD_TABLE2,
    MIB_IPNET_ROW2, MIB_IPNET_TABLE2,
};
use windows::Win32::Networking::WinSock::AF_UNSPEC;

use super::super::win32;
use super::adapters::{Adapter, adapters, either, named};
use crate::collector::{Context, Gap};
use crate::platform::decode::net;

/// Section `network.routes`.
pub(crate) fn routes(cx: &Context) -> Result<Routes, Gap> {
    let adapters = cx.note(adapters()).unwrap_or_default();
    let mut table: *mut MIB_IPFORWARD_TABLE2 = std::ptr::null_mut();
    // SAFETY: there is room for a pointer.
    let error = unsafe { GetIpForwardTable2(AF_UNSPEC, &raw mut table) };
    if error.0 != 0 || table.is_null() {
        return Err(win32::code("GetIpForwardTable2", error.0));
    }
    // SAFETY: the table has as many rows as it says, lives until it is given back, and is ours.
    let mut routes: Vec<Route> = unsafe {
        let first = (&raw const (*table).Table).cast::<MIB_IPFORWARD_ROW2>();
        let rows = std::slice::from_raw_parts(first, (*table).NumEntries as usize);
        let routes = rows.iter().filter_map(|row| route(row, &adapters)).collect();
        FreeMibTable(table.cast());
        routes
    };
    routes.sort_by_key(|route: &Route| {
        let six = route.destination.contains(':');
        (six, route.destination.clone(), route.metric, route.interface.clone())
    });
    Ok(Routes { routes })
}

/// A route, unless it is to one of the machine's own addresses, a broadcast or a multicast.
fn route(row: &MIB_IPFORWARD_ROW2, adapters: &[Adapter]) -> Option<Route> {
    let destination = either(&row.DestinationPrefix.Prefix)?;
    let prefix = row.DestinationPrefix.PrefixLength;
    let six = destination.is_ipv6();
    let whole = prefix == if six { 128 } else { 32 };
    let gateway = either(&row.NextHop).filter(|gateway| !gateway.is_unspecified());
    let own = |adapter: &Adapter| adapter.addresses.iter().any(|one| one.address == destination);
    let adapter = named(adapters, row.InterfaceIndex, six);
    let broadcast = whole && gateway.is_none() && row.Protocol.0 == 2;
    if destination.is_multicast()
        || row.Loopback
        || broadcast
        || (whole && adapters.iter().any(own))
    {
        return None;
    }
    // What Windows chooses by is the sum of both.
    let metric = adapter.map_or(0, |adapter| if six { adapter.metric6 } else { adapter.metric });
    let alike = |one: IpAddr| one.is_ipv6() == six;
    let source = adapter.and_then(|adapter| {
        let mut own = adapter.addresses.iter().map(|one| one.address).filter(|one| alike(*one));
        let first = own.next();
        // Of several nobody says which one it is.
        first.filter(|_| own.next().is_none())
    });
    Some(Route {
        destination: format!("{destination}/{prefix}"),
        gateway: gateway.map(|gateway| gateway.to_string()),
        interface: Some(match adapter {
            Some(adapter) => adapter.name.clone(),
            None => row.InterfaceIndex.to_string(),
        }),
        metric: Some(row.Metric.saturating_add(metric)),
        source: source.map(|source| source.to_string()),
        origin: Some(net::route_origin(row.Origin.0, row.Protocol.0)),
        refusal: None,
    })
}

/// Section `network.neighbours`.
pub(crate) fn neighbours(cx: &Context) -> Result<Neighbours, Gap> {
    let adapters = cx.note(adapters()).unwrap_or_default();
    let mut table: *mut MIB_IPNET_TABLE2 = std::ptr::null_mut();
    // SAFETY: there is room for a pointer.
    let error = unsafe { GetIpNetTable2(AF_UNSPEC, &raw mut table) };
    if error == ERROR_NOT_FOUND {
        return Ok(Neighbours::default());
    }
    if error.0 != 0 || table.is_null() {
        return Err(win32::code("GetIpNetTable2", error.0));
    }
    // SAFETY: the table has as many rows as it says, lives until it is given back, and is ours.
    let mut neighbours: Vec<Neighbour> = unsafe {
        let first = (&raw const (*table).Table).cast::<MIB_IPNET_ROW2>();
        let rows = std::slice::from_raw_parts(first, (*table).NumEntries as usize);
        let neighbours = rows.iter().filter_map(|row| neighbour(row, &adapters)).collect();
        FreeMibTable(table.cast());
        neighbours
    };
    neighbours.sort_by(|a, b| (&a.interface, &a.address).cmp(&(&b.interface, &b.address)));
    Ok(Neighbours { neighbours })
}

/// A neighbour; groups, broadcasts and the machine itself are none.
fn neighbour(row: &MIB_IPNET_ROW2, adapters: &[Adapter]) -> Option<Neighbour> {
    let address = either(&row.Address)?;
    let broadcast = matches!(address, IpAddr::V4(four) if four.octets()[3] == 255);
    if address.is_multicast() || address.is_loopback() || address.is_unspecified() || broadcast {
        return None;
    }
    let adapter = named(adapters, row.InterfaceIndex, address.is_ipv6());
    let length = (row.PhysicalAddressLength as usize).min(row.PhysicalAddress.len());
    // SAFETY: every bit pattern of the union is a number.
    let flags = unsafe { row.Anonymous.Flags };
    Some(Neighbour {
        interface: adapter
            .map_or_else(|| row.InterfaceIndex.to_string(), |adapter| adapter.name.clone()),
        address: address.to_string(),
        mac: net::mac(&row.PhysicalAddress[..length]),
        state: net::neighbour(row.State.0).to_owned(),
        router: flags & 1 == 1,
    })
}
