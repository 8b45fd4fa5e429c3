//! CUPS, as Linux and macOS have it: what it is asked over its local socket.

pub(crate) mod cups;
pub(crate) mod ipp;

use befund_model::Timestamp;
use befund_model::section::devices::{Printer, PrinterState};

use crate::collector::Context;

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

/// Queues as they are set up.
pub(crate) fn printers(cx: &Context, queues: Vec<Queue>) -> Vec<Printer> {
    let printer = |queue: Queue| Printer {
        // A driver's name may be what somebody typed; only the address is known to carry passwords.
        uri: queue.uri.map(|uri| cx.redactor.text(&uri)),
        name: queue.name,
        model: queue.model,
        location: queue.location,
        default: queue.default,
        shared: queue.shared,
    };
    queues.into_iter().map(printer).collect()
}

/// Queues as they are now, with the jobs that wait, if those are known.
pub(crate) fn states(cx: &Context, queues: Vec<Queue>, jobs: Option<&[Job]>) -> Vec<PrinterState> {
    let state = |queue: Queue| {
        let waiting = jobs.iter().copied().flatten().filter(|job| job.queue == queue.name);
        let held = waiting.clone().filter(|job| job.held).count();
        PrinterState {
            state: queue.state.map(str::to_owned),
            reasons: queue.reasons,
            message: queue.message.map(|message| cx.redactor.text(&message)),
            accepting: queue.accepting,
            jobs: queue.jobs,
            held: u32::try_from(held).ok().filter(|held| *held > 0),
            oldest_job_at: waiting.filter_map(|job| job.created_at).min(),
            name: queue.name,
        }
    };
    queues.into_iter().map(state).collect()
}
