//! The kernel's counters: `/proc/stat` (proc(5)), `/proc/diskstats`
//! (Documentation/admin-guide/iostats.rst of the kernel) and `/proc/vmstat`, and what two readings of
//! them come to.

use std::collections::BTreeMap;

use befund_model::section::load::DiskLoad;

/// Time of all processors since the start, in ticks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticks {
    total: u64,
    idle: u64,
    iowait: u64,
    steal: u64,
}

/// The line of all processors: user, nice, system, idle, iowait, irq, softirq, steal; time of guests
/// is in the first two already.
pub(crate) fn ticks(text: &str) -> Option<Ticks> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> =
        line.split_ascii_whitespace().take(8).map_while(|ticks| ticks.parse().ok()).collect();
    let at = |index: usize| ticks.get(index).copied().unwrap_or_default();
    (ticks.len() >= 4).then(|| Ticks {
        total: ticks.iter().fold(0, |sum: u64, ticks| sum.saturating_add(*ticks)),
        idle: at(3),
        iowait: at(4),
        steal: at(7),
    })
}

/// Shares of the time between two readings, in percent.
#[derive(Debug, PartialEq)]
pub(crate) struct Shares {
    pub(crate) busy: f64,
    pub(crate) iowait: f64,
    pub(crate) steal: f64,
}

/// `None` if no time has passed. The counts for idle and waiting may go back a little (proc(5)).
pub(crate) fn shares(first: &Ticks, last: &Ticks) -> Option<Shares> {
    let total = last.total.checked_sub(first.total).filter(|total| *total > 0)?;
    let idle = last.idle.saturating_sub(first.idle);
    let iowait = last.iowait.saturating_sub(first.iowait);
    let steal = last.steal.saturating_sub(first.steal);
    let unused = idle.saturating_add(iowait).saturating_add(steal);
    Some(Shares {
        busy: percent(total.saturating_sub(unused), total),
        iowait: percent(iowait, total),
        steal: percent(steal, total),
    })
}

/// To a tenth, 100 at most.
#[expect(clippy::cast_precision_loss, reason = "a share of a short while")]
fn percent(part: u64, whole: u64) -> f64 {
    tenth((part as f64 * 100.0 / whole as f64).min(100.0))
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// What is counted of one disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiskCounters {
    reads: u64,
    sectors_read: u64,
    read_ms: u64,
    writes: u64,
    sectors_written: u64,
    write_ms: u64,
    busy_ms: u64,
}

/// By the device's name.
pub(crate) fn disks(text: &str) -> BTreeMap<String, DiskCounters> {
    let disk = |line: &str| {
        let mut fields = line.split_ascii_whitespace().skip(2);
        let name = fields.next()?.to_owned();
        let counts: Vec<u64> = fields.map_while(|count| count.parse().ok()).collect();
        let at = |index: usize| counts.get(index).copied();
        Some((
            name,
            DiskCounters {
                reads: at(0)?,
                sectors_read: at(2)?,
                read_ms: at(3)?,
                writes: at(4)?,
                sectors_written: at(6)?,
                write_ms: at(7)?,
                busy_ms: at(9)?,
            },
        ))
    };
    text.lines().filter_map(disk).collect()
}

impl DiskCounters {
    /// What the disk did since the first reading, `ms` milliseconds ago. A device that was taken out
    /// and put back counts from zero, which is told as nothing done.
    pub(crate) fn since(&self, first: &Self, name: &str, ms: u64) -> DiskLoad {
        let reads = self.reads.saturating_sub(first.reads);
        let writes = self.writes.saturating_sub(first.writes);
        let bytes = |last: u64, first: u64| last.saturating_sub(first).saturating_mul(512);
        DiskLoad {
            name: name.to_owned(),
            busy_percent: percent(self.busy_ms.saturating_sub(first.busy_ms), ms.max(1)),
            reads,
            writes,
            read_ms: average(self.read_ms.saturating_sub(first.read_ms), reads),
            write_ms: average(self.write_ms.saturating_sub(first.write_ms), writes),
            read_bytes: bytes(self.sectors_read, first.sectors_read),
            written_bytes: bytes(self.sectors_written, first.sectors_written),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "an average over a short while")]
fn average(ms: u64, count: u64) -> Option<f64> {
    (count > 0).then(|| tenth(ms as f64 / count as f64))
}

/// Pages swapped in and out since the start.
pub(crate) fn swapped(text: &str) -> Option<(u64, u64)> {
    let count = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    };
    Some((count("pswpin")?, count("pswpout")?))
}
