//! The main job, through every front door: a person asks for help, a technician sees the machine,
//! runs a step on it, watches, and closes the ticket.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use befund_tests::agent::ticket_in;
use befund_tests::catalogue::LOOK;
use befund_tests::{Books, TestAgent, TestController, TestSigners};
use serde_json::Value;

/// What the timeline tells, but for the findings, which come when they are ready.
fn kinds(view: &Value) -> Vec<&str> {
    let timeline = view["timeline"].as_array().unwrap();
    let kinds = timeline.iter().map(|entry| entry["event"]["kind"].as_str().unwrap());
    kinds.filter(|kind| *kind != "judged").collect()
}

#[test]
fn from_the_cry_for_help_to_the_closed_ticket() {
    let controller = TestController::start();
    let operator = controller.admin();
    let _signers = TestSigners::publishing(&controller, &operator, Books::Look);
    let agent = TestAgent::connected_by(&operator);

    let sent = agent.send("my VPN drops every hour\nsince Monday");
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let ticket = ticket_in(&sent);
    let view = operator.json(&["ticket", "show", &ticket]);
    assert_eq!(view["ticket"]["subject"], "my VPN drops every hour");
    assert_eq!(view["ticket"]["status"], "new");
    assert_eq!(view["ticket"]["machine"], agent.id().as_str());
    assert_eq!(kinds(&view), ["opened", "snapshot_attached"]);

    let snapshot = view["timeline"][1]["event"]["snapshot"].as_str().unwrap();
    let record = operator.json(&["snapshot", "show", snapshot]);
    let sections = record["manifest"]["sections"].as_array().unwrap();
    let of = |kind: &str| sections.iter().find(|section| section["kind"] == kind).unwrap();
    assert_eq!(of("os")["status"], "ok");
    for section in sections {
        let explained = section["reason"].as_str().is_some_and(|reason| !reason.is_empty());
        assert_eq!(explained, section["status"] != "ok", "{section}");
    }

    let _ = operator.says(&["ticket", "take", &ticket]);
    let output = operator.says(&["run", LOOK, "--on", &agent.id(), "--ticket", &ticket]);
    assert!(output.contains("link"), "{output}");
    let view = operator.json(&["ticket", "show", &ticket]);
    let kinds = kinds(&view);
    assert!(kinds.contains(&"job_started") && kinds.contains(&"output"), "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "result").count(), 1);

    let _ = operator.says(&["ticket", "close", &ticket, "-s", "replaced the cable"]);
    let view = operator.json(&["ticket", "show", &ticket]);
    assert_eq!(view["ticket"]["status"], "closed");
    assert_eq!(view["ticket"]["solution"], "replaced the cable");
}

#[test]
fn whoever_watches_a_ticket_sees_it_grow() {
    let controller = TestController::start();
    let agent = TestAgent::connected_to(&controller);
    let operator = controller.admin();
    let ticket = ticket_in(&agent.send("no sound"));

    let mut watch =
        operator.command(&["watch", &ticket, "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = || loop {
        let entry: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        // Findings come when they are ready.
        if entry["event"]["kind"] != "judged" {
            break entry;
        }
    };
    assert_eq!(next()["event"]["kind"], "opened");
    assert_eq!(next()["event"]["kind"], "snapshot_attached");
    let _ = operator.says(&["ticket", "comment", &ticket, "have you tried the other ear?"]);
    let commented = next();
    assert_eq!(commented["event"]["text"], "have you tried the other ear?");
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[test]
fn a_second_snapshot_shows_what_differs() {
    let controller = TestController::start();
    let agent = TestAgent::connected_to(&controller);
    let operator = controller.admin();
    let first = ticket_in(&agent.send("slow"));
    let second = ticket_in(&agent.send("still slow"));
    let snapshot = |ticket: &str| {
        let view = operator.json(&["ticket", "show", ticket]);
        view["timeline"][1]["event"]["snapshot"].as_str().unwrap().to_owned()
    };
    let diff = operator.json(&["snapshot", "diff", &snapshot(&first), &snapshot(&second)]);
    assert!(diff["unchanged"].as_u64().unwrap() > 10, "the machine is the same: {diff}");
    let changes = operator.json(&["snapshot", "changes", &snapshot(&second)]);
    assert!(changes["since"]["manifest"]["id"].is_string(), "there is one before: {changes}");
    let volatile = diff["volatile"].as_array().unwrap();
    assert!(volatile.iter().any(|kind| kind == "processes"), "another process reads it: {diff}");
}
