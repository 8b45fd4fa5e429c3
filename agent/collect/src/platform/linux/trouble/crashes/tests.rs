//! Crashes as each keeper writes them, and what is made of several reports of one.

use befund_model::Timestamp;
use befund_model::section::trouble::{Crash, Crashes};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::formats::{apport, coredump, dump, kernel, mcelog, moment, signal_in};
use super::{Found, crashes, in_text, kept, lines};
use crate::Root;
use crate::collector::Context;
use crate::lately::Lately;
use crate::platform::linux::trouble::journal::Record;

fn context() -> (tempfile::TempDir, Context) {
    let folder = tempfile::tempdir().expect("a folder");
    let cx = Context::new(&Root::at(folder.path()).expect("a tree"));
    (folder, cx)
}

#[test]
fn the_kernels_lines_are_understood() {
    let told = |line: &str| {
        let Crash { kind, program, module, cause, .. } = lines::crash(line).expect("a crash").crash;
        [Some(kind), program, module, cause].map(Option::unwrap_or_default)
    };
    for (line, expected) in [
        (
            "firefox[812]: segfault at 0 ip 00007f1 sp 00007f2 error 4 in libxul.so[7f10+5000] likely on CPU 3 (core 1, socket 0)",
            ["program", "firefox", "libxul.so", "SIGSEGV"],
        ),
        (
            "[  123.456789] Web Content[9]: segfault at 8 ip 0 sp 1 error 6 in libc-2.31.so[7f+1]",
            ["program", "Web Content", "libc-2.31.so", "SIGSEGV"],
        ),
        (
            "traps: gnome-shell[2211] general protection fault ip:7f sp:7f error:0 in libgjs.so[7f+1]",
            ["program", "gnome-shell", "libgjs.so", "general protection fault"],
        ),
        (
            "Out of memory: Killed process 4242 (chrome) total-vm:1kB, anon-rss:2kB, file-rss:0kB",
            ["out of memory", "chrome", "", ""],
        ),
        (
            "Memory cgroup out of memory: Killed process 7 (a (b) c) total-vm:1kB",
            ["out of memory", "a (b", "", "limit of its group"],
        ),
        (
            "INFO: task jbd2/dm-0-8:300 blocked for more than 120 seconds.",
            ["hang", "jbd2/dm-0-8", "", ""],
        ),
        (
            "watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [kworker/3:1:99]",
            ["hang", "kworker/3", "", "soft lockup"],
        ),
        (
            "BUG: kernel NULL pointer dereference, address: 0000000000000008",
            ["kernel", "", "", "NULL pointer dereference"],
        ),
        ("kernel BUG at fs/ext4/inode.c:2721!", ["kernel", "", "fs/ext4/inode.c:2721", "bug"]),
        ("Oops: 0002 [#1] PREEMPT SMP NOPTI", ["kernel", "", "", "oops"]),
        (
            "Kernel panic - not syncing: Fatal exception in interrupt",
            ["kernel", "", "", "Fatal exception in interrupt"],
        ),
        (
            "mce: [Hardware Error]: CPU 2: Machine Check Exception: 5 Bank 5: be0000",
            ["hardware", "", "", "machine check"],
        ),
        (
            "EDAC MC0: 1 UE memory read error on CPU_SrcID#0",
            ["hardware", "", "", "uncorrected memory error"],
        ),
    ] {
        assert_eq!(told(line), expected, "{line}");
    }
    for ordinary in [
        "EDAC MC0: 1 CE memory read error on CPU_SrcID#0",
        "mce: CPU supports 9 MCE banks",
        "segfault at dawn",
        "Killed process 7 (x) by hand",
        "Linux version 6.1.0-18-amd64",
    ] {
        assert_eq!(lines::crash(ordinary), None, "{ordinary}");
    }
}

