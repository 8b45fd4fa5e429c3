//! Neighbours, sockets, connections and names by interface, as the kernel and files tell them.

use befund_model::section::network::DnsLink;
use befund_model::snapshot::Status;
use proptest::prelude::*;

use super::resolver::link;
use super::{connections, neighbours, ports, resolver, sockets};
use crate::Root;
use crate::collector::{Context, run};

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((4 + value.len() as u16).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn laid_out(files: &[(&str, &str)]) -> (tempfile::TempDir, Context) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let cx = Context::new(&Root::at(folder.path()).expect("a tree"));
    (folder, cx)
}

/// `struct ndmsg` and attributes, as `neigh_fill_info` writes them.
fn neighbour(state: u16, flags: u8, address: &[u8], mac: &[u8]) -> Vec<u8> {
    let family = if address.len() == 4 { 2 } else { 10 };
    let mut message = vec![family, 0, 0, 0];
    message.extend(7_u32.to_ne_bytes());
    message.extend(state.to_ne_bytes());
    message.extend([flags, 1]);
    message.extend(attribute(1, address));
    message.extend(attribute(2, mac));
    message
}

#[test]
fn neighbours_are_read_with_their_state() {
    let names = [(7, "eth0".to_owned())];
    let mac = [2, 0xfc, 0, 0, 0, 5];
    let told = neighbours::parse(&neighbour(2, 0x80, &[192, 0, 2, 1], &mac), &names).expect("one");
    assert_eq!((told.interface.as_str(), told.address.as_str()), ("eth0", "192.0.2.1"));
    assert_eq!((told.mac.as_deref(), told.router), (Some("02:fc:00:00:00:05"), true));
    for (state, word) in
        [(1, "incomplete"), (4, "stale"), (8, "stale"), (0x20, "failed"), (0x80, "permanent")]
    {
        let told =
            neighbours::parse(&neighbour(state, 0, &[192, 0, 2, 1], &[0; 6]), &[]).expect("one");
        assert_eq!((told.state.as_str(), told.mac, told.interface.as_str()), (word, None, "7"));
    }
    assert_eq!(
        neighbours::parse(&neighbour(0x40, 0, &[192, 0, 2, 1], &mac), &names),
        None,
        "no need"
    );
    assert_eq!(
        neighbours::parse(&neighbour(2, 0, &[224, 0, 0, 22], &mac), &names),
        None,
        "a group"
    );
}

/// As Linux 6.1 prints it.
#[test]
fn a_recorded_tree_tells_its_neighbours_of_ipv4() {
    let (_folder, cx) = laid_out(&[(
        "proc/net/arp",
        "IP address       HW type     Flags       HW address            Mask     Device\n192.0.2.9        0x1         0x0         00:00:00:00:00:00     *        eth0\n192.0.2.1        0x1         0x2         02:FC:00:00:00:05     *        eth0\n",
    )]);
    let told = neighbours::neighbours(&cx).expect("neighbours").neighbours;
    let told: Vec<_> = told
        .iter()
        .map(|one| (one.address.as_str(), one.state.as_str(), one.mac.as_deref()))
        .collect();
    assert_eq!(
        told,
        [("192.0.2.1", "stale", Some("02:fc:00:00:00:05")), ("192.0.2.9", "incomplete", None)]
    );
}

const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1\n   1: 2A0200C0:8D2A 010200C0:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 102 1\n   2: 0100007F:0277 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 103 1\n   3: 2A0200C0:8D2B 010200C0:01BB 06 00000000:00000000 00:00000000 00000000     0        0 0 3\n";
const TCP6: &str = "  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode\n   0: 0000000000000000FFFF00002A0200C0:8D2C 0000000000000000FFFF00000A0200C0:0016 08 00000000:00000000 00:00000000 00000000     0        0 104 1\n";

