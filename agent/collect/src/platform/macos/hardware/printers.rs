//! Printers: CUPS, which launchd starts as soon as somebody asks it. Where no queue is set up nobody does.

use befund_model::section::devices::{Printer, PrinterState, Printers, PrintersState};

use crate::collector::{Context, Gap};
use crate::platform::unix::printing::{Queue, cups};

/// Where queues are set up, for the print service only to read.
const CONFIGURATION: &str = "/private/etc/cups/printers.conf";
/// The descriptions of the printers, a file for each queue.
const QUEUES: &str = "/private/etc/cups/ppd";

/// The queues, sorted by name.
fn queues(cx: &Context) -> Result<Vec<Queue>, Gap> {
    if !cx.root.is_live() {
        return Err(Gap::unsupported("only the running system's CUPS can be asked"));
    }
    let none = cx.root.list(QUEUES).is_ok_and(|names| names.is_empty());
    if none && !cx.root.exists(CONFIGURATION) {
        return Ok(Vec::new());
    }
    let mut queues = cups::queues(cx)?;
    queues.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(queues)
}

/// Section `printers`.
pub(super) fn printers(cx: &Context) -> Result<Printers, Gap> {
    let printer = |queue: Queue| Printer {
        uri: queue.uri.map(|uri| cx.redactor.text(&uri)),
        name: queue.name,
        model: queue.model,
        location: queue.location,
        default: queue.default,
        shared: queue.shared,
    };
    Ok(Printers { printers: queues(cx)?.into_iter().map(printer).collect() })
}

/// Section `printers.state`.
pub(super) fn state(cx: &Context) -> Result<PrintersState, Gap> {
    let queues = queues(cx)?;
    let jobs = if queues.is_empty() { None } else { cx.note(cups::jobs(cx)) };
    let state = |queue: Queue| {
        let waiting = jobs.iter().flatten().filter(|job| job.queue == queue.name);
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
    let service = (!queues.is_empty()).then(|| "active".to_owned());
    Ok(PrintersState { printers: queues.into_iter().map(state).collect(), service })
}
