//! Values as they go over the bus, and what is made of NetworkManager's.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::value::read;
use super::{leases_in, names_in, tunnels_in};

/// Marshals texts, numbers, truths, lists of texts and maps with variants, as a bus does.
fn write(out: &mut Vec<u8>, value: &Value) -> &'static str {
    match value {
        Value::String(text) => {
            align(out, 4);
            out.extend((text.len() as u32).to_le_bytes());
            out.extend(text.bytes());
            out.push(0);
            "s"
        }
        Value::Bool(truth) => {
            align(out, 4);
            out.extend(u32::from(*truth).to_le_bytes());
            "b"
        }
        Value::Number(number) => {
            align(out, 8);
            out.extend(number.as_i64().expect("a number").to_le_bytes());
            "x"
        }
        Value::Array(list) => {
            array(out, 1, |out| list.iter().for_each(|one| variant(out, one)));
            "av"
        }
        Value::Object(map) => {
            array(out, 8, |out| {
                for (key, value) in map {
                    align(out, 8);
                    write(out, &json!(key));
                    variant(out, value);
                }
            });
            "a{sv}"
        }
        Value::Null => panic!("a bus knows no null"),
    }
}

fn align(out: &mut Vec<u8>, to: usize) {
    out.resize(out.len().next_multiple_of(to), 0);
}

fn array(out: &mut Vec<u8>, to: usize, fill: impl FnOnce(&mut Vec<u8>)) {
    align(out, 4);
    let at = out.len();
    out.extend([0; 4]);
    align(out, to);
    let start = out.len();
    fill(out);
    let length = (out.len() - start) as u32;
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

fn variant(out: &mut Vec<u8>, value: &Value) {
    let kind = match value {
        Value::String(_) => "s",
        Value::Bool(_) => "b",
        Value::Number(_) => "x",
        Value::Array(_) => "av",
        Value::Object(_) | Value::Null => "a{sv}",
    };
    out.push(kind.len() as u8);
    out.extend(kind.bytes());
    out.push(0);
    write(out, value);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,9}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,5}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(value in values()) {
        let mut bytes = Vec::new();
        let kind = write(&mut bytes, &value);
        prop_assert_eq!(read(&bytes, kind), Some(value));
    }

    #[test]
    fn no_bytes_and_no_signature_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in "[a(){}vsogybnqiuxtdh]{0,12}") {
        read(&bytes, &kind);
        read(&bytes, "a{oa{sa{sv}}}");
        read(&bytes, "av");
        read(&bytes, "a()");
    }
}

#[test]
fn values_that_stand_in_one_another_without_end_are_refused() {
    let mut bytes = Vec::new();
    for _ in 0..200 {
        bytes.extend([1, b'v', 0]);
    }
    assert_eq!(read(&bytes, "v"), None);
}

/// As NetworkManager 1.42 tells it (properties that are not read left out).
fn objects() -> Value {
    json!({
        "/org/freedesktop/NetworkManager/Devices/2": {
            "org.freedesktop.NetworkManager.Device": {
                "Interface": "eth0", "IpInterface": "eth0",
                "Dhcp4Config": "/org/freedesktop/NetworkManager/DHCP4Config/1"
            }
        },
        "/org/freedesktop/NetworkManager/Devices/9": {
            "org.freedesktop.NetworkManager.Device": {
                "Interface": "wg-home", "IpInterface": "wg-home", "Dhcp4Config": "/"
            }
        },
        "/org/freedesktop/NetworkManager/DHCP4Config/1": {
            "org.freedesktop.NetworkManager.DHCP4Config": { "Options": {
                "dhcp_lease_time": "3600", "expiry": "1714644000", "ip_address": "192.0.2.50",
                "routers": "192.0.2.1", "domain_name_servers": "192.0.2.53 198.51.100.53",
                "dhcp_server_identifier": "192.0.2.2", "domain_name": "office.example",
                "requested_routers": "1"
            } }
        },
        "/org/freedesktop/NetworkManager/DnsManager": {
            "org.freedesktop.NetworkManager.DnsManager": { "Configuration": [
                { "nameservers": ["192.0.2.53"], "domains": ["office.example"], "interface": "eth0", "priority": 100 },
                { "nameservers": ["10.9.0.1"], "domains": ["~corp.example"], "interface": "tun0", "vpn": true },
                { "nameservers": ["9.9.9.9"] }
            ] }
        },
        "/org/freedesktop/NetworkManager/ActiveConnection/3": {
            "org.freedesktop.NetworkManager.Connection.Active": {
                "Id": "Office VPN", "Type": "vpn", "Vpn": true, "State": 2,
                "Devices": ["/org/freedesktop/NetworkManager/Devices/2"]
            }
        },
        "/org/freedesktop/NetworkManager/ActiveConnection/4": {
            "org.freedesktop.NetworkManager.Connection.Active": {
                "Id": "home", "Type": "wireguard", "Vpn": false, "State": 1,
                "Devices": ["/org/freedesktop/NetworkManager/Devices/9"]
            }
        },
        "/org/freedesktop/NetworkManager/ActiveConnection/1": {
            "org.freedesktop.NetworkManager.Connection.Active": {
                "Id": "Wired", "Type": "802-3-ethernet", "Vpn": false, "State": 2, "Devices": []
            }
        }
    })
}

#[test]
fn leases_names_and_tunnels_are_found_among_the_objects() {
    let objects = objects();
    let leases = leases_in(&objects);
    assert_eq!(leases.len(), 1);
    assert_eq!((leases[0].interface.as_str(), leases[0].address.as_str()), ("eth0", "192.0.2.50"));
    assert_eq!(leases[0].since.map(|at| at.to_string()).as_deref(), Some("2024-05-02T09:00:00Z"));
    assert_eq!(leases[0].dns, ["192.0.2.53", "198.51.100.53"]);

    let names = names_in(&objects);
    let names: Vec<_> = names
        .iter()
        .map(|link| (link.interface.as_str(), &link.servers[0][..], &link.domains[0][..]))
        .collect();
    assert_eq!(
        names,
        [("eth0", "192.0.2.53", "office.example"), ("tun0", "10.9.0.1", "~corp.example")]
    );

    let tunnels = tunnels_in(&objects);
    let told: Vec<_> = tunnels
        .iter()
        .map(|one| (one.name.as_str(), one.kind.as_str(), one.interface.as_deref(), one.up))
        .collect();
    assert_eq!(
        told,
        [
            ("Office VPN", "vpn", None, Some(true)),
            ("home", "wireguard", Some("wg-home"), Some(false))
        ]
    );
}

#[test]
fn objects_of_other_shapes_say_nothing() {
    for odd in [
        json!(null),
        json!([]),
        json!({"/": 1}),
        json!({"/": {"org.freedesktop.NetworkManager.Device": 7}}),
    ] {
        assert!(
            leases_in(&odd).is_empty() && names_in(&odd).is_empty() && tunnels_in(&odd).is_empty()
        );
    }
}
