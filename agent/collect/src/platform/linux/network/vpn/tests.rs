//! Tunnels as each program and the kernel tell them.

use befund_model::Timestamp;
use befund_model::section::reach::Tunnel;
use befund_model::snapshot::Status;
use proptest::prelude::*;

use super::formats::{ipsec, managed, openvpn, swanctl};
use super::wireguard::{Device, Peer, peers};
use super::xfrm::peer;
use super::{heard, instance, vpn};
use crate::Root;
use crate::collector::Context;

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((4 + value.len() as u16).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// An answer as `wg_get_device_dump` writes it (linux/wireguard.h), with keys.
#[test]
fn wireguards_peers_are_read_without_their_keys() {
    let key = [0x4b; 32];
    let four =
        [2_u16.to_ne_bytes().as_slice(), &51_820_u16.to_be_bytes(), &[192, 0, 2, 7], &[0; 8]]
            .concat();
    let first = [
        attribute(1, &key),
        attribute(2, &key),
        attribute(4, &four),
        attribute(6, &[1_714_644_000_i64.to_ne_bytes(), 5_i64.to_ne_bytes()].concat()),
    ]
    .concat();
    let second = [attribute(1, &key), attribute(6, &[0; 16])].concat();
    let list = [attribute(0x8000, &first), attribute(0x8001, &second)].concat();
    let message = [
        vec![0, 1, 0, 0],
        attribute(2, b"wg0\0"),
        attribute(3, &key),
        attribute(8 | 0x8000, &list),
    ]
    .concat();
    let told = peers(&message);
    assert_eq!(
        told,
        [
            Peer {
                endpoint: Some("192.0.2.7:51820".parse().expect("an address")),
                handshake: Some(Timestamp::from_second(1_714_644_000).expect("a time"))
            },
            Peer::default()
        ]
    );
    assert!(!format!("{told:?}").contains("75, 75"));
}

#[test]
fn a_handshake_says_whether_a_tunnel_stands() {
    let at = |second| Timestamp::from_second(second).expect("a time");
    let up = |handshake: Option<i64>, on| {
        let device = Device { peers: vec![Peer { endpoint: None, handshake: handshake.map(at) }] };
        let mut tunnel = Tunnel { up: Some(on), ..Tunnel::default() };
        heard(&mut tunnel, &device, on, at(10_000));
        tunnel.up
    };
    assert_eq!(up(Some(9_900), true), Some(true));
    assert_eq!(up(Some(9_000), true), None, "idle, or gone");
    assert_eq!(up(None, true), Some(false));
    assert_eq!(up(Some(9_900), false), Some(false));
}

#[test]
fn a_policy_names_the_other_end() {
    let mut message = vec![0; 168];
    message[160] = 1;
    let mut template = vec![0; 64];
    template[..4].copy_from_slice(&[192, 0, 2, 9]);
    template[24..26].copy_from_slice(&2_u16.to_ne_bytes());
    template[48] = 1;
    message.extend(attribute(5, &template));
    assert_eq!(peer(&message), Some("192.0.2.9".parse().expect("an address")));
    message[160] = 0;
    assert_eq!(peer(&message), None, "one that comes in");
}

#[test]
fn configurations_are_read() {
    let text = "client\ndev tun0\n# remote old.example\nremote vpn.example 1194 udp\nremote second.example\n<key>\nremote inside.example 1\n</key>\n";
    let told = openvpn(text);
    assert_eq!(told.server.as_deref(), Some("vpn.example:1194"));
    assert_eq!(told.device.as_deref(), Some("tun0"));
    let told = openvpn("dev tun\n<connection>\nremote 2001:db8::1 443 tcp\n</connection>\n");
    assert_eq!((told.server.as_deref(), told.device), (Some("[2001:db8::1]:443"), None));

    let text = "config setup\n    right=no\nconn %default\n  right=x\nconn office # ours\n  left=%defaultroute\n  right=vpn.example\nconn calls\n  right=%any\n";
    assert_eq!(
        ipsec(text),
        [("office".to_owned(), Some("vpn.example".to_owned())), ("calls".to_owned(), None)]
    );

    let text = "connections {\n  office : tunnels {\n    remote_addrs = 192.0.2.9, vpn.example\n    local { auth = psk }\n    children {\n      net { remote_addrs = no }\n    }\n  }\n  other { remote_addrs = b.example }\n}\nsecrets { ike { secret = hunter2 } }\n";
    assert_eq!(
        swanctl(text),
        [
            ("office".to_owned(), Some("192.0.2.9".to_owned())),
            ("other".to_owned(), Some("b.example".to_owned()))
        ]
    );

    let text = "[connection]\nid=Office VPN\nuuid=x\ntype=vpn\n[vpn]\nservice-type=org.freedesktop.NetworkManager.openvpn\nremote=vpn.example:1194\npassword-flags=1\n[vpn-secrets]\npassword=hunter2\n";
    let told = managed(text).expect("a tunnel");
    assert_eq!(
        (told.name.as_str(), told.kind.as_str(), told.server.as_deref()),
        ("Office VPN", "openvpn", Some("vpn.example:1194"))
    );
    assert_eq!(managed("[connection]\nid=Wired\ntype=ethernet\n"), None);
}

#[test]
fn instances_are_named_as_systemd_does() {
    assert_eq!(
        instance("openvpn-client@", "my-office"),
        "system-openvpn\\x2dclient.slice/openvpn-client@my\\x2doffice.service"
    );
}

#[test]
fn a_machine_with_several_kinds_tells_all_and_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in [
        ("sys/class/net/lo/type", "772\n"),
        ("sys/class/net/wg0/uevent", "DEVTYPE=wireguard\nINTERFACE=wg0\n"),
        ("sys/class/net/wg0/type", "65534\n"),
        ("sys/class/net/wg0/flags", "0x91\n"),
        ("sys/class/net/tun0/tun_flags", "0x1001\n"),
        ("sys/class/net/tun0/type", "65534\n"),
        ("sys/class/net/tun0/flags", "0x1091\n"),
        ("sys/class/net/tailscale0/tun_flags", "0x1001\n"),
        ("sys/class/net/tailscale0/flags", "0x1090\n"),
        ("sys/class/net/vnet3/tun_flags", "0x1002\n"),
        ("usr/lib/systemd/system/tailscaled.service", "[Unit]\n"),
        (
            "etc/openvpn/client/office.conf",
            "remote vpn.example 1194\ndev tun0\n<key>\nhunter2\n</key>\n",
        ),
        (
            "sys/fs/cgroup/system.slice/system-openvpn\\x2dclient.slice/openvpn-client@office.service/cgroup.procs",
            "77\n",
        ),
        ("etc/ipsec.conf", "conn site\n  right=192.0.2.9\n"),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let cx = Context::new(&Root::at(folder.path()).expect("a tree"));
    let tunnels = vpn(&cx).expect("tunnels").tunnels;
    let told: Vec<_> = tunnels
        .iter()
        .map(|one| (one.name.as_str(), one.kind.as_str(), one.interface.as_deref(), one.up))
        .collect();
    assert_eq!(
        told,
        [
            ("office", "openvpn", Some("tun0"), Some(true)),
            ("site", "ipsec", None, None),
            ("tailscale", "tailscale", Some("tailscale0"), Some(false)),
            ("wg0", "wireguard", Some("wg0"), Some(true)),
        ]
    );
    assert!(!format!("{tunnels:?}").contains("hunter2"));
}

#[test]
fn a_machine_without_tunnels_says_what_was_looked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("sys/class/net/eth0")).expect("made");
    let cx = Context::new(&Root::at(folder.path()).expect("a tree"));
    let gap = vpn(&cx).expect_err("none");
    assert_eq!(gap.status, Status::Unsupported);
    assert!(gap.reason.contains("WireGuard"), "{}", gap.reason);
}

proptest! {
    #[test]
    fn nothing_breaks_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "(conn |connections|right=|remote|[{}<>= \n#]|\\[vpn\\]|type=vpn|[a-zé]{0,5}){0,40}") {
        peers(&bytes);
        peer(&bytes);
        let mut deep = vec![0; 168];
        deep[160] = 1;
        deep.extend(&bytes);
        peer(&deep);
        peers(&[vec![0; 4], attribute(8, &attribute(0, &bytes))].concat());
        openvpn(&text);
        ipsec(&text);
        swanctl(&text);
        managed(&text);
    }
}
