//! Starts as wtmp, the journal and the kernel's last words tell them.

use std::process::Command;

use super::*;
use crate::Root;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a time")
}

fn record(kind: u16, user: &str, host: &str, pid: u8, seconds: i64) -> Record {
    Record {
        kind,
        pid: pid.into(),
        user: user.into(),
        host: host.into(),
        at: at(seconds),
        ..Record::default()
    }
}

fn told(boots: &[Boot]) -> Vec<(i64, Option<&str>, Option<&str>)> {
    let told = |boot| {
        let Boot { started_at, end, kernel, .. }: &Boot = boot;
        (started_at.map_or(0, |at| at.as_second()), end.as_deref(), kernel.as_deref())
    };
    boots.iter().map(told).collect()
}

#[test]
fn wtmp_tells_clean_ends_from_others() {
    let records = [
        record(utmp::BOOT_TIME, "reboot", "6.1.0-18", 0, 10_000),
        record(utmp::USER_PROCESS, "anna", "", 0, 10_100),
        record(utmp::RUN_LEVEL, "shutdown", "6.1.0-18", 0, 20_000),
        record(utmp::BOOT_TIME, "reboot", "6.1.0-20", 0, 30_000),
        record(utmp::BOOT_TIME, "reboot", "6.1.0-20", 0, 40_000),
        record(utmp::RUN_LEVEL, "runlevel", "", b'6', 50_000),
        record(utmp::BOOT_TIME, "reboot", "6.1.0-20", 0, 60_000),
    ];
    let boots = settle(merged(Vec::new(), &wtmp(&records)), &[], Some(at(59_990)));
    assert_eq!(
        told(&boots),
        [
            // Whether it was to start again wtmp does not say.
            (10_000, None, Some("6.1.0-18")),
            (30_000, Some("power lost or reset"), Some("6.1.0-20")),
            (40_000, Some("restarted"), Some("6.1.0-20")),
            (60_000, None, Some("6.1.0-20")),
        ]
    );
    assert_eq!(boots[0].ended_at, Some(at(20_000)));
    assert_eq!(boots[1].ended_at, None);
}

#[test]
fn the_kernels_last_words_make_a_crash_of_it() {
    let text =
        "<6>[ 12.1] x\n<0>[ 99.2] Kernel panic - not syncing: Fatal exception in interrupt\n";
    assert_eq!(
        panics::last_words(text),
        Some("Kernel panic - not syncing: Fatal exception in interrupt")
    );
    let records =
        [record(utmp::BOOT_TIME, "", "", 0, 10_000), record(utmp::BOOT_TIME, "", "", 0, 30_000)];
    let panic = Panic { at: at(29_000), reason: Some("Kernel panic".into()) };
    let boots = settle(merged(Vec::new(), &wtmp(&records)), &[panic], Some(at(30_000)));
    assert_eq!(boots[0].end.as_deref(), Some("crashed"));
    assert_eq!(boots[0].reason.as_deref(), Some("Kernel panic"));
    assert_eq!(boots[1].end, None);
}

/// The one that runs is not in wtmp any more, or not yet.
#[test]
fn the_one_that_runs_is_told_in_any_case() {
    let boots = settle(Vec::new(), &[], Some(at(5_000)));
    assert_eq!(told(&boots), [(5_000, None, None)]);
    assert!(settle(Vec::new(), &[], None).is_empty());
}

/// As on a machine whose clock has lost its battery.
#[test]
fn the_one_that_runs_is_the_latest_also_after_the_clock_was_set_back() {
    let records = [
        record(utmp::BOOT_TIME, "", "6.1.0-20", 0, 1_714_554_000),
        record(utmp::RUN_LEVEL, "shutdown", "6.1.0-20", 0, 1_714_560_000),
        record(utmp::BOOT_TIME, "", "6.1.0-20", 0, 1_714_570_000),
        // It was set back while this one ran.
        record(utmp::RUN_LEVEL, "shutdown", "6.1.0-20", 0, 60),
        record(utmp::BOOT_TIME, "", "6.1.0-21", 0, 120),
    ];
    let boots = settle(merged(Vec::new(), &wtmp(&records)), &[], Some(at(115)));
    assert_eq!(
        told(&boots),
        [
            (1_714_554_000, None, Some("6.1.0-20")),
            (1_714_570_000, None, Some("6.1.0-20")),
            (120, None, Some("6.1.0-21")),
        ]
    );
    let ends: Vec<Option<Timestamp>> = boots.iter().map(|boot| boot.ended_at).collect();
    assert_eq!(ends, [Some(at(1_714_560_000)), None, None], "none ends before it began");
}

/// Entries as systemd 252 writes them, in a journal of its own.
#[test]
fn the_journal_tells_how_each_start_ended() {
    const START: u64 = 1_714_554_000;
    let entries: &[(u32, u64, &str)] = &[
        (1, 0, "MESSAGE=Linux version 6.1.0-20-amd64\n"),
        (
            1,
            3_600,
            "MESSAGE=System is rebooting (kernel update).\nSHUTDOWN=reboot\nMESSAGE_ID=98268866d1d54a499c4e98921d93bc40\n",
        ),
        (1, 3_605, "MESSAGE=Reached target reboot.target - System Reboot.\nUNIT=reboot.target\n"),
        (2, 4_000, "MESSAGE=Linux version\n"),
        (2, 4_002, "MESSAGE=Journal stopped\nMESSAGE_ID=d93fb3c9c24d451a97cea615ce59c00b\n"),
        (2, 9_000, "MESSAGE=something\n"),
        (3, 10_000, "MESSAGE=Linux version\n"),
        (3, 11_000, "MESSAGE=Journal stopped\nMESSAGE_ID=d93fb3c9c24d451a97cea615ce59c00b\n"),
        (4, 12_000, "MESSAGE=Linux version\n"),
        (
            4,
            12_900,
            "MESSAGE=Reached target poweroff.target - System Power Off.\nUNIT=poweroff.target\n",
        ),
        (5, 20_000, "MESSAGE=Linux version\n"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = String::new();
    for (boot, seconds, fields) in entries {
        let micros = (START + seconds) * 1_000_000;
        let mono = seconds * 1_000_000 + 1;
        text += &format!(
            "__REALTIME_TIMESTAMP={micros}\n__MONOTONIC_TIMESTAMP={mono}\n_BOOT_ID={boot:032x}\nPRIORITY=6\n{fields}\n"
        );
    }
    let exported = folder.path().join("export");
    std::fs::write(&exported, text).expect("written");
    let made = Command::new("/lib/systemd/systemd-journal-remote")
        .arg("--output")
        .arg(folder.path().join("system.journal"))
        .arg(&exported)
        .output()
        .expect("systemd-journal-remote runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let cx = Context::new(&Root::at(folder.path()).expect("a tree"));

    let known = journal::boots(&cx, folder.path().to_str()).expect("starts");
    let start = i64::try_from(START).expect("a time");
    let boots = settle(merged(known, &[]), &[], Some(at(start + 19_990)));

    let ends: Vec<Option<&str>> = boots.iter().map(|boot| boot.end.as_deref()).collect();
    let lost = Some("power lost or reset");
    assert_eq!(ends, [Some("restarted"), lost, None, Some("shut down"), None]);
    assert_eq!(boots[0].reason.as_deref(), Some("kernel update"));
    assert_eq!(boots[0].ended_at, Some(at(start + 3_605)));
    assert_eq!(boots[1].ended_at, Some(at(start + 9_000)));
}
