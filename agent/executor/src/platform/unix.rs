//! Linux and macOS.

use std::fs::Metadata;
use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::io::unix::AsyncFd;

/// sd_listen_fds(3): the first descriptor that is handed over.
const FIRST: i32 = 3;

/// Takes the listening socket that the starter handed over: descriptor 3 by the protocol of
/// sd_listen_fds(3), or else standard input, as inetd does for `wait` services. The second way is
/// for starters that cannot know the number of the process before it runs.
pub(crate) fn inherited_listener() -> io::Result<Option<UnixListener>> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    if number("LISTEN_PID") == Some(std::process::id()) && number("LISTEN_FDS") >= Some(1) {
        // SAFETY: the two variables, addressed to this very process, say that descriptor 3 is open
        // and ours; nothing else here has taken it, since this runs first and once.
        #[expect(unsafe_code, reason = "sd_listen_fds(3) names the descriptor by number only")]
        let handed = unsafe { OwnedFd::from_raw_fd(FIRST) };
        rustix::io::fcntl_setfd(&handed, rustix::io::FdFlags::CLOEXEC)?;
        return if is_listening(&handed) {
            Ok(Some(UnixListener::from(handed)))
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "descriptor 3 is not a listening socket",
            ))
        };
    }
    let input = io::stdin();
    if is_listening(&input) {
        return Ok(Some(UnixListener::from(input.as_fd().try_clone_to_owned()?)));
    }
    Ok(None)
}

/// Lets a listener be waited for without being read.
pub(crate) fn watch(listener: UnixListener) -> io::Result<AsyncFd<UnixListener>> {
    // SAFETY: a `UnixListener` owns its descriptor, gives the same one for its whole life, and
    // closes it only when it is dropped.
    #[expect(unsafe_code, reason = "tokio asks for this promise, which no type can make")]
    let watched = unsafe { AsyncFd::register(listener) };
    Ok(watched?)
}

/// Whether this is a socket that takes connections.
fn is_listening(fd: &impl AsFd) -> bool {
    rustix::net::sockopt::socket_acceptconn(fd).unwrap_or(false)
}

/// Puts the command's process at the head of a group of its own, so that it can be ended with all
/// that it started.
pub(crate) fn in_own_group(command: &mut Command) {
    command.process_group(0);
}

/// Kills the group that this process leads. The caller has not yet reaped the process, so the
/// number is still its own.
pub(crate) fn end_group(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // Fails only if every process of it has ended already.
        let _ = rustix::process::kill_process_group(pid, Signal::KILL);
    }
}

/// Asks a process of ours, not yet reaped, to end by itself.
pub(crate) fn ask_to_end(pid: Option<u32>) {
    if let Some(pid) = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw) {
        // Fails only if it has ended already.
        let _ = rustix::process::kill_process(pid, Signal::TERM);
    }
}

/// Whether this child has exited; it stays to be reaped.
pub(crate) fn has_ended(pid: u32) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    i32::try_from(pid).ok().and_then(Pid::from_raw).is_some_and(|pid| {
        rustix::process::waitid(WaitId::Pid(pid), look).is_ok_and(|status| status.is_some())
    })
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

/// The account that this process runs as.
pub(crate) fn owner_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The account that owns a file, if it is there.
pub(crate) fn owner_of(path: &std::path::Path) -> Option<u32> {
    std::fs::symlink_metadata(path).ok().map(|file| file.uid())
}

/// Who but `uid` and root may change a file, in words; `None` if nobody.
pub(crate) fn may_be_changed_by(file: &Metadata, uid: u32) -> Option<String> {
    if file.uid() != 0 && file.uid() != uid {
        return Some(format!("it belongs to user {}", file.uid()));
    }
    let mode = file.mode();
    if mode & 0o022 != 0 {
        return Some(format!("its mode is {:o}, so others may write to it", mode & 0o7777));
    }
    None
}
