//! Linux and macOS.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::process::Child;

use befund_runtime::local::{Callers, Listener, Stream};
use befund_runtime::peer::Account;

mod activation;
#[cfg(not(target_os = "linux"))]
pub(crate) mod pen;
#[cfg(not(target_os = "linux"))]
pub(crate) mod sessions;
mod time;

pub(crate) use activation::{Door, handed, starter_left};
pub use std::os::unix::net::UnixListener as Listening;
pub(crate) use time::local_time;

/// What starts the executor where the system does, for texts.
pub(crate) const ACTIVATION: &str = "befund-executor.socket";
/// What starts the executor for people where the system does, for texts.
pub(crate) const PEOPLE: &str = "befund-people.socket";
/// Who may do anything, for texts.
pub(crate) const MASTERS: &str = "root";

/// Where the policy is unless told otherwise.
#[must_use]
pub fn default_policy() -> PathBuf {
    PathBuf::from("/etc/befund/policy.toml")
}

/// Where a system's executor keeps its journal and what it trusts.
#[must_use]
pub fn default_keep() -> PathBuf {
    PathBuf::from("/var/lib/befund-executor")
}

/// Whether this process may do anything here.
#[must_use]
pub fn is_master() -> bool {
    rustix::process::geteuid().is_root()
}

/// The machine's name.
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// What of this process's own surroundings a child needs: nothing.
pub(crate) const fn surroundings() -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    Vec::new()
}

/// What restarts the machine: a program and its arguments.
pub(crate) fn restart() -> (PathBuf, &'static [&'static str]) {
    let known = ["/usr/sbin/shutdown", "/sbin/shutdown"];
    let found = known.iter().map(Path::new).find(|path| path.exists());
    (found.unwrap_or(Path::new(known[1])).to_owned(), &["-r", "now"])
}

/// Serves on a socket that was handed over. Its mode decided who could open it.
pub(crate) fn listen(listener: Listening, _: Callers) -> io::Result<Listener> {
    Listener::from_std(listener)
}

/// Whoever holds the socket starts the executor when somebody connects: nothing is to be done.
#[derive(Clone, Debug)]
pub(crate) struct Starter;

impl Starter {
    pub(crate) const fn system() -> Self {
        Self
    }
}

/// Connects to the executor.
pub(crate) async fn connect(path: &Path, _: &Starter) -> io::Result<Stream> {
    Stream::connect(path).await
}

/// Whether whoever listens at the other end is the agent: root, or whoever connects themselves. The folder of the
/// sockets is the link's, which could put a socket of its own in the place of the executor's.
pub(crate) fn is_agents(stream: &mut Stream) -> impl Future<Output = io::Result<bool>> + Send {
    let peer = befund_runtime::local::credentials(stream);
    async { peer.await.map(|peer| peer.administrator || peer.account == Account::own()) }
}

/// A child with all that it starts: the process group that it leads.
#[derive(Debug)]
pub(crate) struct Group;

impl Group {
    /// Puts the command's process at the head of a group of its own, with an empty environment.
    pub(crate) fn prepare(command: &mut std::process::Command) {
        command.process_group(0).env_clear();
    }

    /// The group of a child that was started so.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn of(_: &Child) -> io::Result<Self> {
        Ok(Self)
    }

    /// Kills the group. Nothing is done once the child was reaped, when its number may be another's.
    pub(crate) fn end(&self, child: &Child) {
        if let Some(pid) = pid(child.id()) {
            // Fails only if every process of it has ended already.
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        }
    }

    /// Whether the child has exited; it stays to be reaped.
    pub(crate) fn has_ended(&self, child: &Child) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        pid(child.id()).is_some_and(|pid| {
            rustix::process::waitid(WaitId::Pid(pid), look).is_ok_and(|status| status.is_some())
        })
    }
}

fn pid(number: Option<u32>) -> Option<Pid> {
    i32::try_from(number?).ok().and_then(Pid::from_raw)
}

/// Gives up what reading does not take: here, rights are not divided so.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "where rights are divided, the system may refuse")]
pub(crate) const fn only_read() -> io::Result<()> {
    Ok(())
}

/// Gives up all rights of an administrator: here, they are not divided so.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "where rights are divided, the system may refuse")]
pub(crate) const fn only_think() -> io::Result<()> {
    Ok(())
}

/// Asks the system to kill this process when its parent dies. Where it cannot, the end of standard
/// input tells.
#[cfg_attr(not(target_os = "linux"), expect(clippy::unnecessary_wraps, reason = "as on Linux"))]
pub(crate) fn die_with_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

/// Whether the parent is still the one that says so. It is gone if it died before
/// [`die_with_parent`], which tells only of what comes after it.
pub(crate) fn check_parent(parent: u32) -> io::Result<()> {
    let now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
    if Some(parent) != now {
        return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the starter has gone"));
    }
    Ok(())
}

/// What the system calls its run from start to end; `None` where it has no name for it.
pub(crate) fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned()).filter(|id| !id.is_empty())
}
