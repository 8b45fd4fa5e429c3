//! Processes: `/proc/<pid>`, looked at twice, so that it shows which use the processor now.
//!
//! What costs most (command line, account, what was read and written) is read only of those that are
//! told; of very many those that use most.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use befund_model::Timestamp;
use befund_model::section::software::{Process, Processes};

use crate::collector::{Context, Gap};
use crate::sampling::{self, Spent};

use super::uptime;
use crate::platform::linux::people::accounts;

/// The most bytes of a command line.
const MAX_COMMAND_BYTES: usize = 4096;
/// How the kernel counts time for programs (`USER_HZ`), on every architecture in use.
const TICKS_PER_SECOND: u64 = 100;
/// How long the processes are watched. Of a window this short a share is exact to 5 %, since time is
/// counted in hundredths of a second.
const WINDOW: Duration = Duration::from_millis(200);
/// More than these are not told.
const MAX_PROCESSES: usize = 4_000;
/// How long looking may take the first time, the second time, and for the details; what was not looked
/// at by then is left out. Looking at a process takes some 20 µs, so that this is enough for 60,000.
const BUDGETS: [Duration; 3] =
    [Duration::from_millis(1_200), Duration::from_millis(1_800), Duration::from_millis(1_000)];
/// How the state of those is told that wait for a disk.
const STUCK: &str = "waiting for a disk";
/// How often the time is looked at.
const STRIDE: usize = 64;

/// Section `processes`.
pub(crate) fn processes(cx: &Context) -> Result<Processes, Gap> {
    let names = accounts::names(cx);
    let booted_at = cx.note(uptime::boot_time(cx)).flatten();
    let started = Instant::now();
    // Most recorded trees stand still: of one look there is no share.
    let before = match cx.root.later() {
        Ok(_) => spent(cx, started + BUDGETS[0]),
        Err(_) => Spent::default(),
    };
    let (mut found, kernel_threads) = match cx.second_look(WINDOW) {
        Ok(later) => {
            // As long for each process, since they are looked at in the same order.
            let window = later.elapsed(started);
            let (stats, kernel_threads) = later.take(cx, stats)?;
            let share = |(pid, stat): (u32, Stat)| {
                let percent = share(&before, pid, &stat, window);
                (pid, stat, percent)
            };
            (stats.into_iter().map(share).collect::<Vec<_>>(), kernel_threads)
        }
        Err(_) => {
            let (stats, kernel_threads) = stats(cx)?;
            (stats.into_iter().map(|(pid, stat)| (pid, stat, None)).collect(), kernel_threads)
        }
    };
    if found.is_empty() {
        return Err(Gap::unsupported("there is no process under /proc"));
    }
    let all = found.len();
    if all > MAX_PROCESSES {
        cx.gap(Gap::failed(format!(
            "there are {all} processes; the {MAX_PROCESSES} that use most are told"
        )));
        found.sort_by(|(_, a, a_percent), (_, b, b_percent)| {
            let busy = b_percent.unwrap_or(0.0).total_cmp(&a_percent.unwrap_or(0.0));
            let stuck = (b.state == STUCK).cmp(&(a.state == STUCK));
            stuck.then(busy).then(b.pages.cmp(&a.pages))
        });
        found.truncate(MAX_PROCESSES);
    }
    found.sort_by_key(|(pid, ..)| *pid);
    let page = if cx.root.is_live() { rustix::param::page_size() as u64 } else { 4096 };
    let until = Instant::now() + BUDGETS[2];
    let mut late = false;
    let mut processes = Vec::with_capacity(found.len());
    for (number, (pid, stat, cpu_percent)) in found.into_iter().enumerate() {
        late |= number % STRIDE == 0 && Instant::now() > until;
        let mut process = Process {
            pid,
            parent: stat.parent,
            cpu_percent,
            cpu_ms: stat.ticks.saturating_mul(1000 / TICKS_PER_SECOND),
            memory_bytes: stat.pages.saturating_mul(page),
            threads: stat.threads,
            started_at: booted_at.and_then(|boot| {
                let seconds = i64::try_from(stat.started / TICKS_PER_SECOND).ok()?;
                Timestamp::from_second(boot.as_second().checked_add(seconds)?).ok()
            }),
            state: stat.state.to_owned(),
            name: stat.name,
            ..Process::default()
        };
        if !late {
            details(cx, &mut process, &names);
        }
        processes.push(process);
    }
    if late {
        cx.gap(Gap::failed("there are too many processes to read the command lines of all"));
    }
    Ok(Processes { processes, kernel_threads: Some(kernel_threads) })
}

/// The first, the last, the second, the last but one, and so on: if not all can be looked at, the
/// system's own, which began first, and those that began last tell most.
fn outer_first(pids: Vec<u32>) -> Vec<u32> {
    let (mut pids, mut ordered) = (std::collections::VecDeque::from(pids), Vec::new());
    while let Some(first) = pids.pop_front() {
        ordered.push(first);
        ordered.extend(pids.pop_back());
    }
    ordered
}

