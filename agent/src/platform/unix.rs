//! Linux and macOS.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

mod enrolling;
pub(crate) mod service;

pub(crate) use enrolling::enroll_as_owner;

/// How the agent is started, for texts.
pub(crate) const HOW_TO_START: &str = "`systemctl start befund-agent` or `befund-agent link`";

/// Where identity and spool are kept.
pub(crate) fn default_state() -> PathBuf {
    PathBuf::from("/var/lib/befund")
}

/// Where the sockets are.
pub(crate) fn default_run() -> PathBuf {
    PathBuf::from("/run/befund")
}

/// Where the settings are.
pub(crate) fn default_config() -> PathBuf {
    PathBuf::from("/etc/befund/agent.toml")
}

/// Which version of a file is there: another one where its content, its owner or its mode was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileVersion {
    inode: u64,
    changed: (i64, i64),
}

/// The version of the file of this name, which need not be readable; `None` where there is none.
pub(crate) fn version_of(path: &Path) -> Option<FileVersion> {
    let file = std::fs::metadata(path).ok()?;
    Some(FileVersion { inode: file.ino(), changed: (file.ctime(), file.ctime_nsec()) })
}

/// Tells the service manager that people can ask.
pub(crate) fn ready() {
    // Not under systemd: nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
}

/// Opens an address in the browser of whoever runs this.
///
/// # Errors
/// If there is no screen, or nothing that knows how.
pub(crate) fn open_page(url: &str) -> std::io::Result<()> {
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    // Apple's program needs no such word.
    let openers = [("/usr/bin/xdg-open", screen), ("/usr/bin/open", cfg!(target_vendor = "apple"))];
    let opener = openers
        .into_iter()
        .find(|(program, fits)| *fits && std::path::Path::new(program).exists())
        .ok_or(std::io::ErrorKind::NotFound)?;
    start(opener.0, &[url])
}

/// Starts a program that goes on by itself.
fn start(program: &str, arguments: &[&str]) -> std::io::Result<()> {
    let null = std::process::Stdio::null;
    let mut command = std::process::Command::new(program);
    command.args(arguments).stdin(null()).stdout(null()).stderr(null()).spawn().map(drop)
}

/// The machine's name.
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The operating system, in words.
pub(crate) fn os_name() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map(|name| name.trim_matches(['"', '\'']).to_owned())
        .unwrap_or_else(|| rustix::system::uname().sysname().to_string_lossy().into_owned())
}
