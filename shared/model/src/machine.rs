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
    /// The SHA-256 of its policy file, 64 hexadecimal digits; empty where the defaults hold.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub policy: String,
    /// Why its policy cannot be used, and nothing is run; absent if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_refusal: Option<String>,
    /// Why its executor could not be asked, so that the rest is what was known before; absent if it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor_refusal: Option<String>,
}

/// How a machine stands to what is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustStanding {
    /// It has all of it.
    Current,
    /// It has something older, or nothing.
    Behind,
    /// Nobody vouched for its trust root: only steps that read are run.
    Unpinned,
    /// It did not take what it was handed out.
    Refused,
    /// Its policy cannot be used: nothing is run.
    NoPolicy,
    /// Its executor cannot be asked: nothing is run.
    NoExecutor,
}

impl MachineTrust {
    /// How it stands to the newest root and catalogue that are handed out; 0 for none. The worst counts.
    #[must_use]
    pub fn standing(&self, root_version: u32, catalogue_version: u64) -> TrustStanding {
        if self.executor_refusal.is_some() {
            TrustStanding::NoExecutor
        } else if self.policy_refusal.is_some() {
            TrustStanding::NoPolicy
        } else if self.refusal.is_some() {
            TrustStanding::Refused
        } else if self.root_version > 0 && !self.pinned {
            TrustStanding::Unpinned
        } else if self.root_version != root_version || self.catalogue_version != catalogue_version {
            TrustStanding::Behind
        } else {
            TrustStanding::Current
        }
    }

    /// Why something is not as it should be, in the machine's own words; absent if it said nothing.
    #[must_use]
    pub fn complaint(&self) -> Option<&str> {
        let all = [&self.executor_refusal, &self.policy_refusal, &self.refusal];
        all.into_iter().flatten().next().map(String::as_str)
    }
}

/// The most bytes of [`MachineTrust::refusal`] and its like.
pub const MAX_REFUSAL_BYTES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_what_a_machine_says_counts() {
        let mut trust = MachineTrust {
            root_version: 2,
            pinned: true,
            catalogue_version: 7,
            ..MachineTrust::default()
        };
        assert_eq!(trust.standing(2, 7), TrustStanding::Current);
        assert_eq!(trust.standing(3, 7), TrustStanding::Behind);
        assert_eq!(trust.standing(2, 8), TrustStanding::Behind);
        assert_eq!(MachineTrust::default().standing(0, 0), TrustStanding::Current);
        trust.pinned = false;
        assert_eq!(trust.standing(2, 7), TrustStanding::Unpinned);
        trust.refusal = Some("too few signed".to_owned());
        assert_eq!(trust.standing(2, 7), TrustStanding::Refused);
        trust.policy_refusal = Some("line 3".to_owned());
        assert_eq!(trust.standing(2, 7), TrustStanding::NoPolicy);
        trust.executor_refusal = Some("not there".to_owned());
        assert_eq!(trust.standing(2, 7), TrustStanding::NoExecutor);
        assert_eq!(trust.complaint(), Some("not there"));
    }
}
