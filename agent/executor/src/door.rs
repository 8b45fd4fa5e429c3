//! The executor's door: the protocol on its local socket.
//!
//! One request for each connection, then a stream of replies, framed by [`befund_runtime::frame`].
//! Whoever asks and closes the connection before the end has given up: what runs for it is ended.
//! Only root and the accounts of [`server::Config`] may ask, as the kernel says who they are.

use serde::{Deserialize, Serialize};

use befund_model::api::WorkInfo;
use befund_model::id::JobId;
use befund_model::job::{JobEvent, Order, Outcome};
use befund_model::snapshot::{PrivacyClass, SectionKind, SectionRef};

pub mod client;
pub(crate) mod connection;
pub mod server;

pub use befund_collect::probe::Targets;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// A snapshot's sections. Answered by [`Reply::Section`] for each, then [`Reply::Done`].
    Collect {
        /// Sections of this class and the less private ones.
        up_to: PrivacyClass,
        /// Only these kinds; all if absent.
        only: Option<Vec<SectionKind>>,
    },
    /// Run a job. Answered by [`Reply::Event`]s, then [`Reply::Outcome`].
    Run {
        /// The order, as it came from the controller.
        order: Order,
        /// The correction of the wall clock, in milliseconds, for the times of events.
        clock_offset_ms: i64,
    },
    /// Stop a job that another connection started. Answered by [`Reply::Done`]; the job's own
    /// connection gets its outcome.
    Cancel {
        /// The job.
        job: JobId,
    },
    /// What may be run here. Answered by [`Reply::Description`].
    Describe,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// A section; its bytes are the frame's blob.
    Section(SectionRef),
    /// Something happened in the job.
    Event(JobEvent),
    /// The job ended; nothing follows.
    Outcome(Box<Outcome>),
    /// What may be run here; nothing follows.
    Description(Box<Description>),
    /// All was answered; nothing follows.
    Done,
    /// The request could not be answered; nothing follows.
    Error {
        /// What was attempted, on what, why it failed and what to do.
        message: String,
    },
}

/// What may be run on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The probes and runbooks that the policy allows.
    pub works: Vec<WorkInfo>,
    /// The lists that parameters pick from.
    pub targets: Targets,
    /// The policy file; absent when the defaults apply.
    pub policy: Option<std::path::PathBuf>,
}