/// The processor time of each process, in ticks, as it is looked at first.
fn spent(cx: &Context, until: Instant) -> Spent {
    let mut spent = Spent::default();
    let pids = outer_first(pids(cx).unwrap_or_default());
    for pid in &pids {
        spent.saw(*pid, None);
    }
    for (number, pid) in pids.into_iter().enumerate() {
        if number % STRIDE == 0 && Instant::now() > until {
            break;
        }
        if let Some(Ok(stat)) = stat(cx, pid) {
            spent.saw(pid, Some((stat.started, stat.ticks)));
        }
    }
    spent
}

/// The share of one processor that a process used in the window.
fn share(before: &Spent, pid: u32, stat: &Stat, window: Duration) -> Option<f64> {
    let ticks = before.since(pid, stat.started, stat.ticks)?;
    let spent = Duration::from_millis(ticks.saturating_mul(1000 / TICKS_PER_SECOND));
    sampling::of_one_processor(spent, window)
}

/// Every process but the kernel's threads, and how many those are.
fn stats(cx: &Context) -> Result<(Vec<(u32, Stat)>, u32), Gap> {
    let mut kernel_threads = 0;
    let mut found: Vec<(u32, Stat)> = Vec::new();
    let pids = outer_first(pids(cx)?);
    let until = Instant::now() + BUDGETS[1];
    for (number, pid) in pids.iter().copied().enumerate() {
        if number % STRIDE == 0 && Instant::now() > until {
            let left = pids.len() - number;
            cx.gap(Gap::failed(format!("{left} of {} processes were not looked at", pids.len())));
            break;
        }
        let stat = match stat(cx, pid) {
            Some(Ok(stat)) => stat,
            Some(Err(gap)) => {
                cx.gap(gap);
                continue;
            }
            None => continue,
        };
        if pid == 2 || stat.parent == 2 {
            kernel_threads += 1;
            continue;
        }
        found.push((pid, stat));
    }
    Ok((found, kernel_threads))
}

/// What is read of a process; none of one that has ended, which may be at any time.
fn stat(cx: &Context, pid: u32) -> Option<Result<Stat, Gap>> {
    let path = format!("/proc/{pid}/stat");
    let text = cx.root.text(&path).ok()?;
    Some(Stat::parse(&text).ok_or_else(|| Gap::failed(format!("{path} could not be understood"))))
}

fn details(cx: &Context, process: &mut Process, names: &BTreeMap<u32, String>) {
    let pid = process.pid;
    let status = cx.root.text(&format!("/proc/{pid}/status")).unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let uid: Option<u32> = uid.and_then(|ids| ids.split_ascii_whitespace().nth(1)?.parse().ok());
    process.user = uid.map(|uid| names.get(&uid).cloned().unwrap_or_else(|| uid.to_string()));
    process.command = command(cx, pid);
    // Of other accounts' processes only the administrator may read this.
    let io = cx.root.text(&format!("/proc/{pid}/io")).unwrap_or_default();
    (process.read_bytes, process.written_bytes) = counted(&io);
    if process.state == STUCK {
        let place = cx.root.line(&format!("/proc/{pid}/wchan")).ok().flatten();
        // `0` is for those who may not know.
        process.waits_in = place.filter(|place| place != "0");
    }
}

/// Reads `/proc/<pid>/io` (proc(5)): bytes that came from disks and went there.
pub(crate) fn counted(text: &str) -> (Option<u64>, Option<u64>) {
    let number =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    (number("read_bytes:"), number("write_bytes:"))
}

/// The numbers of all processes, in order.
pub(crate) fn pids(cx: &Context) -> Result<Vec<u32>, Gap> {
    let mut pids: Vec<u32> =
        cx.root.list("/proc")?.iter().filter_map(|name| name.parse().ok()).collect();
    pids.sort_unstable();
    Ok(pids)
}

fn command(cx: &Context, pid: u32) -> Option<befund_model::redaction::Redacted> {
    let bytes = cx.root.read(&format!("/proc/{pid}/cmdline")).ok()?;
    let capped = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_COMMAND_BYTES)]).into_owned();
    let arguments = capped.trim_end_matches('\0');
    (!arguments.is_empty()).then(|| cx.redactor.command(arguments.split('\0')))
}

/// What is read of `/proc/<pid>/stat` (proc(5)).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    name: String,
    state: &'static str,
    parent: u32,
    ticks: u64,
    threads: u32,
    started: u64,
    pages: u64,
}

impl Stat {
    /// The name stands in brackets and may itself contain brackets and spaces.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (head, rest) = text.rsplit_once(") ")?;
        let (_, name) = head.split_once(" (")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
        Some(Self {
            name: name.to_owned(),
            state: match *fields.first()? {
                "R" => "running",
                "S" => "sleeping",
                "D" => STUCK,
                "T" | "t" => "stopped",
                "Z" => "zombie",
                "I" => "idle",
                "X" | "x" => "dead",
                _ => "unknown",
            },
            parent: u32::try_from(number(1)?).ok()?,
            ticks: number(11)?.saturating_add(number(12)?),
            threads: u32::try_from(number(17)?).ok()?,
            started: number(19)?,
            pages: number(21)?,
        })
    }
}

#[cfg(test)]
mod tests;
