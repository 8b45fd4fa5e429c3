//! The child that waits for the next order: it is the one that gets it, is as alone as the others,
//! and goes with the executor.

use std::process::Stdio;

use befund_executor::ExecutorClient;
use befund_model::job::JobState;
use befund_model::snapshot::PrivacyClass;
use rustix::process::{Pid, Signal};
use serde_json::Value;

use crate::common::{Fixture, child, eventually, is_gone};

/// The collect children that have this mark in their command line.
fn children(mark: &str) -> Vec<u32> {
    let marked = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == mark.as_bytes())
    };
    let entries = std::fs::read_dir("/proc").expect("processes").flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(marked)
        .filter(|pid| !is_gone(*pid))
        .collect()
}

/// An executor whose children can be told from those of other tests.
fn marked() -> (Fixture, String) {
    let mut mark = String::new();
    let fixture = Fixture::start(|folder, config| {
        mark = folder.display().to_string();
        config.child = child(&["collect", &mark]);
    });
    (fixture, mark)
}

/// The child that waits: the one that there is once those that worked have gone.
async fn spare(fixture: &Fixture, mark: &str) -> u32 {
    // The executor starts it before it answers anything else.
    fixture.client.describe().await.expect("an executor");
    eventually(|| match children(mark).as_slice() {
        [one] => Some(*one),
        _ => None,
    })
    .await
}

async fn runs(fixture: &Fixture) {
    let (_, outcome) = fixture.probe("net.link", Value::Null).await;
    assert_eq!(outcome.state, JobState::Done, "{}", outcome.reason);
}

fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a number");
    rustix::process::kill_process(pid, Signal::KILL).expect("killed");
}

#[tokio::test]
async fn the_child_that_waits_gets_the_next_order_and_another_waits_after_it() {
    let (fixture, mark) = marked();
    fixture.client.describe().await.expect("an executor");
    assert!(children(&mark).is_empty(), "nothing is started in vain");

    runs(&fixture).await;
    let first = spare(&fixture, &mark).await;
    fixture
        .client
        .collect(PrivacyClass::Scheduled, None)
        .await
        .expect("asked")
        .all()
        .await
        .expect("sections");
    let second = spare(&fixture, &mark).await;

    assert!(is_gone(first), "it had the order and ended with it");
    assert_ne!(first, second);
}

#[tokio::test]
async fn one_that_ran_a_probe_runs_the_next_one_but_not_for_ever() {
    let (fixture, mark) = marked();
    runs(&fixture).await;
    let first = spare(&fixture, &mark).await;
    runs(&fixture).await;
    assert_eq!(spare(&fixture, &mark).await, first);

    for _ in 2..64 {
        runs(&fixture).await;
    }

    assert_ne!(spare(&fixture, &mark).await, first, "what it may hoard goes with it");
}

#[tokio::test]
async fn it_is_as_alone_as_a_child_that_works() {
    let (fixture, mark) = marked();
    runs(&fixture).await;
    let pid = spare(&fixture, &mark).await;

    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("readable");
    assert!(environment.is_empty(), "{}", String::from_utf8_lossy(&environment));
    let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).expect("readable");
    assert_eq!(folder, std::path::Path::new("/"));
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    assert_eq!(rustix::process::getpgid(number).ok(), number, "it leads a group of its own");
}

#[tokio::test]
async fn one_that_did_not_last_is_replaced() {
    let (fixture, mark) = marked();
    runs(&fixture).await;
    let pid = spare(&fixture, &mark).await;
    kill(pid);
    eventually(|| is_gone(pid).then_some(())).await;

    runs(&fixture).await;

    assert_ne!(spare(&fixture, &mark).await, pid);
}

#[tokio::test]
async fn it_goes_with_an_executor_that_stops() {
    let (fixture, mark) = marked();
    runs(&fixture).await;
    let pid = spare(&fixture, &mark).await;

    fixture.stop().await;

    eventually(|| is_gone(pid).then_some(())).await;
}

/// An executor in a process of its own, since one must die for it.
#[tokio::test]
async fn it_goes_with_an_executor_that_dies() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("executor.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let mut executor = std::process::Command::new(child(&[]).program)
        .args(["executor", "/"])
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)))
        .spawn()
        .expect("started");
    let client = ExecutorClient::new(&socket);
    let below = || {
        let path = format!("/proc/{0}/task/{0}/children", executor.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let children: Vec<u32> =
            text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
        match children.as_slice() {
            [one] if !is_gone(*one) => Some(*one),
            _ => None,
        }
    };
    // Held, so that it does not end of idleness first.
    let held = tokio::net::UnixStream::connect(&socket).await.expect("a door");
    client
        .collect(PrivacyClass::Scheduled, None)
        .await
        .expect("asked")
        .all()
        .await
        .expect("sections");
    client.describe().await.expect("an executor");
    let pid = eventually(below).await;

    kill(executor.id());

    executor.wait().expect("ended");
    eventually(|| is_gone(pid).then_some(())).await;
    drop(held);
}
