//! A finding: what a check says of a machine, with its evidence.

use serde::{Deserialize, Serialize};

use crate::language::Text;
use crate::probe::Verdict;

/// What a check says of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Finding {
    /// The check's id, as in `disk.space`.
    pub check: String,
    /// The check's version.
    pub version: u32,
    /// Pass, warn, fail or unknown.
    pub verdict: Verdict,
    /// Why it is unknown; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The facts that it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// A fact that a finding shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// What it is.
    pub label: Text,
    /// The fact, in words.
    pub value: String,
}
