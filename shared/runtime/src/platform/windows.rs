//! Windows.

use std::io;

use tokio::signal::windows::{CtrlC, ctrl_c};

/// Ctrl-C.
pub(crate) struct Signals {
    stop: CtrlC,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { stop: ctrl_c()? })
    }

    pub(crate) async fn next(&mut self) -> &'static str {
        self.stop.recv().await;
        "Ctrl-C"
    }
}
