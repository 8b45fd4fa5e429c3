//! The policy file: what the machine's owner allows, and what probes may reach.
//!
//! Only root may write it, and it can only narrow what the agent could do; the controller can
//! neither write it nor read around it. Without a file, the defaults of [`Targets`] apply and every
//! probe may be run, and of signed runbooks what [`Rules`] says.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use befund_collect::probe::{HttpCheck, Targets};
use befund_model::api::WorkInfo;
use befund_model::language::Language;
use befund_model::probe::catalogue;
use befund_runtime::files;
use befund_trust::digest::Sha256;

pub mod rules;
pub mod signatures;

pub use crate::platform::default_policy as default_path;
use rules::Rules;
use signatures::Signatures;

/// The most bytes of it.
const MAX_BYTES: u64 = 256 << 10;

/// What the machine's owner allows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// The file that says so; absent for the defaults.
    pub source: Option<PathBuf>,
    /// The SHA-256 of that file's bytes, 64 hexadecimal digits; absent for the defaults.
    pub digest: Option<String>,
    /// What probes may reach.
    pub targets: Targets,
    /// The probes that may be run by themselves; all of them if absent.
    pub works: Option<Vec<String>>,
    /// What is allowed of runbooks.
    pub rules: Rules,
    /// Which signatures count.
    pub signatures: Signatures,
}

/// Why the policy cannot be used. Nothing is run then: it fails closed.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is there, but cannot be read.
    #[error("could not read the policy {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// Others than root could change it.
    #[error("the policy {} is not trusted: {why}; {}", path.display(), files::how_to_own(path))]
    Untrusted {
        /// The file, or the folder that it is in.
        path: PathBuf,
        /// Who could.
        why: String,
    },
    /// It is not TOML, or has a key that is not known.
    #[error("the policy {} cannot be understood: {why}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line and key.
        why: String,
    },
    /// An entry that could not be used.
    #[error("the policy {} names {entry:?} under {key}: {why}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// Where.
        key: String,
        /// What.
        entry: String,
        /// What is wrong with it.
        why: String,
    },
}

/// The file's shape. Lists that are absent keep their defaults.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    targets: FileTargets,
    services: Option<Vec<String>>,
    logs: Option<std::collections::BTreeMap<String, String>>,
    allow: Allow,
    runbooks: rules::File,
    signatures: signatures::File,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileTargets {
    dns: Option<Vec<String>>,
    tcp: Option<std::collections::BTreeMap<String, String>>,
    tls: Option<std::collections::BTreeMap<String, String>>,
    http: Option<std::collections::BTreeMap<String, HttpCheck>>,
    ntp: Option<Vec<String>>,
    resolvers: Option<std::collections::BTreeMap<String, String>>,
    issuers: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Allow {
    works: Option<Vec<String>>,
}

impl Policy {
    /// Reads the policy; the defaults if there is no file.
    ///
    /// # Errors
    /// If the file is there and cannot be read, trusted or understood.
    pub fn load(path: &Path) -> Result<Self, PolicyError> {
        let read = |source| PolicyError::Read { path: path.to_owned(), source };
        let file = match std::fs::File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            other => other.map_err(read)?,
        };
        // Of the open file, so that it cannot be another one by the time that it is read.
        let metadata = file.metadata().map_err(read)?;
        let untrusted = |path: &Path, why| PolicyError::Untrusted { path: path.to_owned(), why };
        if let Some(why) = files::changeable_by(&file).map_err(read)? {
            return Err(untrusted(path, why));
        }
        // Who may write to the folder may put another file in its place.
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
            && let Some(why) = files::folder_changeable_by(folder).map_err(read)?
        {
            return Err(untrusted(folder, why));
        }
        if metadata.len() > MAX_BYTES {
            let why = format!("it has more than {MAX_BYTES} bytes");
            return Err(PolicyError::Syntax { path: path.to_owned(), why });
        }
        let text = io::read_to_string(io::Read::take(file, MAX_BYTES)).map_err(read)?;
        Self::parse(path, &text)
    }

    /// Reads a policy's text; `path` is for the errors.
    ///
    /// # Errors
    /// If it cannot be understood.
    pub fn parse(path: &Path, text: &str) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(text).map_err(|error| PolicyError::Syntax {
            path: path.to_owned(),
            why: error.to_string().trim_end().to_owned(),
        })?;
        let mut default = Targets::default();
        // Whoever lists names of their own says as well whom else to ask for them.
        if file.targets.dns.is_some() {
            default.resolvers.clear();
        }
        let targets = Targets {
            dns: file.targets.dns.unwrap_or(default.dns),
            tcp: file.targets.tcp.unwrap_or(default.tcp),
            tls: file.targets.tls.unwrap_or(default.tls),
            http: file.targets.http.unwrap_or(default.http),
            ntp: file.targets.ntp.unwrap_or(default.ntp),
            resolvers: file.targets.resolvers.unwrap_or(default.resolvers),
            issuers: file.targets.issuers.unwrap_or(default.issuers),
            services: file.services.unwrap_or(default.services),
            logs: file.logs.unwrap_or(default.logs),
        };
        if let Some((key, entry, why)) =
            targets.check().err().or_else(|| unknown_work(file.allow.works.as_deref()))
        {
            return Err(PolicyError::Entry { path: path.to_owned(), key, entry, why });
        }
        let rules = file.runbooks.rules().map_err(|(key, entry, why)| PolicyError::Entry {
            path: path.to_owned(),
            key,
            entry,
            why,
        })?;
        let source = Some(path.to_owned());
        let digest = Some(Sha256::of(text.as_bytes()).to_string());
        let signatures = file.signatures.signatures();
        Ok(Self { source, digest, targets, works: file.allow.works, rules, signatures })
    }

    /// Whether this probe may be run by itself. Of runbooks the [`Rules`] say it.
    #[must_use]
    pub fn allows(&self, work: &str) -> bool {
        self.works.as_ref().is_none_or(|works| works.iter().any(|allowed| allowed == work))
    }

    /// The probes that may be run by themselves.
    #[must_use]
    pub fn works(&self) -> Vec<WorkInfo> {
        catalogue(Language::English)
            .into_iter()
            .filter(|info| self.allows(info.work.name()))
            .collect()
    }

    /// The file, for texts.
    #[must_use]
    pub fn shown_source(&self) -> String {
        self.source
            .as_ref()
            .map_or_else(|| "defaults".to_owned(), |path| path.display().to_string())
    }
}

fn unknown_work(works: Option<&[String]>) -> Option<(String, String, String)> {
    let known = catalogue(Language::English);
    let unknown =
        works?.iter().find(|name| !known.iter().any(|info| info.work.name() == name.as_str()))?;
    let names: Vec<_> = known.iter().map(|info| info.work.name()).collect();
    let why = format!(
        "there is no such probe; there are {} (runbooks are allowed by `allow` under [runbooks])",
        names.join(", ")
    );
    Some(("allow.works".to_owned(), unknown.clone(), why))
}
