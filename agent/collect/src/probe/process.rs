//! `process.top`: the processes that use the most, over a short window.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use befund_model::probe::machine::{Process, ProcessTopFacts};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, Unmeasured, platform};

/// docs/probes.md: per cent of memory available.
const MEMORY_WARN_BELOW: u64 = 10;
const MEMORY_FAIL_BELOW: u64 = 5;

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let count = usize::try_from(parameters.number("count")).unwrap_or(10);
    let window = context.left(Duration::from_millis(parameters.number("window_ms")))?;
    let started = Instant::now();
    let before: HashMap<(u32, u64), u64> = all(context)?
        .into_iter()
        .map(|sample| ((sample.process.pid, sample.start), sample.ticks))
        .collect();
    std::thread::sleep(window);
    let measured = started.elapsed();
    let mut after = all(context)?;
    let ticks_per_second = platform::ticks_per_second();
    let full = measured.as_secs_f64() * ticks_per_second as f64;
    for sample in &mut after {
        // One that began within the window spent all of its time in it.
        let spent = before
            .get(&(sample.process.pid, sample.start))
            .map_or(sample.ticks, |ticks| sample.ticks.saturating_sub(*ticks));
        let percent = spent as f64 * 100.0 / full.max(1.0);
        sample.process.cpu_percent = (percent * 10.0).round() / 10.0;
    }
    let number = u32::try_from(after.len()).unwrap_or(u32::MAX);
    let mut processes: Vec<Process> = after.into_iter().map(|sample| sample.process).collect();
    processes.sort_by_key(|process| std::cmp::Reverse(process.rss_bytes));
    let by_memory: Vec<_> = processes.iter().take(count).cloned().collect();
    processes.sort_by(|a, b| b.cpu_percent.total_cmp(&a.cpu_percent));
    processes.truncate(count);
    let (memory_total_bytes, memory_available_bytes) = memory(&context.read("/proc/meminfo")?);
    let facts = ProcessTopFacts {
        window_ms: u64::try_from(measured.as_millis()).unwrap_or(u64::MAX),
        count: number,
        load: load(&context.read("/proc/loadavg")?),
        memory_total_bytes,
        memory_available_bytes,
        by_cpu: processes,
        by_memory,
    };
    for process in &facts.by_cpu {
        context.say(format_args!(
            "{:>5} % {:>6} MiB {} {}",
            process.cpu_percent,
            process.rss_bytes >> 20,
            process.pid,
            process.name
        ));
    }
    let (verdict, summary) = judge(&facts);
    Measured::new(verdict, summary, &facts)
}

struct Sample {
    process: Process,
    /// When it began, in ticks after the boot: with the number, what tells it from a later one.
    start: u64,
    ticks: u64,
}

fn all(context: &Context<'_>) -> Result<Vec<Sample>, Unmeasured> {
    let entries = std::fs::read_dir(context.path("/proc"))
        .map_err(|error| Unmeasured::io("list", "/proc", &error))?;
    let page = platform::page_size();
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
        ticks: number(14)?.saturating_add(number(15)?),
        process: Process {
            pid: pid.parse().ok()?,
            name: name.to_owned(),
            uid,
            cpu_percent: 0.0,
            rss_bytes: number(24)?.saturating_mul(page),
            state: (*fields.first()?).to_owned(),
        },
    })
}

fn memory(text: &str) -> (u64, u64) {
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse::<u64>().ok())
            .map_or(0, |kib| kib << 10)
    };
    (value("MemTotal:"), value("MemAvailable:"))
}

fn load(text: &str) -> [f64; 3] {
    let mut values = text.split_whitespace().map(|word| word.parse().unwrap_or(0.0));
    std::array::from_fn(|_| values.next().unwrap_or(0.0))
}

fn judge(facts: &ProcessTopFacts) -> (Verdict, String) {
    let available = facts.memory_available_bytes * 100 / facts.memory_total_bytes.max(1);
    let verdict = match available {
        _ if facts.memory_total_bytes == 0 => Verdict::Unknown,
        less if less < MEMORY_FAIL_BELOW => Verdict::Fail,
        less if less < MEMORY_WARN_BELOW => Verdict::Warn,
        _ => Verdict::Pass,
    };
    let top = facts.by_cpu.first().map_or_else(String::new, |process| {
        format!("; {} uses the most processor time ({} %)", process.name, process.cpu_percent)
    });
    let summary = format!(
        "{} processes, load {}, {available} % of memory available{top}",
        facts.count, facts.load[0]
    );
    (verdict, summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "77 (a) b (c) S 1 77 77 0 -1 4 5 0 0 0 30 12 0 0 20 0 1 0 999 1000 25 18446744073709551615";
        let sample = parse(stat, 4096, 5).expect("a process");
        assert_eq!((sample.process.pid, sample.process.name.as_str()), (77, "a) b (c"));
        assert_eq!((sample.start, sample.ticks, sample.process.rss_bytes), (999, 42, 25 * 4096));
        assert_eq!(sample.process.state, "S");
    }
}
