//! What differs between operating systems: how a tree of files is opened, and the collectors.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{COLLECTORS, Tree, hostile, proxies, usage};

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::{COLLECTORS, Tree, hostile, usage};
