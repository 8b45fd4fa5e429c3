//! Windows: files inherit the rights of their folder, which its installer restricts.

use std::fs::{File, OpenOptions};
use std::path::Path;

/// Opens a file, empty.
pub(super) fn open_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path)
}

/// Makes a folder.
pub fn create_private_folder(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Names in a folder are durable with the file.
pub(crate) fn sync_folder(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Here the option would let another process take the same port.
pub(crate) const REUSE_ADDRESS: bool = false;

/// There is no such service manager here.
pub(crate) fn tell_service_manager(_state: super::ServiceState) -> std::io::Result<()> {
    Ok(())
}

/// There is no such service manager here.
pub(crate) fn watchdog() -> Option<std::time::Duration> {
    None
}

/// There is no such signal here.
#[derive(Debug)]
pub(crate) struct Hangup;

impl Hangup {
    /// Nothing to listen for.
    pub(crate) fn new() -> Self {
        Self
    }

    /// Never comes.
    pub(crate) async fn next(&mut self) {
        std::future::pending().await
    }
}

/// This host's name.
pub fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// Whether only its owner may enter a folder: not told here.
///
/// # Errors
/// Always: access lists are not read.
pub fn is_private(_: &Path) -> std::io::Result<bool> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// How much this account can still write at a path: not told here.
///
/// # Errors
/// Always.
pub fn free_bytes(_: &Path) -> std::io::Result<u64> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Whether the clock is synchronised: not told here.
#[must_use]
pub fn clock_synchronised() -> Option<bool> {
    None
}
