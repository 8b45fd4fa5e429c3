//! Processes, memory and load by the kernel's files (proc(5)).

use befund_model::probe::machine::Process;

use super::super::{page_size, ticks_per_second};
use crate::probe::process::Sample;
use crate::probe::{Context, Unmeasured};

/// All processes.
pub(in crate::probe) fn processes(context: &Context<'_>) -> Result<Vec<Sample>, Unmeasured> {
    let entries = std::fs::read_dir(context.path("/proc"))
        .map_err(|error| Unmeasured::io("list", "/proc", &error))?;
    let page = page_size();
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        // One that has ended meanwhile has no files any more.
        .filter_map(|pid| sample(context, pid, page))
        .collect())
}

fn sample(context: &Context<'_>, pid: u32, page: u64) -> Option<Sample> {
    let stat = context.read(&format!("/proc/{pid}/stat")).ok()?;
    let status = context.read(&format!("/proc/{pid}/status")).ok()?;
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    parse(&stat, page, uid.split_whitespace().next()?.parse().ok()?)
}

/// proc_pid_stat(5). The name is in brackets and may hold anything, so the last bracket ends it.
fn parse(stat: &str, page: u64, uid: u32) -> Option<Sample> {
    let (head, tail) = stat.rsplit_once(") ")?;
    let (pid, name) = head.split_once(" (")?;
    let fields: Vec<_> = tail.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Sample {
        start: number(22)?,
        spent_us: number(14)?.saturating_add(number(15)?).saturating_mul(1_000_000)
            / ticks_per_second().max(1),
        process: Process {
            pid: pid.parse().ok()?,
            name: name.to_owned(),
            uid: Some(uid),
            cpu_percent: 0.0,
            rss_bytes: number(24)?.saturating_mul(page),
            state: (*fields.first()?).to_owned(),
            started: None,
            nice: fields.get(19 - 3).and_then(|nice| nice.parse().ok()),
        },
    })
}

fn in_bytes(text: &str) -> (u64, u64) {
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse::<u64>().ok())
            .map_or(0, |kib| kib << 10)
    };
    (value("MemTotal:"), value("MemAvailable:"))
}

fn averages(text: &str) -> [f64; 3] {
    let mut values = text.split_whitespace().map(|word| word.parse().unwrap_or(0.0));
    std::array::from_fn(|_| values.next().unwrap_or(0.0))
}

/// Memory in bytes: all, and what can still be given out.
pub(in crate::probe) fn memory(context: &Context<'_>) -> Result<(u64, u64), Unmeasured> {
    Ok(in_bytes(&context.read("/proc/meminfo")?))
}

/// The 1, 5 and 15 minutes' load.
pub(in crate::probe) fn load(context: &Context<'_>) -> Result<Option<[f64; 3]>, Unmeasured> {
    Ok(Some(averages(&context.read("/proc/loadavg")?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "77 (a) b (c) S 1 77 77 0 -1 4 5 0 0 0 30 12 0 0 20 -5 1 0 999 1000 25 18446744073709551615";
        let sample = parse(stat, 4096, 5).expect("a process");
        assert_eq!((sample.process.pid, sample.process.name.as_str()), (77, "a) b (c"));
        assert_eq!((sample.start, sample.process.rss_bytes), (999, 25 * 4096));
        assert_eq!(sample.spent_us, 42 * 1_000_000 / ticks_per_second());
        assert_eq!((sample.process.state.as_str(), sample.process.nice), ("S", Some(-5)));
    }
}
