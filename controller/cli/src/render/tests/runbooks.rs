//! What the renderers print of runbooks, what they came to, and what is signed.

use std::path::PathBuf;

use befund_model::api::{CatalogueView, RunbookInfo};
use befund_model::job::{Job, Question};
use befund_runbook::rehearsal::{Line, Report};
use befund_trust::root::Root;
use serde_json::json;

use super::{JOB, at, job, plain, typed};
use crate::commands::runbook::Tried;
use crate::folder::look;
use crate::render;

/// A run in which nothing went as it should have at first.
fn eventful() -> Job {
    let mut job = job();
    let outcome = job.outcome.as_mut().expect("it ended");
    let acted = |summary: &str| {
        json!({ "status": "ok", "summary": summary, "took_us": 1_200, "commands": [
            { "line": ["/usr/bin/resolvectl", "flush-caches"], "exit": 0, "took_us": 900,
              "output": "done\u{1b}[2J\n" },
        ]})
    };
    let probe = |up: bool| {
        json!({ "probe": "net.dns", "version": 1, "status": "ok", "summary": "",
                "facts": { "answered": up, "servers": 2 }, "took_us": 5 })
    };
    outcome.result["mode"] = json!("run");
    outcome.result["before"] = json!({ "dns": probe(false) });
    outcome.result["facts"] = json!({ "dns": probe(true), "web": {
        "probe": "net.http", "version": 1, "status": "timeout", "reason": "no answer in 5 s",
        "summary": "", "facts": null, "took_us": 5 } });
    outcome.result["answers"] =
        json!([{ "question": "scope", "answer": "no", "by": "tina for the user" }]);
    outcome.result["accepted"] = json!(false);
    outcome.result["escalate_to"] = json!("L2-network");
    outcome.result["attempts"] = json!([
        { "fix": { "cause": "dns-dead", "index": 0 }, "act": "dns.flush_cache", "parameters": {},
          "risk": "change", "end": "not_verified", "reason": "the servers still do not answer",
          "prediction": { "known": true, "changes": true, "lines": ["12 names are forgotten"] },
          "consent": "the policy", "approval": "Anna Berg", "acted": acted("the cache is empty") },
        { "fix": { "cause": "dns-dead", "index": 1 }, "act": "dns.use_dhcp_servers",
          "parameters": { "interface": "eth0\u{202e}" }, "risk": "disruptive", "end": "reverted",
          "reason": "the gateway stopped answering", "prediction": {
            "known": false, "changes": true, "lines": [] },
          "consent": "the user (ada)", "approval": "Anna Berg, Ben Cole",
          "acted": acted("10.0.0.53 instead of 1.1.1.1"), "undone": acted("1.1.1.1 again") },
        { "fix": { "cause": "dns-dead", "index": 2 }, "act": "scripts/resolver.sh",
          "parameters": {}, "risk": "change", "end": "not_approved", "reason": "nobody signed it" },
    ]);
    job
}

#[test]
fn what_was_tried_and_what_became_of_it() {
    let ended = render::job::ended(&plain(), &eventful(), None);
    assert!(!ended.contains('\u{1b}') && !ended.contains('\u{202e}'), "{ended:?}");
    insta::assert_snapshot!("attempts", ended);
    let explained = render::explain::job(&plain(), &eventful(), Some("PC-17"));
    assert!(!explained.contains('\u{1b}') && !explained.contains('\u{202e}'), "{explained:?}");
    insta::assert_snapshot!("explained", explained);
}

#[test]
fn a_job_that_waits_says_for_what() {
    let mut waits = job();
    waits.outcome = None;
    waits.ended_at = None;
    waits.state = befund_model::job::JobState::NeedsApproval;
    let text = render::explain::job(&plain(), &waits, None);
    assert!(text.contains(&format!("befund approve {JOB}")), "{text}");
}

#[test]
fn runbooks_and_how_often_they_helped() {
    let effect = |fix: Option<u32>, came_up: u64, done: u64, verified: u64, came_back: u64| {
        json!({ "runbook": "net.small", "cause": "dead", "fix": fix, "act": "dns.flush_cache",
                "came_up": came_up, "done": done, "verified": verified, "came_back": came_back })
    };
    let info = |name: &str, fit: u32, reasons: &[&str]| -> RunbookInfo {
        typed(json!({
            "name": name, "version": 3, "title": { "en": "Small", "de": "Klein" },
            "about": { "en": "A little of everything.", "de": "Von allem ein wenig." },
            "systems": ["linux"], "risk": "change", "fit": fit, "reasons": reasons,
            "inputs": { "properties": {
                "site": { "type": "string", "title": "The site", "default": "intranet.example" },
                "count": { "type": "integer", "title": "How many" },
            }},
            "effects": [effect(None, 12, 0, 0, 0), effect(Some(0), 12, 10, 8, 1)],
        }))
    };
    let both = [info("net.small", 15, &["net.dns", "internet"]), info("net.other", 0, &[])];
    insta::assert_snapshot!("runbooks", render::runbook::list(&plain(), &both, None));
    let ticket = "7".parse().expect("a number");
    insta::assert_snapshot!(
        "runbooks_of_a_ticket",
        render::runbook::list(&plain(), &both, Some(ticket))
    );
    let text = include_str!("../../../../../shared/runbook/tests/fixtures/small.yaml");
    let (runbook, _) = befund_runbook::load(text).expect("a runbook");
    insta::assert_snapshot!("runbook", render::runbook::one(&plain(), &both[0], Some(&runbook)));
}

