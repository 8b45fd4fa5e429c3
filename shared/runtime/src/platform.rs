//! What differs between systems: which signals ask a process to stop, and who is at the other end of
//! a local socket.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::Signals;
#[cfg(unix)]
pub use unix::credentials;
#[cfg(windows)]
pub(crate) use windows::Signals;
