//! What starting a browser asks of the system.

use tokio::process::Command;

/// Whether this process is root's, for whom Chromium's own sandbox does not work.
#[cfg(unix)]
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Keeps a terminal's Ctrl-C from the process: whoever started it ends it in order.
#[cfg(unix)]
pub(crate) fn in_own_group(command: &mut Command) {
    command.process_group(0);
}

/// Whether this process is root's.
#[cfg(not(unix))]
pub(crate) fn is_root() -> bool {
    false
}

/// Keeps a terminal's Ctrl-C from the process.
#[cfg(not(unix))]
pub(crate) fn in_own_group(_: &mut Command) {}
