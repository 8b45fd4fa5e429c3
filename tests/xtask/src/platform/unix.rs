//! Unix: process groups, signals, and (on Linux) every process below us.

use std::collections::HashMap;
use std::io;

use rustix::process::{Pid, Signal};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// Ctrl-C, `kill`, and a terminal that was closed.
pub(crate) struct Stop {
    interrupt: Stream,
    terminate: Stream,
    hangup: Stream,
}

impl Stop {
    /// Listens from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one of them. Cancel-safe: one that came earlier is not lost.
    pub(crate) async fn asked(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hangup.recv() => "SIGHUP",
        }
    }
}

/// Whether we may install packages.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Starts the command in a process group of its own, so that Ctrl-C reaches us alone and we end
/// the rest in order.
pub(crate) fn in_own_group(command: &mut tokio::process::Command) {
    command.process_group(0);
}

/// Makes us the parent of every process below us whose parent ends, so that none gets away.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

/// Asks a process group to end.
pub(crate) fn terminate(group: u32) {
    send(group, Signal::TERM);
}

/// Ends a process group at once.
pub(crate) fn kill(group: u32) {
    send(group, Signal::KILL);
}

fn send(group: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // One that has ended already is what we want.
        let _ = rustix::process::kill_process_group(pid, signal);
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Every process below us that has not ended, with its name.
pub(crate) fn descendants() -> Vec<(u32, String)> {
    let mut children: HashMap<u32, Vec<(u32, String)>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        if let Some((name, state, parent)) = parse_stat(&stat)
            && state != 'Z'
        {
            children.entry(parent).or_default().push((pid, name));
        }
    }
    let mut found = Vec::new();
    let mut rest = vec![std::process::id()];
    while let Some(parent) = rest.pop() {
        for (pid, name) in children.remove(&parent).unwrap_or_default() {
            rest.push(pid);
            found.push((pid, name));
        }
    }
    found
}

/// Name, state and parent from `/proc/PID/stat` (proc(5)); the name may hold blanks and parentheses.
fn parse_stat(stat: &str) -> Option<(String, char, u32)> {
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let mut fields = after.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    Some((name.to_owned(), state, parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_have_an_odd_name() {
        assert_eq!(parse_stat("12 (a) b (c) S 7 12 12 0"), Some(("a) b (c".into(), 'S', 7)));
        assert_eq!(parse_stat("12 (a"), None);
    }

    #[test]
    fn a_child_is_found_until_it_ends() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("sleep");
        let ours = |pid| descendants().iter().any(|(other, _)| *other == pid);
        assert!(ours(child.id()));
        child.kill().expect("ours");
        child.wait().expect("ours");
        assert!(!ours(child.id()));
    }
}
