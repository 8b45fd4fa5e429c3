//! Interfaces, their addresses and their counters: ifconfig(8), networksetup(8), netstat(1).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use befund_model::section::network::{Address, Interface, InterfaceCounters};

use super::lines::mac;

/// What ifconfig tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) addresses: Vec<Address>,
}

/// Reads `ifconfig -a`; what each port is called comes from [`ports`].
pub(crate) fn parse(text: &str, ports: &BTreeMap<String, String>) -> Told {
    let mut told = Told::default();
    let mut members: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if !line.starts_with(char::is_whitespace) {
            let Some(interface) = head(line, ports) else { continue };
            told.interfaces.push(interface);
            continue;
        }
        let Some(interface) = told.interfaces.last_mut() else { continue };
        let mut words = line.split_ascii_whitespace();
        let (first, second) = (words.next().unwrap_or_default(), words.next());
        match (first, second) {
            ("ether", Some(address)) => interface.mac = mac(address),
            ("status:", Some(status)) => {
                interface.carrier = match status {
                    "active" | "associated" => Some(true),
                    "inactive" => Some(false),
                    _ => None,
                };
                interface.state = state(interface, false);
            }
            ("media:", Some(_)) => media(line, interface),
            ("member:", Some(member)) => members.push((member.into(), interface.name.clone())),
            ("vlan:", _) => interface.kind = Some("vlan".into()),
            ("bond", _) => interface.kind = Some("bond".into()),
            ("inet", Some(address)) => {
                told.addresses.extend(inet(&interface.name, address, line));
            }
            ("inet6", Some(address)) => {
                told.addresses.extend(inet6(&interface.name, address, line));
            }
            _ => {}
        }
    }
    for interface in &mut told.interfaces {
        let master = members.iter().find(|(member, _)| *member == interface.name);
        interface.master = master.map(|(_, master)| master.clone());
    }
    told.interfaces.sort_by(|a, b| a.name.cmp(&b.name));
    told.addresses.sort_by(|a, b| (&a.interface, &a.address).cmp(&(&b.interface, &b.address)));
    told
}

/// `en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500`.
fn head(line: &str, ports: &BTreeMap<String, String>) -> Option<Interface> {
    let (name, rest) = line.split_once(": flags=")?;
    let mtu = rest.split_once(" mtu ").and_then(|(_, mtu)| mtu.split(' ').next()?.parse().ok());
    let mut interface = Interface {
        name: name.to_owned(),
        kind: kind(name, ports.get(name).map(String::as_str)).map(str::to_owned),
        mtu,
        enabled: Some(flags(line).any(|flag| flag == "UP")),
        ..Interface::default()
    };
    interface.state = state(&interface, flags(line).any(|flag| flag == "RUNNING"));
    Some(interface)
}

fn flags(line: &str) -> impl Iterator<Item = &str> {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(flags, _)| flags).unwrap_or_default().split(',')
}

/// Whether a port of this name is for Wi-Fi; some languages call it otherwise.
pub(crate) fn is_wireless(port: &str) -> bool {
    ["Wi-Fi", "WLAN", "AirPort"].iter().any(|name| port.contains(name))
}

/// By what the port is called, else by the driver's name for its interfaces.
fn kind(name: &str, port: Option<&str>) -> Option<&'static str> {
    let driver = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let by_port = match port {
        Some(port) if is_wireless(port) => Some("wifi"),
        Some(port) if port.contains("Bridge") => Some("bridge"),
        Some(port) if port.contains("iPhone") || port.contains("iPad") => Some("mobile"),
        Some(_) => Some("ethernet"),
        None => None,
    };
    let by_driver = match driver {
        "lo" => Some("loopback"),
        "bridge" => Some("bridge"),
        "bond" => Some("bond"),
        "vlan" => Some("vlan"),
        "utun" | "ipsec" | "ppp" | "gif" | "stf" | "tun" | "tap" => Some("tunnel"),
        "awdl" | "llw" | "ap" | "anpi" | "feth" | "vmnet" | "vmenet" | "pktap" => Some("virtual"),
        "pdp_ip" => Some("mobile"),
        "en" => Some("ethernet"),
        _ => None,
    };
    if driver == "bridge" { by_driver } else { by_port.or(by_driver) }
}

/// Speed and duplex: `media: autoselect (1000baseT <full-duplex,flow-control>)`. The words in angles are
/// there only if something is at the other end.
fn media(line: &str, interface: &mut Interface) {
    let inside = line.split_once('(').map_or(line, |(_, inside)| inside);
    let word = inside.split_ascii_whitespace().find(|word| word.contains("base"));
    interface.speed_mbit = word.and_then(|word| {
        let (speed, _) = word.split_once("base")?;
        match speed.strip_suffix('G') {
            Some("2.5") => Some(2_500),
            Some(giga) => giga.parse::<u32>().ok()?.checked_mul(1_000),
            None => speed.parse().ok().map(|speed: u32| if speed == 2500 { 2_500 } else { speed }),
        }
    });
    interface.duplex = if line.contains("full-duplex") {
        Some("full".into())
    } else {
        line.contains("half-duplex").then(|| "half".into())
    };
}

