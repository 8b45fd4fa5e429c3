//! A run as a state machine without I/O.
//!
//! ```text
//! collect -> ask -> judge causes -> for each found cause, each fix:
//!              predict -> consent -> approval -> act -> confirm -> verify    (again: collect, judge)
//!         -> collect again -> accept? -> done, or escalate
//! ```
//!
//! Whoever drives it does each [`Do`] and tells what came of it by the [`Heard`] with the same [`Step`].
//! What it promises, and its tests try to break:
//!
//! - it ends, whatever it hears, within its limits;
//! - nothing is acted without its detector true now, its consent given and its approval given;
//! - what was acted is verified, or its verification is told as not made;
//! - a detector whose facts are missing is unknown, never healthy;
//! - a dry run acts nothing.
//!
//! # What the driver owes it
//!
//! - *Every [`Do`] is answered once*, but for [`Do::Tell`] and [`Do::End`]. What is not wanted (an unknown step, one
//!   answered before, an answer of the wrong kind) is ignored. Measurements of one batch may be made side by side, and
//!   answered in any order.
//! - *`at`* is how long the run has lasted, counted on from zero and over interruptions. The time in which
//!   [`Do::Ask`], [`Do::Consent`] or [`Do::Approve`] is outstanding does not count; that in which a [`Do::Wait`]
//!   after `user.instruct` passes does. An `at` earlier than the one before is taken as that.
//! - *It is told before it is done*: a [`Heard`] is appended to the journal, with its `at`, before it is handed to
//!   [`Machine::hear`]. For [`Do::Act`] and [`Do::Undo`] the journal has INTENT(step) synced, and with it all before it,
//!   before the child starts, and EXIT synced after it ended. What was appended after the newest of these may be lost: the
//!   past is then shorter, and what it lacks is measured, asked and approved again.
//! - *Cancelling*: the driver stops the children of measuring and evaluating, and asks nobody any more; of an act in
//!   flight it stops the child, waits for it, and tells what came of it by [`Heard::Acted`]; an undo in flight it lets end.
//!   The machine ends, or undoes first what must not stay, and then ends.
//! - *[`Do::Measure::within`] and its like are kept by the driver*: what overstays is killed and told as `timeout`.
//! - *Inputs* are those that the signed schema admits; the machine only adds defaults.
//!
//! # Going on after an interruption
//!
//! The journal's past is handed to [`Machine::resume`], which goes the same way again, step by step, and gives what is
//! outstanding anew, but for [`Do::Act`] and [`Do::Undo`]. Of one of those in flight ([`Machine::outstanding`] has it) the
//! driver tells what its journal knows:
//!
//! | journal | driver |
//! |---|---|
//! | EXIT | hears what it says, as [`Heard::Acted`] or [`Heard::Undone`] |
//! | INTENT only, and the action says that it was done | hears [`Heard::Acted`] or [`Heard::Undone`] |
//! | INTENT only, and it was not done or may be repeated | does it (again), and hears of it |
//! | INTENT only, and nobody can tell | hears [`Heard::Indeterminate`] |
//! | INTENT only, of `machine.reboot`, and the boot id is another | hears [`Heard::Acted`] with `ok` |
//! | neither, of [`Do::Act`] | hears [`Heard::NotBegun`]: whether it is still right is looked at first |
//! | neither, of [`Do::Undo`] | does it now, INTENT first |
//!
//! Before that, it journals [`Heard::Interrupted`] as the newest of the past. If it dies before that, nothing has been
//! done, and it resumes once more in the same way.
//!
//! What was measured before an interruption is measured anew before anything is judged or changed by it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use befund_model::action::{Acted, Prediction, Risk};
use befund_model::job::JobState;
use befund_model::language::Text;
use befund_model::probe::ProbeResult;
use befund_model::snapshot::Status;

use crate::document::{Act, Consent, OnInterrupt, Source, UndoBy};

mod aftermath;
mod asking;
mod attempt;
mod conclusion;
mod ending;
mod exchange;
mod filling;
mod handle;
mod judging;
mod lines;
mod looking;
mod measuring;
mod names;
mod run;

#[cfg(test)]
mod tests;

pub use exchange::{MAX_INTERRUPTIONS, MAX_NEWS, MAX_STEPS, MAX_UNWANTED};
pub use handle::Machine;

/// What a [`Do`] is about, and what its [`Heard`] answers: unique within a run, the same in every run of the
/// same runbook that goes the same way, as in `collect/1/dns`, `fix/dns-dead/0/act`;
/// a name that is wanted again gets a number, as in `collect/1/dns#2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Step(pub String);

impl Step {
    /// Of [`Do::Measure`]: the name of the collecting step that is measured, as in `dns` of
    /// `fix/dns-dead/0/verify/2/dns` and of `collect/1/dns#2`, where it is tried again.
    #[must_use]
    pub fn measurement(&self) -> &str {
        let last = self.0.rsplit('/').next().unwrap_or_default();
        last.split('#').next().unwrap_or_default()
    }
}

