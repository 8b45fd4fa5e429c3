//! Windows.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub(crate) mod service;
mod system;

pub(crate) use system::{host_name, os_name};

/// How the agent is started, for texts.
pub(crate) const HOW_TO_START: &str = "`befund-agent service start` or `befund-agent link`";

/// What belongs to the machine and not to one of its users.
fn program_data() -> PathBuf {
    let folder = std::env::var_os("ProgramData");
    Path::new(&folder.unwrap_or_else(|| OsString::from(r"C:\ProgramData"))).join("Befund")
}

/// Where identity and spool are kept.
pub(crate) fn default_state() -> PathBuf {
    program_data().join("state")
}

/// What names the local sockets.
pub(crate) fn default_run() -> PathBuf {
    program_data().join("run")
}

/// Where the settings are.
pub(crate) fn default_config() -> PathBuf {
    program_data().join("agent.toml")
}

/// Which version of a file is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileVersion {
    written: Option<std::time::SystemTime>,
    bytes: u64,
}

/// The version of the file of this name, which need not be readable; `None` where there is none.
pub(crate) fn version_of(path: &Path) -> Option<FileVersion> {
    let file = std::fs::metadata(path).ok()?;
    Some(FileVersion { written: file.modified().ok(), bytes: file.len() })
}

/// Opens an address in the browser of whoever runs this.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn open_page(url: &str) -> std::io::Result<()> {
    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| OsString::from(r"C:\Windows"));
    let program = Path::new(&root).join("System32").join("rundll32.exe");
    std::process::Command::new(program).args(["url.dll,FileProtocolHandler", url]).spawn().map(drop)
}

/// Nobody to tell: the service manager hears of it in [`service::host`].
pub(crate) const fn ready() {}

/// The folder's access list lets the link's account in, whoever makes the files.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn enroll_as_owner(
    _: &std::path::Path,
    _: &[std::ffi::OsString],
    _: &str,
) -> std::io::Result<Option<std::process::ExitStatus>> {
    Ok(None)
}
