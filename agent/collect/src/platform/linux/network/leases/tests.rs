//! Leases as each program writes them.

use befund_model::section::reach::Lease;
use befund_model::snapshot::Status;
use proptest::prelude::*;

use super::formats::{bootp, dhclient, managed_interface, settings};
use super::{leases, merged};
use crate::Root;
use crate::collector::Context;

/// systemd-networkd 252, as on Debian 12.
const NETWORKD: &str = "# This is private data. Do not parse.\nADDRESS=10.0.2.15\nNETMASK=255.255.255.0\nROUTER=10.0.2.2\nSERVER_ADDRESS=10.0.2.2\nBROADCAST=10.0.2.255\nT1=43200\nT2=75600\nLIFETIME=86400\nDNS=10.0.2.3 10.0.2.4\nDOMAINNAME=lan.example\nHOSTNAME=pc\nCLIENTID=ffad\n";

/// dhclient 4.4, as on Debian 11; the first block is of a lease before.
const DHCLIENT: &str = r#"default-duid "\000\001";
lease {
  interface "eth0";
  fixed-address 192.0.2.40;
  option dhcp-lease-time 3600;
  expire 3 2024/05/01 10:00:00;
}
lease {
  interface "eth0";
  fixed-address 192.0.2.50;
  option subnet-mask 255.255.255.0;
  option routers 192.0.2.1;
  option dhcp-lease-time 3600;
  option dhcp-message-type 5;
  option domain-name-servers 192.0.2.53,198.51.100.53;
  option dhcp-server-identifier 192.0.2.2;
  option domain-name "office.example";
  renew 4 2024/05/02 09:30:00;
  rebind 4 2024/05/02 09:52:30;
  expire 4 2024/05/02 10:00:00;
}
lease6 {
  interface "eth0";
  ia-na 9a:bc:de:f0 {
    starts 1714640000;
    renew 1800;
    rebind 2880;
    iaaddr 2001:db8::50 {
      starts 1714640000;
      preferred-life 3600;
      max-life 7200;
    }
  }
  option dhcp6.name-servers 2001:db8::53;
}
lease {
  interface "eth1";
  fixed-address 203.0.113.9;
  expire epoch 1714644000; # Thu May  2 10:00:00 2024
}
lease {
  interface "eth2";
  fixed-addr"#;

fn laid_out(files: &[(&str, &str)]) -> (tempfile::TempDir, Context) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let cx = Context::new(&Root::at(folder.path()).expect("a tree"));
    (folder, cx)
}

#[test]
fn what_networkd_keeps_is_read() {
    let told = settings(NETWORKD).expect("a lease");
    assert_eq!(told.seconds, Some(86_400));
    assert_eq!(
        told.lease,
        Lease {
            address: "10.0.2.15".into(),
            server: Some("10.0.2.2".into()),
            router: Some("10.0.2.2".into()),
            dns: vec!["10.0.2.3".into(), "10.0.2.4".into()],
            domain: Some("lan.example".into()),
            ..Lease::default()
        }
    );
    assert_eq!(settings("ADDRESS=\n"), None);
    assert_eq!(settings("LIFETIME=3\n"), None);
}

/// wicked 0.6 of SUSE, from its documentation.
#[test]
fn what_wicked_keeps_is_read() {
    let told = settings("INTERFACE='eth0'\nTYPE='dhcp'\nIPADDR='192.0.2.5/24'\nSERVERID='192.0.2.1'\nGATEWAYS='192.0.2.1'\nDNSSERVERS='192.0.2.53'\nDNSDOMAIN='lan'\nACQUIRED='1714640000'\nLEASETIME='3600'\n").expect("a lease");
    assert_eq!(told.lease.address, "192.0.2.5");
    assert_eq!(told.lease.since.map(|since| since.as_second()), Some(1_714_640_000));
    assert_eq!(told.seconds, Some(3_600));
}

#[test]
fn of_dhclients_leases_the_last_counts() {
    let leases = dhclient(DHCLIENT);
    let told: Vec<_> =
        leases.iter().map(|one| (one.interface.as_str(), one.address.as_str())).collect();
    assert_eq!(told, [("eth0", "192.0.2.50"), ("eth0", "2001:db8::50"), ("eth1", "203.0.113.9")]);
    let four = &leases[0];
    assert_eq!(four.dns, ["192.0.2.53", "198.51.100.53"]);
    assert_eq!(four.domain.as_deref(), Some("office.example"));
    assert_eq!(four.server.as_deref(), Some("192.0.2.2"));
    let times = |lease: &Lease| [lease.since, lease.until].map(|at| at.map(|at| at.to_string()));
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(times(four), [some("2024-05-02T09:00:00Z"), some("2024-05-02T10:00:00Z")]);
    assert_eq!(times(&leases[1]), [some("2024-05-02T08:53:20Z"), some("2024-05-02T10:53:20Z")]);
    assert_eq!(times(&leases[2]), [None, some("2024-05-02T10:00:00Z")]);
}