fn state(interface: &Interface, running: bool) -> Option<String> {
    let state = match (interface.enabled, interface.carrier) {
        (Some(false), _) | (_, Some(false)) => "down",
        (Some(true), Some(true)) => "up",
        (Some(true), None) if running => "up",
        _ => "unknown",
    };
    Some(state.to_owned())
}

/// `inet 192.168.1.2 netmask 0xffffff00 broadcast 192.168.1.255`.
fn inet(interface: &str, address: &str, line: &str) -> Option<Address> {
    let parsed: Ipv4Addr = address.parse().ok()?;
    let mask = after(line, "netmask")?;
    let bits = u32::from_str_radix(mask.strip_prefix("0x")?, 16).ok()?;
    let scope = match parsed {
        _ if parsed.is_loopback() => "host",
        _ if parsed.is_link_local() => "link",
        _ => "global",
    };
    Some(Address {
        interface: interface.to_owned(),
        address: parsed.to_string(),
        prefix: u8::try_from(bits.leading_ones()).ok(),
        scope: Some(scope.into()),
        dynamic: None,
        trouble: line.contains(" duplicated").then(|| "duplicate".into()),
    })
}

/// `inet6 fe80::14e6:1%en0 prefixlen 64 secured scopeid 0xb`, and behind that what it is.
fn inet6(interface: &str, address: &str, line: &str) -> Option<Address> {
    let plain = address.split('%').next()?;
    let parsed: Ipv6Addr = plain.parse().ok()?;
    let is = |word: &str| line.split_ascii_whitespace().any(|known| known == word);
    let scope = match parsed {
        _ if parsed.is_loopback() => "host",
        _ if parsed.is_unicast_link_local() => "link",
        _ => "global",
    };
    let trouble =
        [("duplicated", "duplicate"), ("tentative", "tentative"), ("deprecated", "deprecated")];
    Some(Address {
        interface: interface.to_owned(),
        address: parsed.to_string(),
        prefix: after(line, "prefixlen").and_then(|bits| bits.parse().ok()),
        scope: Some(scope.into()),
        dynamic: Some(is("autoconf") || is("dynamic") || is("temporary")),
        trouble: trouble.iter().find(|(word, _)| is(word)).map(|(_, name)| (*name).to_owned()),
    })
}

fn after<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let mut words = line.split_ascii_whitespace();
    words.find(|known| *known == word)?;
    words.next()
}

/// What the ports are called, by interface: `networksetup -listallhardwareports`.
pub(crate) fn ports(text: &str) -> BTreeMap<String, String> {
    let mut ports = BTreeMap::new();
    let mut name = None;
    for line in text.lines() {
        if let Some(port) = line.strip_prefix("Hardware Port: ") {
            name = Some(port.trim().to_owned());
        } else if let Some(device) = line.strip_prefix("Device: ")
            && let Some(name) = name.take()
        {
            ports.insert(device.trim().to_owned(), name);
        }
    }
    ports
}