/// systemd 252, as on Debian 12; binary fields left out.
#[test]
fn coredumps_are_read_from_the_journal_and_from_names() {
    let line = br##"{"__REALTIME_TIMESTAMP":"1714644001000000","COREDUMP_TIMESTAMP":"1714644000000000","COREDUMP_COMM":"gedit","COREDUMP_EXE":"/usr/bin/gedit","COREDUMP_SIGNAL":"11","COREDUMP_SIGNAL_NAME":"SIGSEGV","COREDUMP_FILENAME":"/var/lib/systemd/coredump/core.gedit.1000.b.99.1714644000000000.zst","MESSAGE":"Process 99 (gedit) of user 1000 dumped core.\n\nStack trace of thread 99:\n#0  0x00007f0abc g_object_unref (libgobject-2.0.so.0 + 0x1d2)\n#1  0x0 main (gedit + 0x1)"}"##;
    let found = coredump(&Record::parse(line).expect("a record")).expect("a crash");
    assert_eq!(found.crash.at.as_second(), 1_714_644_000);
    assert_eq!(found.crash.program.as_deref(), Some("/usr/bin/gedit"));
    assert_eq!(found.crash.module.as_deref(), Some("libgobject-2.0.so.0"));
    assert_eq!(found.crash.cause.as_deref(), Some("SIGSEGV"));
    assert_eq!(found.detail.as_deref(), Some("in g_object_unref (libgobject-2.0.so.0)"));

    let found =
        dump("core.Isolated.Web.1000.0123456789abcdef0123456789abcdef.4711.1714644000000000.zst");
    let crash = found.expect("a dump").crash;
    assert_eq!(
        (crash.program.as_deref(), crash.at.as_second()),
        (Some("Isolated.Web"), 1_714_644_000)
    );
    for odd in ["core", "core.x", "core.a.b.c.d.e", ".zst", "vmcore"] {
        assert_eq!(dump(odd), None, "{odd}");
    }
}

/// apport 2.20, as on Ubuntu 22.04.
const APPORT: &str = "ProblemType: Crash\nArchitecture: amd64\nDate: Thu May  2 10:00:00 2024\nExecutablePath: /usr/bin/gnome-calendar\nPackage: gnome-calendar 41.2-3\nProcCmdline: gnome-calendar --token hunter2\nProcEnviron:\n LANG=de_DE.UTF-8\nSignal: 6\nTitle: gnome-calendar crashed with SIGABRT in raise()\nCoreDump: base64\n H4sI\n";

#[test]
fn apports_reports_are_read_and_tell_nothing_of_the_person() {
    let found = apport(APPORT).expect("a crash");
    assert_eq!(found.crash.version.as_deref(), Some("41.2-3"));
    assert_eq!(found.crash.cause.as_deref(), Some("SIGABRT"));
    assert_eq!(found.crash.at.to_string(), "2024-05-02T10:00:00Z");
    assert!(!format!("{found:?}").contains("hunter2"));
    assert_eq!(apport(&APPORT.replace("Crash", "Package")), None);
    assert_eq!(signal_in("gedit killed by SIGSEGV").as_deref(), Some("SIGSEGV"));
}

#[test]
fn names_tell_when_something_was() {
    for (name, expected) in [
        ("202405021000", "2024-05-02T10:00:00Z"),
        ("127.0.0.1-2024-05-02-10:00:00", "2024-05-02T10:00:00Z"),
        ("1714644000", "2024-05-02T10:00:00Z"),
        ("dmesg-efi-171464400001001", "2024-05-02T10:00:00Z"),
    ] {
        assert_eq!(moment(name).map(|at| at.to_string()).as_deref(), Some(expected), "{name}");
    }
    for odd in ["kexec_cmd", "", "é", "202499999999", "dmesg-erst-7325", "_usr_bin_x.1000.crash"] {
        assert_eq!(moment(odd), None, "{odd}");
    }
}

#[test]
fn a_kernels_last_words_tell_why_it_died() {
    let text = "<6>[  1.0] usb 1-1: new device\n<1>[  9.1] BUG: kernel NULL pointer dereference, address: 0\n<4>[  9.1] Oops: 0000 [#1]\n<0>[  9.2] Kernel panic - not syncing: Fatal exception\n";
    let found = kernel(text);
    assert_eq!(
        (found.crash.kind.as_str(), found.crash.cause.as_deref()),
        ("kernel", Some("Fatal exception"))
    );
    assert_eq!(kernel("").crash.kind, "kernel");
}

/// mcelog 175.
#[test]
fn machine_checks_that_were_not_corrected_are_told() {
    let text = "Hardware event. This is not a software error.\nMCE 0\nCPU 1 BANK 5\nTIME 1714644000 Thu May  2 10:00:00 2024\nMCG status:\nMCi status:\nUncorrected error\nHardware event. This is not a software error.\nMCE 1\nTIME 1714644001 x\nCorrected error\n";
    let found = mcelog(text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].crash.at.as_second(), 1_714_644_000);
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn report(second: i64, kind: &str, program: &str) -> Found {
    let program = Some(program.to_owned()).filter(|program| !program.is_empty());
    let crash = Crash { at: at(second), kind: kind.to_owned(), program, ..Crash::default() };
    Found { crash, detail: None }
}

