//! What differs between systems: who may read a file, the service manager, the allocator.

use std::io::Write as _;
use std::path::Path;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

pub(crate) use system::{Hangup, REUSE_ADDRESS, sync_folder, tell_service_manager, watchdog};
pub use system::{clock_synchronised, create_private_folder, free_bytes, host_name, is_private};

/// What a service manager is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceState {
    /// Everything serves.
    Ready,
    /// It still does.
    Alive,
    /// It stops.
    Stopping,
}

/// Writes a file that only its owner may read, so that it is there whole or not at all, even after
/// a power cut.
///
/// # Errors
/// If it cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = system::open_private(Path::new(&beside))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&beside, path)?;
    // A name alone is one in the folder where the program runs.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    sync_folder(folder.unwrap_or(Path::new(".")))
}
