//! The latest starts, and how each time ended: by the journal, which knows most, and by wtmp; by what a
//! panicking kernel has left.

use befund_model::Timestamp;
use befund_model::section::maintenance::{Boot, Boots};

use crate::collector::{Context, Gap};

use super::uptime;
use crate::platform::linux::people::state::logins;
use crate::platform::linux::people::utmp::{self, Record};

pub(crate) mod journal;
mod panics;

pub(crate) use panics::Panic;

/// How many starts are kept, the latest.
const MAX_BOOTS: usize = 20;
/// How far two sources may be apart about when a start was, in seconds: wtmp is written once the system
/// is up.
const SAME_START: i64 = 180;
/// How long a machine may take to write down that its kernel has panicked: it is done at the next start.
const DUMP_SECONDS: i64 = 1_800;

/// Section `boots`.
pub(crate) fn boots(cx: &Context) -> Result<Boots, Gap> {
    const JOURNAL: &str = "/var/log/journal";
    let mut known = Vec::new();
    if cx.root.is_live() && !cx.root.list(JOURNAL).unwrap_or_default().is_empty() {
        known = cx.note(journal::boots(cx, None)).unwrap_or_default();
    }
    let mut records = Vec::new();
    for path in ["/var/log/wtmp.1", "/var/log/wtmp"] {
        records.extend(logins::tail(cx, path).unwrap_or_default());
    }
    if known.is_empty() && records.is_empty() {
        for path in ["/var/lib/wtmpdb/wtmp.db", "/var/log/wtmp.db"] {
            if cx.root.exists(path) {
                cx.gap(Gap::failed(format!("{path} is a kind of database that is not read yet")));
            }
        }
    }
    let current = uptime::boot_time(cx).ok().flatten();
    let boots = merged(known, &wtmp(&records));
    if boots.is_empty() {
        if current.is_none() {
            return Err(Gap::unsupported(
                "neither a journal that is kept nor /var/log/wtmp tells of starts",
            ));
        }
        cx.gap(Gap::unsupported(
            "neither a journal that is kept nor /var/log/wtmp tells of earlier starts",
        ));
    }
    let mut boots = settle(boots, &panics::all(cx), current);
    Ok(Boots { boots: boots.split_off(boots.len().saturating_sub(MAX_BOOTS)) })
}

/// A start as far as one source knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) boot: Boot,
    /// Whether something was written at its end that a crash would have left out.
    pub(crate) clean: bool,
    /// The last thing that was written in it.
    pub(crate) last: Option<Timestamp>,
    /// Whether it is the one that runs, by its number.
    pub(crate) runs: bool,
}

/// Starts by records of wtmp: a start carries the kernel as its host; `shutdown` is written at a clean end,
/// and runlevels 0 and 6 by sysvinit just before it.
pub(crate) fn wtmp(records: &[Record]) -> Vec<Known> {
    let mut boots: Vec<Known> = Vec::new();
    for record in records {
        match record.kind {
            utmp::BOOT_TIME => {
                let kernel = Some(record.host.clone()).filter(|host| !host.is_empty());
                let boot = Boot { started_at: Some(record.at), kernel, ..Boot::default() };
                boots.push(Known { boot, ..Known::default() });
            }
            utmp::RUN_LEVEL => {
                let Some(last) = boots.last_mut() else { continue };
                let level = char::from_u32(record.pid & 0xff);
                if record.user == "shutdown" {
                    last.clean = true;
                    last.boot.ended_at = Some(record.at);
                } else if matches!(level, Some('0' | '6')) {
                    last.clean = true;
                    let how = if level == Some('0') { "shut down" } else { "restarted" };
                    last.boot.end = Some(how.into());
                    last.boot.ended_at = Some(record.at);
                }
            }
            _ => {}
        }
    }
    boots
}

/// The journal's starts, and those that only wtmp knows; in order.
pub(crate) fn merged(journal: Vec<Known>, wtmp: &[Known]) -> Vec<Known> {
    let mut boots = journal;
    for other in wtmp {
        let Some(at) = other.boot.started_at else { continue };
        let near = |known: &&mut Known| {
            known
                .boot
                .started_at
                .is_some_and(|start| (start.as_second() - at.as_second()).abs() <= SAME_START)
        };
        match boots.iter_mut().find(near) {
            Some(same) => {
                same.clean |= other.clean;
                same.boot.kernel = same.boot.kernel.take().or_else(|| other.boot.kernel.clone());
                same.boot.end = same.boot.end.take().or_else(|| other.boot.end.clone());
            }
            None => boots.push(other.clone()),
        }
    }
    boots.sort_by_key(|known| known.boot.started_at);
    boots
}

/// Tells of each how it ended. The one runs whose number is the kernel's, or that began when the kernel says
/// that it did. It is the latest, whatever a clock that was set back meanwhile makes of the times.
pub(crate) fn settle(
    mut known: Vec<Known>,
    panics: &[Panic],
    current: Option<Timestamp>,
) -> Vec<Boot> {
    let near = |a: Timestamp, b: Timestamp| (a.as_second() - b.as_second()).abs() <= SAME_START;
    let at_start = |known: &Known| {
        known.boot.started_at.zip(current).is_some_and(|(start, current)| near(start, current))
    };
    let runs = known.iter().position(|known| known.runs).or(known.iter().rposition(at_start));
    match (runs, current) {
        (Some(at), _) => {
            let running = known.remove(at);
            known.push(running);
        }
        (None, Some(started)) => {
            let boot = Boot { started_at: Some(started), ..Boot::default() };
            known.push(Known { boot, ..Known::default() });
        }
        (None, None) => {}
    }
    let running = (runs.is_some() || current.is_some()).then(|| known.len().saturating_sub(1));
    let starts: Vec<Option<Timestamp>> = known.iter().map(|known| known.boot.started_at).collect();
    for (at, known) in known.iter_mut().enumerate() {
        let boot = &mut known.boot;
        if running == Some(at) {
            *boot =
                Boot { started_at: boot.started_at, kernel: boot.kernel.take(), ..Boot::default() };
            continue;
        }
        if boot.ended_at.is_none() {
            boot.ended_at = known.last;
        }
        if known.clean || boot.end.is_some() {
            continue;
        }
        let next = starts.get(at + 1).copied().flatten();
        let within = |panic: &&Panic| {
            boot.started_at.is_some_and(|start| start <= panic.at)
                && next.is_none_or(|next| panic.at.as_second() < next.as_second() + DUMP_SECONDS)
        };
        match panics.iter().find(within) {
            Some(panic) => {
                boot.end = Some("crashed".into());
                boot.ended_at = boot.ended_at.max(Some(panic.at));
                boot.reason = boot.reason.take().or_else(|| panic.reason.clone());
            }
            None => boot.end = Some("power lost or reset".into()),
        }
    }
    for boot in known.iter_mut().map(|known| &mut known.boot) {
        // The clock was set back meanwhile: when it ended is not known.
        boot.ended_at =
            boot.ended_at.filter(|end| boot.started_at.is_none_or(|start| *end >= start));
    }
    known.into_iter().map(|known| known.boot).collect()
}

#[cfg(test)]
mod tests;
