//! Properties of the parsers: no text makes them panic, and what was written is read back.

use proptest::prelude::*;

use super::COLLECTORS;
use super::hardware::{cpu, disks, dmi, filesystems};
use super::network::{addresses, interfaces, netlink, resolver, routes, sockets};
use super::people::accounts;
use super::software::{os, packages, processes, services};
use super::trouble::{errors, journal, kernel};
use crate::Root;
use crate::collector::Context;

mod hardware;
mod logs;
mod rpm;
mod systems;
mod wifi;

/// Texts in which the parsers' own words and separators are likely.
fn texts() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "Package: ",
        "Status: install ok installed",
        "Version: ",
        "\n",
        "\n\n",
        " ",
        " - ",
        "=",
        ":",
        ": ",
        "\"",
        "'",
        "\\",
        "\\040",
        "[",
        "]",
        "(",
        ")",
        " : ",
        "active raid1 sda1[0]",
        "[2/1]",
        "recovery",
        "nameserver ",
        "search ",
        "options ",
        "btime ",
        "# processors: 18446744073709551615\n",
        "processor: 0\n",
        "0A",
        "00000000",
        "0100007F:0277",
        "MemTotal: 1 kB",
        "/",
        ",",
        ";",
        "#",
        "\t",
        "3,1,2,-;",
        "ro",
        "é",
        "\0",
        "[Service]\n",
        "ExecStart=",
        "[Install]",
    ];
    let piece = prop_oneof![
        prop::sample::select(WORDS).prop_map(str::to_owned),
        "[0-9]{1,24}",
        any::<String>()
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn context() -> Context {
    let empty = tempfile::tempdir().expect("a temporary folder");
    Context::new(&Root::at(empty.path()).expect("a tree"))
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in texts()) {
        let cx = context();
        packages::dpkg::parse(&text);
        packages::rpm::list(&text);
        os::settings(&text);
        resolver::parse(&text);
        disks::arrays(&text);
        cpu::parse(&text);
        services::Unit::parse(&text);
        addresses::recorded(&text);
        routes::recorded6(&text);
        processes::Stat::parse(&text);
        errors::told(&cx, "x", errors::syslog(&text), None);
        kernel::parse(&text, None);
        journal::Record::parse(text.as_bytes()).and_then(|record| record.said());
        for line in text.lines() {
            filesystems::line(line);
            interfaces::counted(line);
            routes::recorded4(line);
            sockets::listed(line, "tcp");
        }
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        for structure in dmi::structures(&bytes).0 {
            for offset in 0..40 {
                structure.string(offset);
                structure.double(offset);
            }
        }
        accounts::utmp(&bytes);
        for (_, value) in netlink::attributes(&bytes) {
            netlink::address(value);
        }
    }

    #[test]
    fn packages_are_read_as_dpkg_writes_them(
        packages in prop::collection::vec(("[a-z][a-z0-9+.-]{1,12}", "[0-9]:?[0-9a-z.+~-]{1,9}", "amd64|all", any::<bool>()), 0..12)
    ) {
        let mut text = String::new();
        for (name, version, arch, held) in &packages {
            let want = if *held { "hold" } else { "install" };
            text += &format!("Package: {name}\nStatus: {want} ok installed\nArchitecture: {arch}\nDescription: x\n more: of it\n .\nVersion: {version}\n\n");
        }
        let read: Vec<_> = packages::dpkg::parse(&text)
            .into_iter()
            .map(|package| (package.name, package.version, package.arch.unwrap_or_default(), package.held))
            .collect();
        prop_assert_eq!(read, packages);
    }

    #[test]
    fn settings_survive_quoting(values in prop::collection::vec(r#"[ -~]{0,20}"#, 1..6)) {
        let mut text = String::new();
        for value in &values {
            text += &format!("NAME=\"{}\"\n", value.replace('\\', "\\\\").replace('"', "\\\""));
        }
        let read: Vec<String> = os::settings(&text).into_iter().map(|(_, value)| value).collect();
        prop_assert_eq!(read, values);
    }

    #[test]
    fn mount_points_survive_the_kernels_escapes(place in "/[ -~é\\t\\n]{0,20}") {
        let mut escaped = String::new();
        for letter in place.chars() {
            match letter {
                ' ' | '\t' | '\n' | '\\' => escaped += &format!("\\{:03o}", u32::from(letter)),
                other => escaped.push(other),
            }
        }
        let read = filesystems::line(&format!("36 35 98:0 / {escaped} rw,noatime master:1 - ext3 /dev/root rw,errors=continue"));
        prop_assert_eq!(read.map(|filesystem| filesystem.mount_point), Some(place));
    }

    #[test]
    fn processes_of_any_name_are_read(name in "[ -~]{1,15}", parent in 0_u32..4_000_000, ticks in 0_u64..1_000_000) {
        let stat = format!("7 ({name}) S {parent} 7 7 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 3 0 55 1 9 0 1");
        let told = format!("{:?}", processes::Stat::parse(&stat));
        prop_assert!(told.contains(&format!("{name:?}")) && told.contains(&format!("parent: {parent}, ticks: {ticks}, threads: 3, started: 55, pages: 9")), "{}", told);
    }

    #[test]
    fn servers_are_read_in_order(servers in prop::collection::vec("[0-9]{1,3}\\.[0-9]{1,3}\\.1\\.1|fd00::[1-9]", 0..5)) {
        let text: String = servers.iter().map(|server| format!(" nameserver\t{server} # one\n")).collect();
        prop_assert_eq!(resolver::parse(&text).servers, servers);
    }
}

#[test]
fn placeholders_of_makers_are_recognised() {
    for placeholder in [
        "To be filled by O.E.M.",
        "To Be Filled By O.E.M. by maker",
        "0",
        "00000000",
        "None",
        "Default string",
        "System Serial Number",
        "Not Specified",
        " ",
        "xxxxxxx",
        "FFFFFFFF",
        "..............",
        "123456789",
        "INVALID",
        "N/A",
        "NO DIMM",
        "[Empty]",
        "SerNum00",
        "Array1_PartNumber0",
        "Manufacturer1",
    ] {
        assert_eq!(dmi::said(placeholder), None, "{placeholder}");
    }
    for real in ["PF2ABCDE", "7XK3PN2", "VMware-42 1c 0b", "00A1", "Nonesuch", "Array"] {
        assert_eq!(dmi::said(real).as_deref(), Some(real));
    }
}

#[test]
fn every_kind_of_section_has_one_collector() {
    let mut ours: Vec<_> =
        COLLECTORS.iter().copied().flatten().map(|entry| &entry.section.kind).collect();
    ours.sort();
    let all: Vec<_> = befund_model::section::ALL.iter().map(|known| &known.kind).collect();
    assert_eq!(ours, all);
}

#[test]
fn sessions_are_read_from_utmp() {
    let mut record = vec![0; 384];
    record[0] = 7;
    record[8..13].copy_from_slice(b"pts/0");
    record[44..48].copy_from_slice(b"anna");
    record[76..85].copy_from_slice(b"192.0.2.7");
    record[340..344].copy_from_slice(&1_714_554_000_i32.to_le_bytes());
    let mut boot = vec![0; 384];
    boot[0] = 2;
    let sessions = accounts::utmp(&[boot, record].concat());
    assert_eq!(sessions.len(), 1);
    let session = &sessions[0];
    assert_eq!(
        (session.user.as_str(), session.terminal.as_deref(), session.kind.as_deref()),
        ("anna", Some("pts/0"), Some("ssh"))
    );
    assert_eq!(
        session.since.map(|since| since.to_string()).as_deref(),
        Some("2024-05-01T09:00:00Z")
    );
}
