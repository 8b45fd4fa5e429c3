//! The executor's door: the protocol on its local socket.
//!
//! One request for each connection, then a stream of replies, framed by [`befund_runtime::frame`].
//! Whoever asks and closes the connection before the end has given up: what runs for it is ended, but for runbooks.
//! Only root and the accounts of [`server::Config`] may ask, as the kernel says who they are.

use serde::{Deserialize, Serialize};

use befund_model::api::WorkInfo;
use befund_model::id::JobId;
use befund_model::job::{JobEvent, Order, Outcome, Said};
use befund_model::snapshot::{PrivacyClass, SectionKind, SectionRef};

pub mod client;
pub(crate) mod connection;
mod runbooks;
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
    /// Run a job. Answered by [`Reply::Event`]s, then [`Reply::Outcome`]. A runbook goes on when the
    /// connection ends: it is in the journal, and [`Request::Attach`] finds it again.
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
    /// Follow a runbook's job that is in the journal, from after this event. Answered as [`Request::Run`].
    Attach {
        /// The job.
        job: JobId,
        /// The last event that the asker has; 0 for none.
        after: u32,
    },
    /// Pass on what a person says to a job. Answered by [`Reply::Done`] also when it comes too late or twice.
    Say {
        /// The job.
        job: JobId,
        /// What.
        said: Said,
    },
    /// The jobs in the journal that were not reported, those begun at the machine itself too. Answered by
    /// [`Reply::Unreported`].
    Unreported,
    /// The controller has this job's events and outcome durably. Answered by [`Reply::Done`].
    Reported {
        /// The job.
        job: JobId,
    },
    /// What this machine trusts and keeps. Answered by [`Reply::Trust`].
    Trust,
    /// A trust root; its exact bytes are the frame's blob. Answered by [`Reply::Done`], or [`Reply::Error`] with
    /// why it is not taken.
    OfferRoot {
        /// Its signatures.
        signatures: Vec<String>,
    },
    /// A catalogue's manifest; its exact bytes are the frame's blob. Answered by [`Reply::Wanted`], or
    /// [`Reply::Error`] with why it is not taken.
    OfferCatalogue {
        /// Its signatures.
        signatures: Vec<String>,
    },
    /// A file of the catalogue that was offered last; its exact bytes are the frame's blob. Once all are there the
    /// catalogue takes the place of the one before. Answered by [`Reply::Done`].
    OfferFile {
        /// Its path within the catalogue.
        path: String,
    },
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
    /// The jobs that were not reported; nothing follows.
    Unreported(Vec<Unreported>),
    /// What this machine trusts and keeps; nothing follows.
    Trust(Box<TrustReport>),
    /// The files of the catalogue that are missing; nothing follows.
    Wanted {
        /// Their paths.
        paths: Vec<String>,
    },
    /// All was answered; nothing follows.
    Done,
    /// The request could not be answered; nothing follows.
    Error {
        /// What was attempted, on what, why it failed and what to do.
        message: String,
    },
}

/// A job in the journal that was not reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unreported {
    /// Its order; one that was begun at the machine itself has the same form.
    pub order: Order,
    /// Who began it at the machine itself; absent for one from afar.
    pub begun_by: Option<String>,
}

/// What this machine trusts and keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustReport {
    /// The version of its trust root; 0 without one.
    pub root_version: u64,
    /// Whether somebody vouched for that root: the installer, or whoever made the enrollment token.
    pub pinned: bool,
    /// The version of its catalogue; 0 without one.
    pub catalogue_version: u64,
    /// The SHA-256 of that catalogue's manifest, 64 hexadecimal digits; empty without one.
    pub catalogue: String,
    /// The SHA-256 of each file that it keeps.
    pub files: Vec<String>,
    /// The SHA-256 of the policy file, 64 hexadecimal digits; empty where the defaults hold.
    #[serde(default)]
    pub policy: String,
    /// Why the policy cannot be used; absent if it can.
    #[serde(default)]
    pub policy_refusal: Option<String>,
}

/// What may be run on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The probes that the policy allows to be run by themselves.
    pub works: Vec<WorkInfo>,
    /// The lists that parameters pick from.
    pub targets: Targets,
    /// The policy file; absent when the defaults apply.
    pub policy: Option<std::path::PathBuf>,
}
