//! What was measured, printed as it comes.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::Options;
use crate::controller::Controller;

/// Prints figures about one controller.
#[derive(Debug)]
pub(crate) struct Figures {
    pid: u32,
    empty_kb: u64,
    /// The controller's processor time when it was looked at last.
    busy: Cell<Duration>,
}

/// The median, the 99th percentile and the largest.
#[derive(Debug)]
pub(crate) struct Percentiles {
    p50: Duration,
    p99: Duration,
    max: Duration,
}

impl Figures {
    /// Takes the empty controller's memory as the base.
    pub(crate) fn new(options: &Options, controller: &Controller) -> Result<Self> {
        let pid = controller.pid();
        let empty_kb = resident_kb(pid)?;
        println!(
            "{} agents, {} sections of {} bytes each, {} at once, database: {}",
            options.agents,
            options.sections,
            options.section_bytes,
            options.at_once,
            options.database.as_deref().map_or("SQLite", |_| "PostgreSQL"),
        );
        println!("{:<48} {empty_kb:>9} KB", "controller, empty");
        Ok(Self { pid, empty_kb, busy: Cell::new(busy(pid)?) })
    }

    /// How many in which time, and the controller's processor time for each, since the last time.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub(crate) fn rate(&self, what: &str, count: usize, took: Duration) -> Result<()> {
        let seconds = took.as_secs_f64();
        let now = busy(self.pid)?;
        let each = now.saturating_sub(self.busy.replace(now)).as_secs_f64() * 1e3 / count as f64;
        println!(
            "{what:<48} {count:>9} in {seconds:.2} s, {:.0}/s, {each:.2} ms of its CPU each",
            count as f64 / seconds
        );
        Ok(())
    }

    /// The controller's memory now, and for each agent.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub(crate) fn memory(&self, when: &str, agents: usize) -> Result<()> {
        let now = resident_kb(self.pid)?;
        print!("{:<48} {now:>9} KB", format!("controller, {when}"));
        if agents > 0 {
            let each = now.saturating_sub(self.empty_kb) as f64 / agents as f64;
            print!(", {each:.1} KB for each agent");
        }
        println!();
        Ok(())
    }

    /// How long single ones took.
    pub(crate) fn times(&self, what: &str, times: &Percentiles) {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{what:<48} p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
            ms(times.p50),
            ms(times.p99),
            ms(times.max)
        );
    }

    /// How many bytes single ones took.
    pub(crate) fn bytes(&self, what: &str, mut bytes: Vec<u64>) {
        bytes.sort_unstable();
        let median = bytes.get(bytes.len() / 2).copied().unwrap_or_default();
        let max = bytes.last().copied().unwrap_or_default();
        println!("{what:<48} p50 {median} B, max {max} B");
    }

    /// Lets the allocator give back what a storm needed, so that the figure is the idle one.
    pub(crate) async fn settle(&self) {
        tokio::time::sleep(Duration::from_secs(12)).await;
    }
}

/// The percentiles of these times.
pub(crate) fn percentiles(mut times: Vec<Duration>) -> Percentiles {
    times.sort_unstable();
    let at = |share: usize| {
        times
            .get((times.len() * share / 100).min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    Percentiles { p50: at(50), p99: at(99), max: at(100) }
}

/// Processor time so far, in steps of 10 ms (proc(5): `utime`, `stime`).
fn busy(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

fn resident_kb(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("find VmRSS in {path}"))
}
