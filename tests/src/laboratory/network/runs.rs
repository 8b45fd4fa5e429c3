//! A runbook run on the machine of an office: by the help desk, with the person's consent and a technician's signature,
//! or by the person, who needs no network for it.

use std::time::{Duration, Instant};

use befund_model::job::JobNews;
use befund_model::runbook::{AttemptEnd, CauseVerdict, RunbookResult};
use serde_json::Value;

use super::office::Office;
use super::terminal::Terminal;
use crate::process::eventually;

/// How often the help desk looks what has become of a job.
const LOOK: Duration = Duration::from_millis(300);

/// How long a run may take: runbooks verify for some minutes.
const PATIENCE: Duration = Duration::from_secs(240);

/// What a run came to.
#[derive(Debug)]
pub struct Run {
    /// Its number.
    pub job: String,
    /// Its result.
    pub result: RunbookResult,
}

impl Run {
    /// The causes that were found, in the runbook's order.
    #[must_use]
    pub fn found(&self) -> Vec<&str> {
        self.causes(CauseVerdict::Found)
    }

    /// The causes of which this was said.
    #[must_use]
    pub fn causes(&self, verdict: CauseVerdict) -> Vec<&str> {
        let causes = self.result.causes.iter().filter(|cause| cause.verdict == verdict);
        causes.map(|cause| cause.id.as_str()).collect()
    }

    /// What was tried, and how far it went, as in `dns.flush_cache: Needless`.
    #[must_use]
    pub fn tried(&self) -> Vec<(&str, AttemptEnd)> {
        self.result.attempts.iter().map(|one| (one.act.as_str(), one.end)).collect()
    }

    /// The last that was tried.
    #[must_use]
    pub fn last(&self) -> Option<(&str, AttemptEnd)> {
        self.tried().pop()
    }

    /// Whether the trouble is over.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.result.accepted == Some(true)
    }

    /// Everything, to be read where it is not as it should be.
    #[must_use]
    pub fn told(&self) -> String {
        let mut text = format!(
            "{} accepted: {:?}, escalated to {:?}\n",
            self.result.runbook, self.result.accepted, self.result.escalate_to
        );
        for cause in &self.result.causes {
            text.push_str(&format!("  {:?} {}: {}\n", cause.verdict, cause.id, cause.evidence));
        }
        for one in &self.result.attempts {
            let acted =
                one.acted.as_ref().map(|acted| (acted.status, &acted.summary, &acted.reason));
            text.push_str(&format!(
                "  {:?} {} {} {:?} by {:?} and {:?}: {}\n",
                one.end, one.act, one.parameters, acted, one.consent, one.approval, one.reason
            ));
        }
        text
    }

    /// That this cause and no other was found, this act at last helped, and the trouble is over.
    ///
    /// # Panics
    /// If it is otherwise.
    pub fn mended(&self, cause: &str, act: &str) {
        assert_eq!(self.found(), [cause], "{}", self.told());
        assert_eq!(self.last(), Some((act, AttemptEnd::Verified)), "{}", self.told());
        assert!(self.is_accepted(), "{}", self.told());
    }

    /// That this cause and no other was found, and nothing was done about it.
    ///
    /// # Panics
    /// If it is otherwise.
    pub fn only_found(&self, cause: &str) {
        assert_eq!(self.found(), [cause], "{}", self.told());
        assert!(self.tried().is_empty(), "{}", self.told());
    }
}

/// A run that the person at the machine has started, and that goes on.
#[derive(Debug)]
pub struct Started<'a> {
    office: &'a Office<'a>,
    runbook: String,
    /// What the person sees.
    pub terminal: Terminal,
}

