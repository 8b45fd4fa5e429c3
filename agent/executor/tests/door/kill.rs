//! Children that hang, break down or are given up: they end with all that they started, and what
//! they did not tell is told in their place.

use std::time::Duration;

use befund_executor::door::client::Told;
use befund_model::job::{JobNews, JobState, Work};
use befund_model::snapshot::{PrivacyClass, Status};
use serde_json::Value;

use crate::common::{Fixture, child, eventually, is_gone};

fn hanging() -> Fixture {
    Fixture::start(|folder, config| {
        let note = folder.join("note");
        config.child = child(&["hang", note.to_str().expect("text")]);
        config.collect_within = Duration::from_millis(300);
    })
}

/// The numbers of the hanging child and of what it started.
async fn started(fixture: &Fixture) -> Vec<u32> {
    let note = fixture.folder.path().join("note");
    let text = eventually(|| std::fs::read_to_string(&note).ok()).await;
    text.split(' ').map(|number| number.parse().expect("a number")).collect()
}

async fn all_gone(pids: Vec<u32>) {
    assert_eq!(pids.len(), 2);
    eventually(|| pids.iter().all(|pid| is_gone(*pid)).then_some(())).await;
}

#[tokio::test]
async fn a_hanging_child_is_killed_and_its_sections_are_timeouts() {
    let fixture = hanging();

    let sections =
        fixture.client.collect(PrivacyClass::Scheduled, None).await.expect("an executor");
    let sections = sections.all().await.expect("sections all the same");

    let plan = befund_collect::Plan::all(PrivacyClass::Scheduled);
    assert_eq!(sections.len(), befund_collect::expected(&plan).len());
    for section in &sections {
        let line = &section.section().line;
        assert_eq!(line.status, Status::Timeout, "{line:?}");
        assert!(line.reason.contains("within 300 ms"), "{}", line.reason);
    }
    all_gone(started(&fixture).await).await;
}

#[tokio::test]
async fn a_probe_that_overstays_is_killed_and_says_so() {
    let fixture = hanging();
    let mut order = fixture.order(Work::Probe("net.link".into()), Value::Null);
    order.within_ms = 300;

    let (events, outcome) = fixture.run(order).await;

    assert_eq!((outcome.state, outcome.status), (JobState::Failed, Status::Timeout));
    assert!(outcome.reason.contains("300 ms"), "{}", outcome.reason);
    assert_eq!(outcome.result["status"], "timeout");
    assert_eq!(events.len(), 1, "what was told before is kept: {events:?}");
    all_gone(started(&fixture).await).await;
}

#[tokio::test]
async fn a_cancelled_job_ends_with_all_that_it_started() {
    let fixture = hanging();
    let order = fixture.order(Work::Probe("net.link".into()), Value::Null);
    let id = order.job;
    let mut job = fixture.client.run(order, 0).await.expect("an executor");
    let pids = started(&fixture).await;

    fixture.client.cancel(id).await.expect("an executor");

    let mut told = Vec::new();
    let outcome = loop {
        match job.next().await.expect("an answer") {
            Told::Outcome(outcome) => break outcome,
            Told::Event(event) => told.push(event.what),
        }
    };
    assert_eq!(outcome.state, JobState::Cancelled);
    assert_eq!(told, [JobNews::Started], "what happened before is kept");
    all_gone(pids).await;
    fixture.client.cancel(id).await.expect("cancelling what has ended is no error");
}

#[tokio::test]
async fn whoever_leaves_takes_the_job_along() {
    let fixture = hanging();
    let order = fixture.order(Work::Probe("net.link".into()), Value::Null);
    let job = fixture.client.run(order.clone(), 0).await.expect("an executor");
    let pids = started(&fixture).await;

    drop(job);

    all_gone(pids).await;
}

#[tokio::test]
async fn the_same_job_does_not_run_twice_at_a_time() {
    let fixture = hanging();
    let order = fixture.order(Work::Probe("net.link".into()), Value::Null);
    let _first = fixture.client.run(order.clone(), 0).await.expect("an executor");
    started(&fixture).await;

    let (_, outcome) = fixture.run(order).await;

    assert_eq!(outcome.state, JobState::Failed);
    assert!(outcome.reason.contains("already runs"), "{}", outcome.reason);
}

#[tokio::test]
async fn an_executor_that_stops_takes_its_children_along() {
    let fixture = hanging();
    let order = fixture.order(Work::Probe("net.link".into()), Value::Null);
    let _job = fixture.client.run(order, 0).await.expect("an executor");
    let pids = started(&fixture).await;

    fixture.stop().await;

    all_gone(pids).await;
}

#[tokio::test]
async fn a_child_that_breaks_down_is_told_in_words() {
    for (how, expected) in [
        ("garble", "told something that is no message"),
        ("die", "exit status: 3"),
        ("no-such-verb", "exit status: 64"),
    ] {
        let fixture = Fixture::start(|_, config| config.child = child(&[how]));
        let (_, outcome) = fixture.probe("net.link", Value::Null).await;
        assert_eq!((outcome.state, outcome.status), (JobState::Failed, Status::Failed));
        assert!(outcome.reason.contains(expected), "{how}: {}", outcome.reason);

        let sections =
            fixture.client.collect(PrivacyClass::Scheduled, None).await.expect("an executor");
        let sections = sections.all().await.expect("sections all the same");
        assert!(!sections.is_empty());
        assert!(sections.iter().all(|section| section.section().line.status == Status::Failed));
    }
}

#[tokio::test]
async fn a_child_that_cannot_be_started_is_told_with_its_path() {
    let fixture = Fixture::start(|_, config| config.child.program = "/nowhere/befund-agent".into());
    let (_, outcome) = fixture.probe("net.link", Value::Null).await;
    assert_eq!(outcome.state, JobState::Failed);
    assert!(outcome.reason.contains("/nowhere/befund-agent"), "{}", outcome.reason);
}
