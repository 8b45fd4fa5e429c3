//! Routes of the main table: by netlink; of a recorded tree from `/proc/net`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use befund_model::section::network::{Route, Routes};

use crate::collector::{Context, Gap};

use super::interfaces::by_index;
use super::netlink::{address, attributes, dump, number};

/// Section `network.routes`.
pub(crate) fn routes(cx: &Context) -> Result<Routes, Gap> {
    let mut routes = if cx.root.is_live() {
        ask(cx).map_err(|error| {
            Gap::failed(format!("the kernel could not be asked for routes: {error}"))
        })?
    } else {
        const FOUR: &str = "/proc/net/route";
        let text = cx.root.text(FOUR)?;
        let mut routes =
            cx.lines(FOUR, text.lines().filter(|line| !line.starts_with("Iface")), recorded4);
        let six = cx.note(cx.root.text("/proc/net/ipv6_route"));
        routes.extend(six.map(|text| recorded6(&text)).unwrap_or_default());
        routes
    };
    let key = |route: &Route| {
        (
            route.destination.contains(':'),
            route.destination.clone(),
            route.metric,
            route.interface.clone(),
        )
    };
    routes.sort_by_key(key);
    Ok(Routes { routes })
}

fn ask(cx: &Context) -> std::io::Result<Vec<Route>> {
    const RTM_GETROUTE: u16 = 26;
    const RTM_NEWROUTE: u16 = 24;
    let names = by_index(cx);
    let mut routes = Vec::new();
    dump(None, RTM_GETROUTE, &[0; 12], |kind, payload| {
        if kind == RTM_NEWROUTE {
            routes.extend(parse(payload, &names));
        }
    })?;
    Ok(routes)
}

/// `struct rtmsg` (family, prefixes, service, table, origin, scope, kind, flags) and attributes
/// (rtnetlink(7)). Routes of other tables, clones, multicast and the machine's own are left out.
pub(crate) fn parse(payload: &[u8], names: &[(u32, String)]) -> Option<Route> {
    const MAIN: u32 = 254;
    const CLONED: u32 = 0x200;
    let &[family, prefix, _, _, table, origin, _, kind] = payload.get(..8)? else { return None };
    let flags = number(payload.get(8..)?)?;
    let six = match family {
        2 => false,
        10 => true,
        _ => return None,
    };
    let mut route = Route::default();
    let mut table = u32::from(table);
    let mut destination =
        if six { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
    for (kind, value) in attributes(payload.get(12..)?) {
        match kind {
            1 => destination = address(value)?,
            4 => route.interface = named(names, number(value)?),
            5 => route.gateway = address(value).map(|gateway| gateway.to_string()),
            6 => route.metric = number(value),
            7 => route.source = address(value).map(|source| source.to_string()),
            9 => first_hop(value, names, &mut route),
            15 => table = number(value)?,
            // The gateway of a route whose next hop is of another family.
            18 => {
                route.gateway = value.get(2..).and_then(address).map(|gateway| gateway.to_string())
            }
            _ => {}
        }
    }
    route.refusal = match kind {
        1 => None,
        6 => Some("blackhole".into()),
        7 => Some("unreachable".into()),
        8 => Some("prohibit".into()),
        _ => return None,
    };
    if table != MAIN || flags & CLONED != 0 {
        return None;
    }
    route.destination = format!("{destination}/{prefix}");
    route.origin = Some(match origin {
        2 => "kernel".into(),
        3 => "boot".into(),
        4 => "static".into(),
        9 => "ra".into(),
        16 => "dhcp".into(),
        other => other.to_string(),
    });
    Some(route)
}

/// Of a route with several next hops the first one stands for all: `struct rtnexthop`.
fn first_hop(value: &[u8], names: &[(u32, String)], route: &mut Route) {
    let Some(index) = value.get(4..).and_then(number) else { return };
    route.interface = named(names, index);
    let gateway = attributes(value.get(8..).unwrap_or_default()).find(|(kind, _)| *kind == 5);
    route.gateway =
        gateway.and_then(|(_, value)| address(value)).map(|gateway| gateway.to_string());
}

fn named(names: &[(u32, String)], index: u32) -> Option<String> {
    names.iter().find(|(known, _)| *known == index).map(|(_, name)| name.clone())
}

/// A line of `/proc/net/route`: interface, destination, gateway, flags, three numbers (the last the
/// metric), mask; addresses as the processor keeps them.
pub(crate) fn recorded4(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[interface, destination, gateway, flags, _, _, metric, mask, ..] = fields.as_slice()
    else {
        return None;
    };
    let address =
        |field| u32::from_str_radix(field, 16).ok().map(|bits| Ipv4Addr::from(bits.to_le_bytes()));
    let gateway = address(gateway)?;
    let prefix = u32::from_str_radix(mask, 16).ok()?.count_ones();
    let refused = u32::from_str_radix(flags, 16).ok()? & 0x200 != 0;
    Some(Route {
        destination: format!("{}/{prefix}", address(destination)?),
        gateway: (!gateway.is_unspecified()).then(|| gateway.to_string()),
        interface: (interface != "*").then(|| interface.to_owned()),
        metric: metric.parse().ok().filter(|metric| *metric > 0),
        refusal: refused.then(|| "unreachable".into()),
        ..Route::default()
    })
}

/// Reads `/proc/net/ipv6_route`: destination, prefix, source, prefix, gateway, metric, two counts,
/// flags, interface. Only what is up, leads somewhere and is no address of the machine's own.
pub(crate) fn recorded6(text: &str) -> Vec<Route> {
    const UP: u32 = 1;
    const REJECT: u32 = 0x200;
    const LOCAL: u32 = 0x8000_0000;
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let &[destination, prefix, _, _, gateway, metric, _, _, flags, interface] =
            fields.as_slice()
        else {
            return None;
        };
        let address = |field| u128::from_str_radix(field, 16).ok().map(Ipv6Addr::from);
        let flags = u32::from_str_radix(flags, 16).ok()?;
        let (destination, gateway) = (address(destination)?, address(gateway)?);
        if flags & UP == 0 || flags & (REJECT | LOCAL) != 0 || destination.is_multicast() {
            return None;
        }
        Some(Route {
            destination: format!("{destination}/{}", u8::from_str_radix(prefix, 16).ok()?),
            gateway: (!gateway.is_unspecified()).then(|| gateway.to_string()),
            interface: Some(interface.to_owned()),
            metric: u32::from_str_radix(metric, 16).ok(),
            ..Route::default()
        })
    };
    text.lines().filter_map(line).collect()
}
