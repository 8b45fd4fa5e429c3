//! How the machine is protected.

use serde::{Deserialize, Serialize};

use super::absent;
use crate::Timestamp;

/// Section `security`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Security {
    /// Programs against malware, sorted by name.
    pub antivirus: Vec<Antivirus>,
    /// What confines programs, and whether it does (`apparmor: enforcing`, `selinux: permissive`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_control: Option<String>,
    /// How far the kernel keeps administrators from itself (`integrity`), or whether code integrity is enforced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lockdown: Option<String>,
    /// Windows: whether programs ask before they become administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_account_control: Option<bool>,
    /// The accounts that may become administrator, sorted.
    #[serde(skip_serializing_if = "absent")]
    pub administrators: Vec<String>,
    /// Accounts or groups that may become administrator without saying their password, sorted.
    #[serde(skip_serializing_if = "absent")]
    pub without_password: Vec<String>,
    /// What lets people in from afar, sorted by name.
    #[serde(skip_serializing_if = "absent")]
    pub remote_access: Vec<RemoteAccess>,
}

/// A program against malware.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Antivirus {
    /// Its name.
    pub name: String,
    /// Whether it watches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether what it knows is new, by its own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to_date: Option<bool>,
    /// When what it knows was brought up to date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// A way in from afar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoteAccess {
    /// `ssh`, `rdp`, `vnc`, or the product's name.
    pub name: String,
    /// Whether it is set up to let people in.
    pub enabled: bool,
    /// What the administrator may sign in with: `yes`, `no`, `prohibit-password`; absent where that is no question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Whether a password is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passwords: Option<bool>,
}

/// Section `encryption`: of disks and volumes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Encryption {
    /// The volumes, sorted by name.
    pub volumes: Vec<Volume>,
}

/// A volume that holds data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volume {
    /// The system's name for it (`nvme0n1p3`, `C:`).
    pub name: String,
    /// Where it is mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_point: Option<String>,
    /// Whether its content is encrypted.
    pub encrypted: bool,
    /// By what (`luks2`, `bitlocker`, `filevault`, `apfs`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How (`aes-xts-plain64`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cipher: Option<String>,
    /// `unlocked`, `locked`, `encrypting`, `suspended`; absent if it is not encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// Section `certificates`: the machine's own, and roots that its owner has added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Certificates {
    /// The certificates, sorted by store, subject and serial number.
    pub certificates: Vec<Certificate>,
}

/// A certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Certificate {
    /// The file or store that it stands in.
    pub store: String,
    /// Whose it is.
    pub subject: String,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Its serial number, in hexadecimal digits.
    pub serial: String,
    /// From when on it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until when it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Whether it may issue others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub authority: bool,
    /// Whether it is a root that this machine trusts beside those of the system.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub added: bool,
    /// Whether its private key is on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_key: Option<bool>,
}
