//! Processes: `/proc/<pid>`.

use befund_model::Timestamp;
use befund_model::section::software::{Process, Processes};

use crate::collector::{Context, Gap};

use super::uptime;
use crate::platform::linux::people::accounts;

/// The most bytes of a command line.
const MAX_COMMAND_BYTES: usize = 4096;
/// How the kernel counts time for programs (`USER_HZ`), on every architecture in use.
const TICKS_PER_SECOND: u64 = 100;

/// Section `processes`.
pub(crate) fn processes(cx: &Context) -> Result<Processes, Gap> {
    let names = accounts::names(cx);
    let booted_at = cx.note(uptime::boot_time(cx)).flatten();
    let page = if cx.root.is_live() { rustix::param::page_size() as u64 } else { 4096 };
    let mut processes = Vec::new();
    let mut kernel_threads = 0;
    for pid in pids(cx)? {
        // A process may end at any time; then it is simply not there.
        let Ok(stat) = cx.root.text(&format!("/proc/{pid}/stat")) else { continue };
        let Some(stat) = Stat::parse(&stat) else {
            cx.gap(Gap::failed(format!("/proc/{pid}/stat could not be understood")));
            continue;
        };
        if pid == 2 || stat.parent == 2 {
            kernel_threads += 1;
            continue;
        }
        let status = cx.root.text(&format!("/proc/{pid}/status")).unwrap_or_default();
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        let uid: Option<u32> =
            uid.and_then(|ids| ids.split_ascii_whitespace().nth(1)?.parse().ok());
        let started = booted_at.and_then(|boot| {
            Timestamp::from_second(
                boot.as_second() + i64::try_from(stat.started / TICKS_PER_SECOND).ok()?,
            )
            .ok()
        });
        processes.push(Process {
            pid,
            parent: stat.parent,
            name: stat.name,
            command: command(cx, pid),
            user: uid.map(|uid| names.get(&uid).cloned().unwrap_or_else(|| uid.to_string())),
            state: stat.state.to_owned(),
            cpu_percent: None,
            read_bytes: None,
            written_bytes: None,
            waits_in: None,
            cpu_ms: stat.ticks.saturating_mul(1000 / TICKS_PER_SECOND),
            memory_bytes: stat.pages.saturating_mul(page),
            threads: stat.threads,
            started_at: started,
        });
    }
    if processes.is_empty() {
        return Err(Gap::unsupported("there is no process under /proc"));
    }
    Ok(Processes { processes, kernel_threads: Some(kernel_threads) })
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
                "D" => "waiting for a disk",
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
