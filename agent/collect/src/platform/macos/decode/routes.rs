//! The routing table, and the neighbours: netstat(1), arp(8), ndp(8).

use std::net::{Ipv4Addr, Ipv6Addr};

use befund_model::section::network::Route;
use befund_model::section::reach::Neighbour;

use super::lines::mac;

/// Reads `netstat -rn`, whose columns differ between the families and between versions: destination,
/// gateway and flags come first, the interface is told by the head.
pub(crate) fn routes(text: &str) -> Vec<Route> {
    let mut routes = Vec::new();
    let mut interface_at = 3;
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if words.first() == Some(&"Destination") {
            interface_at = words.iter().position(|word| *word == "Netif").unwrap_or(3);
            continue;
        }
        let &[destination, gateway, flags, ..] = words.as_slice() else { continue };
        if !flags.starts_with(|letter: char| letter.is_ascii_alphanumeric()) {
            continue;
        }
        // Entries that stand for one neighbour, and what was made from another for one address.
        if flags.contains('L') || flags.contains('W') || flags.contains('m') {
            continue;
        }
        let Some(destination) = network(destination) else { continue };
        if is_for_many(&destination) {
            continue;
        }
        let hop = gateway.split('%').next().unwrap_or(gateway);
        let hop = hop.parse::<std::net::IpAddr>().ok().filter(|hop| !hop.is_unspecified());
        let refusal = match flags {
            _ if flags.contains('B') => Some("blackhole"),
            _ if flags.contains('R') => Some("unreachable"),
            _ => None,
        };
        routes.push(Route {
            destination,
            gateway: hop.map(|hop| hop.to_string()).filter(|_| flags.contains('G')),
            interface: words.get(interface_at).map(|name| (*name).to_owned()),
            refusal: refusal.map(str::to_owned),
            ..Route::default()
        });
    }
    let family = |route: &Route| route.destination.contains(':');
    routes.sort_by(|a, b| {
        (family(a), &a.destination, &a.interface, &a.gateway).cmp(&(
            family(b),
            &b.destination,
            &b.interface,
            &b.gateway,
        ))
    });
    routes.dedup();
    routes
}

/// A destination in full: `default`, `192.168.1`, `10.8/16`, `127.0.0.1`, `fe80::%lo0/64`.
fn network(text: &str) -> Option<String> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.split('%').next()?.parse::<u8>().ok()?)),
        None => (text, None),
    };
    if address == "default" {
        return Some("0.0.0.0/0".into());
    }
    let address = address.split('%').next()?;
    if let Ok(six) = address.parse::<Ipv6Addr>() {
        let bits = bits.unwrap_or(128);
        return (bits <= 128).then(|| format!("{six}/{bits}"));
    }
    // Zeros at the end are left out, and so is what follows from them.
    let parts: Option<Vec<u8>> = address.split('.').map(|part| part.parse().ok()).collect();
    let parts = parts.filter(|parts| (1..=4).contains(&parts.len()))?;
    let bits = bits.unwrap_or(u8::try_from(parts.len() * 8).ok()?);
    let mut four = [0; 4];
    four[..parts.len()].copy_from_slice(&parts);
    (bits <= 32).then(|| format!("{}/{bits}", Ipv4Addr::from(four)))
}

/// Multicast and broadcast, which no other system tells of either.
fn is_for_many(destination: &str) -> bool {
    let address = destination.split('/').next().unwrap_or_default();
    match address.parse() {
        Ok(std::net::IpAddr::V4(four)) => four.is_multicast() || four.is_broadcast(),
        Ok(std::net::IpAddr::V6(six)) => six.is_multicast(),
        Err(_) => true,
    }
}

/// The default route of IPv6 is called as that of IPv4 is; what stands under `Internet6:` is the former.
pub(crate) fn both(text: &str) -> Vec<Route> {
    let (four, six) = text.split_once("Internet6:").unwrap_or((text, ""));
    let mut routes = routes(four);
    let mut more = self::routes(six);
    for route in &mut more {
        if route.destination == "0.0.0.0/0" {
            route.destination = "::/0".into();
        }
    }
    more.sort_by(|a, b| (&a.destination, &a.interface).cmp(&(&b.destination, &b.interface)));
    routes.extend(more);
    routes
}

/// A line of `arp -an`: `? (192.168.1.1) at a4:91:b1:1:2:3 on en0 ifscope [ethernet]`. How fresh an entry is
/// it does not tell: one with an address is taken as not confirmed.
pub(crate) fn arp(line: &str) -> Option<Neighbour> {
    let (_, rest) = line.split_once('(')?;
    let (address, rest) = rest.split_once(") at ")?;
    let mut words = rest.split_ascii_whitespace();
    let hardware = words.next()?;
    (words.next()? == "on").then_some(())?;
    let interface = words.next()?.to_owned();
    let address: Ipv4Addr = address.parse().ok()?;
    if address.is_multicast() || address.is_broadcast() {
        return None;
    }
    let mac = mac(hardware);
    let state = match (&mac, rest.contains("permanent")) {
        (None, _) => "incomplete",
        (_, true) => "permanent",
        _ => "stale",
    };
    Some(Neighbour {
        interface,
        address: address.to_string(),
        state: state.into(),
        router: false,
        mac,
    })
}

