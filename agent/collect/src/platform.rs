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
#[cfg(any(windows, test, feature = "fuzzing"))]
mod decode;
#[cfg(any(windows, test, feature = "fuzzing"))]
pub(crate) use decode::hostile as decoders;

/// Without Windows' readers, nobody reads.
#[cfg(not(any(windows, test, feature = "fuzzing")))]
pub(crate) mod decoders {
    pub(crate) fn read(_: &[u8]) {}
}

#[cfg(not(any(target_os = "linux", windows)))]
mod other;
#[cfg(not(any(target_os = "linux", windows)))]
pub(crate) use other::{COLLECTORS, Tree, hostile, usage};
