//! The controller's folder and its `config.toml`: read once, checked whole, and handed down as
//! values. Nothing else reads configuration, and nothing here opens a socket or a database.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub mod template;

/// The folder that holds everything a controller keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder at this path, which need not exist.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// The CA's keys and certificates.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.0.join("ca")
    }

    /// What must not roll back when a backup is restored.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger")
    }

    /// The site's own checks, where it has some.
    #[must_use]
    pub fn checks(&self) -> PathBuf {
        self.0.join("checks")
    }

    /// The SQLite database, where that is used.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("befund.db")
    }

    /// What `serve` and `restore` lock, so that there is one at a time.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// What a running controller tells of itself (as the ready file), for commands on its host.
    #[must_use]
    pub fn running(&self) -> PathBuf {
        self.0.join("running.json")
    }
}

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The name of the organisation, as people at the machines see it.
    pub organisation: String,
    /// `sqlite` (a file in the data folder) or `postgres://…`.
    #[serde(default = "default_database")]
    pub database: String,
    /// What agents talk to.
    pub gate: GateConfig,
    /// What people and programs talk to.
    pub console: ConsoleConfig,
    /// What is kept for how long.
    #[serde(default)]
    pub retention: RetentionConfig,
    /// What a monitor reads.
    #[serde(default)]
    pub metrics: MetricsConfig,
}

/// What agents talk to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateConfig {
    /// The address to listen on; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The names and IP addresses that its certificate carries.
    pub names: Vec<String>,
    /// `host:port` as agents reach it, in order of preference; empty: each name with the port.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// How often an agent says that it is there, seconds.
    #[serde(default = "default_heartbeat")]
    pub heartbeat_seconds: u32,
}

/// What people and programs talk to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleConfig {
    /// The address to listen on. On loopback it speaks plain HTTP, elsewhere TLS.
    pub listen: SocketAddr,
    /// The names and IP addresses that a certificate of the own CA carries.
    #[serde(default)]
    pub names: Vec<String>,
    /// A certificate chain of one's own (PEM), instead of one of the own CA.
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    /// Its key (PEM).
    #[serde(default)]
    pub key: Option<PathBuf>,
}

/// What is kept for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// Days that a snapshot is kept, unless it is a machine's latest or on a ticket.
    #[serde(default = "default_days")]
    pub snapshot_days: u32,
}

/// What a monitor reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfig {
    /// The address to answer `/metrics` on to whoever reaches it; none by default.
    #[serde(default)]
    pub listen: Option<SocketAddr>,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { snapshot_days: default_days() }
    }
}

fn default_database() -> String {
    "sqlite".to_owned()
}

const fn default_heartbeat() -> u32 {
    30
}

const fn default_days() -> u32 {
    90
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no file, or it may not be read.
    #[error(
        "the configuration {path} could not be read; `befund-controller init --data {folder}` makes one, or name another folder with --data"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML, or has a key that nobody knows.
    #[error("the configuration {path} is not valid: mend it and start again")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where, and what is wrong.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A value that makes no sense.
    #[error("the configuration {path} is not valid: {key} {problem}")]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
}

impl Config {
    /// Reads and checks the folder's configuration.
    ///
    /// # Errors
    /// Names the file, the line and the key.
    pub fn load(data: &DataFolder) -> Result<Self, ConfigError> {
        let path = data.config();
        let text = std::fs::read_to_string(&path).map_err(|source| ConfigError::Read {
            path: path.clone(),
            folder: data.path().to_owned(),
            source,
        })?;
        Self::parse(&text, &path)
    }

    /// Reads and checks a configuration's text.
    ///
    /// # Errors
    /// Names the file, the line and the key.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|source| ConfigError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        match config.problem() {
            Some((key, problem)) => Err(ConfigError::Value { path: path.to_owned(), key, problem }),
            None => Ok(config),
        }
    }

    fn problem(&self) -> Option<(&'static str, String)> {
        if self.organisation.trim().is_empty() || self.organisation.len() > 256 {
            return Some(("organisation", "must have 1 to 256 bytes".to_owned()));
        }
        if self.gate.names.is_empty() {
            return Some(("gate.names", "must name at least one host".to_owned()));
        }
        if !(5..=3600).contains(&self.gate.heartbeat_seconds) {
            return Some(("gate.heartbeat_seconds", "must be from 5 to 3600".to_owned()));
        }
        if self.console.certificate.is_some() != self.console.key.is_some() {
            return Some(("console.certificate", "and console.key go together".to_owned()));
        }
        if self.gate.listen == self.console.listen && self.gate.listen.port() != 0 {
            return Some(("console.listen", "is the same address as gate.listen".to_owned()));
        }
        let others = [self.gate.listen, self.console.listen];
        if self.metrics.listen.is_some_and(|own| own.port() != 0 && others.contains(&own)) {
            let problem = "is the same address as gate.listen or console.listen".to_owned();
            return Some(("metrics.listen", problem));
        }
        if self.database != "sqlite"
            && !["postgres://", "postgresql://", "sqlite:"]
                .iter()
                .any(|scheme| self.database.starts_with(scheme))
        {
            return Some(("database", "must be `sqlite` or begin with `postgres://`".to_owned()));
        }
        None
    }

    /// The database's URL.
    #[must_use]
    pub fn database_url(&self, data: &DataFolder) -> String {
        if self.database == "sqlite" {
            format!("sqlite:{}", data.database().display())
        } else {
            self.database.clone()
        }
    }

    /// Where agents reach the gate, given the port that it listens on: what tokens carry.
    #[must_use]
    pub fn advertised(&self, port: u16) -> Vec<String> {
        if !self.gate.addresses.is_empty() {
            return self.gate.addresses.clone();
        }
        self.gate
            .names
            .iter()
            .take(befund_model::token::MAX_ADDRESSES)
            .map(|name| match name.parse::<std::net::Ipv6Addr>() {
                Ok(address) => format!("[{address}]:{port}"),
                Err(_) => format!("{name}:{port}"),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("config.toml"))
    }

    #[test]
    fn the_template_is_a_configuration() {
        let text = template::Template {
            organisation: "Example \"quoted\" Ltd",
            database: "sqlite",
            gate: "127.0.0.1:0".parse().expect("an address"),
            console: "127.0.0.1:0".parse().expect("an address"),
            names: &["127.0.0.1".to_owned(), "::1".to_owned()],
        }
        .render();
        let config = parse(&text).expect("a good configuration");
        assert_eq!(config.organisation, "Example \"quoted\" Ltd");
        assert_eq!(config.advertised(7443), ["127.0.0.1:7443", "[::1]:7443"]);
        assert_eq!(config.retention, RetentionConfig::default());
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let text = "organisation = \"x\"\n[gate]\nlisten = \"127.0.0.1:0\"\nnames = [\"a\"]\nlissten = 1\n[console]\nlisten = \"127.0.0.1:0\"\n";
        let error = parse(text).expect_err("an unknown key");
        let chain = befund_runtime::telemetry::chain(&error);
        assert!(chain.contains("line 5") && chain.contains("lissten"), "{chain}");
    }

    #[test]
    fn values_that_make_no_sense_are_named() {
        let text = "organisation = \"\"\n[gate]\nlisten = \"127.0.0.1:0\"\nnames = [\"a\"]\n[console]\nlisten = \"127.0.0.1:0\"\n";
        let error = parse(text).expect_err("no organisation");
        assert!(error.to_string().contains("organisation"), "{error}");
    }
}
