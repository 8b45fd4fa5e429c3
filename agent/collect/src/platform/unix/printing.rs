//! CUPS, as Linux and macOS have it: what it is asked over its local socket.

pub(crate) mod cups;
pub(crate) mod ipp;

use befund_model::Timestamp;

/// A queue, wherever it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Queue {
    pub(crate) name: String,
    pub(crate) model: Option<String>,
    pub(crate) uri: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) default: bool,
    pub(crate) shared: bool,
    pub(crate) state: Option<&'static str>,
    pub(crate) reasons: Vec<String>,
    pub(crate) message: Option<String>,
    pub(crate) accepting: Option<bool>,
    pub(crate) jobs: Option<u32>,
}

/// A job that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// The queue that it is in.
    pub(crate) queue: String,
    /// Whether it is held back.
    pub(crate) held: bool,
    /// When it came.
    pub(crate) created_at: Option<Timestamp>,
}
