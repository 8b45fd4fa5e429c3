//! Two looks at one machine, a while apart: what is measured is told by what went by between them, and
//! nothing is made up where a counter, a disk or a process is not what it was.

use std::fs;

use befund_collect::child::{ChildMessage, run_collect};
use befund_collect::{Limits, Plan, Root};
use befund_model::section::load::Load;
use befund_model::section::software::{Process, Processes};
use befund_model::snapshot::{PrivacyClass, SectionKind, Status};
use befund_runtime::frame;
use serde::de::DeserializeOwned;

#[path = "support/layout.rs"]
#[expect(dead_code, reason = "each story uses a part of it")]
mod layout;

/// The first look, and under `/later` the second: a second and a half later by the monotonic clock, while the
/// wall clock was set back by 56 years, which moves the time that the kernel says it started at.
const TWO_LOOKS: &str = "\
--- /later/elapsed_ms
1500
--- /proc/stat
cpu  1000 0 500 8000 400 50 50 0 0 0
btime 1714554000
--- /later/proc/stat
cpu  1060 0 515 8070 395 50 55 0 0 0
btime 5
--- /proc/diskstats
   8       0 sda 1000 10 80000 4000 500 20 40000 9000 0 6000 13000
   8      16 sdb 1000 10 80000 4000 500 20 40000 9000 0 6000 13000
   8      32 sdc 1000 10 80000 4294967200 500 20 40000 9000 0 4294966796 13000
--- /later/proc/diskstats
   8       0 sda 1030 10 80240 4600 510 20 40080 9050 0 6750 13650
   8      16 sdb 7 0 56 3 900 20 90000 9900 0 40 1
   8      32 sdc 1010 10 80080 4 500 20 40000 9000 0 100 13000
   8      48 sdd 7 0 56 3 9 0 72 9 0 40 1
--- /later/sys/block/sda/size
1
--- /later/sys/block/sdb/size
1
--- /later/sys/block/sdc/size
1
--- /later/sys/block/sdd/size
1
--- /sys/block/sda/size
1
--- /sys/block/sdb/size
1
--- /sys/block/sdc/size
1
--- /proc/vmstat
pswpin 100
pswpout 100
--- /later/proc/vmstat
pswpin 100
pswpout 40
--- /proc/1/stat
1 (systemd) S 0 1 1 0 -1 4194560 0 0 0 0 700 300 0 0 20 0 1 0 5 1 2000 0
--- /proc/50/stat
50 (busy) R 1 50 50 0 -1 4194560 0 0 0 0 100 20 0 0 20 0 4 0 900 1 500 0
--- /proc/51/stat
51 (before) S 1 51 51 0 -1 4194560 0 0 0 0 9000 9000 0 0 20 0 1 0 950 1 500 0
--- /proc/52/stat
not yet readable
--- /later/proc/1/stat
1 (systemd) S 0 1 1 0 -1 4194560 0 0 0 0 700 300 0 0 20 0 1 0 5 1 2000 0
--- /later/proc/50/stat
50 (busy) R 1 50 50 0 -1 4194560 0 0 0 0 400 20 0 0 20 0 4 0 900 1 500 0
--- /later/proc/51/stat
51 (after) R 1 51 51 0 -1 4194560 0 0 0 0 10 5 0 0 20 0 1 0 9980 1 500 0
--- /later/proc/52/stat
52 (old) R 1 52 52 0 -1 4194560 0 0 0 0 40000 5 0 0 20 0 1 0 960 1 500 0
--- /later/proc/53/stat
53 (new) R 1 53 53 0 -1 4194560 0 0 0 0 25 5 0 0 20 0 1 0 9990 1 500 0
";

/// A section of what the collect child writes.
fn section<T: DeserializeOwned>(recorded: &str, kind: &'static str) -> (T, Status, String) {
    let folder = layout::laid_out(recorded);
    let root = Root::at(folder.path()).expect("the tree");
    let only = Some(vec![SectionKind::known(kind)]);
    let plan = Plan { only, limits: Limits::NONE, ..Plan::all(PrivacyClass::Consent) };
    let mut pipe = Vec::new();
    run_collect(&root, &plan, &mut pipe).expect("written");
    let frame = frame::read::<ChildMessage>(&mut pipe.as_slice()).expect("readable");
    let frame = frame.expect("a frame");
    let ChildMessage::Section(line) = frame.header else { panic!("no section came") };
    (serde_json::from_slice(&frame.blob).expect("JSON"), line.status, line.reason)
}

