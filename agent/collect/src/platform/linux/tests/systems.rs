//! Properties of the readers of accounts, packages, updates and starts: no text makes them panic, and what
//! was written is read back.

use std::time::Instant;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::context;
use crate::collector;
use crate::platform::linux::keyfile::Keyfile;
use crate::platform::linux::people::directory::configured;
use crate::platform::linux::people::state::{faillock, logins, shadow};
use crate::platform::linux::people::{accounts, groups, utmp};
use crate::platform::linux::software::packages::{bundles, dpkg, rpm, small};
use crate::platform::linux::software::services::scripts;
use crate::platform::linux::software::updates::{asked, configuration, sources, trouble};
use crate::platform::linux::software::{autostart, boots, os};

/// A record as glibc writes it where programs of 32 bits share the file, or as it does elsewhere.
fn record(long: bool, kind: u16, user: &str, host: &str, at: i32) -> Vec<u8> {
    let mut record = vec![0; if long { 400 } else { 384 }];
    record[..2].copy_from_slice(&kind.to_le_bytes());
    record[8..13].copy_from_slice(b"pts/0");
    record[44..44 + user.len()].copy_from_slice(user.as_bytes());
    record[76..76 + host.len()].copy_from_slice(host.as_bytes());
    if long {
        record[344..352].copy_from_slice(&i64::from(at).to_le_bytes());
    } else {
        record[340..344].copy_from_slice(&at.to_le_bytes());
    }
    record
}

/// Texts in which the words of these files are likely.
fn texts() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "P:a\n",
        "V:1\n",
        "f:s\n",
        ":",
        "\n",
        "\n\n",
        "=",
        "[",
        "]",
        "[domain/x]\n",
        "id_provider = ad\n",
        "domains = x\n",
        "deb ",
        "[a=b] ",
        "http://x ",
        "Types: deb\n",
        "URIs: u\n",
        "Suites: s\n",
        " ",
        "version: ",
        "architectures:\n",
        "- amd64\n",
        "appdata-version\0",
        "dc=",
        ",",
        "/",
        " < ",
        " -> ",
        "[upgradable from: ",
        "\t",
        "{",
        "}",
        ";",
        "\"",
        "#",
        "passwd:",
        "sss",
        "1: POSIX ADVISORY WRITE 1 08:01:2",
        "$6$",
        "!",
        "*",
        "99999",
        "0",
        "-",
        "é",
        "\0",
    ];
    let piece = prop_oneof![
        prop::sample::select(WORDS).prop_map(str::to_owned),
        "[0-9]{1,24}",
        any::<String>()
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in texts()) {
        let cx = context();
        let _ = small::apk_installed(text.as_bytes());
        small::pacman_folder(&text);
        bundles::snap_yaml(&text);
        bundles::flatpak_version(text.as_bytes());
        rpm::list(&text);
        Keyfile::parse(&text);
        configuration::Settings::parse(&text);
        configuration::is_used(&text);
        sources::one_line(&cx, "/x.list", &text);
        sources::deb822(&cx, "/x.sources", &text);
        sources::repositories(&cx, &text);
        configured::sssd_domains(&cx, &text);
        configured::domain_of(&text);
        configured::uses(&text, "sss");
        asked::apt_list(&text);
        asked::dnf_list(&text);
        asked::apk_list(&text);
        asked::pacman_list(&text);
        autostart::Entry::parse(&text);
        scripts::Script::parse(&text);
        faillock::Rules::parse(&text);
        os::restart::install_date(&text);
        os::restart::flavour(&text);
        os::restart::compare(&text, "6.1.0-1-amd64");
        for line in text.lines() {
            groups::group(line);
            shadow::line(line);
            trouble::lock(line);
            trouble::complaint(line, Some(&TimeZone::UTC));
        }
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..1300)) {
        boots::wtmp(&utmp::records(&bytes));
        accounts::utmp(&bytes);
        faillock::Tally::parse(&bytes);
        logins::lastlog(&bytes, 4);
        logins::lastlog(&bytes, 8);
        bundles::flatpak_version(&bytes);
    }

    #[test]
    fn records_of_either_length_are_read_back(
        long in any::<bool>(),
        records in prop::collection::vec((0_u16..9, "[a-z]{1,12}", "[a-z0-9.]{1,20}", 1_i32..), 1..9)
    ) {
        let bytes: Vec<u8> = records.iter().flat_map(|(kind, user, host, at)| record(long, *kind, user, host, *at)).collect();
        let read: Vec<_> = utmp::records(&bytes)
            .into_iter()
            .map(|record| (record.kind, record.user, record.host, i32::try_from(record.at.as_second()).expect("short")))
            .collect();
        prop_assert_eq!(read, records);
    }

    #[test]
    fn apks_packages_are_read_back(packages in prop::collection::vec(("[a-z][a-z0-9-]{0,9}", "[0-9.]{1,5}-r[0-9]"), 0..9)) {
        let text: String = packages.iter().map(|(name, version)| format!("C:Q1\nP:{name}\nV:{version}\nA:x86_64\nF:bin\nR:x\n\n")).collect();
        let read: Vec<_> = small::apk_installed(text.as_bytes()).expect("readable").into_iter().map(|package| (package.name, package.version)).collect();
        prop_assert_eq!(read, packages);
    }

    #[test]
    fn pacmans_folders_are_read_back(name in "[a-z][a-z0-9-]{0,12}", version in "[0-9][0-9a-z.:]{0,8}", release in "[0-9]{1,3}") {
        let package = small::pacman_folder(&format!("{name}-{version}-{release}")).expect("a package");
        prop_assert_eq!((package.name, package.version), (name, format!("{version}-{release}")));
    }

    #[test]
    fn sources_are_read_back(url in "https?://[a-z.]{1,12}/[a-z]{0,5}", parts in prop::collection::vec("[a-z-]{1,9}", 2..4), enabled in any::<bool>()) {
        let cx = context();
        let (suite, components) = (&parts[0], parts[1..].join(" "));
        let line = format!("deb [arch=amd64] {url} {suite} {components} # x");
        let read = sources::one_line(&cx, "/a.list", &line);
        prop_assert_eq!(&read[0].parts, &parts);
        prop_assert_eq!(read[0].url.as_ref().map(|url| url.as_str()), Some(url.as_str()));
        let on = if enabled { "yes" } else { "no" };
        let text = format!("Types: deb deb-src\nURIs: {url}\nSuites: {suite}\nComponents:\n {components}\nEnabled: {on}\n");
        let read = sources::deb822(&cx, "/a.sources", &text);
        prop_assert_eq!(&read[0].parts, &parts);
        prop_assert_eq!(read[0].enabled, enabled);
    }
}

