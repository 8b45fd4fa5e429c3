//! The journal as systemd keeps it: made by systemd-journal-remote, read by journalctl.

use std::path::Path;
use std::process::Command;

use befund_model::snapshot::Status;
use befund_runtime::clock::Clock;
use serde_json::{Value, json};

use super::context;
use crate::collector::{self, Context, Gap, Outcome};
use crate::platform::linux::trouble::errors::{self, Said};
use crate::platform::linux::trouble::{crashes, journal};

/// What makes journal files of text (Debian's package systemd-journal-remote).
const REMOTE: &str = "/lib/systemd/systemd-journal-remote";

/// An entry to write: its fields, in systemd's export format.
struct Entry {
    /// How long ago it was written.
    seconds_ago: i64,
    fields: Vec<(&'static str, Vec<u8>)>,
}

fn said(seconds_ago: i64, priority: &str, from: &str, message: impl Into<Vec<u8>>) -> Entry {
    let fields = vec![
        ("PRIORITY", priority.into()),
        ("SYSLOG_IDENTIFIER", from.into()),
        ("MESSAGE", message.into()),
    ];
    Entry { seconds_ago, fields }
}

/// Writes these entries into a journal file of this name.
fn write(folder: &Path, name: &str, entries: &[Entry]) {
    let now = Clock::system().now().as_microsecond();
    let mut text = Vec::new();
    for (number, entry) in (1_u64..).zip(entries) {
        let at = now - entry.seconds_ago * 1_000_000;
        text.extend_from_slice(
            format!(
                "__REALTIME_TIMESTAMP={at}\n__MONOTONIC_TIMESTAMP={number}\n_BOOT_ID={:032x}\n",
                7
            )
            .as_bytes(),
        );
        for (field, value) in &entry.fields {
            // The form for any bytes: the name, the length, the value.
            text.extend_from_slice(field.as_bytes());
            text.push(b'\n');
            text.extend_from_slice(&(value.len() as u64).to_le_bytes());
            text.extend_from_slice(value);
            text.push(b'\n');
        }
        text.push(b'\n');
    }
    let exported = folder.join("export");
    std::fs::write(&exported, text).expect("written");
    let made = Command::new(REMOTE)
        .arg("--output")
        .arg(folder.join(name))
        .arg(&exported)
        .output()
        .unwrap_or_else(|error| {
            panic!("{REMOTE} (package systemd-journal-remote) does not run: {error}")
        });
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::remove_file(exported).expect("removed");
}

fn read(cx: &Context, folder: &Path) -> Result<(Vec<Said>, bool), Gap> {
    journal::errors(cx, Some(folder.to_str().expect("text")))
}

/// The section as it leaves the collector.
fn section(folder: &Path) -> (Outcome, Value) {
    let cx = context();
    let outcome = collector::run(&cx, |cx| {
        read(cx, folder).map(|(said, _)| errors::told(cx, "journal", said, None))
    });
    let content = serde_json::from_slice(&outcome.bytes).expect("JSON");
    (outcome, content)
}

fn messages(content: &Value) -> Vec<(&str, &str)> {
    content["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| {
            (
                entry["severity"].as_str().expect("a severity"),
                entry["message"].as_str().expect("a message"),
            )
        })
        .collect()
}

#[test]
fn errors_and_warnings_of_the_last_day_are_told_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let priorities = ["0", "1", "2", "3", "4", "5", "6", "7"];
    let mut entries: Vec<Entry> = priorities
        .iter()
        .zip((1..60).rev())
        .map(|(priority, ago)| said(ago, priority, "app", format!("priority {priority}")))
        .collect();
    entries.insert(0, said(3 * 86_400, "3", "app", "long ago"));
    entries.push(Entry {
        seconds_ago: 0,
        fields: vec![
            ("PRIORITY", b"3".to_vec()),
            ("_SYSTEMD_UNIT", b"backup.service".to_vec()),
            ("MESSAGE", b"from a unit".to_vec()),
        ],
    });
    write(folder.path(), "system.journal", &entries);

    let (outcome, content) = section(folder.path());

    assert_eq!((outcome.status, outcome.reason.as_str()), (Status::Ok, ""));
    assert_eq!(
        messages(&content),
        [
            ("emergency", "priority 0"),
            ("alert", "priority 1"),
            ("critical", "priority 2"),
            ("error", "priority 3"),
            ("warning", "priority 4"),
            ("error", "from a unit"),
        ]
    );
    assert_eq!(content["entries"][0]["from"], "app");
    assert_eq!(content["entries"][5]["from"], "backup.service");
}

