//! What differs between operating systems: how a tree of files is opened, and the collectors.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{COLLECTORS, Tree, hostile, proxies, usage};

// What its collectors make of programs' answers is tried on Linux as well.
#[cfg(any(target_os = "macos", all(target_os = "linux", test)))]
mod macos;
#[cfg(target_os = "macos")]
pub(crate) use macos::{COLLECTORS, Tree, hostile, usage};

#[cfg(any(target_os = "linux", target_os = "macos"))]
mod unix;

// macOS tells of monitors itself.
#[cfg(any(target_os = "linux", windows))]
mod edid;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{COLLECTORS, Names, Tree, expanded, hives, hostile, usage};

// macOS tells of health in its own words.
#[cfg(any(target_os = "linux", windows, test, feature = "fuzzing"))]
mod drive;

// What is only arithmetic is tried on every system.
#[cfg(any(windows, test, feature = "fuzzing"))]
mod decode;
#[cfg(any(windows, test, feature = "fuzzing"))]
pub(crate) use decode::hostile as decoders;
#[cfg(windows)]
pub(crate) use decode::{certificates, echo, proxy};

/// Without Windows' readers, nobody reads.
#[cfg(not(any(windows, test, feature = "fuzzing")))]
pub(crate) mod decoders {
    pub(crate) fn read(_: &[u8]) {}
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
compile_error!("the collectors know Linux, macOS and Windows");
