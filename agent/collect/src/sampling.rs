//! What two looks at a counter come to: the arithmetic of everything that is measured over a short while
//! (processors, disks, processes), the same on every system. It reads nothing and asks no clock: the looks
//! and the time between them are parameters.
//!
//! The time between is the monotonic clock's. The wall clock's will not do: it may be set between two looks.
//! Where a counter went back (another device or process has the name, or it counts anew), and where no time
//! went by, nothing is told rather than something wrong.

use std::collections::HashMap;
use std::time::Duration;

use befund_model::section::load::DiskLoad;

/// The share of a whole, in percent, to a tenth, 100 at most; `None` of nothing.
#[expect(clippy::cast_precision_loss, reason = "a tenth of a percent needs no more")]
pub(crate) fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| tenth((part as f64 * 100.0 / whole as f64).min(100.0)))
}

/// To a tenth.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// What a disk did between two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiskWork {
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) read_bytes: u64,
    pub(crate) written_bytes: u64,
    /// The time of all reads together, and of all writes: more than went by, if they were at work at once.
    pub(crate) reading: Duration,
    pub(crate) writing: Duration,
    /// How long it did anything.
    pub(crate) busy: Duration,
}

impl DiskWork {
    /// The same, told of the disk of this name; `None` if no time went by.
    #[expect(clippy::cast_precision_loss, reason = "a tenth of a millisecond needs no more")]
    pub(crate) fn told(self, name: &str, within: Duration) -> Option<DiskLoad> {
        let each = |time: Duration, count: u64| {
            (count > 0).then(|| tenth(time.as_secs_f64() * 1000.0 / count as f64))
        };
        Some(DiskLoad {
            name: name.to_owned(),
            busy_percent: percent(micros(self.busy), micros(within))?,
            reads: self.reads,
            writes: self.writes,
            read_ms: each(self.reading, self.reads),
            write_ms: each(self.writing, self.writes),
            read_bytes: self.read_bytes,
            written_bytes: self.written_bytes,
        })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The processor time that processes had spent at the first look, by their numbers. A number may be given
/// to another process meanwhile, which is known by its start.
#[derive(Debug, Default)]
pub(crate) struct Spent(HashMap<u32, Option<Reading>>);

/// What was read of a process: its start and what it had spent, by whatever the system counts them in.
#[derive(Clone, Copy, Debug)]
struct Reading {
    start: u64,
    spent: u64,
}

impl Spent {
    /// There is a process of this number; what was read of it, if anything: its start, and what it had spent.
    pub(crate) fn saw(&mut self, pid: u32, read: Option<(u64, u64)>) {
        self.0.insert(pid, read.map(|(start, spent)| Reading { start, spent }));
    }

    /// What a process has spent since. One that began meanwhile has spent all of it since. `None` if it was
    /// there and nothing could be read of it, or if it had spent more then than now.
    pub(crate) fn since(&self, pid: u32, start: u64, spent: u64) -> Option<u64> {
        match self.0.get(&pid) {
            None => Some(spent),
            Some(None) => None,
            Some(Some(first)) if first.start != start => Some(spent),
            Some(Some(first)) => spent.checked_sub(first.spent),
        }
    }
}

/// The share of one processor, in percent, to a tenth: more than 100 for a process with several threads at
/// work. `None` if no time went by.
pub(crate) fn of_one_processor(spent: Duration, within: Duration) -> Option<f64> {
    (!within.is_zero()).then(|| tenth(spent.as_secs_f64() * 100.0 / within.as_secs_f64()))
}

#[cfg(test)]
mod tests;