/// What the machine wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Do {
    /// Measure; all that are wanted at one time may be measured side by side.
    Measure {
        /// Answered by [`Heard::Measured`].
        step: Step,
        /// What.
        source: Source,
        /// The parameters, filled in; an object.
        parameters: Value,
        /// How long it may take.
        within: Duration,
    },
    /// Evaluate expressions over facts.
    Evaluate {
        /// Answered by [`Heard::Evaluated`].
        step: Step,
        /// The expressions.
        expressions: Vec<String>,
        /// What they may name: an object with a member for each measurement whose facts are there, `ask` and
        /// `inputs`. What is missing stands in `missing`.
        scope: Value,
        /// Why a name has no facts.
        missing: BTreeMap<String, String>,
    },
    /// Ask a person.
    Ask {
        /// Answered by [`Heard::Answered`].
        step: Step,
        /// The question.
        question: befund_model::job::Question,
    },
    /// Tell what a fix would change.
    Predict {
        /// Answered by [`Heard::Predicted`].
        step: Step,
        /// The fix.
        fix: FixOrder,
    },
    /// See whether the fix is agreed to.
    Consent {
        /// Answered by [`Heard::Consented`].
        step: Step,
        /// The fix.
        fix: FixOrder,
        /// Who has to agree.
        consent: Consent,
        /// What it would change.
        prediction: Prediction,
    },
    /// Have the fix approved: signed by as many as the trust root demands, or by self-service.
    Approve {
        /// Answered by [`Heard::Approved`].
        step: Step,
        /// The fix.
        fix: FixOrder,
    },
    /// Do the fix.
    Act {
        /// Answered by [`Heard::Acted`].
        step: Step,
        /// The fix.
        fix: FixOrder,
    },
    /// Undo a fix of this run.
    Undo {
        /// Answered by [`Heard::Undone`].
        step: Step,
        /// The fix.
        fix: FixOrder,
        /// What [`Acted::before`] said.
        before: Value,
    },
    /// Wait.
    Wait {
        /// Answered by [`Heard::Waited`].
        step: Step,
        /// How long.
        lasting: Duration,
    },
    /// Tell on the ticket.
    Tell(befund_model::job::JobNews),
    /// The run has ended; nothing follows.
    End(Box<befund_model::runbook::RunbookResult>),
}

/// A fix, filled in: all that it takes to do it, to ask for it, and to sign it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FixOrder {
    /// The cause.
    pub cause: String,
    /// Which of its fixes, from 0.
    pub index: u32,
    /// What is done.
    pub act: Act,
    /// The parameters, filled in; an object.
    pub parameters: Value,
    /// The risk.
    pub risk: Risk,
    /// What the person is told.
    pub text: Option<Text>,
    /// How long it may take.
    pub within: Duration,
    /// What may be printed, in bytes, of what the run has left.
    pub output: u64,
    /// After an interruption.
    pub on_interrupt: OnInterrupt,
    /// How it is undone.
    pub undo: UndoBy,
}

/// What the machine is told. As the driver's journal keeps it, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// Of [`Do::Measure`].
    Measured {
        /// Which.
        step: Step,
        /// The result; a section's is that of a probe `section.KIND`.
        result: Box<ProbeResult>,
    },
    /// Of [`Do::Evaluate`].
    Evaluated {
        /// Which.
        step: Step,
        /// A value for each expression, or why there is none.
        values: Vec<Result<Value, String>>,
    },
    /// Of [`Do::Ask`].
    Answered {
        /// Which.
        step: Step,
        /// The answer; `None` when nobody answered in time.
        answer: Option<String>,
        /// Who answered, for the record, as in `the user (anna)` or `tina for the user`.
        by: String,
    },
    /// Of [`Do::Predict`].
    Predicted {
        /// Which.
        step: Step,
        /// What would change.
        prediction: Prediction,
    },
    /// Of [`Do::Consent`].
    Consented {
        /// Which.
        step: Step,
        /// Who agreed; or why there is no consent.
        consent: Result<String, String>,
    },
    /// Of [`Do::Approve`].
    Approved {
        /// Which.
        step: Step,
        /// Who signed; or why it is not approved.
        approval: Result<String, String>,
    },
    /// Of [`Do::Act`].
    Acted {
        /// Which.
        step: Step,
        /// What came of it.
        acted: Box<Acted>,
        /// What its commands printed, in bytes.
        output: u64,
    },
    /// Of [`Do::Act`] or [`Do::Undo`], after a crash: nobody can tell whether it was done.
    Indeterminate {
        /// Which.
        step: Step,
    },
    /// Of [`Do::Act`], after an interruption that came before it was begun. It is wanted again, in a step of its own, if
    /// the cause is still there.
    NotBegun {
        /// Which.
        step: Step,
    },
    /// Of [`Do::Undo`].
    Undone {
        /// Which.
        step: Step,
        /// What came of it.
        acted: Box<Acted>,
    },
    /// Of [`Do::Wait`].
    Waited {
        /// Which.
        step: Step,
    },
    /// Somebody cancelled the run.
    Cancelled {
        /// Who.
        by: String,
    },
    /// The run was interrupted and goes on; see [`Machine::resume`].
    Interrupted {
        /// By what.
        by: Interruption,
    },
}

/// What interrupts a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interruption {
    /// The machine restarted, whether the run wanted that or not; counted against the runbook's `reboots`.
    Reboot,
    /// The connection was lost that the run needs (for an approval, for an answer from afar).
    Disconnect,
    /// The agent started anew.
    AgentRestart,
}

impl Interruption {
    /// The words for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reboot => "a restart of the machine",
            Self::Disconnect => "a lost connection",
            Self::AgentRestart => "a restart of the agent",
        }
    }
}

/// How a run ended, for the job's outcome; its result is [`Do::End`]'s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// `Done`, `Cancelled` or `Indeterminate`.
    pub state: JobState,
    /// `Ok` where all was measured and the run went to its own end.
    pub status: Status,
    /// Why the status is not `ok`; empty if it is.
    pub reason: String,
}
