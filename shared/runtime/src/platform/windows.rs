//! Windows.

use std::io;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
};

pub(crate) mod files;
pub(crate) mod local;
pub(crate) mod peer;
pub mod security;
pub mod wide;

/// What the console tells. A service hears of its stop from the service manager instead.
pub(crate) struct Signals {
    interrupt: CtrlC,
    break_: CtrlBreak,
    close: CtrlClose,
    shutdown: CtrlShutdown,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            break_: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.break_.recv() => "Ctrl-Break",
            _ = self.close.recv() => "the console's end",
            _ = self.shutdown.recv() => "the system's shutdown",
        }
    }
}
