//! What a machine may say on its session, and in which order: the rules alone, without I/O.

use befund_model::id::{Hash, JobId};
use befund_model::job::{JobEvent, MAX_EVENT_BYTES, MAX_EVENTS, MAX_RESULT_BYTES, Order, Outcome};
use befund_model::machine::MachineTrust;
use befund_proto::convert::{self, InvalidField};
use befund_proto::v1::agent_message::Body;
use befund_proto::{CHUNK_BYTES, v1};

use crate::gate::facts;
use crate::store::repository::MachineFacts;

/// The most capabilities that a hello names, and the bytes of each.
const MAX_CAPABILITIES: usize = 64;
/// Jobs whose events' order is watched on one session.
const MAX_RUNNING: usize = 32;
/// The most bytes of the order of a machine's own job, and of the name of who began it.
const MAX_ORDER_BYTES: usize = 12 << 10;
const MAX_NAME_BYTES: usize = 128;
/// Results that may come at the same time, interleaved.
const MAX_RESULTS: usize = 4;

/// What a machine said, understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    /// Who it is; the session has begun.
    Hello {
        /// Of itself.
        facts: MachineFacts,
        /// Its wall clock, Unix milliseconds.
        clock: i64,
        /// What it trusts, where it said so.
        trust: Option<MachineTrust>,
    },
    /// It is there.
    Beat,
    /// Its stable sections are as they were.
    CheckIn(Hash),
    /// It has the order.
    Accepted(JobId),
    /// Something happened in a job.
    Event(JobId, JobEvent),
    /// A job ended.
    Finished(JobId, Box<Outcome>),
    /// What was said to a job reached it.
    WordTaken(JobId, u32),
    /// A job was begun at the machine itself, by this account.
    Own(Box<Order>, String),
    /// What it trusts now.
    Trusts(MachineTrust),
    /// Nothing to do: a part of a result, or a message from a newer agent.
    Nothing,
}

