//! What the journal says of a job, entry by entry. How it is written to a disk is [`super::record`]'s.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use befund_model::Timestamp;
use befund_model::action::{Acted, Repeat};
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::{JobEvent, Outcome};
use befund_runbook::machine::{FixOrder, Heard, Step};

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The job was taken on. Always the first, and only the first.
    Received(Box<Received>),
    /// The machine was told something.
    Heard {
        /// What.
        heard: Box<Heard>,
        /// How long the run had lasted, as the machine was told.
        at: Duration,
    },
    /// A step that changes something is about to begin.
    Intent(Box<Intent>),
    /// It ended. The machine is told before another step begins.
    Exit {
        /// The step of the intent.
        step: Step,
        /// What came of it.
        acted: Box<Acted>,
        /// What its commands printed, in bytes.
        output: u64,
    },
    /// Something was told.
    News(Box<JobEvent>),
    /// The job ended.
    Ended(Box<Outcome>),
    /// The controller has the outcome and every event.
    Reported {
        /// When it said so.
        at: Timestamp,
    },
    /// Part of this journal was lost: what stands before it is whole, what stood after it was put aside.
    Damaged {
        /// How many bytes were put aside.
        bytes: u64,
        /// What was wrong.
        why: String,
    },
}

impl Entry {
    /// Whether it is synced before [`super::Journal::append`] returns. What is not can be had again: it is
    /// measured anew, or asked again.
    #[must_use]
    pub const fn is_synced(&self) -> bool {
        match self {
            Self::Received(_)
            | Self::Intent(_)
            | Self::Exit { .. }
            | Self::Ended(_)
            | Self::Reported { .. }
            | Self::Damaged { .. } => true,
            Self::Heard { .. } | Self::News(_) => false,
        }
    }

    /// Whether undoing needs it, once all else was reported.
    pub(super) const fn is_kept(&self) -> bool {
        match self {
            Self::Heard { .. } | Self::News(_) => false,
            Self::Received(_)
            | Self::Intent(_)
            | Self::Exit { .. }
            | Self::Ended(_)
            | Self::Reported { .. }
            | Self::Damaged { .. } => true,
        }
    }
}

/// A job that was taken on: all that running it needs, beside the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// Its id.
    pub job: JobId,
    /// What it runs.
    pub work: befund_model::job::Work,
    /// The digest of the catalogue that the runbook stands in, as hexadecimal digits; absent for an
    /// undo.
    pub catalogue: Option<String>,
    /// How it is meant.
    pub mode: befund_model::runbook::Mode,
    /// The inputs, an object, as the signed schema allows them.
    pub inputs: Value,
    /// The ticket.
    pub ticket: Option<TicketNumber>,
    /// When, by the machine's own clock.
    pub at: Timestamp,
    /// How long it may take from then on, people's thinking left out.
    pub within: Duration,
    /// Who started it.
    pub by: StartedBy,
    /// The order as it came, byte for byte, in base64; empty where there was none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub order: String,
}

/// Who started a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartedBy {
    /// The controller, for a technician.
    Afar,
    /// A person at the machine.
    Here {
        /// Their account, as the kernel named it.
        account: String,
    },
}

/// A step that changes something is about to begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Which.
    pub step: Step,
    /// What is done.
    pub doing: Doing,
    /// The fix, filled in; with how it is undone.
    pub fix: FixOrder,
    /// What may happen if nobody knows whether it was done.
    pub repeat: Repeat,
    /// Which run of the system it begins in; absent where that cannot be told.
    pub boot: Option<BootId>,
    /// What undoing needs to know and was known before it; null where there was nothing. What
    /// [`Acted::before`] says afterwards takes its place.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub before: Value,
    /// Its place among all changes of this machine; the journal fills it in.
    #[serde(default)]
    pub turn: u64,
}

/// What an intent is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Do the fix.
    Act,
    /// Restart the machine: done, once the system runs anew.
    Restart,
    /// Undo a fix, of this job or of another one.
    Undo(ChangeRef),
}

/// A change that was made, by the step that made it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChangeRef {
    /// The job.
    pub job: JobId,
    /// The step.
    pub step: Step,
}

/// One run of the system, from its start to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(pub String);

impl BootId {
    /// The one that runs now; `None` where the system does not name it.
    #[must_use]
    pub fn now() -> Option<Self> {
        crate::platform::boot_id().map(Self)
    }
}