#[test]
fn load_is_what_went_by_between_two_looks() {
    let (load, status, reason): (Load, _, _) = section(TWO_LOOKS, "load");

    assert_eq!((load.sampled_ms, status, reason.as_str()), (1_500, Status::Ok, ""));
    // 60 + 15 + 5 ticks of work and 70 of idleness; those of waiting went back by 5.
    assert_eq!((load.cpu_percent, load.iowait_percent), (Some(53.3), Some(0.0)));
    assert_eq!((load.swap_in_bytes, load.swap_out_bytes), (Some(0), None));
    let disks: Vec<_> = load.disks.iter().map(|disk| disk.name.as_str()).collect();
    assert_eq!(disks, ["sda", "sdc"], "sdb is another disk now, and sdd came meanwhile");
    let [sda, sdc] = &load.disks[..] else { panic!("two disks") };
    assert_eq!((sda.reads, sda.read_ms, sda.write_ms), (30, Some(20.0), Some(5.0)));
    assert_eq!((sda.read_bytes, sda.written_bytes, sda.busy_percent), (122_880, 40_960, 50.0));
    assert_eq!((sdc.read_ms, sdc.busy_percent), (Some(10.0), 40.0), "its times went round");
}

#[test]
fn processes_are_told_from_others_of_their_number() {
    let (told, ..): (Processes, _, _) = section(TWO_LOOKS, "processes");

    let shares: Vec<_> =
        told.processes.iter().map(|one: &Process| (one.name.as_str(), one.cpu_percent)).collect();
    let expected = [
        ("systemd", Some(0.0)),
        ("busy", Some(200.0)),
        ("after", Some(10.0)),
        ("old", None),
        ("new", Some(20.0)),
    ];
    assert_eq!(shares, expected);
    let started = told.processes[0].started_at.map(|at| at.to_string());
    assert_eq!(started.as_deref(), Some("2024-05-01T09:00:00Z"), "by the first look's clock");
}

#[test]
fn looks_without_time_between_tell_no_share_and_a_recorded_tree_of_one_look_says_so() {
    let at_once = TWO_LOOKS.replacen("1500", "0", 1);
    let (load, ..): (Load, _, _) = section(&at_once, "load");
    assert_eq!((load.sampled_ms, load.disks, load.swap_in_bytes), (0, vec![], None));
    let (told, ..): (Processes, _, _) = section(&at_once, "processes");
    assert!(told.processes.iter().all(|process| process.cpu_percent.is_none()));

    let once: Vec<&str> =
        TWO_LOOKS.split("--- /").filter(|part| !part.starts_with("later")).collect();
    let (load, status, reason): (Load, _, _) = section(&once.join("--- /"), "load");
    assert_eq!((load, status), (Load::default(), Status::Partial));
    assert_eq!(reason, "only the running system can be seen at work");
}

/// A machine that was asleep between the looks, where the monotonic clock counts sleep.
#[test]
fn a_long_time_between_two_looks_is_what_shares_are_of() {
    let long = TWO_LOOKS.replacen("1500", "150000000", 1);
    let (load, ..): (Load, _, _) = section(&long, "load");
    assert_eq!(load.sampled_ms, 150_000_000);
    assert!(load.disks.iter().all(|disk| disk.busy_percent == 0.0), "{:?}", load.disks);
    assert_eq!(load.cpu_percent, Some(53.3), "by the kernel's own count of time");
}

#[test]
fn a_second_look_that_cannot_be_read_is_no_load() {
    let folder = layout::laid_out(TWO_LOOKS);
    fs::remove_file(folder.path().join("later/proc/stat")).expect("removed");
    let plan =
        Plan { only: Some(vec![SectionKind::known("load")]), ..Plan::all(PrivacyClass::Scheduled) };
    let told = layout::collected(folder.path(), &plan).pop().expect("it comes");
    assert_eq!(told.line.status, Status::Unsupported, "{}", told.line.reason);
}
