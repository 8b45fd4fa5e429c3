//! Printers: CUPS, over IPP while it runs, by its configuration otherwise. It is not asked when it
//! does not run: systemd would start it.

pub(crate) mod configuration;

use befund_model::section::devices::{Printer, PrinterState, Printers, PrintersState};

use crate::collector::{Context, Gap};
use crate::platform::linux::dbus;
pub(crate) use crate::platform::unix::printing::{Queue, cups};

use super::running::running;

const CONFIGURATION: &str = "/etc/cups/printers.conf";

/// Section `printers`.
pub(crate) fn printers(cx: &Context) -> Result<Printers, Gap> {
    let (queues, _) = queues(cx)?;
    let printer = |queue: Queue| Printer {
        // A driver's name may be what somebody typed; only the address is known to carry passwords.
        uri: queue.uri.map(|uri| cx.redactor.text(&uri)),
        name: queue.name,
        model: queue.model,
        location: queue.location,
        default: queue.default,
        shared: queue.shared,
    };
    Ok(Printers { printers: queues.into_iter().map(printer).collect() })
}

/// Section `printers.state`.
pub(crate) fn state(cx: &Context) -> Result<PrintersState, Gap> {
    let (queues, service) = queues(cx)?;
    let asked = cx.root.is_live() && service == "active";
    let jobs = if asked { cx.note(cups::jobs(cx)) } else { None };
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
    Ok(PrintersState {
        printers: queues.into_iter().map(state).collect(),
        service: Some(service.to_owned()),
    })
}

/// The queues, sorted by name, and how the service fares.
fn queues(cx: &Context) -> Result<(Vec<Queue>, &'static str), Gap> {
    let runs = !running(cx, &["cupsd"]).is_empty();
    let installed = ["/usr/sbin/cupsd", "/etc/cups"].iter().any(|path| cx.root.exists(path));
    if !runs && !installed {
        return Err(Gap::unsupported("CUPS is not installed"));
    }
    let mut queues = if runs && cx.root.is_live() {
        match cups::queues(cx) {
            Ok(queues) => queues,
            Err(gap) => {
                cx.gap(gap);
                configured(cx)?
            }
        }
    } else {
        configured(cx)?
    };
    queues.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((queues, if runs { "active" } else { stopped(cx) }))
}

/// By the file, which there is none of until a queue is set up.
fn configured(cx: &Context) -> Result<Vec<Queue>, Gap> {
    match cx.root.text(CONFIGURATION) {
        Ok(text) => Ok(configuration::parse(&text)),
        Err(unread) => {
            let gap = Gap::from(unread);
            let none = gap.status == befund_model::snapshot::Status::Unsupported;
            if none { Ok(Vec::new()) } else { Err(gap) }
        }
    }
}

/// How the service ended, if systemd knows.
fn stopped(cx: &Context) -> &'static str {
    if !cx.root.is_live() {
        return "inactive";
    }
    cx.root.trail().at("systemd");
    let units = dbus::list_units().map(|told| told.services).unwrap_or_default();
    let failed = units.iter().any(|unit| unit.name == "cups.service" && unit.state == "failed");
    if failed { "failed" } else { "inactive" }
}
