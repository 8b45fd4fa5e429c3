//! What the network's interfaces give as numbers, in words.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use befund_model::section::network::HostsEntry;

/// The kind of an adapter by its number (`IF_TYPE_…`, IANA's list); `hardware` is Windows' own word
/// that there is a device.
pub(crate) const fn kind(number: u32, hardware: bool) -> Option<&'static str> {
    Some(match number {
        6 if hardware => "ethernet",
        6 | 53 => "virtual",
        23 => "ppp",
        24 => "loopback",
        71 => "wifi",
        131 => "tunnel",
        209 => "bridge",
        237 | 243 | 244 => "mobile",
        _ => return None,
    })
}

/// Whether it can carry traffic (`IF_OPER_STATUS`, RFC 2863).
pub(crate) const fn state(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "up",
        2 => "down",
        3 => "testing",
        4 => "unknown",
        5 => "dormant",
        6 => "notpresent",
        7 => "lowerlayerdown",
        _ => return None,
    })
}

/// A speed in bit/s, in Mbit/s. Zero, and the largest number, say that there is none.
pub(crate) fn speed(bits: u64) -> Option<u32> {
    if bits == u64::MAX {
        return None;
    }
    u32::try_from(bits / 1_000_000).ok().filter(|mbit| *mbit > 0)
}

/// A hardware address, lower case with colons; all zeros is none.
pub(crate) fn mac(bytes: &[u8]) -> Option<String> {
    if bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(bytes.join(":"))
}

/// How far an address reaches.
pub(crate) const fn scope(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(four) if four.is_loopback() => "host",
        IpAddr::V4(four) if four.is_link_local() => "link",
        IpAddr::V6(six) if six.is_loopback() => "host",
        IpAddr::V6(six) if six.is_unicast_link_local() => "link",
        IpAddr::V4(_) | IpAddr::V6(_) => "global",
    }
}

/// Whether an address was given for a time (`NL_PREFIX_ORIGIN`: by hand, well known, DHCP, router).
pub(crate) const fn dynamic(origin: i32) -> Option<bool> {
    match origin {
        1 | 2 => Some(false),
        3 | 4 => Some(true),
        _ => None,
    }
}

/// What is wrong with an address (`NL_DAD_STATE`).
pub(crate) const fn address_trouble(state: i32) -> Option<&'static str> {
    match state {
        1 => Some("tentative"),
        2 => Some("duplicate"),
        3 => Some("deprecated"),
        _ => None,
    }
}

/// Who made a route, by its origin (`NL_ROUTE_ORIGIN`) and protocol (`NL_ROUTE_PROTOCOL`).
pub(crate) fn route_origin(origin: i32, protocol: i32) -> String {
    match (origin, protocol) {
        (2, _) | (_, 19) => "dhcp".to_owned(),
        (3, _) => "ra".to_owned(),
        (_, 2) => "kernel".to_owned(),
        (_, 3) => "static".to_owned(),
        (_, other) => other.to_string(),
    }
}

/// The state of a neighbour (`NL_NEIGHBOR_STATE`).
pub(crate) const fn neighbour(state: i32) -> &'static str {
    match state {
        0 => "failed",
        1 => "incomplete",
        // Probe, delay and stale: it answered once, and is asked anew.
        2..=4 => "stale",
        5 => "reachable",
        6 => "permanent",
        _ => "unknown",
    }
}

/// A TCP connection's state (`MIB_TCP_STATE`), in the words of RFC 9293.
pub(crate) const fn tcp_state(state: u32) -> &'static str {
    match state {
        1 => "closed",
        2 => "listen",
        3 => "syn sent",
        4 => "syn received",
        5 => "established",
        6 => "fin wait 1",
        7 => "fin wait 2",
        8 => "close wait",
        9 => "closing",
        10 => "last ack",
        11 => "time wait",
        12 => "delete tcb",
        _ => "unknown",
    }
}

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Socket {
    pub(crate) protocol: &'static str,
    pub(crate) port: u16,
    pub(crate) local: IpAddr,
    pub(crate) remote: Option<(IpAddr, u16)>,
    pub(crate) state: u32,
    pub(crate) pid: u32,
}

