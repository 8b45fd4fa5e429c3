//! A machine on which a signed runbook looks for a word in a log, and writes it there if it is missing: the smallest
//! whole way of a change, from the catalogue to its undo. `test.halt` does the same and interrupts work.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::agent::TestAgent;
use crate::catalogue::TestSigners;
use crate::controller::TestController;
use crate::operator::TestOperator;
use crate::process::eventually;

/// What is in the log before.
pub const BEFORE: &str = "empty so far\n";

const RUNBOOK: &str = r#"
api: befund/v1
runbook: test.note
version: 1
title: {en: "Nothing was noted", de: "Nichts wurde notiert"}
about:
  en: "Looks whether something was noted, and notes it."
  de: "Sieht nach, ob etwas notiert wurde, und notiert es."
fits: {words: [noted]}
offline: true
collect:
  note: {probe: log.tail@1, timeout: 10s, with: {log: note}}
causes:
  - id: not-noted
    title: {en: "Nothing is noted", de: "Nichts ist notiert"}
    when: "!note.lines.exists(l, l.contains('noted'))"
    advice: {en: "Write the word down by hand.", de: "Das Wort von Hand notieren."}
    fix:
      - script: scripts/note.sh
        interpreter: sh
        risk: change
        repeat: idempotent
        consent: CONSENT
        timeout: 20s
        text: {en: "A word is written down.", de: "Ein Wort wird notiert."}
        undo: {script: scripts/erase.sh, interpreter: sh}
    verify: {within: 20s, every: 1s, until: "note.lines.exists(l, l.contains('noted'))"}
  - id: too-much
    title: {en: "Too much is noted", de: "Zu viel ist notiert"}
    when: "note.lines.size() > 20"
accept: "note.lines.exists(l, l.contains('noted'))"
escalate: {to: "'L2-desktop'"}
"#;

/// Whose consent the change takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The policy's is enough.
    Policy,
    /// The person's, where somebody is there.
    User,
}

/// It, connected, with the published catalogue.
#[derive(Debug)]
pub struct NotingMachine {
    /// Its controller.
    pub controller: TestController,
    /// The administrator.
    pub operator: TestOperator,
    /// Who signed the catalogue.
    pub signers: TestSigners,
    /// Its agent.
    pub agent: TestAgent,
}

impl NotingMachine {
    /// One whose policy has these lines under `[runbooks]`. `change` has the last word on how its link is
    /// started, and gets its folder.
    ///
    /// # Panics
    /// If it does not get there.
    #[must_use]
    pub fn new(
        consent: Consent,
        rules: &str,
        change: impl FnOnce(&Path, Command) -> Command,
    ) -> Self {
        Self::edited(consent, rules, |text| text, change)
    }

    /// One that needs nobody's consent, whose files were edited before they were signed, and that has taken the catalogue.
    ///
    /// # Panics
    /// If it does not get there.
    #[must_use]
    pub fn unattended(edit: impl Fn(String) -> String) -> Self {
        let rules = "unattended = \"change\"";
        let machine = Self::edited(Consent::Policy, rules, edit, |_, command| command);
        machine.wait_for_catalogue(1);
        machine
    }

    fn edited(
        consent: Consent,
        rules: &str,
        edit: impl Fn(String) -> String,
        change: impl FnOnce(&Path, Command) -> Command,
    ) -> Self {
        let controller = TestController::start();
        let operator = controller.admin();
        let signers = TestSigners::introduce(&controller, &operator);
        let mut agent = TestAgent::new();
        let (policy, log) = (agent.folder().join("policy.toml"), agent.folder().join("note.log"));
        std::fs::write(&log, BEFORE).expect("write the log");
        let text = format!("[logs]\nnote = {log:?}\n[runbooks]\n{rules}\n");
        std::fs::write(&policy, text).expect("write the policy");
        signers.publish(&operator, &folder(agent.folder(), &log, consent, edit));
        agent.enroll(&operator.token());
        let within = agent.folder().to_owned();
        agent.start_link_as(&["--policy", policy.to_str().expect("UTF-8")], |command| {
            change(&within, command)
        });
        agent.wait_until_connected();
        Self { controller, operator, signers, agent }
    }

    /// Switches the machine on again, as it was.
    ///
    /// # Panics
    /// If it does not connect.
    pub fn connect(&mut self) {
        let policy = self.agent.folder().join("policy.toml");
        self.agent.start_link(&["--policy", policy.to_str().expect("UTF-8")]);
        self.agent.wait_until_connected();
    }

    /// The folder of its runbooks.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.agent.folder().join("runbooks")
    }

    /// Waits until the machine has taken a catalogue of this version.
    pub fn wait_for_catalogue(&self, version: u64) {
        eventually("the machine to have the catalogue", || {
            let shown = self.operator.json(&["machine", "show", &self.agent.id()]);
            shown["trust"]["catalogue_version"].as_u64() == Some(version)
        });
    }

    /// Opens a ticket about the machine; its number.
    #[must_use]
    pub fn ticket(&self, subject: &str) -> String {
        let agent = self.agent.id();
        let new = ["ticket", "new", "--subject", subject, "--machine", &agent];
        self.operator.json(&new)["ticket"]["number"].to_string()
    }

    /// Signs what the job waits for, as Tina.
    pub fn approve(&self, job: &str) {
        let key = self.signers.key_of("tina");
        let _ = self.operator.says(&["approve", job, "--yes", "--key", &key]);
    }

    /// What the log says.
    ///
    /// # Panics
    /// If it is not there.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.agent.folder().join("note.log")).expect("read the log")
    }

    /// Starts the runbook on a ticket, with more arguments; the job.
    ///
    /// # Panics
    /// If it is not taken.
    #[must_use]
    pub fn start(&self, ticket: &str, more: &[&str]) -> String {
        let agent = self.agent.id();
        let run = ["run", "test.note", "--on", &agent, "--ticket", ticket, "--detach"];
        let job = self.operator.json(&[&run[..], more].concat());
        job["id"].as_str().expect("an id").to_owned()
    }

    /// What is known of a job.
    #[must_use]
    pub fn job(&self, job: &str) -> Value {
        self.operator.json(&["job", "show", job])
    }

    /// Waits until a job stands so.
    pub fn wait_for(&self, job: &str, state: &str) {
        eventually(&format!("the job to be {state}"), || self.job(job)["state"] == state);
    }
}

/// The folder that is signed.
fn folder(within: &Path, log: &Path, consent: Consent, edit: impl Fn(String) -> String) -> PathBuf {
    let folder = within.join("runbooks");
    std::fs::create_dir_all(folder.join("scripts")).expect("make a folder");
    let (log, consent) = (
        log.display(),
        match consent {
            Consent::Policy => "policy",
            Consent::User => "user",
        },
    );
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), edit(text.to_owned())).expect("write a file");
    };
    write("test.note.yaml", &RUNBOOK.replace("CONSENT", consent));
    let halt = RUNBOOK.replace("CONSENT", "present").replace("test.note", "test.halt");
    write("test.halt.yaml", &halt.replace("risk: change", "risk: disruptive"));
    write(
        "scripts/note.sh",
        &format!("echo writing\necho noted >> '{log}'\necho '{{\"before\": null}}'\n"),
    );
    write("scripts/erase.sh", &format!("printf '%s' '{BEFORE}' > '{log}'\n"));
    folder
}
