//! The agent's own settings: `/etc/befund/agent.toml` (on Windows
//! `%ProgramData%\Befund\agent.toml`), which need not be there. Unknown keys are
//! errors, told with their line.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::link::watching::Watching;
use crate::platform;

/// The settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentConfig {
    /// The way out.
    pub proxy: Option<ProxyConfig>,
    /// When snapshots are taken by themselves.
    pub schedule: ScheduleConfig,
    /// What may wait on the disk.
    pub spool: SpoolConfig,
}

/// An HTTP proxy that connections go through; without it the environment's `HTTPS_PROXY` and
/// `NO_PROXY` count.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyConfig {
    /// `http://host:port`; empty for none, whatever the environment says.
    pub url: String,
    /// For basic authentication.
    pub user: Option<String>,
    /// For basic authentication.
    pub password: Option<String>,
    /// Hosts that are reached without it, as in `NO_PROXY`.
    #[serde(default)]
    pub except: Vec<String>,
}

impl std::fmt::Debug for ProxyConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProxyConfig({})", self.url)
    }
}

/// When snapshots are taken by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleConfig {
    /// Every so many hours, and at the start; 0 for never.
    pub hours: u32,
    /// Whether one is taken in between when something has changed.
    pub watch: bool,
    /// How long after a change, in seconds: most bring others with them.
    pub settle_seconds: u32,
    /// How long after the snapshot before at least, in minutes.
    pub pause_minutes: u32,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self { hours: 6, watch: true, settle_seconds: 60, pause_minutes: 10 }
    }
}

impl ScheduleConfig {
    /// How long between two; `None` for never.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        (self.hours > 0).then(|| Duration::from_secs(u64::from(self.hours) * 3600))
    }

    /// When to look at changes in between; `None` for never.
    pub(crate) fn watching(&self) -> Option<Watching> {
        let most = self.interval().filter(|_| self.watch)?;
        let settle = Duration::from_secs(u64::from(self.settle_seconds));
        let least = Duration::from_secs(u64::from(self.pause_minutes) * 60);
        Some(Watching::new(settle, least, most.max(least)))
    }
}

/// What may wait on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpoolConfig {
    /// All together, in MiB.
    pub megabytes: u32,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        Self { megabytes: 256 }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("could not read the settings in {}; check that it is there and may be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The file is not understood.
    #[error("the settings in {} cannot be used; mend the line that is named", path.display())]
    Understand {
        /// The file.
        path: PathBuf,
        /// Where and what.
        #[source]
        source: Box<toml::de::Error>,
    },
}

/// Reads the settings. A file that was named must be there; the default one need not.
///
/// # Errors
/// If the file cannot be read or understood.
pub fn load(named: Option<&Path>) -> Result<AgentConfig, ConfigError> {
    let path = named.map_or_else(platform::default_config, Path::to_owned);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok(AgentConfig::default());
        }
        Err(source) => return Err(ConfigError::Read { path, source }),
    };
    toml::from_str(&text).map_err(|error| ConfigError::Understand { path, source: Box::new(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_told_with_its_line() {
        let error = toml::from_str::<AgentConfig>("[schedule]\nhours = 2\nminutes = 3\n")
            .expect_err("minutes is unknown");
        let text = error.to_string();
        assert!(text.contains("line 3") && text.contains("minutes"), "{text}");
    }

    #[test]
    fn nothing_said_means_the_defaults() {
        let config: AgentConfig = toml::from_str("").expect("an empty file");
        assert_eq!(config.schedule.interval(), Some(Duration::from_secs(6 * 3600)));
        assert_eq!(config.proxy, None);
    }
}
