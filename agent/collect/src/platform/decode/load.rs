//! Shares of time out of two readings of the kernel's counters.

use std::time::Duration;

use crate::platform::drive::risen_round;
use crate::sampling::{DiskWork, percent};

use super::storage::{double, quad};

/// The share of all processors' time that was in use, in percent: records of
/// `SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION` (48 bytes: idle, kernel with idle, user in 100 ns). A processor
/// that came or went meanwhile, or whose counts went back, is left out.
pub(crate) fn busy(before: &[u8], after: &[u8]) -> Option<f64> {
    let (mut idle, mut all) = (0_u64, 0_u64);
    for (before, after) in before.chunks_exact(48).zip(after.chunks_exact(48)) {
        let risen = |at: usize| quad(after, at)?.checked_sub(quad(before, at)?);
        let (Some(idling), Some(kernel), Some(user)) = (risen(0), risen(8), risen(16)) else {
            continue;
        };
        idle = idle.saturating_add(idling);
        all = all.saturating_add(kernel).saturating_add(user);
    }
    percent(all.saturating_sub(idle), all)
}

/// `DISK_PERFORMANCE`: bytes read and written, times of reading, writing and idling (100 ns), counts of
/// reads and writes. When it was asked is told as well, by the wall clock, which may be set between two
/// readings: it is not used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiskCounters {
    read_bytes: u64,
    written_bytes: u64,
    read_time: u64,
    write_time: u64,
    idle_time: u64,
    reads: u32,
    writes: u32,
}

/// Reads the counters: eight-byte numbers, two counts of four bytes at 40.
pub(crate) fn disk_counters(bytes: &[u8]) -> Option<DiskCounters> {
    Some(DiskCounters {
        read_bytes: quad(bytes, 0)?,
        written_bytes: quad(bytes, 8)?,
        read_time: quad(bytes, 16)?,
        write_time: quad(bytes, 24)?,
        idle_time: quad(bytes, 32)?,
        reads: double(bytes, 40)?,
        writes: double(bytes, 44)?,
    })
}

/// What a disk did between two readings that lie this far apart; `None` if it cannot be the same disk, whose
/// counts do not go back. Those of reads and writes go round.
pub(crate) fn disk(
    before: &DiskCounters,
    after: &DiskCounters,
    within: Duration,
) -> Option<DiskWork> {
    let time = |after: u64, before: u64| {
        Some(Duration::from_nanos(after.checked_sub(before)?.saturating_mul(100)))
    };
    Some(DiskWork {
        reads: risen_round(before.reads.into(), after.reads.into())?,
        writes: risen_round(before.writes.into(), after.writes.into())?,
        read_bytes: after.read_bytes.checked_sub(before.read_bytes)?,
        written_bytes: after.written_bytes.checked_sub(before.written_bytes)?,
        reading: time(after.read_time, before.read_time)?,
        writing: time(after.write_time, before.write_time)?,
        busy: within.saturating_sub(time(after.idle_time, before.idle_time)?),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_are_those_of_the_time_between() {
        let record = |idle: u64, kernel: u64, user: u64| {
            let mut record = [idle, kernel, user].map(u64::to_le_bytes).concat();
            record.resize(48, 0);
            record
        };
        assert_eq!(busy(&record(0, 0, 0), &record(600, 700, 300)), Some(40.0));
        assert_eq!(busy(&record(5, 5, 5), &record(5, 5, 5)), None);
        let two = |first: Vec<u8>, second: Vec<u8>| [first, second].concat();
        let before = two(record(0, 0, 0), record(900, 900, 900));
        let after = two(record(600, 700, 300), record(5, 5, 5));
        assert_eq!(busy(&before, &after), Some(40.0), "one that counts anew is left out");
    }

    #[test]
    fn disks_are_compared_by_the_time_that_went_by() {
        let before = DiskCounters { reads: u32::MAX, ..DiskCounters::default() };
        let after = DiskCounters { reads: 9, read_time: 500_000, idle_time: 7_500_000, ..before };
        let second = Duration::from_secs(1);
        let work = disk(&before, &after, second).expect("the same disk");
        let told = work.told("PhysicalDrive0", second).expect("time went by");
        assert_eq!((told.busy_percent, told.read_ms, told.write_ms), (25.0, Some(5.0), None));
        assert_eq!(disk(&after, &before, second), None, "another disk of that name");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(a in proptest::collection::vec(any::<u8>(), 0..200), b in proptest::collection::vec(any::<u8>(), 0..200), within in 0_u64..10_000) {
            let share = busy(&a, &b);
            prop_assert!(share.is_none_or(|share| (0.0..=100.0).contains(&share)));
            if let (Some(a), Some(b)) = (disk_counters(&a), disk_counters(&b)) {
                let _ = disk(&a, &b, Duration::from_millis(within));
            }
        }
    }
}
