//! Printers: CUPS, which launchd starts as soon as somebody asks it. Where no queue is set up nobody does.

use befund_model::section::devices::{Printers, PrintersState};

use crate::collector::{Context, Gap};
use crate::platform::unix::printing::{self, Queue, cups};

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
    Ok(Printers { printers: printing::printers(cx, queues(cx)?) })
}

/// Section `printers.state`.
pub(super) fn state(cx: &Context) -> Result<PrintersState, Gap> {
    let queues = queues(cx)?;
    let jobs = if queues.is_empty() { None } else { cx.note(cups::jobs(cx)) };
    let service = (!queues.is_empty()).then(|| "active".to_owned());
    Ok(PrintersState { printers: printing::states(cx, queues, jobs.as_deref()), service })
}
