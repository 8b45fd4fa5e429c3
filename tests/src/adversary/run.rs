//! A run on a machine under attack that waits for somebody, and what the hostile controller says to it. Not how it was
//! started.

use befund_model::id::{AgentId, JobId};
use befund_model::job::{JobEvent, JobNews, Outcome, Said};
use befund_model::runbook::{FixRef, RunbookResult};
use befund_proto::convert::{id, json};
use befund_proto::v1;
use befund_proto::v1::controller_message::Body as Out;
use befund_trust::approval::Statement;
use befund_trust::signature::Namespace;

use super::lanes::{Heard, Lanes};
use super::organisation::signed;

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The machine.
    pub agent: AgentId,
    /// The job.
    pub job: JobId,
    /// The fix that waits.
    pub fix: FixRef,
    /// What the machine wants to have signed; empty while a person is asked.
    pub statement: String,
    said: u32,
}

/// What is awaited of a run.
#[derive(Clone, Debug)]
enum Came {
    Asks(FixRef, String),
    Over(String),
}

impl Run {
    /// Waits until a run that was ordered asks for a signature.
    ///
    /// # Panics
    /// If it ends before.
    #[must_use]
    pub fn asking(lanes: &Lanes, agent: AgentId, job: JobId, mark: usize) -> Self {
        let came = lanes.wait(agent, mark, "a statement to be signed", |heard| match heard {
            Heard::Event(of, event) if *of == job => match &event.what {
                JobNews::ApprovalAsked { fix, statement, .. } => {
                    Some(Came::Asks(fix.clone(), statement.clone()))
                }
                _ => None,
            },
            Heard::Ended(of, outcome) if *of == job => Some(Came::Over(told(outcome))),
            _ => None,
        });
        match came {
            Came::Asks(fix, statement) => Self { agent, job, fix, statement, said: 0 },
            Came::Over(how) => panic!("it ended before it was signed: {how}"),
        }
    }

    /// A run whose person is asked, or that is not known to ask anybody yet.
    #[must_use]
    pub fn unasked(agent: AgentId, job: JobId) -> Self {
        let fix = FixRef { cause: "not-noted".to_owned(), index: 0 };
        Self { agent, job, fix, statement: String::new(), said: 0 }
    }

    /// Says something to it.
    pub fn say(&mut self, lanes: &Lanes, said: &Said) {
        self.said += 1;
        let (job, body) = (id::bytes(self.job.as_bytes()), json::write(said));
        lanes.say(self.agent, Out::Said(v1::Said { job, seq: self.said, body }));
    }

    /// Says something to it, and waits until it arrived.
    pub fn say_and_see(&mut self, lanes: &Lanes, said: &Said) {
        let mark = lanes.mark(self.agent);
        self.say(lanes, said);
        let (job, seq) = (self.job, self.said);
        lanes.wait(self.agent, mark, "an acknowledgement", |heard| {
            matches!(heard, Heard::SaidAck(of, at) if (*of, *at) == (job, seq)).then_some(())
        });
    }

    /// Hands it signatures; what it says of them.
    pub fn sign(&mut self, lanes: &Lanes, signatures: Vec<String>) -> String {
        let mark = lanes.mark(self.agent);
        let fix = self.fix.clone();
        self.say(lanes, &Said::Approval { fix, signatures });
        self.verdict(lanes, mark)
    }

    /// What it says of signatures that were handed to it.
    #[must_use]
    pub fn verdict(&self, lanes: &Lanes, mark: usize) -> String {
        let job = self.job;
        lanes.wait(self.agent, mark, "a word about the signatures", |heard| match heard {
            Heard::Event(of, JobEvent { what, .. }) if *of == job => match what {
                JobNews::Output(line) if line.contains("approval") => Some(line.clone()),
                JobNews::Approved { by, .. } => Some(format!("approved by {by}")),
                JobNews::Signed { by, people, .. } => {
                    Some(format!("signed by {} of {people}: {}", by.len(), by.join(", ")))
                }
                _ => None,
            },
            Heard::Ended(of, outcome) if *of == job => Some(told(outcome)),
            _ => None,
        })
    }

    /// Signatures of these people's keys over what the machine wants to have signed.
    #[must_use]
    pub fn signatures(&self, seeds: &[u8]) -> Vec<String> {
        signed(Namespace::Approval, self.statement.as_bytes(), seeds)
    }

    /// Signatures of these people's keys over what differs in this from what the machine wants to have signed.
    ///
    /// # Panics
    /// If it does not differ.
    #[must_use]
    pub fn forged(&self, change: impl FnOnce(&mut Statement), seeds: &[u8]) -> Vec<String> {
        let mut statement = Statement::parse(self.statement.as_bytes()).expect("a statement");
        change(&mut statement);
        let bytes = statement.bytes();
        assert_ne!(bytes, self.statement.as_bytes(), "nothing was forged");
        signed(Namespace::Approval, &bytes, seeds)
    }

    /// Cancels it, and waits for its end; how it ended.
    pub fn cancel(&self, lanes: &Lanes) -> String {
        let mark = lanes.mark(self.agent);
        lanes.say(self.agent, Out::Cancel(v1::Cancel { job: id::bytes(self.job.as_bytes()) }));
        self.end(lanes, mark)
    }

    /// Waits for its end; how it ended.
    #[must_use]
    pub fn end(&self, lanes: &Lanes, mark: usize) -> String {
        ended(lanes, self.agent, self.job, mark)
    }
}

/// Waits for the end of a job; how it ended.
#[must_use]
pub fn ended(lanes: &Lanes, agent: AgentId, job: JobId, mark: usize) -> String {
    lanes.wait(agent, mark, "the end of a job", |heard| match heard {
        Heard::Ended(of, outcome) if *of == job => Some(told(outcome)),
        _ => None,
    })
}

/// How a job ended, with what became of each fix.
fn told(outcome: &Outcome) -> String {
    let mut text = format!("{}: {}", outcome.state, outcome.reason);
    if let Ok(result) = serde_json::from_value::<RunbookResult>(outcome.result.clone()) {
        text.push_str(&format!(" | {}", result.conclusion));
        for attempt in result.attempts {
            text.push_str(&format!(" | {:?}: {}", attempt.end, attempt.reason));
        }
    }
    text
}
