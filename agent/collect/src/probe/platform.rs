//! What probes ask the running system itself and no file tells.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
pub(super) use linux::{dump, page_size, space, ticks_per_second};
#[cfg(not(target_os = "linux"))]
pub(super) use other::{dump, page_size, space, ticks_per_second};

/// What `statvfs` tells of a mounted file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Space {
    pub(super) total_bytes: u64,
    pub(super) available_bytes: u64,
    /// All and free; none where the file system does not count them.
    pub(super) inodes: Option<(u64, u64)>,
    pub(super) read_only: bool,
}
