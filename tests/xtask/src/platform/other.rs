//! Systems without process groups and signals: Ctrl-C, and ending a process by its handle.

use std::io;

/// Ctrl-C.
pub(crate) struct Stop;

impl Stop {
    /// Listens from now on.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for it.
    pub(crate) async fn asked(&mut self) -> &'static str {
        let _ = tokio::signal::ctrl_c().await;
        "Ctrl-C"
    }
}

/// Whether we may install packages: there is no apt-get here.
pub(crate) fn is_root() -> bool {
    false
}

/// There are no process groups here.
pub(crate) fn in_own_group(_command: &mut tokio::process::Command) {}

/// Nobody is adopted here.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// A process cannot be asked to end here; its handle ends it.
pub(crate) fn terminate(_group: u32) {}

/// As [`terminate`].
pub(crate) fn kill(_group: u32) {}

/// Not known here.
pub(crate) fn descendants() -> Vec<(u32, String)> {
    Vec::new()
}
