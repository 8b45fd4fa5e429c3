//! Probes: typed, parameterised, read-only measurements, and the shape of their results.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::snapshot::Status;

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
    /// One line for people.
    pub summary: String,
    /// The facts, by the probe's schema; null if nothing was measured.
    pub facts: Value,
    /// How long it took, in microseconds.
    pub took_us: u64,
}
