//! Windows: `%APPDATA%`, whose access list already keeps other accounts out.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// `%APPDATA%`.
pub(crate) fn config_dir() -> Option<PathBuf> {
    std::env::var_os("APPDATA").map(PathBuf::from)
}

/// This machine's name, if it has one that can be read.
pub(crate) fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// The ssh-agent: the pipe that `SSH_AUTH_SOCK` names, or that of the agent which comes with Windows.
pub(crate) fn ssh_agent() -> io::Result<impl Read + Write> {
    let named = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
    let path = named.unwrap_or_else(|| OsString::from(r"\\.\pipe\openssh-ssh-agent"));
    OpenOptions::new().read(true).write(true).open(path)
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
