//! Stories of whole machines, from recorded trees; and no answer, however damaged, makes a collector panic.
//!
//! The trees are written down from what is known of the programs' answers, not recorded on a machine:
//! `--- path` and the file's lines, or `--> path target` for a symbolic link.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use befund_model::{Timestamp, section};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::COLLECTORS;
use crate::Root;
use crate::collector::{Context, Outcome};

const MACBOOK: &str = include_str!("tests/macbook.tree");
const IMAC: &str = include_str!("tests/imac.tree");

/// Lays a tree out in a temporary folder; `damage` is done to each file's bytes.
fn laid_out(recorded: &str, damage: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Three hours before it was recorded.
    let date = recorded.split_once("--- /answers/date\n").and_then(|(_, rest)| rest.lines().next());
    let recorded_at: Option<Timestamp> = date.and_then(|date| date.parse().ok());
    let second = recorded_at.map_or(1_714_557_600, |at| at.as_second()) - 3 * 3_600;
    let written = UNIX_EPOCH + Duration::from_secs(second.unsigned_abs());
    let parts = recorded.split("\n--").skip(1);
    for part in parts {
        let (head, content) = part.split_once('\n').unwrap_or((part, ""));
        let (kind, rest) = head.split_at(2);
        let under = |path: &str| folder.path().join(path.trim_start_matches('/'));
        let made =
            |path: &Path| fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        if kind == "> " {
            let (path, target) = rest.rsplit_once(' ').expect("a target");
            made(&under(path));
            symlink(target, under(path)).expect("linked");
            continue;
        }
        let path = under(rest);
        made(&path);
        let mut bytes = content.as_bytes().to_vec();
        if !bytes.is_empty() {
            bytes.push(b'\n');
        }
        fs::write(&path, damage(rest, bytes)).expect("written");
        let file = fs::File::options().write(true).open(&path).expect("a file");
        file.set_modified(written).expect("dated");
    }
    folder
}

fn collected(folder: &TempDir) -> Vec<(&'static str, Outcome)> {
    let root = Root::at(folder.path()).expect("a tree");
    let entries = COLLECTORS.iter().copied().flatten();
    entries.map(|entry| (entry.section.kind.as_str(), (entry.run)(&Context::new(&root)))).collect()
}

/// All sections of a tree as one value, each with its reason unless it is complete.
fn told(recorded: &str) -> Value {
    let mut told = Map::new();
    for (kind, outcome) in collected(&laid_out(recorded, |_, bytes| bytes)) {
        let content: Value = serde_json::from_slice(&outcome.bytes).expect("JSON");
        let status = outcome.status.to_string();
        let value = if outcome.reason.is_empty() {
            json!({ "status": status, "content": content })
        } else {
            json!({ "status": status, "reason": outcome.reason, "content": content })
        };
        told.insert(kind.to_owned(), value);
    }
    Value::Object(told)
}

#[test]
fn every_kind_of_section_has_one_collector() {
    let mut kinds: Vec<_> =
        COLLECTORS.iter().copied().flatten().map(|entry| entry.section.kind.as_str()).collect();
    kinds.sort_unstable();
    let all: Vec<_> = section::ALL.iter().map(|known| known.kind.as_str()).collect();
    assert_eq!(kinds, all);
}

#[test]
fn a_macbook_with_apple_silicon() {
    insta::assert_snapshot!(format!("{:#}", told(MACBOOK)));
}

#[test]
fn an_imac_with_an_older_system() {
    insta::assert_snapshot!(format!("{:#}", told(IMAC)));
}

