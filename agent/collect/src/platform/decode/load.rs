//! Shares of time out of two readings of the kernel's counters.

use befund_model::section::load::DiskLoad;

use super::storage::{double, quad};

/// The share of all processors' time that was in use, in percent: records of
/// `SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION` (48 bytes: idle, kernel with idle, user in 100 ns).
pub(crate) fn busy(before: &[u8], after: &[u8]) -> Option<f64> {
    let sum = |records: &[u8]| {
        let mut sum = (0_u64, 0_u64);
        for record in records.chunks_exact(48) {
            let (idle, kernel, user) = (quad(record, 0)?, quad(record, 8)?, quad(record, 16)?);
            sum.0 = sum.0.saturating_add(idle);
            sum.1 = sum.1.saturating_add(kernel).saturating_add(user);
        }
        Some(sum)
    };
    let ((idle, all), (idle_after, all_after)) = (sum(before)?, sum(after)?);
    let all = all_after.checked_sub(all).filter(|all| *all > 0)?;
    let idle = idle_after.saturating_sub(idle).min(all);
    Some(tenth((all - idle) as f64 * 100.0 / all as f64))
}

/// `DISK_PERFORMANCE`: bytes read and written, times of reading, writing and idling and when it was
/// asked (100 ns), counts of reads and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiskCounters {
    read_bytes: u64,
    written_bytes: u64,
    read_time: u64,
    write_time: u64,
    idle_time: u64,
    reads: u32,
    writes: u32,
    asked: u64,
}

/// Reads the counters: eight-byte numbers, two counts of four bytes at 40, the time at 56.
pub(crate) fn disk_counters(bytes: &[u8]) -> Option<DiskCounters> {
    Some(DiskCounters {
        read_bytes: quad(bytes, 0)?,
        written_bytes: quad(bytes, 8)?,
        read_time: quad(bytes, 16)?,
        write_time: quad(bytes, 24)?,
        idle_time: quad(bytes, 32)?,
        reads: double(bytes, 40)?,
        writes: double(bytes, 44)?,
        asked: quad(bytes, 56)?,
    })
}

/// What a disk did between two readings; `None` if no time went by.
pub(crate) fn disk(name: &str, before: &DiskCounters, after: &DiskCounters) -> Option<DiskLoad> {
    let spent = after.asked.checked_sub(before.asked).filter(|spent| *spent > 0)?;
    let idle = after.idle_time.saturating_sub(before.idle_time).min(spent);
    // The counts go round.
    let reads = u64::from(after.reads.wrapping_sub(before.reads));
    let writes = u64::from(after.writes.wrapping_sub(before.writes));
    let each = |time: u64, before: u64, count: u64| {
        (count > 0).then(|| tenth(time.saturating_sub(before) as f64 / 10_000.0 / count as f64))
    };
    Some(DiskLoad {
        name: name.to_owned(),
        busy_percent: tenth((spent - idle) as f64 * 100.0 / spent as f64),
        reads,
        writes,
        read_ms: each(after.read_time, before.read_time, reads),
        write_ms: each(after.write_time, before.write_time, writes),
        read_bytes: after.read_bytes.saturating_sub(before.read_bytes),
        written_bytes: after.written_bytes.saturating_sub(before.written_bytes),
    })
}

fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
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
        let before = DiskCounters::default();
        let after = DiskCounters {
            reads: 10,
            read_time: 500_000,
            idle_time: 7_500_000,
            asked: 10_000_000,
            ..before
        };
        let told = disk("PhysicalDrive0", &before, &after).expect("time went by");
        assert_eq!((told.busy_percent, told.read_ms, told.write_ms), (25.0, Some(5.0), None));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(a in proptest::collection::vec(any::<u8>(), 0..200), b in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = busy(&a, &b);
            if let (Some(a), Some(b)) = (disk_counters(&a), disk_counters(&b)) {
                let _ = disk("x", &a, &b);
            }
        }
    }
}
