//! What a snapshot says of this machine beside what other programs say of it, field by field.
//!
//! In a network of its own (so that what is compared holds still), each tool's answer and ours are brought to
//! the same fields. Where they differ, or only the tool has something, [`explained`] must say why. The whole
//! table is left in the target folder: `tmp/compare.txt`.

mod explained;
mod ours;
mod tools;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

/// What is said of a machine: a field's name, as in `interface.eth0.mtu`, and its value.
pub(crate) type Fields = BTreeMap<String, String>;

const INSIDE: &str = "BEFUND_COMPARE";

/// Interfaces, addresses, ways, a neighbour and a listener, and what shows them.
const NETWORK: &str = r"
set -e
mount -t sysfs sysfs /sys
ip link set lo up
ip link add house0 type bridge
ip link add wire0 type veth peer name wire1
ip link set wire0 master house0 mtu 1400
ip link set wire1 address 02:00:5e:10:00:01 up
ip link set wire0 up
ip link set house0 up
ip addr add 192.0.2.10/24 dev house0
ip addr add 2001:db8::10/64 dev house0 nodad
ip route add default via 192.0.2.1 metric 100
ip route add 198.51.100.0/24 via 192.0.2.7 dev house0
ip -6 route add default via 2001:db8::1
ip neigh add 192.0.2.1 lladdr 02:00:5e:10:00:fe dev house0 nud permanent router
";

#[test]
fn every_difference_to_other_tools_is_explained() {
    if std::env::var_os(INSIDE).is_some() {
        return compare();
    }
    let this = std::env::current_exe().expect("a path");
    let script = format!("{NETWORK}exec \"$@\"");
    let inside = Command::new("unshare")
        .args(["--net", "--mount", "--", "/bin/sh", "-c", &script, "sh"])
        .arg(this)
        .args(["--exact", "every_difference_to_other_tools_is_explained", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare runs; this needs root");
    let said = String::from_utf8_lossy(&inside.stdout);
    let complained = String::from_utf8_lossy(&inside.stderr);
    assert!(inside.status.success() && said.contains("1 passed"), "{said}{complained}");
}

fn compare() {
    // Somebody who listens, and is found.
    let listener = std::net::TcpListener::bind("192.0.2.10:0").expect("a port");
    let ours = ours::fields();
    let mut table = String::new();
    let mut open = Vec::new();
    for (tool, answer) in tools::all() {
        let theirs = match answer {
            Ok(theirs) => theirs,
            Err(why) => {
                writeln!(table, "{tool}: says nothing here: {why}\n").expect("a string");
                continue;
            }
        };
        let (mut agree, mut lines) = (0, String::new());
        for (field, value) in &theirs {
            let own = ours.get(field);
            if own == Some(value) {
                agree += 1;
                writeln!(lines, "  =  {field}: {value}").expect("a string");
                continue;
            }
            let own = own.map_or("nothing", String::as_str);
            let why = explained::why(tool, field, own, value);
            writeln!(
                lines,
                "  {}  {field}: {own} | {value}{}",
                if own == "nothing" { "<" } else { "!" },
                why.map(|why| format!("  ({why})")).unwrap_or_default()
            )
            .expect("a string");
            if why.is_none() {
                open.push(format!("{tool}: {field}: we say {own}, it says {value}"));
            }
        }
        // What the tool has no word of at all is no gap of its.
        let rooms: Vec<&str> = theirs.keys().map(|field| room(field)).collect();
        let alone = ours
            .keys()
            .filter(|field| rooms.contains(&room(field)) && !theirs.contains_key(*field));
        for field in alone {
            writeln!(lines, "  >  {field}: {}", ours[field]).expect("a string");
        }
        writeln!(table, "{tool}: {agree} of {} fields agree\n{lines}", theirs.len())
            .expect("a string");
    }
    drop(listener);
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/compare.txt");
    std::fs::write(path, &table).expect("written");
    assert!(open.is_empty(), "not explained; the whole table is in {path}:\n{}", open.join("\n"));
    assert!(table.matches(" fields agree").count() >= 8, "most tools say something:\n{table}");
}

/// The kind of thing that a field is of, with its last word: `interface..mtu`.
fn room(field: &str) -> &str {
    field.split('.').next().unwrap_or(field)
}
