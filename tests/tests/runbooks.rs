//! A signed runbook, through every front door: published, handed to the machine, run from a ticket, signed by a
//! technician, done, verified, and undone.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::path::{Path, PathBuf};

use befund_tests::agent::ticket_in;
use befund_tests::process::eventually;
use befund_tests::{TestAgent, TestController, TestOperator, TestSigners};
use serde_json::Value;

/// A runbook that looks for a word in a log of the policy's, and writes it there if it is missing.
const RUNBOOK: &str = r#"
api: befund/v1
runbook: test.note
version: 1
title: {en: "Nothing was noted", de: "Nichts wurde notiert"}
about:
  en: "Looks whether something was noted, and notes it."
  de: "Sieht nach, ob etwas notiert wurde, und notiert es."
collect:
  note: {probe: log.tail@1, timeout: 10s, with: {log: note}}
causes:
  - id: not-noted
    title: {en: "Nothing is noted", de: "Nichts ist notiert"}
    when: "!note.lines.exists(l, l.contains('noted'))"
    fix:
      - script: scripts/note.sh
        interpreter: sh
        risk: change
        repeat: idempotent
        consent: policy
        timeout: 20s
        text: {en: "A word is written down.", de: "Ein Wort wird notiert."}
        undo: {script: scripts/erase.sh, interpreter: sh}
    verify: {within: 20s, every: 1s, until: "note.lines.exists(l, l.contains('noted'))"}
accept: "note.lines.exists(l, l.contains('noted'))"
escalate: {to: "'L2-desktop'"}
"#;

/// A machine with a policy that lets the runbook be run while nobody is signed in, and a log.
struct Machine {
    controller: TestController,
    operator: TestOperator,
    signers: TestSigners,
    agent: TestAgent,
}

impl Machine {
    /// One that has the published catalogue.
    fn new() -> Self {
        let controller = TestController::start();
        let operator = controller.admin();
        let signers = TestSigners::introduce(&controller, &operator);
        let mut agent = TestAgent::new();
        let (policy, log) = (agent.folder().join("policy.toml"), agent.folder().join("note.log"));
        std::fs::write(&log, "empty so far\n").unwrap();
        let text = format!(
            "[logs]\nnote = {:?}\n[runbooks]\nunattended = \"change\"\n",
            log.to_str().unwrap()
        );
        std::fs::write(&policy, text).unwrap();
        signers.publish(&operator, &folder(agent.folder(), &log));
        let token = operator.json(&["enroll", "token", "new"]);
        agent.enroll(token["token"].as_str().unwrap());
        agent.start_link(&["--policy", policy.to_str().unwrap()]);
        agent.wait_until_connected();
        let machine = Self { controller, operator, signers, agent };
        eventually("the machine to have the catalogue", || {
            machine.shown()["trust"]["catalogue_version"]
                .as_u64()
                .is_some_and(|version| version > 0)
        });
        machine
    }

    fn shown(&self) -> Value {
        self.operator.json(&["machine", "show", &self.agent.id()])
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.agent.folder().join("note.log")).unwrap()
    }

    /// Starts the runbook on a ticket; the job.
    fn start(&self, ticket: &str, more: &[&str]) -> String {
        let agent = self.agent.id();
        let run = ["run", "test.note", "--on", &agent, "--ticket", ticket, "--detach"];
        let job = self.operator.json(&[&run[..], more].concat());
        job["id"].as_str().unwrap().to_owned()
    }

    fn state(&self, job: &str) -> String {
        let job = self.operator.json(&["job", "show", job]);
        job["state"].as_str().unwrap().to_owned()
    }

    fn wait_for(&self, job: &str, state: &str) {
        eventually(state, || self.state(job) == state);
    }
}

/// The folder that is signed.
fn folder(within: &Path, log: &Path) -> PathBuf {
    let folder = within.join("runbooks");
    std::fs::create_dir_all(folder.join("scripts")).unwrap();
    let log = log.to_str().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("test.note.yaml", RUNBOOK);
    write(
        "scripts/note.sh",
        &format!("echo writing\necho noted >> '{log}'\necho '{{\"before\": null}}'\n"),
    );
    write("scripts/erase.sh", &format!("echo 'empty so far' > '{log}'\n"));
    folder
}

#[test]
fn a_fix_is_signed_done_verified_and_undone() {
    let machine = Machine::new();
    let ticket = ticket_in(&machine.agent.send("nothing was noted"));

    let job = machine.start(&ticket, &[]);
    machine.wait_for(&job, "needs_approval");
    assert!(!machine.log().contains("noted"), "nothing is done before it is signed");
    let key = machine.signers.key_of("tina");
    let approved = machine.operator.says(&["approve", &job, "--yes", "--key", &key]);
    assert!(approved.contains("scripts/note.sh"), "{approved}");
    machine.wait_for(&job, "done");

    assert!(machine.log().contains("noted"));
    let shown = machine.operator.json(&["job", "show", &job]);
    let result = &shown["outcome"]["result"];
    assert_eq!(result["accepted"], true, "{shown}");
    assert_eq!(result["attempts"][0]["end"], "verified", "{shown}");
    let view = machine.operator.says(&["ticket", "show", &ticket, "--all"]);
    assert!(view.contains("writing"), "{view}");

    let _ = machine.operator.says(&["ticket", "undo", &ticket]);
    assert_eq!(machine.log(), "empty so far\n");
}

#[test]
fn a_dry_run_tells_what_would_be_done_and_does_nothing() {
    let machine = Machine::new();
    let ticket = ticket_in(&machine.agent.send("nothing was noted"));
    let job = machine.start(&ticket, &["--dry-run"]);
    machine.wait_for(&job, "done");
    let shown = machine.operator.json(&["job", "show", &job]);
    assert_eq!(shown["outcome"]["result"]["attempts"][0]["end"], "predicted", "{shown}");
    assert!(!machine.log().contains("noted"));
}

#[test]
fn who_is_not_among_the_signers_lets_nothing_happen() {
    let machine = Machine::new();
    let ticket = ticket_in(&machine.agent.send("nothing was noted"));
    let job = machine.start(&ticket, &[]);
    machine.wait_for(&job, "needs_approval");

    // Ada signs catalogues, not changes.
    let ada = machine.signers.key_of("ada");
    let _ = machine.operator.run(&["approve", &job, "--yes", "--key", &ada]);
    let _ = machine.operator.says(&["decline", &job]);
    eventually("the run to end", || {
        !["needs_approval", "running"].contains(&machine.state(&job).as_str())
    });

    assert!(!machine.log().contains("noted"));
    let shown = machine.operator.json(&["job", "show", &job]);
    assert_eq!(shown["outcome"]["result"]["attempts"][0]["end"], "not_approved", "{shown}");
    drop(machine.controller);
}