/// Counters of `netstat -ibdn`, a line for each address of an interface; those of the link count. The
/// hardware address is not always there, so that the columns are taken from the end.
pub(crate) fn counters(text: &str) -> Vec<InterfaceCounters> {
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().unwrap_or_default().split_ascii_whitespace().collect();
    let from_end =
        |name: &str| heads.iter().rposition(|head| *head == name).map(|at| heads.len() - 1 - at);
    let places = ["Ipkts", "Ierrs", "Ibytes", "Opkts", "Oerrs", "Obytes"].map(from_end);
    let dropped = from_end("Drop");
    let mut found: Vec<InterfaceCounters> = Vec::new();
    for line in lines.filter(|line| line.contains("<Link#")) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let at = |place: Option<usize>| {
            let place = words.len().checked_sub(1)?.checked_sub(place?)?;
            words.get(place)?.parse::<u64>().ok()
        };
        let Some(name) = words.first().map(|name| name.trim_end_matches('*')) else { continue };
        let [ipkts, ierrs, ibytes, opkts, oerrs, obytes] = places.map(at);
        let (Some(rx_packets), Some(rx_bytes), Some(tx_packets), Some(tx_bytes)) =
            (ipkts, ibytes, opkts, obytes)
        else {
            continue;
        };
        found.push(InterfaceCounters {
            name: name.to_owned(),
            rx_bytes,
            rx_packets,
            rx_errors: ierrs.unwrap_or_default(),
            // One number is told, for both ways: that of the queue that sends.
            rx_dropped: 0,
            tx_bytes,
            tx_packets,
            tx_errors: oerrs.unwrap_or_default(),
            tx_dropped: at(dropped).unwrap_or_default(),
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// macOS 14, shortened.
    const TOLD: &str = "lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384\n\toptions=1203<RXCSUM,TXCSUM,TXSTATUS,SW_TIMESTAMP>\n\tinet 127.0.0.1 netmask 0xff000000\n\tinet6 ::1 prefixlen 128 \n\tinet6 fe80::1%lo0 prefixlen 64 scopeid 0x1 \n\tnd6 options=201<PERFORMNUD,DAD>\nen0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500\n\toptions=6460<TSO4,TSO6,CHANNEL_IO,PARTIAL_CSUM,ZEROINVERT_CSUM>\n\tether a4:83:e7:01:02:03\n\tinet6 fe80::1046:1%en0 prefixlen 64 secured scopeid 0xb \n\tinet6 2001:db8::5 prefixlen 64 autoconf secured \n\tinet 192.168.1.17 netmask 0xffffff00 broadcast 192.168.1.255\n\tmedia: autoselect\n\tstatus: active\nen7: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500\n\tether 00:e0:4c:68:00:01\n\tmedia: autoselect (1000baseT <full-duplex>)\n\tstatus: active\nen1: flags=8963<UP,BROADCAST,SMART,RUNNING,PROMISC,SIMPLEX,MULTICAST> mtu 1500\n\tether 82:17:00:00:00:01\n\tmedia: autoselect <full-duplex>\n\tstatus: inactive\nbridge0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500\n\tether 82:17:00:00:00:01\n\tmember: en1 flags=3<LEARNING,DISCOVER>\n\tstatus: inactive\nutun4: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1380\n\tinet 10.8.0.2 --> 10.8.0.1 netmask 0xffffffff\n";
    const PORTS: &str = "\nHardware Port: Wi-Fi\nDevice: en0\nEthernet Address: a4:83:e7:01:02:03\n\nHardware Port: Thunderbolt Bridge\nDevice: bridge0\nEthernet Address: 82:17:00:00:00:01\n\nHardware Port: USB 10/100/1000 LAN\nDevice: en7\nEthernet Address: 00:e0:4c:68:00:01\n\nVLAN Configurations\n===================\n";

    #[test]
    fn interfaces_are_read() {
        let told = parse(TOLD, &ports(PORTS));
        let kinds: Vec<_> = told
            .interfaces
            .iter()
            .map(|one| (one.name.as_str(), one.kind.as_deref(), one.state.as_deref()))
            .collect();
        assert_eq!(
            kinds,
            [
                ("bridge0", Some("bridge"), Some("down")),
                ("en0", Some("wifi"), Some("up")),
                ("en1", Some("ethernet"), Some("down")),
                ("en7", Some("ethernet"), Some("up")),
                ("lo0", Some("loopback"), Some("up")),
                ("utun4", Some("tunnel"), Some("up")),
            ]
        );
        let wired = &told.interfaces[3];
        assert_eq!((wired.speed_mbit, wired.duplex.as_deref()), (Some(1000), Some("full")));
        assert_eq!(told.interfaces[2].master.as_deref(), Some("bridge0"));
    }

    #[test]
    fn addresses_are_read() {
        let told = parse(TOLD, &BTreeMap::new());
        let of = |address: &str| {
            told.addresses.iter().find(|one| one.address == address).cloned().expect("an address")
        };
        assert_eq!(of("192.168.1.17").prefix, Some(24));
        assert_eq!(of("fe80::1046:1").scope.as_deref(), Some("link"));
        assert_eq!(of("2001:db8::5").dynamic, Some(true));
        assert_eq!(of("10.8.0.2").prefix, Some(32));
    }

    #[test]
    fn counters_are_read_with_and_without_an_address() {
        // `netstat -ibdn` of macOS 13.
        let text = "Name       Mtu   Network       Address            Ipkts Ierrs     Ibytes    Opkts Oerrs     Obytes  Coll Drop\nlo0        16384 <Link#1>                        100     0      20000      100     0      20000     0   0\nlo0        16384 127           127.0.0.1         100     -      20000      100     -      20000     -   -\nen0        1500  <Link#11>   a4:83:e7:01:02:03  5000     1    4000000     3000     2     900000     0   7\nen5*       1500  <Link#5>    ac:de:48:00:11:22     0     0          0        0     0          0     0   0\n";
        let told = counters(text);
        assert_eq!(
            told.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
            ["en0", "en5", "lo0"]
        );
        assert_eq!((told[0].rx_bytes, told[0].tx_errors, told[0].tx_dropped), (4_000_000, 2, 7));
        assert_eq!(told[2].rx_packets, 100);
    }
}
