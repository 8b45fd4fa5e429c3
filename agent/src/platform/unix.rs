//! Linux and macOS.

use std::path::PathBuf;

pub(crate) mod service;

/// How the agent is started, for texts.
pub(crate) const HOW_TO_START: &str = "`systemctl start befund-link` or `befund-agent link`";

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

/// Tells the service manager that people can ask.
pub(crate) fn ready() {
    // Not under systemd: nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
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
