//! Runbooks: scripted troubleshooting. So far those compiled in, which collect and detect only.

use serde::{Deserialize, Serialize};

use crate::probe::ProbeResult;

/// What a detector says of a cause. A detector whose facts are missing says `Unknown`, never
/// `Excluded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CauseVerdict {
    /// The facts show it.
    Found,
    /// The facts rule it out.
    Excluded,
    /// The facts needed are missing.
    Unknown,
    /// It would follow from another cause that was found.
    Explained,
}

/// One cause, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Cause {
    /// Its id within the runbook, as in `dns-dead`.
    pub id: String,
    /// What it says of the machine, for a technician.
    pub title: String,
    /// The verdict.
    pub verdict: CauseVerdict,
    /// The evidence, or what was missing; one line.
    pub evidence: String,
    /// What to do about it; empty unless it was found.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advice: String,
}

/// What a runbook came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunbookResult {
    /// Its name, as in `net.no-internet`.
    pub runbook: String,
    /// Its version.
    pub version: u32,
    /// One sentence for a technician.
    pub conclusion: String,
    /// The causes, in the runbook's order.
    pub causes: Vec<Cause>,
    /// What each collecting step measured, by the step's name.
    pub facts: std::collections::BTreeMap<String, ProbeResult>,
}