impl Started<'_> {
    /// Waits for its end, and until the help desk has heard of it.
    ///
    /// # Panics
    /// If it has no result.
    #[must_use]
    pub fn ends(mut self) -> Run {
        let code = self.terminal.end();
        let shown = self.terminal.screen();
        assert!(matches!(code, Some(0 | 4 | 6)), "{code:?}: {shown}");
        let mut job = Value::Null;
        let until = Instant::now() + PATIENCE;
        while !job["outcome"].is_object() {
            assert!(Instant::now() < until, "the help desk did not hear of the run: {shown}");
            std::thread::sleep(LOOK);
            let view = ["ticket", "show", &self.office.ticket];
            let view = self.office.desk.operator.json(&view);
            let last = view["timeline"].as_array().into_iter().flatten().rev().find(|entry| {
                entry["event"]["work"]["runbook"] == *self.runbook
                    && entry["event"]["job"].is_string()
            });
            if let Some(last) = last {
                let id = last["event"]["job"].as_str().expect("a job");
                job = self.office.shown(id);
            }
        }
        run_of(&job)
    }
}

fn run_of(job: &Value) -> Run {
    let id = job["id"].as_str().expect("an id").to_owned();
    let result = serde_json::from_value(job["outcome"]["result"].clone());
    let result = result.unwrap_or_else(|error| panic!("{error}: {job:#}"));
    Run { job: id, result }
}

impl Office<'_> {
    /// What the help desk was told of a run, while it was done.
    ///
    /// # Panics
    /// If that cannot be read.
    #[must_use]
    pub fn news(&self, job: &str) -> Vec<JobNews> {
        let view = self.desk.operator.json(&["ticket", "show", &self.ticket]);
        let timeline = view["timeline"].as_array().into_iter().flatten();
        let news = timeline.map(|entry| &entry["event"]).filter(|event| event["job"] == *job);
        news.filter_map(|event| serde_json::from_value(event["news"].clone()).ok()).collect()
    }

    /// Has the person start a runbook, with inputs as `NAME=VALUE`. They agree to everything.
    #[must_use]
    pub fn begins(&self, runbook: &str, inputs: &[&str]) -> Started<'_> {
        let fix = ["fix", runbook, "--ticket", &self.ticket];
        let terminal = Terminal::open(&self.as_person(&[&fix[..], inputs].concat()));
        Started { office: self, runbook: runbook.to_owned(), terminal }
    }

    /// Has the person help themselves.
    #[must_use]
    pub fn fixes(&self, runbook: &str) -> Run {
        self.begins(runbook, &[]).ends()
    }

    /// Has the help desk run a runbook: the person agrees, Tina signs what changes something, and Otto too what is
    /// disruptive.
    #[must_use]
    pub fn helped(&self, runbook: &str, inputs: &[&str]) -> Run {
        self.attend();
        let agent = self.agent();
        let start = ["run", runbook, "--on", &agent, "--ticket", &self.ticket, "--detach"];
        let operator = &self.desk.operator;
        let started = operator.json(&[&start[..], inputs].concat());
        let id = started["id"].as_str().expect("an id").to_owned();
        let (mut job, mut said) = (Value::Null, String::new());
        let mut signers = ["tina", "otto"].iter().cycle();
        let until = Instant::now() + PATIENCE;
        while !job["outcome"].is_object() {
            assert!(Instant::now() < until, "the run did not end: {job:#}\n{said}");
            std::thread::sleep(LOOK);
            job = self.shown(&id);
            if job["state"] == "needs_approval"
                && let Some(name) = signers.next()
            {
                let key = self.desk.signers.key_of(name);
                // It may have been approved, or have ended, meanwhile.
                let approved = operator.run(&["approve", &id, "--yes", "--key", &key]);
                said = String::from_utf8_lossy(&[approved.stdout, approved.stderr].concat())
                    .into_owned();
            }
        }
        run_of(&job)
    }

    /// Undoes all that was changed for the ticket.
    ///
    /// # Panics
    /// If that fails.
    pub fn undo(&self) {
        let undo = ["ticket", "undo", &self.ticket];
        eventually("the machine to be there", || {
            let output = self.desk.operator.run(&undo);
            output.status.success() || {
                let text = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(text.contains("offline") || text.contains("not connected"), "{text}");
                false
            }
        });
    }
}
