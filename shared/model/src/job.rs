//! A job: one probe or runbook on one machine, and the states that it goes through.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::id::{AgentId, JobId, TicketNumber};
use crate::runbook::{FixRef, Mode};
use crate::snapshot::Status;

/// How long a job waits for its machine unless told otherwise: three days.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(3 * 24 * 3600);
/// The most bytes of a job's result, as JSON.
pub const MAX_RESULT_BYTES: usize = 256 << 10;
/// The most events of one job.
pub const MAX_EVENTS: u32 = 10_000;
/// The most bytes of one event, as JSON.
pub const MAX_EVENT_BYTES: usize = 16 << 10;

/// What a job runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// A compiled-in probe, by name (`net.dns`).
    Probe(String),
    /// A runbook, by name (`net.no-internet`).
    Runbook(String),
    /// Undoing all that the runbooks of a ticket changed on the machine, last first.
    Undo(TicketNumber),
}

impl Work {
    /// The name, as technicians type it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Probe(name) | Self::Runbook(name) => name,
            Self::Undo(_) => "undo",
        }
    }
}

mod news;

pub use news::{Choice, JobEvent, JobNews, Question};

/// The rank of the states of a job at work.
const AT_WORK: u8 = 2;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// In the store; the machine has not taken it yet.
    Waiting,
    /// The machine has it durably.
    Delivered,
    /// The machine said that it began.
    Running,
    /// It waits for a person's answer or consent.
    Asking,
    /// It waits for a technician's signature.
    NeedsApproval,
    /// It goes on once the machine has restarted.
    Rebooting,
    /// It ended and has a result (whose own status may still say that something could not be read).
    Done,
    /// It ended without a result that can be used.
    Failed,
    /// The machine declined: a signature, its policy or its user, or it does not know the work.
    Refused,
    /// Somebody cancelled it.
    Cancelled,
    /// Its deadline passed before it ended.
    Expired,
    /// It was interrupted in the middle of a change, and nobody can tell whether that was made.
    Indeterminate,
}

impl JobState {
    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Waiting
            | Self::Delivered
            | Self::Running
            | Self::Asking
            | Self::NeedsApproval
            | Self::Rebooting => false,
            Self::Done
            | Self::Failed
            | Self::Refused
            | Self::Cancelled
            | Self::Expired
            | Self::Indeterminate => true,
        }
    }

    /// Whether a job may go from `self` to `next`. States only move forward, but for those of a job at work,
    /// which go to and fro; a final one is never left. This is the whole rule, and the store enforces it.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        let at_work = self.rank() == AT_WORK && next.rank() == AT_WORK;
        !self.is_final() && (self.rank() < next.rank() || at_work && self as u8 != next as u8)
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::Delivered => 1,
            Self::Running | Self::Asking | Self::NeedsApproval | Self::Rebooting => AT_WORK,
            Self::Done
            | Self::Failed
            | Self::Refused
            | Self::Cancelled
            | Self::Expired
            | Self::Indeterminate => 3,
        }
    }

    /// The word used on screens and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Running => "running",
            Self::Asking => "asking",
            Self::NeedsApproval => "needs approval",
            Self::Rebooting => "rebooting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Indeterminate => "indeterminate",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::Waiting,
            Self::Delivered,
            Self::Running,
            Self::Asking,
            Self::NeedsApproval,
            Self::Rebooting,
            Self::Done,
            Self::Failed,
            Self::Refused,
            Self::Cancelled,
            Self::Expired,
            Self::Indeterminate,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A job as the controller keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The machine that it runs on.
    pub agent: AgentId,
    /// The ticket that its events go to.
    pub ticket: Option<TicketNumber>,
    /// What it runs.
    pub work: Work,
    /// The parameters, a JSON object; the machine checks them against the probe's schema.
    pub parameters: Value,
    /// Where it stands.
    pub state: JobState,
    /// The account that started it.
    pub created_by: String,
    /// When it was started.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub created_at: Timestamp,
    /// When it expires unless it has ended.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub deadline: Timestamp,
    /// When it ended.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = "date-time"))]
    pub ended_at: Option<Timestamp>,
    /// What came of it, once it ended.
    pub outcome: Option<Outcome>,
    /// More of a runbook; absent for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<RunbookOrder>,
}

/// An order to run a job, as it is handed to the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The job's id; a machine runs it once.
    pub job: JobId,
    /// The machine that may run it.
    pub agent: AgentId,
    /// What to run.
    pub work: Work,
    /// The parameters, a JSON object.
    pub parameters: Value,
    /// The ticket, to be shown at the machine.
    pub ticket: Option<TicketNumber>,
    /// How long the machine may take from now on, in milliseconds: a duration, since its clock may
    /// be wrong.
    pub within_ms: u64,
    /// More of a runbook; absent for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<RunbookOrder>,
}

/// What an order for a runbook says beyond its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunbookOrder {
    /// How it is meant.
    pub mode: Mode,
    /// The catalogue that it is taken from: the SHA-256 of the manifest, 64 hexadecimal digits.
    pub catalogue: String,
}

/// What people say to a job at work, brought to its machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A statement that the machine made was signed.
    Approval {
        /// Which fix it is for.
        fix: FixRef,
        /// The signatures, each as `ssh-keygen -Y sign` writes it.
        signatures: Vec<String>,
    },
    /// A fix will not be signed.
    NotApproved {
        /// Which fix.
        fix: FixRef,
        /// Who says so.
        by: String,
    },
    /// A question was answered.
    Answer {
        /// The question's name.
        question: String,
        /// The choice.
        answer: String,
        /// Who answered, and for whom: `tina`, or `tina for the user`.
        by: String,
    },
}

/// What came of a job: the state that it ended in, the reason, the typed result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Outcome {
    /// A final state.
    pub state: JobState,
    /// How the measurement itself came out.
    pub status: Status,
    /// Why it is not `ok`; empty if it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// A [`crate::probe::ProbeResult`] or a [`crate::runbook::RunbookResult`]; null without a result.
    #[serde(default)]
    pub result: Value,
    /// How long it ran on the machine, in microseconds.
    #[serde(default)]
    pub took_us: u64,
}
