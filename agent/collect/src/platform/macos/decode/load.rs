//! How busy processor and disks are: iostat(8), and the counters of the drivers of disks.

use std::time::Duration;

use befund_model::section::load::DiskLoad;

use crate::sampling::DiskWork;

use super::plist::Value;

/// The processors' share in use, in percent, by the last line of `iostat -C -w 1 -c 2`, whose columns are
/// told by the second: user, system and idle among them. Its first line is of the time since the start.
pub(crate) fn busy_percent(text: &str) -> Option<f64> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.next()?;
    let names: Vec<&str> = lines.next()?.split_ascii_whitespace().collect();
    let idle = names.iter().position(|name| *name == "id")?;
    let last: Vec<&str> = lines.skip(1).last()?.split_ascii_whitespace().collect();
    let percent: f64 = last.get(idle)?.replace(',', ".").parse().ok()?;
    (last.len() == names.len() && (0.0..=100.0).contains(&percent)).then_some(100.0 - percent)
}

/// What a disk has done since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    name: String,
    reads: u64,
    writes: u64,
    read_bytes: u64,
    written_bytes: u64,
    /// In nanoseconds, as are those for writes.
    reading: u64,
    writing: u64,
}

/// The counters of an `IOBlockStorageDriver`, on which the disk hangs.
pub(crate) fn counted(driver: &Value) -> Option<Counted> {
    let disk =
        driver.list("IORegistryEntryChildren").iter().find_map(|one| one.owned("BSD Name"))?;
    let counters = driver.get("Statistics")?;
    Some(Counted {
        name: disk,
        reads: counters.size("Operations (Read)")?,
        writes: counters.size("Operations (Write)")?,
        read_bytes: counters.size("Bytes (Read)")?,
        written_bytes: counters.size("Bytes (Write)")?,
        reading: counters.size("Total Time (Read)")?,
        writing: counters.size("Total Time (Write)")?,
    })
}

/// What the disks did between two looks that lie this far apart. A disk that does several things at a time is
/// busy for the sum of them. One whose counts went back is another disk than before, and is not told.
pub(crate) fn between(before: &[Counted], after: &[Counted], within: Duration) -> Vec<DiskLoad> {
    let load = |after: &Counted| {
        let before = before.iter().find(|before| before.name == after.name)?;
        let time = |after: u64, before: u64| after.checked_sub(before).map(Duration::from_nanos);
        let reading = time(after.reading, before.reading)?;
        let writing = time(after.writing, before.writing)?;
        let work = DiskWork {
            reads: after.reads.checked_sub(before.reads)?,
            writes: after.writes.checked_sub(before.writes)?,
            read_bytes: after.read_bytes.checked_sub(before.read_bytes)?,
            written_bytes: after.written_bytes.checked_sub(before.written_bytes)?,
            reading,
            writing,
            busy: reading.saturating_add(writing),
        };
        work.told(&after.name, within)
    };
    let mut disks: Vec<_> = after.iter().filter_map(load).collect();
    disks.sort_by(|a, b| a.name.cmp(&b.name));
    disks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_line_of_iostat_counts() {
        // macOS 13.
        let text = "              disk0       cpu    load average\n    KB/t  tps  MB/s  us sy id   1m   5m   15m\n   22.51   40  0.88   5  3 92  1.73 1.80 1.83\n    4.00    2  0.01  30 15 55  1.67 1.79 1.83\n";
        assert_eq!(busy_percent(text), Some(45.0));
        let two = "              disk0               disk4       cpu    load average\n    KB/t  tps  MB/s     KB/t  tps  MB/s  us sy id   1m   5m   15m\n   22.51   40  0.88    22.51   40  0.88   5  3 92  1.73 1.80 1.83\n    0.00    0  0.00     0.00    0  0.00   1  1 98  1.67 1.79 1.83\n";
        assert_eq!(busy_percent(two), Some(2.0));
        assert_eq!(busy_percent("x\ny\n"), None);
    }

    #[test]
    fn disks_are_compared_with_what_they_were() {
        let driver = |reads: u64, time: u64| {
            let text = format!(
                "<plist><dict><key>IORegistryEntryChildren</key><array><dict><key>BSD Name</key><string>disk0</string></dict></array><key>Statistics</key><dict><key>Operations (Read)</key><integer>{reads}</integer><key>Operations (Write)</key><integer>5</integer><key>Bytes (Read)</key><integer>{}</integer><key>Bytes (Write)</key><integer>0</integer><key>Total Time (Read)</key><integer>{time}</integer><key>Total Time (Write)</key><integer>0</integer></dict></dict></plist>",
                reads * 4096
            );
            counted(&Value::parse(text.as_bytes()).expect("a list")).expect("counters")
        };
        let second = Duration::from_secs(1);
        let disks = between(&[driver(100, 0)], &[driver(110, 200_000_000)], second);
        assert_eq!((disks[0].reads, disks[0].read_ms), (10, Some(20.0)));
        assert_eq!((disks[0].busy_percent, disks[0].write_ms), (20.0, None));
        assert_eq!(between(&[driver(110, 0)], &[driver(100, 0)], second), []);
        assert_eq!(between(&[driver(100, 0)], &[driver(110, 9)], Duration::ZERO), []);
    }
}