#[test]
fn what_is_wrong_with_a_runbook_stands_under_its_line() {
    let bad = look("a.yaml".to_owned(), b"api: befund/v1\nrunbok: \x1b[31mred\n");
    let good = include_bytes!("../../../../../shared/runbook/tests/fixtures/small.yaml");
    let text = render::runbook::linted(&plain(), &[bad, look("net.small.yaml".to_owned(), good)]);
    assert!(!text.contains('\u{1b}'), "{text:?}");
    insta::assert_snapshot!("linted", text);
}

#[test]
fn rehearsals_tell_each_unmet_expectation() {
    let line = |of: &str, met: bool| Line {
        of: of.to_owned(),
        expected: "found".to_owned(),
        found: "unknown".to_owned(),
        met,
    };
    let result = serde_json::from_value(eventful().outcome.expect("it ended").result);
    let report = Report {
        scenario: "dead DNS".to_owned(),
        lines: vec![line("cause dns-dead", false), line("cause link-down", true)],
        result: result.expect("a result"),
    };
    let tried = |file: &str, came_to| Tried {
        runbook: "net.small".to_owned(),
        file: PathBuf::from(file),
        came_to,
    };
    let all = [
        tried("tests/net.small/a.yaml", Ok(report)),
        tried("tests/net.small/b.yaml", Err("no YAML".to_owned())),
    ];
    let text = render::runbook::tried(&plain(), &["net.small", "net.other"], &all);
    insta::assert_snapshot!("rehearsed", text);
}

#[test]
fn a_trust_root_and_catalogues() {
    let key = befund_trust::signing::SigningKey::from_seed([1; 32]).public();
    let quorum = |threshold: u32| json!({ "people": ["anna"], "threshold": threshold });
    let document = json!({
        "format": "befund-root/1", "organisation": "Example Works", "version": 2,
        "expires": at("09:00:00"),
        "people": [{ "id": "anna", "name": "Anna Berg", "contact": "anna@example.org" }],
        "keys": [{ "id": "anna-1", "person": "anna", "key": key.to_string() }],
        "roles": { "root": quorum(1), "catalogue": quorum(1), "change": quorum(1), "disruptive": quorum(1) },
    });
    let root = Root::parse(document.to_string().as_bytes()).expect("a root");
    insta::assert_snapshot!("trust_root", render::trust::signed(&plain(), &root, &[key]));
    let view = |version: u64, files: &[&str], current: bool| -> CatalogueView {
        typed(json!({
            "version": version, "sha256": "0".repeat(64), "published_at": at("09:00:00"),
            "published_by": "ada", "expires": at("10:00:00"), "files": files, "current": current,
        }))
    };
    let views = [view(3, &[], true), view(2, &["a.yaml", "b.yaml"], false)];
    insta::assert_snapshot!(
        "catalogues",
        render::runbook::catalogues(&plain(), &views, at("09:30:00").parse().expect("a time"))
    );
}

#[test]
fn a_question_is_answered_by_its_number_or_its_word() {
    let question: Question = typed(json!({
        "name": "scope", "user": false, "text": { "en": "Is it so elsewhere?", "de": "–" },
        "choice": [
            { "value": "yes", "text": { "en": "yes", "de": "ja" } },
            { "value": "no", "text": { "en": "no, only here\u{1b}[2J", "de": "nein" } },
        ],
        "default": "no", "within_ms": 600_000,
    }));
    insta::assert_snapshot!("question", render::question::asked(&question));
    for (typed, answer) in
        [("2", Some("no")), (" YES ", Some("yes")), ("0", None), ("3", None), ("", None)]
    {
        assert_eq!(render::question::read(&question, typed).as_deref(), answer, "{typed:?}");
    }
    let id = JOB.parse().expect("an id");
    let elsewhere = render::question::elsewhere(id, &question);
    assert_eq!(elsewhere, format!("    answer it: befund job answer {JOB} scope yes|no"));
}
