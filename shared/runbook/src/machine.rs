//! A run as a state machine without I/O.
//!
//! ```text
//! collect -> ask -> judge causes -> for each found cause, each fix:
//!              predict -> consent -> approval -> act -> confirm -> verify    (again: collect, judge)
//!         -> collect again -> accept? -> done, or escalate
//! ```
//!
//! Whoever drives it does each [`Do`] and tells what came of it by the [`Heard`] with the same [`Step`].
//! Time arrives as a parameter: how long the run has lasted, people's thinking left out where the driver
//! says so. What it promises, and its tests try to break:
//!
//! - it ends, whatever it hears, within its limits;
//! - nothing is acted without its detector true now, its consent given and its approval given;
//! - what was acted is verified, or its verification is told as not made;
//! - a detector whose facts are missing is unknown, never healthy;
//! - a dry run acts nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use befund_model::action::{Acted, Prediction, Risk};
use befund_model::language::Text;
use befund_model::probe::ProbeResult;

use crate::document::{Act, Consent, OnInterrupt, Source, UndoBy};

/// What a [`Do`] is about, and what its [`Heard`] answers: unique within a run, the same in every run of the
/// same runbook that goes the same way, as in `collect/1/dns`, `fix/dns-dead/0/act`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Step(pub String);

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

/// What the machine is told.
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
}
