//! What the kernel tells of a process and its children.

use std::time::Duration;

use anyhow::{Context as _, Result};

/// Memory of one process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Resident.
    pub(crate) rss_kb: u64,
    /// Resident, with what is shared counted by its share.
    pub(crate) pss_kb: u64,
}

/// Of this process now.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok())
            .with_context(|| format!("find {name} in {path}"))
    };
    Ok(Memory { rss_kb: field("Rss:")?, pss_kb: field("Pss:")? })
}

/// How long its threads have been on a processor, by the scheduler's own count, which is finer than
/// the ticks of `stat`.
pub(crate) fn busy(pid: u32) -> Result<Duration> {
    let folder = format!("/proc/{pid}/task");
    let mut nanos = 0;
    for task in std::fs::read_dir(&folder).with_context(|| format!("list {folder}"))? {
        let path = task.with_context(|| format!("list {folder}"))?.path().join("schedstat");
        // A thread that ended meanwhile is not missed.
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        nanos += text.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0u64);
    }
    Ok(Duration::from_nanos(nanos))
}

/// Which part of the agent a process is: its program's first argument.
pub(crate) fn part(pid: u32) -> Result<String> {
    let path = format!("/proc/{pid}/cmdline");
    let line = std::fs::read(&path).with_context(|| format!("read {path}"))?;
    let part = line.split(|byte| *byte == 0).nth(1).unwrap_or_default();
    Ok(String::from_utf8_lossy(part).into_owned())
}

/// The process and everything that it started, as far as it still runs.
pub(crate) fn family(pid: u32) -> Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").context("list /proc")? {
        let Ok(entry) = entry else { continue };
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let mut rest = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(1);
        if let Some(parent) = rest.next().and_then(|parent| parent.parse::<u32>().ok()) {
            parents.push((child, parent));
        }
    }
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(&one) = family.get(next) {
        family.extend(parents.iter().filter(|(_, parent)| *parent == one).map(|(child, _)| *child));
        next += 1;
    }
    Ok(family)
}

/// Processor time of this process's children that have ended, in steps of 10 ms (proc(5): `cutime`,
/// `cstime`): take it over many.
pub(crate) fn ended_children() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("read /proc/self/stat")?;
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace().collect();
    let ticks = |field: usize| {
        fields.get(field).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default()
    };
    Ok(Duration::from_millis((ticks(13) + ticks(14)) * 10))
}