#[test]
fn ages_of_passwords_are_told_in_days_since_1970() {
    let (name, age) = shadow::line("anna:$y$j9T$salt$hash:19830:0:90:7::19999:").expect("a line");
    let told = |at: Option<befund_model::Timestamp>| at.map(|at| at.to_string());
    assert_eq!((name.as_str(), age.disabled), ("anna", false));
    assert_eq!(told(age.changed).as_deref(), Some("2024-04-17T00:00:00Z"));
    assert_eq!(told(age.password_expires).as_deref(), Some("2024-07-16T00:00:00Z"));
    assert_eq!(told(age.expires).as_deref(), Some("2024-10-03T00:00:00Z"));
    let disabled = |line: &str| shadow::line(line).map(|(_, age)| age.disabled);
    assert_eq!(disabled("bert:!$6$x$y:19830:0:99999:7:::"), Some(true));
    // Never had a password, or is Red Hat's way to say so.
    assert_eq!(disabled("carla:!:19830:0:99999:7:::"), Some(false));
    assert_eq!(disabled("dora:!!:19830::::::"), Some(false));
    assert_eq!(disabled("emil"), None);
}

#[test]
fn last_sign_ins_lie_at_the_accounts_number() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("var/log")).expect("made");
    for (wide, time) in [(false, 4), (true, 8)] {
        let mut record = vec![0_u8; time + 288];
        record[..time].copy_from_slice(&1_714_554_000_i64.to_le_bytes()[..time]);
        record[time..time + 5].copy_from_slice(b"pts/3");
        record[time + 32..time + 41].copy_from_slice(b"192.0.2.7");
        let mut bytes = vec![0; record.len() * 1000];
        bytes.extend(record);
        std::fs::write(folder.path().join("var/log/lastlog"), bytes).expect("written");
        let cx = collector::Context::new(&crate::Root::at(folder.path()).expect("a tree"));

        let last = logins::last(&cx, 1000, wide).expect("a sign-in");

        assert_eq!(last.at.to_string(), "2024-05-01T09:00:00Z");
        assert_eq!(last.from.as_deref(), Some("192.0.2.7"));
        assert_eq!(logins::last(&cx, 999, wide), None);
        assert_eq!(logins::last(&cx, 1001, wide), None);
    }
}

