//! What the link's core is told by the tasks around it.

use tokio::sync::{mpsc, oneshot};
use tonic::transport::Channel;

use befund_executor::door::Unreported;
use befund_executor::door::client::ExecutorError;
use befund_model::id::{JobId, SnapshotId};
use befund_model::job::{JobEvent, Order, Outcome};
use befund_model::machine::MachineTrust;
use befund_model::snapshot::Purpose;
use befund_proto::v1;

use super::catalogue::Brought;
use super::session::{Heard, Weighed};
use super::upload::{Receipt, UploadError};
use crate::door::protocol::{Answer, Report};
use crate::snapshot::{TakeError, Taken};

/// Something happened.
pub(crate) enum Note {
    /// A stream to the controller is open.
    Opened {
        /// Where to put what is said.
        say: mpsc::Sender<v1::AgentMessage>,
        /// For uploads beside it.
        channel: Channel,
        /// What the hello said that the machine trusts.
        trust_told: Option<MachineTrust>,
    },
    /// The controller said something on it.
    Heard(Heard),
    /// It is closed.
    Closed,
    /// The executor was handed a job, or could not be; what becomes of it follows.
    HandedOver(Box<Order>),
    /// Something happened in a job.
    Event(JobId, JobEvent),
    /// A job ended.
    Ended(JobId, Outcome),
    /// What became of a run, as found out by this one of those that followed it.
    Run(JobId, u64, Tidings),
    /// The runs that the executor has not reported.
    Unreported(Result<Vec<Unreported>, ExecutorError>),
    /// A run was begun at the machine itself.
    RunBegun,
    /// The executor could not be told that a run was reported.
    NotReported,
    /// What was said to a run was passed on, or not.
    PassedOn(JobId, u32, bool),
    /// What the controller hands out was looked for.
    Brought(Box<Brought>),
    /// Something on the machine has changed.
    Changed,
    /// The scheduled snapshot was taken, or not.
    Taken(Result<Taken, TakeError>),
    /// Bytes of a snapshot sent, of so many.
    Progress(SnapshotId, u64, u64),
    /// A snapshot was sent, or not.
    Uploaded(SnapshotId, Result<Receipt, UploadError>),
    /// A person sends a request.
    Send(Box<ToSend>),
    /// A person asks how things are.
    Status(oneshot::Sender<Report>),
}

/// What became of a run.
pub(crate) enum Tidings {
    /// Something happened in it.
    Event(Weighed),
    /// It ended.
    Ended(Outcome),
    /// The executor could not be asked to run it: why.
    Lost(String),
}

/// A person's request.
pub(crate) struct ToSend {
    /// What was previewed.
    pub(crate) taken: Taken,
    /// The request.
    pub(crate) purpose: Purpose,
    /// Where to tell what becomes of it.
    pub(crate) tell: mpsc::Sender<Answer>,
}
