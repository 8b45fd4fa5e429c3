//! What the link's core is told by the tasks around it.

use tokio::sync::{mpsc, oneshot};
use tonic::transport::Channel;

use befund_model::id::{JobId, SnapshotId};
use befund_model::job::{JobEvent, Order, Outcome};
use befund_model::snapshot::Purpose;
use befund_proto::v1;

use super::session::Heard;
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

/// A person's request.
pub(crate) struct ToSend {
    /// What was previewed.
    pub(crate) taken: Taken,
    /// The request.
    pub(crate) purpose: Purpose,
    /// Where to tell what becomes of it.
    pub(crate) tell: mpsc::Sender<Answer>,
}