#[test]
fn what_waits_is_read_as_each_package_system_says_it() {
    // apt 2.6.1; its first line goes to those who watch a terminal.
    let text = "Listing...\nbash/oldstable 5.2.15-2+b13 amd64 [upgradable from: 5.2.15-2+b8]\nlibssl3/oldstable-security,now 3.0.17-1 amd64 [upgradable from: 3.0.16-1]\n";
    let told: Vec<_> = asked::apt_list(text)
        .into_iter()
        .map(|update| (update.name, update.version.unwrap_or_default(), update.security))
        .collect();
    assert_eq!(
        told,
        [
            ("bash".to_owned(), "5.2.15-2+b13".to_owned(), false),
            ("libssl3".to_owned(), "3.0.17-1".to_owned(), true)
        ]
    );
    // apk-tools 2.14, pacman 6.1.
    let text = "Installed:                                Available:\nbusybox-1.36.1-r15                      < 1.36.1-r19 \nssl_client-1.36.1-r15                   < 1.36.1-r19 \n";
    let read = asked::apk_list(text);
    assert_eq!(read.len(), 2);
    assert_eq!(
        (read[0].name.as_str(), read[0].installed.as_deref()),
        ("busybox", Some("1.36.1-r15"))
    );
    let text = "linux 6.8.7.arch1-1 -> 6.8.8.arch1-1\npostgresql 15.6-1 -> 16.2-1 [ignored]\n";
    let read = asked::pacman_list(text);
    assert_eq!((read[1].name.as_str(), read[1].version.as_deref()), ("postgresql", Some("16.2-1")));
    let said = |line| {
        trouble::complaint(line, Some(&TimeZone::UTC)).map(|(at, said)| format!("{at} {said}"))
    };
    assert_eq!(
        said("2024-05-01 06:12:13,123 ERROR Installing the upgrades failed!").as_deref(),
        Some("2024-05-01T06:12:13Z Installing the upgrades failed!")
    );
    assert_eq!(
        said("2024-05-01T09:12:13+0200 CRITICAL Error: Failed to download metadata").as_deref(),
        Some("2024-05-01T07:12:13Z Error: Failed to download metadata")
    );
    assert_eq!(said("2024-05-01 06:12:13,123 INFO No packages found"), None);
    // proc(5)
    let lock = "12: POSIX  ADVISORY  WRITE 4242 fd:01:131090 0 EOF";
    assert_eq!(trouble::lock(lock), Some((4242, (0xfd, 1, 131_090))));
}

/// A machine with a hundred thousand packages is read in a moment, even by a build that is not optimised.
#[test]
fn a_hundred_thousand_packages_are_read_in_a_moment() {
    let mut deb = String::new();
    let mut apk = String::new();
    for number in 0..100_000 {
        deb += &format!(
            "Package: p{number}\nStatus: install ok installed\nArchitecture: amd64\nDepends: a, b\nVersion: 1.{number}\nDescription: x\n more\n\n"
        );
        apk += &format!("P:p{number}\nV:1.{number}-r0\nA:x86_64\nF:usr/bin\nR:p{number}\n\n");
    }
    let started = Instant::now();
    assert_eq!(dpkg::parse(&deb).len(), 100_000);
    assert_eq!(small::apk_installed(apk.as_bytes()).expect("readable").len(), 100_000);
    let took = started.elapsed();
    assert!(took.as_secs() < 10, "{took:?}");
}

#[test]
fn a_few_lines_of_many_words_are_not_told_as_millions_of_sources() {
    let words = " x".repeat(600);
    let text =
        format!("Types: deb\nURIs:{words}\nSuites:{words}\nComponents:{words}\n\n").repeat(2);
    let cx = context();
    let read = sources::deb822(&cx, "/a.sources", &text);
    assert_eq!(read.len(), sources::MAX_SOURCES);
    assert!(read.iter().all(|source| source.parts.len() <= 65));
}
