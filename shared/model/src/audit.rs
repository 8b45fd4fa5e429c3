//! The audit record: who did what, on what, from where. Durable before it takes effect.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::id::{AgentId, AuditId, OperatorId};

/// Who did a thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person, signed in.
    Operator {
        /// Their account.
        id: OperatorId,
        /// Its name at that time.
        name: String,
    },
    /// An agent, by its certificate; with the account at the machine that asked, if one did.
    Agent {
        /// Its identity.
        id: AgentId,
        /// The local account, as the machine's kernel told.
        account: Option<String>,
    },
    /// The controller itself: timers, retention, the command line on its host.
    System,
}

impl Actor {
    /// The name to show.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Operator { name, .. } => name,
            Self::Agent { account: Some(account), .. } => account,
            Self::Agent { account: None, .. } => "the machine",
            Self::System => "Befund",
        }
    }
}

/// On whose behalf, and from where, something is changed: every change of the store takes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The network address, or `local` for the command line on the host.
    pub source: String,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// Its place in the log, from 1; none until it was sequenced.
    pub seq: Option<i64>,
    /// When.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From where.
    pub source: String,
    /// What, as in `ticket.close`, `job.start`, `agent.revoke`.
    pub action: String,
    /// On what, as in `ticket:42`, `agent:0198…`.
    pub object: String,
    /// With which arguments.
    pub detail: Value,
}
