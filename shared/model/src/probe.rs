//! Probes: typed, parameterised, read-only measurements, and the shape of their results.
//!
//! What there is to run stands in [`spec`]; what each one measures in the module of its topic. How
//! it is measured is the agent's.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::snapshot::Status;

pub mod machine;
pub mod names;
pub mod network;
pub mod path;
pub mod remote;
pub mod spec;
pub mod trust;

pub use spec::{InvalidParameters, List, Parameter, Parameters, Spec, catalogue};

/// What a probe measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProbeResult {
    /// Its name, as in `net.dns`.
    pub probe: String,
    /// The version of the shape of its facts.
    pub version: u32,
    /// How it came out.
    pub status: Status,
    /// Why it is not `ok`; empty if it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What the facts say of the machine, by the probe's thresholds.
    #[serde(default)]
    pub verdict: Verdict,
    /// One line for people.
    pub summary: String,
    /// The facts, by the probe's schema; null if nothing was measured.
    pub facts: Value,
    /// How long it took, in microseconds.
    pub took_us: u64,
}

impl ProbeResult {
    /// The result of a probe that measured nothing.
    #[must_use]
    pub fn without_facts(spec: &Spec, status: Status, reason: String) -> Self {
        Self {
            probe: spec.name.to_owned(),
            version: spec.version,
            status,
            summary: format!("not measured: {reason}"),
            reason,
            verdict: Verdict::Unknown,
            facts: Value::Null,
            took_us: 0,
        }
    }

    /// The typed facts, if there are any and they have the expected shape.
    #[must_use]
    pub fn facts<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        match self.status {
            Status::Ok | Status::Partial => T::deserialize(&self.facts).ok(),
            Status::Unsupported | Status::Denied | Status::Timeout | Status::Failed => None,
        }
    }
}

/// What facts say of a machine. Missing facts are `Unknown`, never `Pass`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Worth a look.
    Warn,
    /// Broken.
    Fail,
    /// The facts to judge by are missing.
    #[default]
    Unknown,
}

impl Verdict {
    /// The word used on screens.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}