/// The rows of `GetExtendedTcpTable` and `GetExtendedUdpTable` with their owners: a count, then rows of
/// one size (`MIB_TCPROW_OWNER_PID`, `MIB_TCP6ROW_OWNER_PID`, `MIB_UDPROW_OWNER_PID`,
/// `MIB_UDP6ROW_OWNER_PID`). Addresses and ports are in network order.
pub(crate) fn sockets(table: &[u8], tcp: bool, six: bool) -> Vec<Socket> {
    let number = |row: &[u8], at: usize| {
        row.get(at..at + 4).and_then(|bytes| Some(u32::from_le_bytes(bytes.try_into().ok()?)))
    };
    let port = |row: &[u8], at: usize| {
        row.get(at..at + 2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    };
    let address = |row: &[u8], at: usize| -> Option<IpAddr> {
        if six {
            let bytes: [u8; 16] = row.get(at..at + 16)?.try_into().ok()?;
            Some(IpAddr::V6(Ipv6Addr::from(bytes)))
        } else {
            let bytes: [u8; 4] = row.get(at..at + 4)?.try_into().ok()?;
            Some(IpAddr::V4(Ipv4Addr::from(bytes)))
        }
    };
    let read = |row: &[u8]| -> Option<Socket> {
        Some(match (tcp, six) {
            (true, false) => Socket {
                protocol: "tcp",
                state: number(row, 0)?,
                local: address(row, 4)?,
                port: port(row, 8)?,
                remote: Some((address(row, 12)?, port(row, 16)?)),
                pid: number(row, 20)?,
            },
            (true, true) => Socket {
                protocol: "tcp",
                local: address(row, 0)?,
                port: port(row, 20)?,
                remote: Some((address(row, 24)?, port(row, 44)?)),
                state: number(row, 48)?,
                pid: number(row, 52)?,
            },
            (false, false) => Socket {
                protocol: "udp",
                local: address(row, 0)?,
                port: port(row, 4)?,
                remote: None,
                state: 0,
                pid: number(row, 8)?,
            },
            (false, true) => Socket {
                protocol: "udp",
                local: address(row, 0)?,
                port: port(row, 20)?,
                remote: None,
                state: 0,
                pid: number(row, 24)?,
            },
        })
    };
    let size = match (tcp, six) {
        (true, false) => 24,
        (true, true) => 56,
        (false, false) => 12,
        (false, true) => 28,
    };
    let count = number(table, 0).unwrap_or_default() as usize;
    table.get(4..).unwrap_or_default().chunks_exact(size).take(count).filter_map(read).collect()
}

/// Name servers as the registry keeps them: addresses with commas or blanks between.
pub(crate) fn servers(text: &str) -> Vec<String> {
    let words = text.split([',', ' ', ';']).map(str::trim).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The strength of a signal in dBm by the WLAN service's quality in percent, as `wlanapi.h` says: 0 is
/// -100 dBm and 100 is -50 dBm, even in between.
pub(crate) fn dbm(quality: u32) -> i32 {
    i32::try_from(quality.min(100) / 2).unwrap_or_default() - 100
}

/// A channel's frequency in MHz (IEEE 802.11-2020, 17.3.8.4 and annex E). From 6 GHz on the same
/// numbers begin anew, and nobody says which are meant; those are taken for the lower bands.
pub(crate) const fn frequency(channel: u32) -> Option<u32> {
    match channel {
        1..=13 => Some(2407 + 5 * channel),
        14 => Some(2484),
        32..=177 => Some(5000 + 5 * channel),
        _ => None,
    }
}

/// A line of the hosts file: an entry, or `Some(None)` if it says nothing or only names the loopback.
pub(crate) fn hosts_entry(line: &str) -> Option<Option<HostsEntry>> {
    let line = line.split('#').next()?.trim_start_matches('\u{feff}');
    let mut words = line.split_ascii_whitespace().map(str::to_owned);
    let Some(address) = words.next() else { return Some(None) };
    // An address may name its link.
    address.split('%').next()?.parse::<IpAddr>().ok()?;
    let names: Vec<String> = words.filter(|name| name != "localhost").collect();
    Some((!names.is_empty()).then_some(HostsEntry { address, names }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_of_sockets_are_read() {
        let mut table = 1_u32.to_le_bytes().to_vec();
        table.extend(2_u32.to_le_bytes());
        table.extend([0, 0, 0, 0]);
        table.extend([0x01, 0xbd, 0, 0]);
        table.extend([0; 8]);
        table.extend(4_u32.to_le_bytes());
        let sockets = sockets(&table, true, false);
        let socket = sockets.first().expect("one");
        assert_eq!((socket.port, socket.pid, tcp_state(socket.state)), (445, 4, "listen"));
        assert_eq!(socket.local, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    }

    #[test]
    fn numbers_are_put_into_words() {
        assert_eq!(speed(1_000_000_000), Some(1000));
        assert_eq!(speed(u64::MAX), None);
        assert_eq!(mac(&[0, 0x1a, 0x2b, 0, 0, 1]).as_deref(), Some("00:1a:2b:00:00:01"));
        assert_eq!(mac(&[0; 6]), None);
        assert_eq!(scope("169.254.1.2".parse().expect("address")), "link");
        assert_eq!(route_origin(0, 3), "static");
        assert_eq!(route_origin(2, 3), "dhcp");
        assert_eq!(servers("10.0.0.1,10.0.0.2 10.0.0.3"), ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), tcp: bool, six: bool) {
            let _ = sockets(&bytes, tcp, six);
            let _ = mac(&bytes);
            let _ = hosts_entry(&String::from_utf8_lossy(&bytes));
        }
    }
}
