//! What a run of a runbook tells while it goes on, in words: questions, consents, fixes and what became of
//! them.

use befund_model::action::{Acted, Risk};
use befund_model::job::JobNews;
use befund_model::snapshot::Status;

use super::words::Words;

impl Words {
    /// A sentence for what has no form of its own on the page; empty for what has.
    #[must_use]
    pub fn news(&self, news: &JobNews) -> String {
        match news {
            JobNews::Started
            | JobNews::Output(_)
            | JobNews::StepStarted { .. }
            | JobNews::StepEnded { .. }
            | JobNews::Cause { .. } => String::new(),
            JobNews::State(state) => self.job_state(state).to_owned(),
            JobNews::Asked(question) => {
                let whom = if question.user {
                    self.pick("Asked the user", "Frage an den Benutzer")
                } else {
                    self.pick("Asked the technician", "Frage an den Techniker")
                };
                format!("{whom}: {}", question.text.in_language(self.language()))
            }
            JobNews::Answered(answer) => {
                let said = self.pick("Answer", "Antwort");
                format!("{said} ({}): {}", answer.by, answer.answer)
            }
            JobNews::Predicted { act, risk, prediction, .. } => {
                let would = self.pick("would change", "würde ändern");
                let lines = prediction.lines.join("; ");
                format!("{act} ({}) {would}: {lines}", self.risk(*risk))
            }
            JobNews::Consent { given, by, .. } => {
                let word = if *given {
                    self.pick("Agreed", "Zugestimmt")
                } else {
                    self.pick("Not agreed", "Nicht zugestimmt")
                };
                format!("{word}: {by}")
            }
            JobNews::ApprovalAsked { people, .. } => {
                let waits = self.pick("Waits for signatures", "Wartet auf Unterschriften");
                format!("{waits}: {people} (befund approve)")
            }
            JobNews::Approved { by, .. } => {
                format!("{}: {by}", self.pick("Approved", "Freigegeben"))
            }
            JobNews::Acting { fix, act } => {
                format!("{} {act} ({})", self.pick("Doing", "Führt aus:"), fix.cause)
            }
            JobNews::Acted { acted, .. } => self.acted(acted),
            JobNews::Verified { gone, summary, .. } => {
                let word = match gone {
                    Some(true) => self.pick("Put right", "Behoben"),
                    Some(false) => self.pick("Still there", "Besteht weiter"),
                    None => self.pick("Cannot be told", "Nicht feststellbar"),
                };
                format!("{word}: {summary}")
            }
            JobNews::Undone { acted, .. } => {
                format!("{}: {}", self.pick("Undone", "Rückgängig gemacht"), self.acted(acted))
            }
            JobNews::Resumed { after } => {
                format!("{} {after}", self.pick("Goes on after", "Geht weiter nach"))
            }
        }
    }

    /// How much a step can do.
    #[must_use]
    pub fn risk(&self, risk: Risk) -> &'static str {
        match risk {
            Risk::Read => self.pick("only looks", "sieht nur nach"),
            Risk::Change => self.pick("change", "Änderung"),
            Risk::Disruptive => self.pick("disruptive", "störend"),
        }
    }

    fn acted(&self, acted: &Acted) -> String {
        match acted.status {
            Status::Ok => acted.summary.clone(),
            Status::Partial
            | Status::Unsupported
            | Status::Denied
            | Status::Timeout
            | Status::Failed => format!("{}: {}", self.status_of(&acted.status), acted.reason),
        }
    }
}