#[test]
fn connections_are_told_without_those_over_loopback() {
    let (folder, cx) = laid_out(&[
        ("proc/net/tcp", TCP),
        ("proc/net/tcp6", TCP6),
        ("proc/77/comm", "firefox\n"),
        ("proc/77/fd/none", ""),
    ]);
    std::os::unix::fs::symlink("socket:[102]", folder.path().join("proc/77/fd/9")).expect("linked");

    let told = connections::connections(&cx).expect("connections").connections;

    let told: Vec<_> = told
        .iter()
        .map(|one| {
            (
                one.remote.as_str(),
                one.remote_port,
                one.state.as_str(),
                one.process.as_deref(),
                one.pid,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("192.0.2.1", 443, "established", Some("firefox"), Some(77)),
            ("192.0.2.1", 443, "time wait", None, None),
            ("192.0.2.10", 22, "close wait", None, None),
        ]
    );
    let ports = ports::ports(&cx).expect("ports").ports;
    assert_eq!(ports.iter().map(|port| port.port).collect::<Vec<_>>(), [631]);
}

#[test]
fn of_very_many_connections_those_that_stand_are_told() {
    let mut text = TCP.lines().next().expect("a head").to_owned() + "\n";
    for number in 0..3_000 {
        let state = if number < 2_500 { "06" } else { "01" };
        text += &format!(
            "   {number}: 2A0200C0:{number:04X} 010200C0:01BB {state} 0:0 0:0 0 0 0 {number} 1\n"
        );
    }
    let (_folder, cx) = laid_out(&[("proc/net/tcp", &text)]);
    let outcome = run(&cx, connections::connections);
    assert_eq!(outcome.status, Status::Partial);
    assert!(outcome.reason.contains("there are 3000 connections"), "{}", outcome.reason);
    let told = String::from_utf8(outcome.bytes).expect("text");
    assert_eq!(told.matches("established").count(), 500);
    assert_eq!(told.matches("time wait").count(), 1_500);
}

/// systemd 252.
#[test]
fn what_each_interface_brings_along_is_told_once() {
    let (_folder, cx) = laid_out(&[
        ("etc/resolv.conf", "nameserver 127.0.0.53\n"),
        ("run/systemd/resolve/resolv.conf", "nameserver 192.0.2.53\n"),
        ("sys/class/net/eth0/ifindex", "2\n"),
        ("sys/class/net/tun0/ifindex", "9\n"),
        (
            "run/systemd/netif/links/2",
            "DNS=192.0.2.53 [2001:db8::53]\nDOMAINS=office.example\nROUTE_DOMAINS=corp.example\n",
        ),
        ("run/systemd/netif/links/1", "ADMIN_STATE=unmanaged\nDNS=\n"),
        ("run/systemd/resolve/netif/2", "SERVERS=192.0.2.53\n"),
        (
            "run/systemd/resolve/netif/9",
            "LLMNR=no\nSERVERS=10.9.0.1:853#dns.corp.example\nDOMAINS=~corp.example\n",
        ),
    ]);
    let dns = resolver::dns(&cx).expect("names");
    assert_eq!(
        (dns.stub.as_deref(), dns.servers),
        (Some("127.0.0.53"), vec!["192.0.2.53".to_owned()])
    );
    let link = |interface: &str, servers: &[&str], domains: &[&str]| DnsLink {
        interface: interface.to_owned(),
        servers: servers.iter().map(|one| (*one).to_owned()).collect(),
        domains: domains.iter().map(|one| (*one).to_owned()).collect(),
    };
    assert_eq!(
        dns.links,
        [
            link("eth0", &["192.0.2.53", "[2001:db8::53]"], &["office.example", "~corp.example"]),
            link("tun0", &["10.9.0.1:853"], &["~corp.example"]),
        ]
    );
}

proptest! {
    #[test]
    fn nothing_breaks_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..120), text in "(DNS=|DOMAINS=|0x2|[0-9A-F]{8}:[0-9A-F]{4}|[ \n:#~.]|[0-9a-fé]{0,6}){0,30}") {
        neighbours::parse(&bytes, &[]);
        sockets::parse(&bytes, "tcp");
        link("eth0".to_owned(), &text);
        for line in text.lines() {
            neighbours::recorded(line);
            sockets::listed(line, "tcp");
        }
    }

    #[test]
    fn sockets_are_read_as_the_kernel_writes_them(local: [u8; 4], remote: [u8; 4], ports: (u16, u16), inode: u32) {
        let mut message = vec![0; 72];
        (message[0], message[1]) = (2, 1);
        message[4..6].copy_from_slice(&ports.0.to_be_bytes());
        message[6..8].copy_from_slice(&ports.1.to_be_bytes());
        message[8..12].copy_from_slice(&local);
        message[24..28].copy_from_slice(&remote);
        message[68..].copy_from_slice(&inode.to_ne_bytes());
        let read = sockets::parse(&message, "tcp").expect("a socket");
        prop_assert_eq!((read.local, read.remote), ((local, ports.0).into(), (remote, ports.1).into()));
        prop_assert_eq!((read.inode, read.state), (inode, 1));
    }
}
