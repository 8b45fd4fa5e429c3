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

/// Nobody to tell: the service manager hears of it in [`service::host`].
pub(crate) const fn ready() {}
