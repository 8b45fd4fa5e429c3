//! Printers: CUPS, over IPP while it runs, by its configuration otherwise. It is not asked when it
//! does not run: systemd would start it.

pub(crate) mod configuration;

use befund_model::section::devices::{Printers, PrintersState};

use crate::collector::{Context, Gap};
use crate::platform::linux::dbus;
use crate::platform::unix::printing;
pub(crate) use crate::platform::unix::printing::{Queue, cups};

use super::running::running;

const CONFIGURATION: &str = "/etc/cups/printers.conf";

/// Section `printers`.
pub(crate) fn printers(cx: &Context) -> Result<Printers, Gap> {
    let (queues, _) = queues(cx)?;
    Ok(Printers { printers: printing::printers(cx, queues) })
}

/// Section `printers.state`.
pub(crate) fn state(cx: &Context) -> Result<PrintersState, Gap> {
    let (queues, service) = queues(cx)?;
    let asked = cx.root.is_live() && service == "active";
    let jobs = if asked { cx.note(cups::jobs(cx)) } else { None };
    let printers = printing::states(cx, queues, jobs.as_deref());
    Ok(PrintersState { printers, service: Some(service.to_owned()) })
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