#[test]
fn a_system_that_answers_nothing_says_so() {
    for (kind, outcome) in collected(&laid_out("", |_, bytes| bytes)) {
        let missing = outcome.status == befund_model::snapshot::Status::Unsupported;
        let complete = outcome.reason.is_empty() && outcome.bytes != b"null";
        assert!(missing || complete, "{kind}: {}", outcome.reason);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damaged_answers_make_no_collector_panic(
        cut in 0.0..1.0_f64, at in 0.0..1.0_f64, with in prop::collection::vec(any::<u8>(), 0..12)
    ) {
        let damage = |_: &str, mut bytes: Vec<u8>| {
            let place = |share: f64, length: usize| (share * length as f64) as usize;
            let from = place(at, bytes.len());
            let until = (from + with.len()).min(bytes.len());
            bytes.splice(from..until, with.iter().copied());
            bytes.truncate(place(cut, bytes.len()).max(from));
            bytes
        };
        for recorded in [MACBOOK, IMAC] {
            for (kind, outcome) in collected(&laid_out(recorded, damage)) {
                prop_assert!(serde_json::from_slice::<Value>(&outcome.bytes).is_ok(), "{}", kind);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in texts()) {
        use super::decode::{
            crashes, devices, dns, firewall, ifconfig, launchd, leases, load, log, logins, memory,
            processes, routes, sockets, sysctl, wifi,
        };
        let now = "2024-02-29T10:00:00Z".parse().expect("a time");
        let zone = jiff::tz::TimeZone::UTC;
        let told = sysctl::Sysctl::parse(&text);
        let _ = (told.cpu(), told.load(), told.swap(), told.booted_at());
        memory::VmStat::parse(&text).map(|told| told.usage(Some(1)));
        ifconfig::parse(&text, &ifconfig::ports(&text));
        ifconfig::counters(&text);
        routes::both(&text);
        dns::resolvers(&text);
        dns::proxies(&text);
        sockets::parse(&text);
        leases::packet("en0", &text);
        leases::seconds(&text);
        firewall::firewall(Some(&text), Some(&text), Some(&text), Some(&text));
        wifi::utility(&format!("\nWIFI\n{text}"));
        wifi::summary("en0", &text);
        launchd::switched_off(&text);
        logins::boots(&logins::last(&text, now, &zone));
        logins::who(&text, now, &zone);
        load::busy_percent(&text);
        devices::volume(&text);
        processes::names(&text);
        for ending in ["ips", "crash", "panic", "hang"] {
            crashes::report(&format!("x.{ending}"), &text);
        }
        log::time(&text);
        for line in text.lines() {
            super::decode::disks::mounted(line);
            super::decode::disks::used(line);
            routes::arp(line);
            routes::ndp(line);
            dns::tunnel(line);
            launchd::state(line);
            log::line(line);
            processes::parse(line, &processes::names(&text), Some(now), &Default::default());
        }
    }
}

/// Texts in which the readers' own words and separators are likely.
fn texts() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "\n",
        "\n\n",
        "\t",
        " ",
        " : ",
        ": ",
        " = ",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "%",
        "/",
        "-",
        ".",
        "*",
        "en0: flags=8863<UP> mtu ",
        "\tinet ",
        "\tinet6 fe80::1%en0 prefixlen ",
        " netmask 0x",
        "\tmedia: ",
        "<Link#1>",
        "Name Ipkts Ierrs Ibytes Opkts Oerrs Obytes Drop\n",
        "default ",
        "UGSc ",
        "link#1 ",
        " on / (",
        "% ",
        "resolver #1",
        "nameserver[0] : ",
        "if_index : ",
        "HTTPEnable : 1\n",
        "HTTPProxy : ",
        "* (Connected) ",
        "[VPN:x]",
        "p1\n",
        "f1\n",
        "PTCP\n",
        "tIPv6\n",
        "n*:",
        "->",
        "TST=LISTEN\n",
        "Wed May  1 09:12",
        "Sat Feb 29 00:00",
        "reboot ~ ",
        "shutdown time ",
        " => ",
        "disabled",
        "-\t",
        "{\"bug_type\":\"309\"}\n",
        "panic(cpu 0): ",
        "Process: x [1]\n",
        "page size of ",
        "sec = ",
        "State = ",
        "RSSI : ",
        "Channel : 5g",
        "é",
        "\0",
    ];
    let piece = prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        2 => "[0-9]{1,22}",
        1 => any::<String>()
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}
