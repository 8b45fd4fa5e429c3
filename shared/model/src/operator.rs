//! The people who use the controller, and what each role may do.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::OperatorId;

/// What a person is to the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees their own tickets.
    Requester,
    /// Works on tickets, level 1.
    TechnicianL1,
    /// Works on tickets, level 2.
    TechnicianL2,
    /// Works on tickets, level 3.
    TechnicianL3,
    /// Reads everything, changes nothing.
    Auditor,
    /// Everything, and the machines' identities and other people's accounts.
    Administrator,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] = [
        Self::Requester,
        Self::TechnicianL1,
        Self::TechnicianL2,
        Self::TechnicianL3,
        Self::Auditor,
        Self::Administrator,
    ];

    /// The word used in commands and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::TechnicianL1 => "technician_l1",
            Self::TechnicianL2 => "technician_l2",
            Self::TechnicianL3 => "technician_l3",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether the role may do this.
    #[must_use]
    pub const fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::ReadOwnTickets => true,
            Permission::Read => !matches!(self, Self::Requester),
            Permission::WorkTickets | Permission::RunReadOnly => matches!(
                self,
                Self::TechnicianL1 | Self::TechnicianL2 | Self::TechnicianL3 | Self::Administrator
            ),
            Permission::ReadAudit => matches!(self, Self::Auditor | Self::Administrator),
            Permission::Administer => matches!(self, Self::Administrator),
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an endpoint asks of the person who calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See the tickets that one requested.
    ReadOwnTickets,
    /// See tickets, machines, snapshots and jobs.
    Read,
    /// Open, change, comment and close tickets.
    WorkTickets,
    /// Start read-only work on machines.
    RunReadOnly,
    /// See the audit log.
    ReadAudit,
    /// Enroll and revoke machines, and see everything.
    Administer,
}

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Operator {
    /// Its id.
    pub id: OperatorId,
    /// The name that they sign in with, unique.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether the account was switched off.
    pub disabled: bool,
    /// When it was made.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub created_at: Timestamp,
}