#[test]
fn what_is_said_again_and_again_is_said_once_and_leaves_room_for_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut entries = vec![said(900, "3", "disk", "the one that matters")];
    entries.extend((1..=700).rev().map(|ago| said(ago, "3", "noisy", "connection lost")));
    entries.push(said(0, "3", "other", "connection lost"));
    write(folder.path(), "system.journal", &entries);

    let (_, content) = section(folder.path());

    assert_eq!(
        messages(&content),
        [
            ("error", "the one that matters"),
            ("error", "connection lost"),
            ("error", "connection lost")
        ]
    );
    let times: Vec<&Value> = (0..3).map(|at| &content["entries"][at]["times"]).collect();
    assert_eq!(times, [&Value::Null, &json!(700), &Value::Null]);
}

#[test]
fn secrets_do_not_leave_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let secrets = [
        ("mount.cifs //nas/x -o username=anna,password=hunter2", "hunter2"),
        ("GET https://anna:Tr0ub4dor@intranet.example/x failed", "Tr0ub4dor"),
        (
            "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlMDE",
            "c2lnbmF0dXJl",
        ),
    ];
    let entries: Vec<Entry> =
        secrets.iter().map(|(message, _)| said(1, "3", "app", *message)).collect();
    write(folder.path(), "system.journal", &entries);

    let (outcome, _) = section(folder.path());

    let text = String::from_utf8(outcome.bytes).expect("text");
    for (message, secret) in secrets {
        assert!(!text.contains(secret), "{message}: {text}");
    }
    assert_eq!(outcome.redacted, 3);
}

#[test]
fn bytes_that_are_no_text_long_messages_and_fields_that_come_twice_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut twice = said(3, "3", "app", "one");
    twice.fields.push(("MESSAGE", b"two".to_vec()));
    twice.fields.push(("SYSLOG_IDENTIFIER", b"second name".to_vec()));
    let entries = [
        said(5, "2", "app", b"disk \xff\xfe failed".as_slice()),
        said(4, "3", "app", "x".repeat(20_000)),
        twice,
        said(2, "3", "app", "several\nlines"),
        said(1, "3", "app", [0_u8, 1, 2].as_slice()),
    ];
    write(folder.path(), "system.journal", &entries);

    let (outcome, content) = section(folder.path());

    assert_eq!((outcome.status, outcome.reason.as_str()), (Status::Ok, ""));
    let told = messages(&content);
    assert_eq!(told[0].1, "disk \u{fffd}\u{fffd} failed");
    assert_eq!(told[1].1, "x".repeat(2_048), "journalctl leaves such out unless asked");
    assert_eq!(told[2].1, "one\ntwo");
    assert_eq!(told[3].1, "several\nlines");
    assert_eq!(told.len(), 5);
}

#[test]
fn rotated_files_are_one_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "system@old.journal", &[said(20, "3", "app", "before")]);
    write(folder.path(), "system.journal", &[said(10, "3", "app", "after")]);

    let (outcome, content) = section(folder.path());

    assert_eq!(outcome.status, Status::Ok);
    assert_eq!(messages(&content), [("error", "before"), ("error", "after")]);
}

/// journalctl leaves such files out and ends well.
#[test]
fn a_damaged_file_is_told_and_the_others_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "system@old.journal", &[said(20, "3", "app", "lost")]);
    write(folder.path(), "system.journal", &[said(10, "3", "app", "kept")]);
    let damaged = folder.path().join("system@old.journal");
    let file = std::fs::File::options().write(true).open(damaged).expect("there");
    file.set_len(5_000).expect("cut");

    let (outcome, content) = section(folder.path());

    assert_eq!(outcome.status, Status::Partial);
    assert!(outcome.reason.contains("system@old.journal is truncated"), "{}", outcome.reason);
    assert_eq!(messages(&content), [("error", "kept")]);
}

#[test]
fn a_journal_that_is_not_there_fails_with_a_reason() {
    let gap = read(&context(), Path::new("/nowhere/journal")).expect_err("no journal");
    assert_eq!(gap.status, Status::Failed);
    assert!(gap.reason.contains("/nowhere/journal: No such file"), "{}", gap.reason);
}

fn field(entry: &mut Entry, name: &'static str, value: &str) {
    entry.fields.push((name, value.into()));
}