/// A line of `ndp -an`: address, hardware address, interface, time left, state, and `R` of a router.
pub(crate) fn ndp(line: &str) -> Option<Neighbour> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[address, hardware, interface, expire, ..] = words.as_slice() else { return None };
    let address: Ipv6Addr = address.split('%').next()?.parse().ok()?;
    let mac = mac(hardware);
    // Time left may be two words (`23h59m58s`, `permanent`), the state is one letter.
    let state = words.iter().skip(4).find(|word| word.len() == 1).copied();
    let state = match state {
        _ if expire == "permanent" && mac.is_some() => "permanent",
        Some("R") => "reachable",
        Some("S" | "D" | "P") => "stale",
        Some("I" | "N" | "W") => "incomplete",
        _ if mac.is_none() => "incomplete",
        _ => "stale",
    };
    let flags = words.iter().skip(5);
    Some(Neighbour {
        interface: interface.to_owned(),
        address: address.to_string(),
        state: state.into(),
        router: flags.into_iter().any(|flag| *flag == "R"),
        mac,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_both_families_are_read() {
        // macOS 13; shortened.
        let text = "Routing tables\n\nInternet:\nDestination        Gateway            Flags           Netif Expire\ndefault            192.168.1.1        UGScg             en0       \ndefault            192.168.2.1        UGScIg            en7       \n10.8/16            10.8.0.1           UGSc            utun4       \n127                127.0.0.1          UCS               lo0       \n127.0.0.1          127.0.0.1          UH                lo0       \n169.254            link#11            UCS               en0      !\n192.168.1          link#11            UCS               en0      !\n192.168.1.1        a4:91:b1:1:2:3     UHLWIir           en0   1183\n224.0.0/4          link#11            UmCS              en0      !\n255.255.255.255/32 link#11            UCS               en0      !\n\nInternet6:\nDestination                             Gateway                         Flags           Netif Expire\ndefault                                 fe80::1%en0                     UGcg              en0       \n::1                                     ::1                             UHL               lo0       \n2001:db8::/64                           link#11                         UC                en0       \nfe80::%en0/64                           link#11                         UCI               en0       \nff00::/8                                ::1                             UmCI              lo0       \n";
        let told = both(text);
        let told: Vec<_> = told
            .iter()
            .map(|route| {
                let gateway = route.gateway.as_deref().unwrap_or("-");
                let interface = route.interface.as_deref().unwrap_or("-");
                format!("{} {gateway} {interface}", route.destination)
            })
            .collect();
        assert_eq!(
            told,
            [
                "0.0.0.0/0 192.168.1.1 en0",
                "0.0.0.0/0 192.168.2.1 en7",
                "10.8.0.0/16 10.8.0.1 utun4",
                "127.0.0.0/8 - lo0",
                "127.0.0.1/32 - lo0",
                "169.254.0.0/16 - en0",
                "192.168.1.0/24 - en0",
                "2001:db8::/64 - en0",
                "::/0 fe80::1 en0",
                "fe80::/64 - en0",
            ]
        );
        // macOS 10.13, where the interface comes last.
        let old = "Internet:\nDestination        Gateway            Flags        Refs      Use   Netif Expire\ndefault            10.0.0.1           UGSc           70        0     en0\n";
        assert_eq!(both(old)[0].interface.as_deref(), Some("en0"));
    }

    #[test]
    fn neighbours_are_read() {
        let told = arp("? (192.168.1.1) at a4:91:b1:1:2:3 on en0 ifscope [ethernet]").expect("one");
        assert_eq!(
            (told.mac.as_deref(), told.state.as_str()),
            (Some("a4:91:b1:01:02:03"), "stale")
        );
        let told = arp("? (192.168.1.9) at (incomplete) on en0 ifscope [ethernet]").expect("one");
        assert_eq!((told.mac, told.state.as_str()), (None, "incomplete"));
        assert_eq!(
            arp("? (224.0.0.251) at 1:0:5e:0:0:fb on en0 ifscope permanent [ethernet]"),
            None
        );
        let told =
            ndp("fe80::1%en0                             a4:91:b1:1:2:3     en0 21s       R  R")
                .expect("one");
        assert_eq!((told.state.as_str(), told.router), ("reachable", true));
        let told =
            ndp("fe80::9%en0                             (incomplete)       en0 expired   N")
                .expect("one");
        assert_eq!(told.state, "incomplete");
        assert_eq!(
            ndp(
                "Neighbor                                Linklayer Address  Netif Expire    St Flgs Prbs"
            ),
            None
        );
    }
}
