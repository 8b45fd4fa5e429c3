//! What an action has started to last, as the daemon of a service on a machine without systemd, or that of a mounted
//! share: taken out of the step's limits and groups, and handed to whoever keeps such things on this machine, so that
//! it goes on when the step, and the executor, have ended. Whether it may is decided elsewhere.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{
    Pid, Resource, getpriority_process, getrlimit, prlimit, setpriority_process,
};
use tokio::process::Command;
use tokio::time::timeout;

use befund_runtime::clock::random;

use super::cgroup::{Groups, Hierarchies};

/// systemd's own sign that it manages this machine (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";
/// Speaks to systemd.
const BUSCTL: &str = "/usr/bin/busctl";
/// How long systemd may take to answer, and then to take them over.
const ANSWER: Duration = Duration::from_secs(5);
const TAKEN: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);

/// Hands these processes over. They are in none of the groups then.
///
/// # Errors
/// Why they cannot go on, in words; some may be elsewhere already.
pub(super) async fn hand_over(pids: &BTreeSet<i32>, groups: &Groups) -> Result<(), String> {
    for pid in pids {
        unlimited(*pid);
    }
    if groups.are_empty() {
        return Ok(());
    }
    let mut of_init = Hierarchies::of_init();
    if Path::new(SYSTEMD).exists() {
        to_systemd(pids).await?;
        // Whatever of the older hierarchies it does not manage is left to the next lines.
        of_init.without_unified();
    }
    for pid in pids {
        // One that has ended meanwhile needs no place.
        of_init.take(*pid);
    }
    let until = tokio::time::Instant::now() + TAKEN;
    while !groups.are_empty() {
        if tokio::time::Instant::now() >= until {
            return Err("they stay in the step's control group".to_owned());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Gives a process the limits and the priority of this one in place of a step's.
fn unlimited(pid: i32) {
    let Some(pid) = Pid::from_raw(pid) else { return };
    for resource in [Resource::Core, Resource::Data, Resource::Cpu, Resource::Nproc] {
        // Without the right to do so it keeps the step's.
        let _ = prlimit(Some(pid), resource, getrlimit(resource));
    }
    if let Ok(own) = getpriority_process(None) {
        let _ = setpriority_process(Some(pid), own);
    }
}

/// Has systemd make a scope of them: what it is told of the processes that others started (systemd.scope(5)).
async fn to_systemd(pids: &BTreeSet<i32>) -> Result<(), String> {
    let mut command = Command::new(BUSCTL);
    let unit = format!("befund-lasting-{:016x}.scope", u64::from_ne_bytes(random()));
    command.env_clear().args(["--timeout=5", "--quiet", "call", "org.freedesktop.systemd1"]);
    command.args(["/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"]);
    command.args(["StartTransientUnit", "ssa(sv)a(sa(sv))", &unit, "fail", "2"]);
    command.args(["Description", "s", "Started by a Befund runbook", "PIDs", "au"]);
    command.arg(pids.len().to_string()).args(pids.iter().map(ToString::to_string)).arg("0");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = match timeout(ANSWER, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("{BUSCTL} could not be run: {error}")),
        Err(_) => return Err("systemd does not answer".to_owned()),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("systemd does not take them over: {}", said.trim()))
}
