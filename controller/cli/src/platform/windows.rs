//! Windows: `%APPDATA%`, whose access list already keeps other accounts out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// `%APPDATA%`.
pub(crate) fn config_dir() -> Option<PathBuf> {
    std::env::var_os("APPDATA").map(PathBuf::from)
}

/// This machine's name, if it has one that can be read.
pub(crate) fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// Reads the file.
pub(crate) fn read_private(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
}

/// Writes the file in one step: beside its place, then renamed into it.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let beside = path.with_extension("new");
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}
