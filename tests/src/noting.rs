//! A machine with a runbook that looks for a word in a log of the policy's, and writes it there if it is missing: the
//! smallest trouble that there is, with everything around it real.

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

/// The runbook `test.note`.
pub const RUNBOOK: &str = r#"
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
        consent: policy
        timeout: 20s
        text: {en: "A word is written down.", de: "Ein Wort wird notiert."}
        undo: {script: scripts/erase.sh, interpreter: sh}
    verify: {within: 5s, every: 1s, until: "note.lines.exists(l, l.contains('noted'))"}
  - id: too-much
    title: {en: "Too much is noted", de: "Zu viel ist notiert"}
    when: "note.lines.size() > 20"
accept: "note.lines.exists(l, l.contains('noted'))"
escalate: {to: "'L2-desktop'"}
"#;

/// The machine, its help desk, and those who sign.
#[derive(Debug)]
pub struct NotingMachine {
    /// The controller.
    pub controller: TestController,
    /// Its administrator, at the command line.
    pub operator: TestOperator,
    /// Who signs.
    pub signers: TestSigners,
    /// The machine.
    pub agent: TestAgent,
}

impl NotingMachine {
    /// One that has the published catalogue with [`RUNBOOK`], which may be run while nobody is signed in.
    #[must_use]
    pub fn new() -> Self {
        Self::with(RUNBOOK, "echo noted >> \"$log\"")
    }

    /// The same, with a runbook whose script does what `note` says: a line of shell in which `$log` is the log.
    ///
    /// # Panics
    /// If something cannot be set up.
    #[must_use]
    pub fn with(runbook: &str, note: &str) -> Self {
        Self::set_up(&[runbook], note, "unattended = \"change\"", |_, command| command)
    }

    /// One with these runbooks, whose policy has these lines under `[runbooks]`. `change` has the last word on how its
    /// link is started, and gets the machine's folder.
    ///
    /// # Panics
    /// If something cannot be set up.
    #[must_use]
    pub fn set_up(
        runbooks: &[&str],
        note: &str,
        rules: &str,
        change: impl FnOnce(&Path, Command) -> Command,
    ) -> Self {
        let controller = TestController::start();
        let operator = controller.admin();
        let signers = TestSigners::introduce(&controller, &operator);
        let agent = TestAgent::new();
        let within = agent.folder().to_owned();
        let log = within.join("note.log");
        std::fs::write(&log, BEFORE).expect("write the log");
        let policy = format!("[logs]\nnote = {log:?}\n[runbooks]\n{rules}\n");
        std::fs::write(within.join("policy.toml"), policy).expect("write the policy");
        write_folder(&within.join("runbooks"), runbooks, note, &log);
        signers.publish(&operator, &within.join("runbooks"));
        agent.enroll(&operator.token());
        let mut machine = Self { controller, operator, signers, agent };
        machine.connect_as(|command| change(&within, command));
        machine.wait_for_catalogue(1);
        machine
    }

    /// Switches the machine on.
    ///
    /// # Panics
    /// If it does not connect.
    pub fn connect(&mut self) {
        self.connect_as(|command| command);
    }

    fn connect_as(&mut self, change: impl FnOnce(Command) -> Command) {
        let policy = self.agent.folder().join("policy.toml");
        self.agent.start_link_as(&["--policy", policy.to_str().expect("UTF-8")], change);
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

    /// What stands in the log.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.agent.folder().join("note.log")).expect("read the log")
    }

    /// Opens a ticket about the machine; its number.
    ///
    /// # Panics
    /// If it is not opened.
    #[must_use]
    pub fn ticket(&self, subject: &str) -> String {
        let agent = self.agent.id();
        let opened =
            self.operator.json(&["ticket", "new", "--subject", subject, "--machine", &agent]);
        opened["ticket"]["number"].to_string()
    }

    /// Starts the runbook on a ticket; the job.
    ///
    /// # Panics
    /// If it is not started.
    #[must_use]
    pub fn start(&self, ticket: &str) -> String {
        self.start_with(ticket, &[])
    }

    /// The same, with more arguments.
    ///
    /// # Panics
    /// If it is not started.
    #[must_use]
    pub fn start_with(&self, ticket: &str, more: &[&str]) -> String {
        let agent = self.agent.id();
        let run = ["run", "test.note", "--on", &agent, "--ticket", ticket, "--detach"];
        let job = self.operator.json(&[&run[..], more].concat());
        job["id"].as_str().expect("an id").to_owned()
    }

    /// The job as it stands.
    #[must_use]
    pub fn job(&self, job: &str) -> Value {
        self.operator.json(&["job", "show", job])
    }

    /// Waits until a job is in a state.
    pub fn wait_for(&self, job: &str, state: &str) {
        eventually(state, || self.job(job)["state"] == state);
    }

    /// Signs what the job waits for, as Tina.
    pub fn approve(&self, job: &str) {
        let key = self.signers.key_of("tina");
        let _ = self.operator.says(&["approve", job, "--yes", "--key", &key]);
    }
}

impl Default for NotingMachine {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes the folder that is signed.
fn write_folder(folder: &Path, runbooks: &[&str], note: &str, log: &Path) {
    std::fs::create_dir_all(folder.join("scripts")).expect("make a folder");
    let log = log.to_str().expect("UTF-8");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).expect("write a file");
    };
    for runbook in runbooks {
        let name = runbook.lines().find_map(|line| line.strip_prefix("runbook: "));
        write(&format!("{}.yaml", name.expect("a runbook has a name")), runbook);
    }
    let script = format!("log='{log}'\necho writing\n{note}\necho '{{\"before\": null}}'\n");
    write("scripts/note.sh", &script);
    write("scripts/erase.sh", &format!("printf '%s' '{BEFORE}' > '{log}'\n"));
}
