//! Windows: files inherit the rights of their folder, which its installer restricts.

use std::fs::{File, OpenOptions};
use std::path::Path;

/// Opens a file, empty.
pub(super) fn open_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path)
}

/// Makes a folder.
pub(crate) fn create_private_folder(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Names in a folder are durable with the file.
pub(crate) fn sync_folder(_path: &Path) -> std::io::Result<()> {
    Ok(())
}