#[test]
fn an_answer_of_the_server_is_read() {
    let mut bytes = vec![0; 240];
    bytes[16..20].copy_from_slice(&[192, 0, 2, 7]);
    bytes[236..].copy_from_slice(&[99, 130, 83, 99]);
    bytes.extend([53, 1, 5, 0, 54, 4, 192, 0, 2, 1, 51, 4, 0, 0, 14, 16, 3, 4, 192, 0, 2, 1]);
    bytes.extend([6, 8, 192, 0, 2, 53, 198, 51, 100, 53, 15, 3, b'l', b'a', b'n', 255, 9]);
    let told = bootp(&bytes).expect("a lease");
    assert_eq!(told.seconds, Some(3_600));
    assert_eq!(told.lease.address, "192.0.2.7");
    assert_eq!(told.lease.dns, ["192.0.2.53", "198.51.100.53"]);
    assert_eq!(told.lease.domain.as_deref(), Some("lan"));
    bytes.truncate(243);
    assert_eq!(bootp(&bytes).expect("a lease").lease.server, None);
    assert_eq!(bootp(&bytes[..240]).map(|told| told.lease.address), Some("192.0.2.7".into()));
    assert_eq!(bootp(&bytes[..239]), None);
}

#[test]
fn interfaces_stand_in_the_names_of_files() {
    let uuid = "0b1d2c3e-0000-4000-8000-123456789abc";
    assert_eq!(managed_interface(&format!("internal-{uuid}-wlp2s0.lease")), Some("wlp2s0"));
    assert_eq!(managed_interface(&format!("internal-{uuid}-br-lan.lease")), Some("br-lan"));
    for odd in ["internal-x.lease", "timestamps", "internal-é.lease", "dhclient-x-eth0.lease"] {
        assert_eq!(managed_interface(odd), None, "{odd}");
    }
}

#[test]
fn a_machine_with_several_programs_tells_each_lease_once() {
    let uuid = "0b1d2c3e-0000-4000-8000-123456789abc";
    let (_folder, cx) = laid_out(&[
        ("/sys/class/net/eth0/ifindex", "2\n"),
        ("/run/systemd/netif/leases/2", NETWORKD),
        (&format!("/var/lib/NetworkManager/internal-{uuid}-eth0.lease"), "ADDRESS=10.0.2.15\n"),
        ("/var/lib/dhcp/dhclient.eth0.leases", DHCLIENT),
        ("/var/lib/dhcp/README", "lease { interface \"x\"; fixed-address 1.1.1.1; }"),
    ]);
    let told = leases(&cx).expect("leases").leases;
    let told: Vec<_> = told
        .iter()
        .map(|one| (one.interface.as_str(), one.address.as_str(), one.dns.len()))
        .collect();
    assert_eq!(
        told,
        [
            ("eth0", "10.0.2.15", 2),
            ("eth0", "192.0.2.50", 2),
            ("eth0", "2001:db8::50", 1),
            ("eth1", "203.0.113.9", 0)
        ]
    );
}

#[test]
fn a_machine_with_fixed_addresses_says_what_was_looked_for() {
    let (_folder, cx) = laid_out(&[]);
    let gap = leases(&cx).expect_err("none");
    assert_eq!(gap.status, Status::Unsupported);
    assert!(gap.reason.contains("dhclient"), "{}", gap.reason);
}

fn pieces() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "lease {",
        "lease6 {",
        "}",
        "{",
        ";",
        "\"",
        "interface \"eth0\";",
        "fixed-address ",
        "192.0.2.1",
        "expire 4 2024/05/02 10:00:00;",
        "expire epoch 99999999999999;",
        "iaaddr ::1 {",
        "max-life 18446744073709551615;",
        "#",
        "\n",
        ",",
        "option routers ",
        "ADDRESS=",
        "LIFETIME=-1\n",
        "ACQUIRED=99999999999\n",
        "é",
        "\0",
    ];
    let piece = prop_oneof![prop::sample::select(WORDS).prop_map(str::to_owned), any::<String>()];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in pieces(), bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        merged(dhclient(&text));
        settings(&text);
        managed_interface(&text);
        bootp(&bytes);
        let mut long = vec![1; 236];
        long.extend([99, 130, 83, 99]);
        long.extend(bytes);
        bootp(&long);
    }

    #[test]
    fn leases_are_read_as_dhclient_writes_them(
        leases in prop::collection::vec(("[a-z]{1,8}[0-9]", any::<[u8; 4]>(), 0_i64..4_000_000_000), 0..8)
    ) {
        let mut text = String::new();
        let mut wanted = std::collections::BTreeMap::new();
        for (interface, address, until) in &leases {
            let address = std::net::Ipv4Addr::from(*address);
            text += &format!("lease {{\n  interface \"{interface}\";\n  fixed-address {address};\n  expire epoch {until};\n}}\n");
            if !address.is_unspecified() {
                wanted.insert(interface.clone(), (address.to_string(), Some(*until)));
            }
        }
        let read: std::collections::BTreeMap<_, _> = dhclient(&text)
            .into_iter()
            .map(|one| (one.interface, (one.address, one.until.map(|at| at.as_second()))))
            .collect();
        prop_assert_eq!(read, wanted);
    }
}
