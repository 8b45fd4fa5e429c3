//! What differs between operating systems: how a tree of files is opened, and the collectors.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{COLLECTORS, Tree, hostile, proxies, usage};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{COLLECTORS, Tree, hostile, usage};

// What is only arithmetic is tried on every system.
#[cfg(any(windows, test))]
mod decode;

#[cfg(not(any(target_os = "linux", windows)))]
mod other;
#[cfg(not(any(target_os = "linux", windows)))]
pub(crate) use other::{COLLECTORS, Tree, hostile, usage};
