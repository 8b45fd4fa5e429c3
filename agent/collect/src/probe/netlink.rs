//! rtnetlink messages (rtnetlink(7)): a reader for links, addresses, routes and neighbours, and what
//! every system's kernel tells of them. No I/O; lengths from the kernel are checked all the same.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) const HEADER: usize = 16;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// How a datagram ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    More,
    Done,
    /// The kernel's error number.
    Error(i32),
}

/// Calls `each` with the body of every message in a datagram.
pub(super) fn scan(mut bytes: &[u8], mut each: impl FnMut(&[u8])) -> End {
    while let (Some(length), Some(kind)) = (u32_at(bytes, 0), u16_at(bytes, 4)) {
        let length = length as usize;
        let Some(body) = bytes.get(HEADER..length) else { break };
        match kind {
            NLMSG_DONE => return End::Done,
            NLMSG_ERROR => {
                let code = u32_at(body, 0).map_or(0, u32::cast_signed);
                return if code == 0 { End::Done } else { End::Error(code.saturating_neg()) };
            }
            _ => each(body),
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
    }
    End::More
}

/// The attributes behind a fixed head.
fn attributes(body: &[u8], head: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = body.get(head..).unwrap_or(&[]);
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let value = rest.get(4..length)?;
        let kind = u16_at(rest, 2)? & 0x3fff;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((kind, value))
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

/// An address on an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) index: u32,
    pub(super) address: IpAddr,
    pub(super) prefix: u8,
    /// `RT_SCOPE_UNIVERSE` is 0, `RT_SCOPE_LINK` 253, `RT_SCOPE_HOST` 254.
    pub(super) scope: u8,
}

pub(super) fn read_address(body: &[u8]) -> Option<Address> {
    const IFA_ADDRESS: u16 = 1;
    const IFA_LOCAL: u16 = 2;
    let mut found = None;
    for (kind, value) in attributes(body, 8) {
        // On a point-to-point link the first is the other end's, the second our own.
        if kind == IFA_LOCAL || (kind == IFA_ADDRESS && found.is_none()) {
            found = address(value);
        }
    }
    Some(Address {
        index: u32_at(body, 4)?,
        address: found?,
        prefix: *body.get(1)?,
        scope: *body.get(3)?,
    })
}

/// A default route of the main table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DefaultRoute {
    pub(super) index: u32,
    /// None on a link without neighbours.
    pub(super) gateway: Option<IpAddr>,
    pub(super) metric: u32,
    /// Of IPv6, else of IPv4.
    pub(super) six: bool,
}

pub(super) fn read_default_route(body: &[u8]) -> Option<DefaultRoute> {
    const RT_TABLE_MAIN: u32 = 254;
    const RTN_UNICAST: u8 = 1;
    const RTA_OIF: u16 = 4;
    const RTA_GATEWAY: u16 = 5;
    const RTA_PRIORITY: u16 = 6;
    const RTA_TABLE: u16 = 15;
    let mut table = u32::from(*body.get(4)?);
    let (mut index, mut gateway, mut metric) = (None, None, 0);
    for (kind, value) in attributes(body, 12) {
        match kind {
            RTA_OIF => index = u32_at(value, 0),
            RTA_GATEWAY => gateway = address(value),
            RTA_PRIORITY => metric = u32_at(value, 0).unwrap_or(0),
            RTA_TABLE => table = u32_at(value, 0).unwrap_or(table),
            _ => {}
        }
    }
    let default = *body.get(1)? == 0 && *body.get(7)? == RTN_UNICAST && table == RT_TABLE_MAIN;
    const AF_INET6: u8 = 10;
    let six = *body.first()? == AF_INET6;
    let route = DefaultRoute { index: index?, gateway, metric, six };
    default.then_some(route)
}

/// A neighbour's state, as `ip neigh` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Incomplete,
    Reachable,
    Stale,
    Failed,
    /// Set by hand, or needing no resolution.
    Fixed,
}

pub(super) fn read_neighbour(body: &[u8]) -> Option<((u32, IpAddr), State)> {
    const NDA_DST: u16 = 1;
    let address = attributes(body, 12)
        .find_map(|(kind, value)| (kind == NDA_DST).then(|| address(value)).flatten())?;
    // linux/neighbour.h, NUD_*.
    let state = match u16_at(body, 8)? {
        0x01 => State::Incomplete,
        0x02 => State::Reachable,
        0x04 | 0x08 | 0x10 => State::Stale,
        0x20 => State::Failed,
        0x40 | 0x80 => State::Fixed,
        _ => return None,
    };
    Some(((u32_at(body, 4)?, address), state))
}

pub(super) fn read_link(body: &[u8]) -> Option<(u32, String)> {
    const IFLA_IFNAME: u16 = 3;
    let name = attributes(body, 16).find_map(|(kind, value)| {
        (kind == IFLA_IFNAME)
            .then(|| String::from_utf8_lossy(value).trim_end_matches('\0').to_owned())
    })?;
    Some((u32_at(body, 4)?, name))
}

/// The index of an interface whose other end is in another network namespace, as a container's is.
pub(super) fn read_crossing(body: &[u8]) -> Option<u32> {
    const IFLA_LINK_NETNSID: u16 = 37;
    let crosses = attributes(body, 16).any(|(kind, _)| kind == IFLA_LINK_NETNSID);
    crosses.then(|| u32_at(body, 4)).flatten()
}

/// How many entries of any kind a datagram holds.
pub(super) fn count(datagram: &[u8]) -> usize {
    let mut found = 0;
    scan(datagram, |body| {
        found += usize::from(read_address(body).is_some());
        found += usize::from(read_default_route(body).is_some());
        found += usize::from(read_neighbour(body).is_some());
        found += usize::from(read_link(body).is_some());
        found += usize::from(read_crossing(body).is_some());
    });
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn a_default_route_is_told_from_others() {
        let mut body = vec![2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0];
        body.extend(attribute(5, &[192, 0, 2, 1]));
        body.extend(attribute(4, &7u32.to_ne_bytes()));
        body.extend(attribute(6, &100u32.to_ne_bytes()));
        let route = read_default_route(&body).expect("a default route");
        assert_eq!(route.gateway, Some(IpAddr::from([192, 0, 2, 1])));
        assert_eq!((route.index, route.metric), (7, 100));
        body[1] = 24;
        assert_eq!(read_default_route(&body), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            scan(&bytes, |body| {
                read_address(body);
                read_default_route(body);
                read_neighbour(body);
                read_link(body);
                read_crossing(body);
            });
            read_neighbour(&bytes);
            read_default_route(&bytes);
        }
    }
}
