//! `process.top`: the processes that use the most, over a short window.

use std::time::{Duration, Instant};

use befund_model::probe::machine::{Process, ProcessTopFacts};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, platform};
use crate::sampling::{self, Spent};

/// docs/probes.md: per cent of memory available.
const MEMORY_WARN_BELOW: u64 = 10;
const MEMORY_FAIL_BELOW: u64 = 5;

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let count = usize::try_from(parameters.number("count")).unwrap_or(10);
    let window = context.left(Duration::from_millis(parameters.number("window_ms")))?;
    let started = Instant::now();
    let mut before = Spent::default();
    for sample in platform::processes(context)? {
        before.saw(sample.process.pid, Some((sample.start, sample.spent_us)));
    }
    std::thread::sleep(window);
    let measured = started.elapsed();
    let mut after = platform::processes(context)?;
    for sample in &mut after {
        sample.process.cpu_percent = share(&before, sample, measured);
        sample.process.started = Some(sample.start).filter(|start| *start > 0);
    }
    let number = u32::try_from(after.len()).unwrap_or(u32::MAX);
    let mut processes: Vec<Process> = after.into_iter().map(|sample| sample.process).collect();
    processes.sort_by_key(|process| std::cmp::Reverse(process.rss_bytes));
    let by_memory: Vec<_> = processes.iter().take(count).cloned().collect();
    processes.sort_by(|a, b| b.cpu_percent.total_cmp(&a.cpu_percent));
    processes.truncate(count);
    let (memory_total_bytes, memory_available_bytes) = platform::memory(context)?;
    let facts = ProcessTopFacts {
        window_ms: u64::try_from(measured.as_millis()).unwrap_or(u64::MAX),
        count: number,
        load: platform::load(context)?,
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

/// The share of one processor that a process used in the window; zero if that cannot be told.
fn share(before: &Spent, sample: &Sample, window: Duration) -> f64 {
    before
        .since(sample.process.pid, sample.start, sample.spent_us)
        .and_then(|spent| sampling::of_one_processor(Duration::from_micros(spent), window))
        .unwrap_or_default()
}

/// A process, and what it has used.
pub(super) struct Sample {
    pub(super) process: Process,
    /// When it began, by the system's own count: with the number, what tells it from a later one.
    pub(super) start: u64,
    /// Processor time, in microseconds.
    pub(super) spent_us: u64,
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
    let load = facts.load.map_or_else(String::new, |[load, ..]| format!(", load {load}"));
    let summary =
        format!("{} processes{load}, {available} % of memory available{top}", facts.count);
    (verdict, summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_given_anew_is_another_process() {
        let sample = |start, spent_us| {
            let process = Process { pid: 7, ..Process::default() };
            Sample { process, start, spent_us }
        };
        let mut before = Spent::default();
        before.saw(7, Some((100, 90_000_000)));
        let window = Duration::from_secs(1);
        assert_eq!(share(&before, &sample(100, 90_500_000), window), 50.0);
        assert_eq!(share(&before, &sample(900, 20_000), window), 2.0);
        assert_eq!(share(&before, &sample(100, 20_000), window), 0.0, "it went back");
        assert_eq!(share(&before, &sample(900, 20_000), Duration::ZERO), 0.0);
    }
}
