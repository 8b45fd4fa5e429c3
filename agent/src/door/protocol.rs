//! What is asked and answered at the door, as [`befund_runtime::frame`]s. One after the other on one
//! connection; a preview lives as long as its connection.

use serde::{Deserialize, Serialize};

use befund_model::Timestamp;
use befund_model::id::{AgentId, RequestId, TicketNumber};
use befund_model::snapshot::{SectionKind, SectionRef};

/// What a person's program asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// How things are. Answered by [`Answer::Status`].
    Status,
    /// Take a snapshot and say what is in it. Answered by [`Answer::Preview`].
    Preview,
    /// The exact bytes of a section of the preview. Answered by [`Answer::Section`] or
    /// [`Answer::Withheld`].
    Show {
        /// The section.
        kind: SectionKind,
    },
    /// Send what was previewed. Answered by [`Answer::Kept`], then [`Answer::Progress`] and
    /// [`Answer::Delayed`] until [`Answer::Delivered`].
    Send {
        /// What the person wrote.
        message: String,
    },
    /// A run of a runbook was begun at the machine itself: look for it at the executor, and let the controller
    /// know. Answered by [`Answer::Status`].
    RunBegun,
    /// Say when a run asks the people at the machine something. Answered by [`Answer::Asking`], as late as that is. What
    /// it asks, the executor says at its own door.
    Watch,
    /// See to it that the executor runs, where people cannot start it themselves. Answered by [`Answer::Awake`].
    Wake,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// How things are.
    Status(Box<Report>),
    /// What would be sent.
    Preview {
        /// The organisation that it would go to.
        organisation: String,
        /// Whose account it would be sent for.
        requester: String,
        /// The sections.
        lines: Vec<PreviewLine>,
    },
    /// A section; its bytes are the frame's blob.
    Section(SectionRef),
    /// A section that this account may not read.
    Withheld {
        /// Why.
        why: String,
    },
    /// The request is durable on this machine.
    Kept {
        /// Its number.
        request: RequestId,
        /// Whether the controller is connected.
        connected: bool,
    },
    /// It is on its way.
    Progress {
        /// Bytes sent.
        sent: u64,
        /// Of so many.
        total: u64,
    },
    /// It has to wait.
    Delayed {
        /// Why.
        why: String,
    },
    /// The controller has it.
    Delivered {
        /// The ticket that it opened.
        ticket: Option<TicketNumber>,
    },
    /// A run asks something: a hint, no more.
    Asking,
    /// The executor runs.
    Awake,
    /// It cannot be done.
    Error {
        /// What, why, and what to do.
        message: String,
    },
}

/// A section in a preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewLine {
    /// Its line of the manifest.
    pub section: SectionRef,
    /// Whether the account may read its bytes.
    pub readable: bool,
}

/// How things are with the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its identity.
    pub agent: AgentId,
    /// With whom it is enrolled.
    pub organisation: String,
    /// Its version.
    pub version: String,
    /// Whether it talks to the controller.
    pub connection: Connectivity,
    /// Until when its certificate is good.
    pub certificate_until: Timestamp,
    /// The correction of its clock, milliseconds.
    pub clock_correction_ms: i64,
    /// Requests that wait for the controller.
    pub requests_waiting: Vec<RequestId>,
    /// Scheduled snapshots that wait for the controller.
    pub snapshots_waiting: usize,
    /// Jobs at hand.
    pub jobs: usize,
    /// Bytes of all that waits.
    pub spool_bytes: u64,
    /// When the controller got a snapshot last, since the agent started.
    pub last_delivery: Option<Timestamp>,
}

/// Whether the agent talks to the controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connectivity {
    /// It tries.
    Connecting,
    /// It does.
    Connected {
        /// Where.
        address: String,
        /// Since when.
        since: Timestamp,
    },
    /// It failed, and tries again.
    Waiting {
        /// Why it failed.
        why: String,
        /// When it tries again.
        until: Timestamp,
    },
    /// The identity was revoked; it tries about once a day.
    Revoked,
}
