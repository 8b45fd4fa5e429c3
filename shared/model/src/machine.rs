//! A machine as the controller knows it: its identity, and when it was last heard of.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::{AgentId, SnapshotId};

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Machine {
    /// The identity of its agent.
    pub id: AgentId,
    /// Its host name, as it last said.
    pub name: String,
    /// Its operating system in words, as it last said (`Debian GNU/Linux 12`).
    pub os: String,
    /// The agent's version.
    pub agent_version: String,
    /// The group that it was enrolled into; empty for none.
    pub group: String,
    /// When it was enrolled.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub enrolled_at: Timestamp,
    /// When it was last heard of, to within the heartbeat's flush.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = "date-time"))]
    pub last_seen: Option<Timestamp>,
    /// When its identity was revoked.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = "date-time"))]
    pub revoked_at: Option<Timestamp>,
    /// Its latest snapshot.
    pub last_snapshot: Option<SnapshotId>,
    /// How far its clock is off, in milliseconds (its clock minus ours), as last measured.
    pub clock_offset_ms: Option<i64>,
}

/// What a machine trusts and keeps, as it last said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MachineTrust {
    /// The version of its trust root; 0 without one.
    pub root_version: u32,
    /// Whether somebody vouched for that root: the installer, or whoever made the enrollment token.
    pub pinned: bool,
    /// The version of its catalogue; 0 without one.
    pub catalogue_version: u64,
    /// The SHA-256 of that catalogue's manifest, 64 hexadecimal digits; empty without one.
    pub catalogue: String,
    /// Why it did not take what it was handed out last; absent if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// The most bytes of [`MachineTrust::refusal`].
pub const MAX_REFUSAL_BYTES: usize = 1_000;
