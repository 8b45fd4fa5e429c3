//! The kernel's counters: `/proc/stat` (proc(5)), `/proc/diskstats`
//! (Documentation/admin-guide/iostats.rst of the kernel) and `/proc/vmstat`, and what two readings of
//! them come to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::platform::drive::risen_round;
use crate::sampling::{DiskWork, percent};

/// Time of all processors since the start, in ticks: user, nice, system, idle, iowait, irq, softirq, steal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticks([u64; 8]);

const IDLE: usize = 3;
const IOWAIT: usize = 4;
const STEAL: usize = 7;

/// The line of all processors; older kernels count less. Time of guests is in the first two already.
pub(crate) fn ticks(text: &str) -> Option<Ticks> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> =
        line.split_ascii_whitespace().take(8).map_while(|ticks| ticks.parse().ok()).collect();
    let at = |index: usize| ticks.get(index).copied().unwrap_or_default();
    (ticks.len() >= 4).then(|| Ticks(std::array::from_fn(at)))
}

/// Shares of the time between two readings, in percent.
#[derive(Debug, PartialEq)]
pub(crate) struct Shares {
    pub(crate) busy: f64,
    pub(crate) iowait: f64,
    pub(crate) steal: f64,
}

/// `None` if no time has passed. Some counts may go back a little, above all those for idle and waiting
/// (proc(5)): such a one has not moved, and the shares are those of what the others have.
pub(crate) fn shares(first: &Ticks, last: &Ticks) -> Option<Shares> {
    let spent: [u64; 8] = std::array::from_fn(|at| last.0[at].saturating_sub(first.0[at]));
    let total = spent.iter().fold(0, |sum: u64, spent| sum.saturating_add(*spent));
    let unused = spent[IDLE].saturating_add(spent[IOWAIT]).saturating_add(spent[STEAL]);
    Some(Shares {
        busy: percent(total.saturating_sub(unused), total)?,
        iowait: percent(spent[IOWAIT], total)?,
        steal: percent(spent[STEAL], total)?,
    })
}

/// How the kernel counts what is read and written, whatever the disk's own sectors are.
const SECTOR_BYTES: u64 = 512;

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
    /// What the disk did since the first reading; `None` if it cannot be the same disk: a device that was
    /// taken out and put back counts from zero. The times, in milliseconds, go round after 49 days of work.
    pub(crate) fn since(&self, first: &Self) -> Option<DiskWork> {
        let bytes =
            |last: u64, first: u64| Some(last.checked_sub(first)?.saturating_mul(SECTOR_BYTES));
        let time = |first: u64, last: u64| risen_round(first, last).map(Duration::from_millis);
        Some(DiskWork {
            reads: self.reads.checked_sub(first.reads)?,
            writes: self.writes.checked_sub(first.writes)?,
            read_bytes: bytes(self.sectors_read, first.sectors_read)?,
            written_bytes: bytes(self.sectors_written, first.sectors_written)?,
            reading: time(first.read_ms, self.read_ms)?,
            writing: time(first.write_ms, self.write_ms)?,
            busy: time(first.busy_ms, self.busy_ms)?,
        })
    }
}

/// Pages swapped in and out since the start.
pub(crate) fn swapped(text: &str) -> Option<(u64, u64)> {
    let count = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    };
    Some((count("pswpin")?, count("pswpout")?))
}