/// A rule that the machine broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    /// Something before the hello.
    #[error("the first message was not a hello")]
    NotGreeted,
    /// Another hello.
    #[error("a second hello")]
    GreetedTwice,
    /// A field that is no value of the domain.
    #[error(transparent)]
    Field(#[from] InvalidField),
    /// Too many, too large.
    #[error("{0} is larger than allowed")]
    TooLarge(&'static str),
    /// An event whose number leaves a gap.
    #[error("event {got} of job {job} came after event {last}")]
    Gap {
        /// The job.
        job: JobId,
        /// Its last event.
        last: u32,
        /// The one that came.
        got: u32,
    },
    /// A part of a result out of order.
    #[error("part {got} of the result of job {job} came instead of part {expected}")]
    Part {
        /// The job.
        job: JobId,
        /// The part that was expected.
        expected: u32,
        /// The one that came.
        got: u32,
    },
    /// An outcome that is none.
    #[error("the outcome of job {0} is not a final state")]
    NotFinal(JobId),
}

/// Where a session stands. Costs a few words until jobs run.
#[derive(Debug, Default)]
pub(super) struct Session {
    greeted: bool,
    running: Vec<(JobId, u32)>,
    results: Vec<Assembly>,
}

#[derive(Debug)]
struct Assembly {
    job: JobId,
    parts: u32,
    bytes: Vec<u8>,
}

impl Session {
    /// Takes in a message.
    ///
    /// # Errors
    /// If it breaks a rule; the session is over then.
    pub(super) fn hear(&mut self, message: v1::AgentMessage) -> Result<Heard, Broken> {
        match message.body {
            Some(Body::Hello(hello)) if !self.greeted => self.hello(hello),
            Some(Body::Hello(_)) => Err(Broken::GreetedTwice),
            _ if !self.greeted => Err(Broken::NotGreeted),
            None => Ok(Heard::Nothing),
            Some(Body::Heartbeat(v1::Heartbeat {})) => Ok(Heard::Beat),
            Some(Body::CheckIn(check_in)) => {
                Ok(Heard::CheckIn(convert::id::hash("CheckIn.root", &check_in.root)?))
            }
            Some(Body::OrderAccepted(accepted)) => {
                Ok(Heard::Accepted(convert::id::job("OrderAccepted.job", &accepted.job)?))
            }
            Some(Body::Event(event)) => self.event(&event),
            Some(Body::Result(part)) => self.part(&part),
            Some(Body::SaidAck(ack)) => {
                Ok(Heard::WordTaken(convert::id::job("SaidAck.job", &ack.job)?, ack.seq))
            }
            Some(Body::OwnJob(own)) => own_job(own),
            Some(Body::Trust(state)) => Ok(Heard::Trusts(convert::trust::read(state)?)),
        }
    }

    fn hello(&mut self, hello: v1::Hello) -> Result<Heard, Broken> {
        if hello.capabilities.len() > MAX_CAPABILITIES
            || hello.capabilities.iter().any(|name| name.len() > 64)
        {
            return Err(Broken::TooLarge("the list of capabilities"));
        }
        let facts = facts::read(hello.facts.unwrap_or_default())?;
        let trust = hello.trust.map(convert::trust::read).transpose()?;
        self.greeted = true;
        Ok(Heard::Hello { facts, clock: hello.clock, trust })
    }

    fn event(&mut self, event: &v1::Event) -> Result<Heard, Broken> {
        let job = convert::id::job("Event.job", &event.job)?;
        if event.body.len() > MAX_EVENT_BYTES || event.seq > MAX_EVENTS {
            return Err(Broken::TooLarge("an event"));
        }
        let told: JobEvent = convert::json::read("Event.body", &event.body)?;
        if event.seq == 0 || told.seq != event.seq {
            let problem = format!("{} and {} in its body", event.seq, told.seq);
            return Err(InvalidField { field: "Event.seq", problem }.into());
        }
        match self.running.iter_mut().find(|(known, _)| *known == job) {
            Some((_, last)) if event.seq > last.saturating_add(1) => {
                return Err(Broken::Gap { job, last: *last, got: event.seq });
            }
            Some((_, last)) => *last = event.seq.max(*last),
            None => {
                if self.running.len() >= MAX_RUNNING {
                    self.running.remove(0);
                }
                self.running.push((job, event.seq));
            }
        }
        Ok(Heard::Event(job, told))
    }

    fn part(&mut self, part: &v1::ResultPart) -> Result<Heard, Broken> {
        let job = convert::id::job("ResultPart.job", &part.job)?;
        if part.body.len() > CHUNK_BYTES {
            return Err(Broken::TooLarge("a part of a result"));
        }
        if part.part == 0 {
            // A result that begins anew takes the place of what came of it before.
            self.results.retain(|result| result.job != job);
            if self.results.len() >= MAX_RESULTS {
                return Err(Broken::TooLarge("the number of results at once"));
            }
            self.results.push(Assembly { job, parts: 0, bytes: Vec::new() });
        }
        let Some(at) = self.results.iter().position(|result| result.job == job) else {
            return Err(Broken::Part { job, expected: 0, got: part.part });
        };
        let result = &mut self.results[at];
        if part.part != result.parts {
            return Err(Broken::Part { job, expected: result.parts, got: part.part });
        }
        if result.bytes.len() + part.body.len() > MAX_RESULT_BYTES {
            return Err(Broken::TooLarge("a result"));
        }
        result.bytes.extend_from_slice(&part.body);
        result.parts += 1;
        if !part.last {
            return Ok(Heard::Nothing);
        }
        let whole = self.results.swap_remove(at);
        if self.results.is_empty() {
            self.results = Vec::new();
        }
        self.running.retain(|(known, _)| *known != job);
        if self.running.is_empty() {
            self.running = Vec::new();
        }
        let outcome: Outcome = convert::json::read("ResultPart.body", &whole.bytes)?;
        if !outcome.state.is_final() {
            return Err(Broken::NotFinal(job));
        }
        Ok(Heard::Finished(job, Box::new(outcome)))
    }
}

/// A job that was begun at the machine itself.
fn own_job(own: v1::OwnJob) -> Result<Heard, Broken> {
    let job = convert::id::job("OwnJob.job", &own.job)?;
    if own.body.len() > MAX_ORDER_BYTES {
        return Err(Broken::TooLarge("the order of a machine's own job"));
    }
    let invalid = |field, problem: &str| InvalidField { field, problem: problem.to_owned() };
    let plain = |name: &str| !name.is_empty() && !name.contains(char::is_control);
    if own.begun_by.len() > MAX_NAME_BYTES || !plain(&own.begun_by) {
        return Err(invalid("OwnJob.begun_by", "no account's name").into());
    }
    let order: Order = convert::json::read("OwnJob.body", &own.body)?;
    if order.job != job {
        return Err(invalid("OwnJob.job", "names another job than its body").into());
    }
    Ok(Heard::Own(Box::new(order), own.begun_by))
}

#[cfg(test)]
mod tests;