#[test]
fn trouble_that_is_only_mentioned_is_told_with_its_topic() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut entries = vec![
        said(9, "6", "kernel", "e1000e 0000:00:1f.6 eno1: NIC Link is Down"),
        said(8, "6", "kernel", "foo[7]: segfault at 0 ip 0 sp 0 error 4 in foo[1+1]"),
        said(7, "6", "kernel", "usb 1-1: new high-speed USB device"),
        said(
            6,
            "6",
            "sshd",
            "Failed password for invalid user admin from 192.0.2.1 port 40001 ssh2",
        ),
        said(
            5,
            "6",
            "sshd",
            "Failed password for invalid user admin from 192.0.2.9 port 40002 ssh2",
        ),
        said(4, "6", "sshd", "Accepted publickey for anna"),
        said(3, "6", "app", "Failed password of no facility"),
        said(2, "4", "kernel", "EXT4-fs warning (device sda2): x"),
    ];
    for entry in &mut entries {
        match entry.fields[1].1.as_slice() {
            b"kernel" => field(entry, "_TRANSPORT", "kernel"),
            b"sshd" => field(entry, "SYSLOG_FACILITY", "10"),
            _ => {}
        }
    }
    write(folder.path(), "system.journal", &entries);

    let (outcome, content) = section(folder.path());

    assert_eq!((outcome.status, outcome.reason.as_str()), (Status::Ok, ""));
    let topics: Vec<_> = content["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| (entry["topic"].as_str().expect("a topic"), entry["times"].as_u64()))
        .collect();
    assert_eq!(
        topics,
        [("network", None), ("crash", None), ("sign-in", Some(2)), ("filesystem", None)]
    );
    let (first, last) = (&content["entries"][2]["first"], &content["entries"][2]["at"]);
    assert!(first.as_str().expect("a time") < last.as_str().expect("a time"));
}

/// Older versions of journalctl count `--lines` from `--since` on, not from the end.
#[test]
fn of_a_flood_the_latest_is_told_and_crowds_out_no_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let noise = |number: i64| {
        said(10_000 - number, "4", &format!("app{}", number % 300), format!("odd {number}"))
    };
    let mut entries: Vec<Entry> = (0..6_000).map(noise).collect();
    entries.insert(5_000, said(5_000, "3", "disk", "the one that matters"));
    write(folder.path(), "system.journal", &entries);

    let (outcome, content) = section(folder.path());

    assert_eq!(outcome.status, Status::Ok, "{}", outcome.reason);
    let told = messages(&content);
    assert_eq!(told.len(), 200);
    assert!(told.contains(&("error", "the one that matters")));
    assert_eq!(told[199], ("warning", "odd 5999"));
}

#[test]
fn crashes_of_the_last_month_are_found_in_the_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let day = 86_400;
    let mut dump =
        said(3 * day, "2", "systemd-coredump", "Process 9 (gedit) of user 1000 dumped core.");
    for (name, value) in [
        ("MESSAGE_ID", "fc2e22bc6ee647b6b90729ab34a250b1"),
        ("COREDUMP_COMM", "gedit"),
        ("COREDUMP_EXE", "/usr/bin/gedit"),
        ("COREDUMP_SIGNAL_NAME", "SIGSEGV"),
        ("COREDUMP_CMDLINE", "gedit --password hunter2"),
    ] {
        field(&mut dump, name, value);
    }
    let mut entries = vec![
        said(40 * day, "3", "kernel", "Out of memory: Killed process 5 (old) total-vm:1kB"),
        said(20 * day, "3", "kernel", "Out of memory: Killed process 5 (chrome) total-vm:1kB"),
        said(3 * day, "6", "kernel", "gedit[9]: segfault at 0 ip 0 sp 0 error 4 in libgtk.so[1+1]"),
        dump,
        said(day, "0", "kernel", "Kernel panic - not syncing: Fatal exception"),
        said(60, "3", "app", "Kernel panic - not syncing: said by a program"),
    ];
    for entry in &mut entries {
        if entry.fields[1].1 == b"kernel" {
            field(entry, "_TRANSPORT", "kernel");
        }
    }
    write(folder.path(), "system.journal", &entries);

    let cx = context();
    let found = crashes::in_journal(&cx, folder.path().to_str()).expect("crashes");
    let told = crashes::kept(&cx, found, None);

    let named: Vec<_> = told
        .crashes
        .iter()
        .map(|one| (one.kind.as_str(), one.program.as_deref(), one.module.as_deref()))
        .collect();
    assert_eq!(
        named,
        [
            ("out of memory", Some("chrome"), None),
            ("program", Some("/usr/bin/gedit"), Some("libgtk.so")),
            ("kernel", None, None),
        ]
    );
    assert!(!format!("{told:?}").contains("hunter2"));
}
