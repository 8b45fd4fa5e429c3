//! The rules of a session as `tests/hostile` drives them: messages in, what was understood out. Not
//! for anything else.

use befund_model::id::{Hash, JobId};
use befund_model::job::Outcome;
use befund_proto::v1;

use super::machine::{self, Heard};

/// What was understood.
#[derive(Debug)]
pub enum Said {
    /// The session has begun.
    Hello,
    /// The machine is there.
    Beat,
    /// Its stable sections are as they were.
    CheckIn(Hash),
    /// It has the order.
    Accepted(JobId),
    /// The event with this number.
    Event(JobId, u32),
    /// The job ended.
    Finished(JobId, Box<Outcome>),
    /// Nothing to do.
    Nothing,
}

/// One session.
#[derive(Debug, Default)]
pub struct Session(machine::Session);

impl Session {
    /// Takes in a message.
    ///
    /// # Errors
    /// The rule that it breaks; the session is over then.
    pub fn hear(&mut self, message: v1::AgentMessage) -> Result<Said, String> {
        let heard = self.0.hear(message).map_err(|broken| broken.to_string())?;
        Ok(match heard {
            Heard::Hello { .. } => Said::Hello,
            Heard::Beat => Said::Beat,
            Heard::CheckIn(root) => Said::CheckIn(root),
            Heard::Accepted(job) => Said::Accepted(job),
            Heard::Event(job, event) => Said::Event(job, event.seq),
            Heard::Finished(job, outcome) => Said::Finished(job, outcome),
            Heard::WordTaken(..) | Heard::Own(..) | Heard::Trusts(_) | Heard::Nothing => {
                Said::Nothing
            }
        })
    }
}
