//! Readers of leases, and of what the kernel says of filters, sockets and wireless links.

use std::collections::BTreeSet;
use std::net::IpAddr;

use befund_model::section::reach::Lease;

use crate::platform::linux::network::firewall::{legacy, nftables};
use crate::platform::linux::network::leases::{ends, formats, merged};
use crate::platform::linux::network::{netlink, nl80211, sockets};

/// Files of DHCP's clients.
pub(super) fn leases(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut leases = formats::dhclient(&text);
    let family = |lease: &Lease| (lease.interface.clone(), lease.address.contains(':'));
    let each: BTreeSet<_> = leases.iter().map(family).collect();
    assert_eq!(each.len(), leases.len(), "an interface has two leases of one family");
    for mut told in formats::settings(&text).into_iter().chain(formats::bootp(bytes)) {
        let until = ends(told.lease.since, told.seconds);
        assert!(until.is_none_or(|until| Some(until) >= told.lease.since), "over before it began");
        for interface in ["eth0", "wlan0"] {
            interface.clone_into(&mut told.lease.interface);
            leases.push(told.lease.clone());
        }
    }
    for lease in &leases {
        let addresses = [&lease.server, &lease.router].into_iter().flatten().chain(&lease.dns);
        for address in addresses.chain([&lease.address]) {
            let address = address.parse::<IpAddr>();
            assert!(address.is_ok_and(|address| !address.is_unspecified()), "{lease:?}");
        }
    }
    for name in text.lines() {
        assert!(formats::managed_interface(name).is_none_or(|interface| !interface.is_empty()));
    }
    let merged_once = merged(leases);
    let key = |lease: &Lease| (lease.interface.clone(), lease.address.clone());
    assert!(merged_once.is_sorted_by(|a, b| key(a) < key(b)), "leases are not each there once");
    assert_eq!(merged(merged_once.clone()), merged_once, "merging changes what is merged");
}

/// Messages of the kernel's netfilter, sockets and nl80211: the bytes as a datagram, and as what is in
/// one message of it.
pub(super) fn nftables(datagram: &[u8]) {
    let mut rest = datagram;
    while let Some((_, payload, after)) = netlink::message_in(rest) {
        assert!(after.len() + 16 + payload.len() <= rest.len(), "more came out than was in");
        message(payload);
        rest = after;
    }
    message(datagram);
    let text = String::from_utf8_lossy(datagram);
    for six in [false, true] {
        assert!(legacy(&text, six).len() <= text.lines().count(), "more chains than lines");
    }
    for line in text.lines() {
        let _ = sockets::listed(line, "tcp");
    }
}

fn message(payload: &[u8]) {
    let held: usize = netlink::attributes(payload).map(|(_, value)| 4 + value.len()).sum();
    assert!(held <= payload.len(), "attributes hold more than there is");
    if let Some((family, chain)) = nftables::chain(payload) {
        assert!(chain.four || chain.six, "a chain for nobody's packets");
        assert!((1..=3).contains(&chain.hook), "a hook where nothing comes through");
        let request = nftables::rules_of(family, &chain);
        let named = |name: &str| [name.as_bytes(), &[0]].concat();
        let read: Vec<_> =
            netlink::attributes(&request[4..]).map(|(kind, name)| (kind, name.to_vec())).collect();
        assert_eq!(read, [(1, named(&chain.table)), (2, named(&chain.name))], "asked for another");
    }
    let _ = nftables::ends(payload);
    let _ = sockets::parse(payload, "tcp");
    let _ = nl80211::family(payload, b"nl80211\0");
    if let Some(mut link) = nl80211::interface(payload) {
        assert!(!link.name.is_empty());
        nl80211::station(payload, &mut link);
        assert!(link.signal_dbm.is_none_or(|dbm| (-128..0).contains(&dbm)), "no signal's strength");
        assert!(link.ssid.is_none_or(|name| !name.contains(char::is_control)), "a name commands");
    }
}
