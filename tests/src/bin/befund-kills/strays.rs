//! What a process that was killed left running. This program takes in whatever is orphaned below it, so that nothing gets
//! lost; what is still there seconds later was left behind.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitOptions};

use crate::processes::Known;

/// How long something may live on after its parent: until the system has told it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The numbers of a process's children.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let listed = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    if let Ok(listed) = listed {
        return listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    }
    below(parent).into_iter().map(|(pid, _)| pid).collect()
}

/// A process's children, with their state, by looking at all processes.
fn below(parent: u32) -> Vec<(u32, String)> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let child = |entry: std::fs::DirEntry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        let state = fields.next()?.to_owned();
        (fields.next()?.parse::<u32>().ok()? == parent).then_some((pid, state))
    };
    entries.flatten().filter_map(child).collect()
}

/// When a process was started, in ticks.
pub(crate) fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()
}

/// How nice a process is.
pub(crate) fn nice(pid: u32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(16)?.parse().ok()
}

fn line(pid: u32) -> String {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ").trim().to_owned()
}

/// Those that were taken in.
#[derive(Debug)]
pub(crate) struct Strays {
    known: Known,
    seen: BTreeMap<u32, Instant>,
    /// Those who have ended: some of them are waited for by others here.
    ended: BTreeMap<u32, Instant>,
    /// The longest that one lived on, and which.
    pub(crate) longest: (Duration, String),
}

impl Strays {
    /// From now on what is orphaned comes here.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn take_in(known: Known) -> std::io::Result<Self> {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        Ok(Self {
            known,
            seen: BTreeMap::new(),
            ended: BTreeMap::new(),
            longest: (Duration::ZERO, String::new()),
        })
    }

    /// Looks who is there, and buries who has ended; those that stay too long.
    pub(crate) fn look(&mut self) -> Vec<String> {
        let (mut there, mut ended) = (BTreeMap::new(), BTreeMap::new());
        for (pid, state) in below(std::process::id()) {
            if self.known.has(pid) {
                continue;
            }
            if state == "Z" {
                let since = self.ended.get(&pid).copied().unwrap_or_else(Instant::now);
                ended.insert(pid, since);
                let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
                if since.elapsed() > PATIENCE && raw.is_some() {
                    let _ = rustix::process::waitpid(raw, WaitOptions::NOHANG);
                }
                continue;
            }
            let since = self.seen.get(&pid).copied().unwrap_or_else(Instant::now);
            there.insert(pid, since);
        }
        (self.seen, self.ended) = (there, ended);
        let mut left = Vec::new();
        for (pid, since) in &self.seen {
            let line = line(*pid);
            if line.is_empty() {
                // Its memory is gone: it does nothing any more.
                continue;
            }
            let lived = since.elapsed();
            if lived > self.longest.0 {
                self.longest = (lived, line.clone());
            }
            if lived > PATIENCE {
                left.push(format!("{pid} ({line})"));
            }
        }
        left
    }
}
