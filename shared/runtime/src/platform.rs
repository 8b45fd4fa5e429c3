//! What differs between systems: which signals ask a process to stop, local sockets and who is at
//! their other end, accounts, and files that are somebody's alone.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{Signals, files, local, peer};
#[cfg(windows)]
pub(crate) use windows::{Signals, files, local, peer};
#[cfg(windows)]
pub use windows::{security, wide};