#[test]
fn several_reports_of_one_crash_are_one() {
    let (_folder, cx) = context();
    let mut fault = report(1_000, "program", "gnome-calendar-l");
    fault.crash.module = Some("libglib.so".to_owned());
    let mut full = report(1_002, "program", "/usr/bin/gnome-calendar-long");
    full.crash.cause = Some("SIGSEGV".to_owned());
    let found = vec![
        fault,
        full,
        report(1_003, "program", "other"),
        report(1_003, "kernel", ""),
        report(1_004, "kernel", ""),
        report(2_000, "program", "other"),
        report(10, "program", "long ago"),
        report(90_000, "program", "to come"),
    ];
    let lately = Lately::new(at(2_500), SignedDuration::from_secs(2_000));
    let Crashes { crashes, older } = kept(&cx, found, Some(lately));
    let told: Vec<_> = crashes
        .iter()
        .map(|one| (one.at.as_second(), one.kind.as_str(), one.program.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (1_000, "program", Some("/usr/bin/gnome-calendar-long")),
            (1_003, "program", Some("other")),
            (1_003, "kernel", None),
            (2_000, "program", Some("other")),
        ]
    );
    assert_eq!(crashes[0].module.as_deref(), Some("libglib.so"));
    assert_eq!(crashes[0].cause.as_deref(), Some("SIGSEGV"));
    assert_eq!(older, None);
}

#[test]
fn the_latest_are_kept_and_the_others_counted() {
    let (_folder, cx) = context();
    let found = (1..=250).map(|number| report(number * 100, "program", "x")).collect();
    let Crashes { crashes, older } = kept(&cx, found, None);
    assert_eq!((crashes.len(), older), (200, Some(50)));
    assert_eq!(crashes[199].at.as_second(), 25_000);
}

#[test]
fn a_machine_with_every_keeper_is_read() {
    let (folder, cx) = context();
    for (path, text) in [
        ("var/crash/_usr_bin_gnome-calendar.1000.crash", APPORT),
        (
            "var/crash/202405011200/dmesg.202405011200",
            "[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs\n",
        ),
        ("var/spool/abrt/ccpp-2024-04-30-1/time", "1714450000\n"),
        ("var/spool/abrt/ccpp-2024-04-30-1/executable", "/usr/bin/evince\n"),
        ("var/spool/abrt/ccpp-2024-04-30-1/reason", "evince killed by SIGSEGV\n"),
        ("var/spool/abrt/ccpp-2024-04-30-1/type", "CCpp\n"),
        ("var/spool/abrt/ccpp-2024-04-30-1/package", "evince-3.28.4-16.el8\n"),
        ("var/lib/systemd/coredump/core.nautilus.1000.b.7.1714460000000000.zst", ""),
        (
            "var/lib/systemd/pstore/1714470000/dmesg.txt",
            "<0>[ 2.0] Kernel panic - not syncing: hung_task: blocked tasks\n",
        ),
        (
            "var/log/kern.log",
            "2024-04-30T09:00:00+02:00 pc kernel: [ 12.5] foo[77]: segfault at 0 ip 0 sp 0 error 4 in foo[5+1]\nMay  1 10:00:00 pc kernel: [ 13.5] bar[77]: segfault at 0 ip 0 sp 0 error 4 in bar[5+1]\n",
        ),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let crashes = crashes(&cx).expect("crashes").crashes;
    let told: Vec<_> = crashes
        .iter()
        .map(|one| {
            (one.kind.as_str(), one.program.as_deref().or(one.cause.as_deref()).expect("a word"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("program", "/usr/bin/evince"),
            ("program", "nautilus"),
            ("program", "foo"),
            ("kernel", "hung_task: blocked tasks"),
            ("kernel", "VFS: Unable to mount root fs"),
            ("program", "/usr/bin/gnome-calendar"),
        ]
    );
}

proptest! {
    #[test]
    fn nothing_breaks_the_readers(text in "(segfault at|traps: |\\[[0-9]{0,3}\\]|[:( )\n#0]|Killed process 1 \\(|Out of memory|INFO: task |soft lockup - CPU#|TIME |ProblemType: Crash\n|Date: |[a-zé0-9]{0,6}){0,30}", name in "(core|[.0-9a-z-]|é){0,50}") {
        for line in text.lines() {
            lines::crash(line);
        }
        kernel(&text);
        mcelog(&text);
        apport(&text);
        in_text(&text);
        signal_in(&text);
        dump(&name);
        moment(&name);
    }
}
