//! Accounts, groups, and the directory that they come from.

use serde::{Deserialize, Serialize};

use super::absent;
use crate::Timestamp;

/// Section `groups`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Groups {
    /// The groups that this machine keeps itself, sorted by name.
    pub groups: Vec<Group>,
}

/// A local group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its number or SID.
    pub id: String,
    /// Its members, sorted; those whose primary group it is are left out.
    #[serde(skip_serializing_if = "absent")]
    pub members: Vec<String>,
}

/// Section `users.state`: how the people's accounts fare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsersState {
    /// The people's accounts, sorted by name.
    pub users: Vec<UserState>,
}

/// An account as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserState {
    /// Its name, as in `users`.
    pub name: String,
    /// When somebody last signed in with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_sign_in: Option<Timestamp>,
    /// From where (a host, a terminal).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How often signing in has failed since the last time that it went well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures: Option<u32>,
    /// When it failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Timestamp>,
    /// Whether too many failures have locked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
    /// Whether an administrator has switched it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// When its password was last set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_changed: Option<Timestamp>,
    /// When its password has to be set anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_expires: Option<Timestamp>,
    /// When the account ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// What its folder occupies, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_bytes: Option<u64>,
    /// Whether counting was cut short, so that it is more than that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub profile_more: bool,
    /// What is wrong with its folder (`missing`, `belongs to another account`, `temporary profile`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_trouble: Option<String>,
}

/// Section `directory`: what the machine is joined to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Directory {
    /// Whether it is joined to a directory.
    pub joined: bool,
    /// `active directory`, `entra id`, `freeipa`, `ldap`, `kerberos` or `workgroup`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The Kerberos realm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// What joins it (`sssd`, `winbind`, `windows`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Its servers, if they are configured by name, in order.
    #[serde(skip_serializing_if = "absent")]
    pub servers: Vec<String>,
    /// The machine's own account in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// Section `directory.state`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DirectoryState {
    /// Whether the client reaches the directory, by its own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
    /// What it says of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How many keys of its own the machine holds (Kerberos keytab).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<u32>,
    /// The caches of Kerberos tickets, sorted by user.
    #[serde(skip_serializing_if = "absent")]
    pub tickets: Vec<KerberosTickets>,
}

/// Somebody's Kerberos tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KerberosTickets {
    /// Whose they are.
    pub user: String,
    /// Until when they let somebody in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}
