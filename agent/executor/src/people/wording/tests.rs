//! A whole run as its person reads it, in both languages.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use befund_model::action::{Acted, Prediction, Risk};
use befund_model::runbook::Cause;
use serde_json::{Value, json};

use super::*;

fn shipped() -> Arc<Runbook> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runbooks");
    let text = std::fs::read_to_string(folder.join("net.no-internet.yaml")).expect("shipped");
    Arc::new(befund_runbook::load(&text).expect("good").0)
}

fn fix(index: u32) -> FixRef {
    FixRef { cause: "dns-dead".to_owned(), index }
}

fn acted(status: Status, reason: &str) -> Box<Acted> {
    Box::new(Acted {
        status,
        reason: reason.to_owned(),
        summary: "42 names were forgotten".to_owned(),
        commands: Vec::new(),
        before: Value::Null,
        took_us: 1,
    })
}

fn prediction() -> Prediction {
    Prediction { known: true, changes: true, lines: vec!["42 names are forgotten".to_owned()] }
}

fn cause(verdict: CauseVerdict) -> JobNews {
    let summary = "for a technician".to_owned();
    JobNews::Cause { cause: "dns-dead".to_owned(), verdict, summary }
}

/// What happens when the first fix does not help and the second is undone.
fn news() -> Vec<JobNews> {
    let step = |step: &str| JobNews::StepStarted { step: step.to_owned() };
    let acting = |index| JobNews::Acting { fix: fix(index), act: "x".to_owned() };
    let verified =
        |index, gone| JobNews::Verified { fix: fix(index), gone, summary: String::new() };
    vec![
        JobNews::Started,
        step("link"),
        step("dns"),
        step("wifi"),
        cause(CauseVerdict::Excluded),
        cause(CauseVerdict::Found),
        JobNews::Predicted {
            fix: fix(0),
            act: "x".to_owned(),
            risk: Risk::Change,
            prediction: prediction(),
        },
        acting(0),
        JobNews::Acted { fix: fix(0), acted: acted(Status::Ok, "") },
        step("dns"),
        verified(0, Some(false)),
        acting(1),
        JobNews::Acted { fix: fix(1), acted: acted(Status::Failed, "no lease\u{1b}[2J is there") },
        JobNews::Undone { fix: fix(1), acted: acted(Status::Ok, "") },
        verified(2, None),
        verified(2, Some(true)),
    ]
}

fn attempt(index: u32, end: AttemptEnd) -> Attempt {
    Attempt {
        fix: fix(index),
        act: "x".to_owned(),
        parameters: json!({}),
        risk: Risk::Change,
        prediction: None,
        consent: None,
        approval: None,
        acted: Some(*acted(Status::Ok, "")),
        undone: (end == AttemptEnd::Reverted).then(|| *acted(Status::Ok, "")),
        end,
        reason: String::new(),
    }
}

fn result(mode: Mode, accepted: Option<bool>, escalate_to: Option<&str>) -> RunbookResult {
    RunbookResult {
        runbook: "net.no-internet".to_owned(),
        version: 1,
        conclusion: "for a technician".to_owned(),
        causes: vec![Cause {
            id: "dns-dead".to_owned(),
            title: "for a technician".to_owned(),
            verdict: CauseVerdict::Found,
            evidence: String::new(),
            advice: String::new(),
        }],
        facts: BTreeMap::new(),
        before: BTreeMap::new(),
        mode,
        answers: Vec::new(),
        attempts: vec![
            attempt(0, AttemptEnd::NotVerified),
            attempt(1, AttemptEnd::Reverted),
            attempt(2, AttemptEnd::Indeterminate),
        ],
        accepted,
        escalate_to: escalate_to.map(ToOwned::to_owned),
        escalate_unknown: None,
    }
}

fn told(language: Language) -> String {
    let teller = Teller::new(shipped(), language, Mode::Run);
    let mut text = String::new();
    for line in news().iter().flat_map(|news| teller.lines(news)) {
        writeln!(text, "{line}").expect("a text takes it");
    }
    for result in [
        result(Mode::Run, Some(true), None),
        result(Mode::Run, Some(false), Some("L2-network")),
        result(Mode::Run, Some(false), None),
        result(Mode::Run, None, None),
        result(Mode::Dry, None, None),
    ] {
        let Done { conclusion, accepted, changes } = teller.done(&result);
        writeln!(text, "\n{conclusion} {accepted:?}").expect("a text takes it");
        for Change { what, undo, unsure } in changes {
            writeln!(text, "  {what} {undo:?} {unsure}").expect("a text takes it");
        }
    }
    text
}

#[test]
fn a_run_is_told_in_plain_english() {
    insta::assert_snapshot!(told(Language::English));
}

#[test]
fn a_run_is_told_in_plain_german() {
    insta::assert_snapshot!(told(Language::German));
}

#[test]
fn a_dry_run_tells_what_would_be_done() {
    let predicted = |known| JobNews::Predicted {
        fix: fix(0),
        act: "x".to_owned(),
        risk: Risk::Change,
        prediction: Prediction { known, ..prediction() },
    };
    let lines = Teller::new(shipped(), Language::English, Mode::Dry);
    let told = [lines.lines(&predicted(true)), lines.lines(&predicted(false))].concat();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn every_probe_has_a_name_for_people() {
    for probe in befund_model::probe::spec::PROBES {
        assert!(probed(probe.name).is_some(), "{}", probe.name);
    }
}

#[test]
fn nothing_that_is_told_is_longer_than_a_line_or_obeyed_by_a_terminal() {
    let told = line(&"a\u{1b}\n".repeat(10_000));
    assert_eq!(told.chars().count(), MAX_LINE + 1);
    assert!(!told.chars().any(char::is_control));
}
