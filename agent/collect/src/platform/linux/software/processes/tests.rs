//! Processes as they are, and as they may be: many, gone, unreadable, oddly named.

use std::path::Path;
use std::time::Duration;

use befund_model::snapshot::Status;
use proptest::prelude::*;

use super::{MAX_PROCESSES, Spent, Stat, counted, outer_first, processes, share};
use crate::Root;
use crate::collector::{Context, run};

fn context(root: &Path) -> Context {
    Context::new(&Root::at(root).expect("a tree"))
}

/// Lays out a process.
fn lay_out(root: &Path, pid: u32, stat: &[u8], more: &[(&str, &[u8])]) {
    let folder = root.join(format!("proc/{pid}"));
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join("stat"), stat).expect("written");
    for (name, bytes) in more {
        std::fs::write(folder.join(name), bytes).expect("written");
    }
}

fn line(pid: u32, state: &str, ticks: u64, pages: u64) -> String {
    format!("{pid} (p{pid}) {state} 1 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 5 1 {pages} 0 1")
}

#[test]
fn one_that_waits_for_a_disk_tells_where_and_what_it_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let io = b"rchar: 9\nwchar: 9\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n";
    lay_out(
        folder.path(),
        7,
        line(7, "D", 3, 2).as_bytes(),
        &[("io", io), ("wchan", b"folio_wait_bit")],
    );
    lay_out(folder.path(), 8, line(8, "S", 3, 2).as_bytes(), &[("wchan", b"do_poll")]);
    lay_out(folder.path(), 9, line(9, "D", 3, 2).as_bytes(), &[("wchan", b"0")]);

    let told = processes(&context(folder.path())).expect("processes").processes;

    assert_eq!(told[0].waits_in.as_deref(), Some("folio_wait_bit"));
    assert_eq!((told[0].read_bytes, told[0].written_bytes), (Some(4096), Some(8192)));
    assert_eq!((told[1].waits_in.as_deref(), told[2].waits_in.as_deref()), (None, None));
    assert_eq!(told[0].cpu_percent, None, "a recorded tree stands still");
}

#[test]
fn one_that_vanished_one_that_is_unreadable_and_an_odd_name_are_borne() {
    let folder = tempfile::tempdir().expect("a folder");
    lay_out(
        folder.path(),
        7,
        b"7 (a\xff) b) S 1 7 7 0 -1 0 0 0 0 0 1 0 0 0 20 0 1 0 5 1 2 0 1",
        &[],
    );
    lay_out(folder.path(), 8, b"garbage", &[]);
    std::fs::create_dir_all(folder.path().join("proc/9")).expect("made");

    let cx = context(folder.path());
    let outcome = run(&cx, processes);

    assert_eq!(outcome.status, Status::Partial);
    assert_eq!(outcome.reason, "/proc/8/stat could not be understood");
    let told: serde_json::Value = serde_json::from_slice(&outcome.bytes).expect("JSON");
    assert_eq!(told["processes"][0]["name"], "a\u{fffd}) b");
    assert_eq!(told["processes"].as_array().map(Vec::len), Some(1));
}

#[test]
fn of_very_many_those_that_matter_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let many = u32::try_from(MAX_PROCESSES).expect("few") + 500;
    for pid in 10..10 + many {
        lay_out(folder.path(), pid, line(pid, "S", 0, u64::from(pid)).as_bytes(), &[]);
    }
    lay_out(folder.path(), 5, line(5, "D", 0, 0).as_bytes(), &[]);

    let cx = context(folder.path());
    let outcome = run(&cx, processes);

    assert_eq!(outcome.status, Status::Partial);
    assert!(outcome.reason.starts_with("there are 4501 processes; the 4000"), "{}", outcome.reason);
    let told: serde_json::Value = serde_json::from_slice(&outcome.bytes).expect("JSON");
    let pids: Vec<u64> = told["processes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|process| process["pid"].as_u64().expect("a number"))
        .collect();
    assert_eq!(pids.len(), MAX_PROCESSES);
    assert!(pids.contains(&5), "one that waits for a disk");
    assert!(!pids.contains(&10) && pids.contains(&4509), "those with the most memory");
    assert!(pids.is_sorted());
}

#[test]
fn the_running_system_shows_who_uses_the_processor() {
    let busy = std::thread::spawn(|| {
        let until = std::time::Instant::now() + Duration::from_millis(600);
        while std::time::Instant::now() < until {
            std::hint::spin_loop();
        }
    });
    let told = processes(&context(Path::new("/"))).expect("processes").processes;
    busy.join().expect("no panic");
    let us = told.iter().find(|process| process.pid == std::process::id()).expect("ourselves");
    assert!(us.cpu_percent.is_some_and(|percent| percent > 0.0), "{us:?}");
    assert!(us.read_bytes.is_some());
}

#[test]
fn the_first_and_the_last_are_looked_at_before_the_rest() {
    assert_eq!(outer_first(vec![1, 2, 3, 4, 5]), [1, 5, 2, 4, 3]);
    assert_eq!(outer_first(Vec::new()), [0_u32; 0]);
}

#[test]
fn shares_are_of_one_processor() {
    let stat = |ticks| Stat::parse(&line(7, "R", ticks, 1)).expect("a stat");
    let mut before = Spent::default();
    before.saw(9, None);
    before.saw(7, Some((5, 100)));
    let window = Duration::from_millis(200);
    assert_eq!(share(&before, 7, &stat(120), window), Some(100.0));
    assert_eq!(share(&before, 7, &stat(100), window), Some(0.0));
    assert_eq!(share(&before, 8, &stat(2), window), Some(10.0), "one that began meanwhile");
    assert_eq!(share(&before, 9, &stat(2), window), None, "one that was not looked at");
    assert_eq!(share(&before, 7, &stat(120), Duration::ZERO), None);
}

proptest! {
    #[test]
    fn any_text_is_borne(text in "(read_bytes: ?|write_bytes: ?|[0-9]{0,22}|[\n :a-zé]){0,20}") {
        counted(&text);
        Stat::parse(&text);
    }
}
