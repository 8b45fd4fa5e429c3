//! A run of a runbook on a machine, from its ticket to its end, and what it came to.

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::catalogue::TestSigners;
use crate::operator::TestOperator;

/// How long a run may take before a story gives up on it: the longest that a shipped verification waits, and more.
const PATIENCE: Duration = Duration::from_secs(400);
/// How often the help desk looks.
const LOOK: Duration = Duration::from_millis(150);
/// How often a controller is asked that is busy.
const TIMES: u32 = 20;

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    ticket: String,
    job: Value,
    took: Duration,
}

/// How long the help desk waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until the end.
    Endless,
    /// No longer: the run is cancelled.
    Over,
}

/// A run that has begun, from a ticket of its own.
#[derive(Debug)]
pub(super) struct Begun<'a> {
    operator: &'a TestOperator,
    signers: &'a TestSigners,
    runbook: String,
    ticket: String,
    job: String,
}

impl<'a> Begun<'a> {
    pub(super) fn on(
        operator: &'a TestOperator,
        signers: &'a TestSigners,
        agent: &str,
        runbook: &str,
        inputs: &[&str],
    ) -> Self {
        let new = ["ticket", "new", "--subject", runbook, "--machine", agent];
        let opened = asked(operator, &new);
        let ticket = opened["ticket"]["number"].as_u64().expect("a ticket's number").to_string();
        let words = ["run", runbook, "--on", agent, "--ticket", &ticket, "--detach"];
        let job = asked(operator, &[&words[..], inputs].concat());
        let job = job["id"].as_str().expect("a job's id").to_owned();
        Self { operator, signers, runbook: runbook.to_owned(), ticket, job }
    }

    /// To its end. Whatever waits for a signature gets it, from as many people as it takes; what the ticket tells is
    /// handed to `look` again and again.
    pub(super) fn end(self, mut look: impl FnMut(&str) -> Patience) -> Run {
        let Self { operator, signers, runbook, ticket, job: id } = self;
        let keys = [signers.key_of("tina"), signers.key_of("otto")];
        let (mut signed, mut cancelled) = (0, false);
        let begun = Instant::now();
        loop {
            let job = asked(operator, &["job", "show", &id]);
            match job["state"].as_str().expect("a state") {
                "needs_approval" => {
                    // Of two who have to sign, the second comes after the first.
                    let key = &keys[signed % keys.len()];
                    let _ = operator.run(&["approve", &id, "--yes", "--key", key]);
                    signed += 1;
                }
                "waiting" | "delivered" | "running" | "asking" | "rebooting" => {
                    let timeline = operator.run(&["ticket", "show", &ticket, "--all"]).stdout;
                    let over = look(&String::from_utf8_lossy(&timeline)) == Patience::Over;
                    if over && !cancelled {
                        // It may have ended by itself meanwhile.
                        let _ = operator.run(&["job", "cancel", &id]);
                        cancelled = true;
                    }
                }
                _ended => return Run { ticket, job, took: begun.elapsed() },
            }
            assert!(begun.elapsed() < PATIENCE, "{runbook} does not end: {job:#}");
            thread::sleep(LOOK);
        }
    }
}

/// Asks the controller, again where it is too busy: all of this may go on beside much else.
fn asked(operator: &TestOperator, words: &[&str]) -> Value {
    let words = [words, &["--json"]].concat();
    for _ in 0..TIMES {
        let output = operator.run(&words);
        if output.status.success() {
            return serde_json::from_slice(&output.stdout).expect("JSON");
        }
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("unreachable"), "befund {words:?}: {said}");
        thread::sleep(LOOK);
    }
    panic!("the controller is too busy for {words:?}")
}

impl Run {
    /// The number of its ticket.
    #[must_use]
    pub fn ticket(&self) -> &str {
        &self.ticket
    }

    /// The job, as the help desk sees it.
    #[must_use]
    pub fn job(&self) -> &Value {
        &self.job
    }

    /// What it came to.
    #[must_use]
    pub fn result(&self) -> &Value {
        &self.job["outcome"]["result"]
    }

    /// How long it took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// The causes with this verdict.
    #[must_use]
    pub fn causes(&self, verdict: &str) -> Vec<&str> {
        let causes = self.result()["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of_verdict = causes.iter().filter(|cause| cause["verdict"] == verdict);
        of_verdict.filter_map(|cause| cause["id"].as_str()).collect()
    }

    /// That this cause was found, and no other.
    ///
    /// # Panics
    /// If not, with all that the run came to.
    pub fn found_only(&self, cause: &str) {
        assert_eq!(self.causes("found"), [cause], "{self}");
    }

    /// That the trouble is over by the runbook's own criterion, or is not.
    ///
    /// # Panics
    /// If it is otherwise, with all that the run came to.
    pub fn is_accepted(&self, accepted: bool) {
        assert_eq!(self.result()["accepted"], accepted, "{self}");
    }

    /// How far each attempt went: `ACT END`.
    #[must_use]
    pub fn attempts(&self) -> Vec<String> {
        let attempts = self.result()["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let word = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        attempts.iter().map(|one| format!("{} {}", word(&one["act"]), word(&one["end"]))).collect()
    }

    /// That just these were tried, and went so far.
    ///
    /// # Panics
    /// If not, with all that the run came to.
    pub fn tried(&self, attempts: &[&str]) {
        assert_eq!(self.attempts(), attempts, "{self}");
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let result = self.result();
        writeln!(f, "{} {}", self.job["state"], self.job["outcome"]["reason"])?;
        writeln!(f, "{}; accepted {}", result["conclusion"], result["accepted"])?;
        for cause in result["causes"].as_array().into_iter().flatten() {
            writeln!(f, "  {} {} {}", cause["id"], cause["verdict"], cause["evidence"])?;
        }
        for attempt in result["attempts"].as_array().into_iter().flatten() {
            let mut told = String::new();
            for key in ["act", "parameters", "end", "reason", "consent", "approval"] {
                write!(told, " {}", attempt[key])?;
            }
            writeln!(f, "  tried{told} {}", attempt["acted"]["summary"])?;
        }
        for (name, fact) in result["facts"].as_object().into_iter().flatten() {
            let text = fact.to_string();
            let end = text.floor_char_boundary(1_500);
            writeln!(f, "  {name}: {}", &text[..end])?;
        }
        Ok(())
    }
}
