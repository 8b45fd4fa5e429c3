//! Processes: the one that is meant, and no other.

use std::process::{Child, Command};

use befund_model::action::Holds;
use befund_model::snapshot::Status;
use serde_json::{Value, json};

use crate::common::Made;

/// Ended when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(script: &str) -> Process {
    use std::io::{BufRead as _, BufReader};
    let script = format!("{script}; echo ready; while :; do sleep 1; done");
    let mut child = Command::new("/bin/sh")
        .args(["-c", &script])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("a process");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a word");
    assert_eq!(line, "ready\n");
    Process(child)
}

fn started(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    fields.split_ascii_whitespace().nth(19).expect("a field").parse().expect("a number")
}

fn nice(pid: u32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    fields.split_ascii_whitespace().nth(16).expect("a field").parse().expect("a number")
}

/// The running system: processes are nowhere else.
fn live() -> Made {
    let mut made = Made::new();
    made.machine.root = "/".into();
    made
}

#[test]
fn a_process_is_asked_to_end_and_ends() {
    let made = live();
    let process = start(":");
    let which = json!({"pid": process.0.id(), "started": started(process.0.id())});
    assert!(made.predict("process.end", &which).lines[0].starts_with("ask sh ("));
    assert_eq!(made.holds("process.end", &which), Holds::NotDone);
    let acted = made.perform("process.end", &which);
    assert_eq!(acted.status, Status::Ok, "{acted:?}");
    assert_eq!(made.holds("process.end", &which), Holds::Done);
}

#[test]
fn a_process_that_will_not_end_is_left_and_told() {
    let mut made = live();
    made.within_ms = 300;
    let process = start("trap '' TERM");
    let which = json!({"pid": process.0.id(), "started": started(process.0.id())});
    let acted = made.perform("process.end", &which);
    assert_eq!(acted.status, Status::Failed, "{acted:?}");
    assert!(acted.reason.contains("did not within"), "{acted:?}");
}

#[test]
fn another_process_of_the_same_number_is_left_alone() {
    let made = live();
    let mut process = start(":");
    let pid = process.0.id();
    let which = json!({"pid": pid, "started": started(pid) + 1});
    let acted = made.perform("process.end", &which);
    assert!(acted.reason.contains("is another one by now"), "{acted:?}");
    assert!(process.0.try_wait().expect("asked").is_none());
}

#[test]
fn befund_itself_and_the_first_process_are_left_alone() {
    let made = live();
    let own = std::process::id();
    let acted = made.perform("process.end", &json!({"pid": own, "started": started(own)}));
    assert!(acted.reason.contains("a part of Befund"), "{acted:?}");
    let acted = made.perform("process.end", &json!({"pid": 1, "started": started(1)}));
    assert!(acted.reason.contains("not between 2 and"), "{acted:?}");
}

#[test]
fn a_priority_is_lowered_and_raised_again() {
    let made = live();
    let process = start(":");
    let pid = process.0.id();
    let was = nice(pid);
    if was >= 10 {
        return crate::common::skipped("a_priority_is_lowered", "the tests run with a low one");
    }
    let which = json!({"pid": pid, "started": started(pid)});
    let acted = made.lives("process.lower_priority", &which);
    assert_eq!((nice(pid), &acted.before), (10, &Value::from(was)));
    let undone = made.undo("process.lower_priority", &which, &acted.before);
    if crate::common::is_root() {
        assert_eq!((undone.status, nice(pid)), (Status::Ok, was), "{undone:?}");
    } else {
        assert_eq!(undone.status, Status::Denied, "{undone:?}");
    }
}
