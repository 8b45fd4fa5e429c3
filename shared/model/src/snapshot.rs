//! A snapshot: an immutable set of sections, taken at one time.
//!
//! On the wire and in the store it is a [`Manifest`], which names each section by the BLAKE3 hash
//! of its exact bytes. The bytes themselves are the JSON of the typed section
//! ([`crate::section`]), kept as they were sent, so that what a newer agent added is never lost.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::{Hash, SnapshotId};

/// The most sections that one snapshot may have.
pub const MAX_SECTIONS: usize = 256;
/// The most bytes that one section may have, expanded (16 MiB).
pub const MAX_SECTION_BYTES: u64 = 16 << 20;
/// The most bytes that all sections of one snapshot may have together, expanded (64 MiB).
pub const MAX_SNAPSHOT_BYTES: u64 = 64 << 20;

/// The name of a kind of section, as in `network.interfaces`: lower case ASCII words, digits,
/// `_` and `.`, 64 characters at most.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct SectionKind(std::borrow::Cow<'static, str>);

impl SectionKind {
    /// A kind that is known at compile time.
    ///
    /// # Panics
    /// On a name that breaks the rule above, when evaluated at compile time: a build error.
    #[must_use]
    pub const fn known(name: &'static str) -> Self {
        assert!(is_kind(name.as_bytes()), "not a section kind");
        Self(std::borrow::Cow::Borrowed(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn is_kind(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > 64 {
        return false;
    }
    let mut i = 0;
    while i < name.len() {
        if !matches!(name[i], b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.') {
            return false;
        }
        i += 1;
    }
    true
}

impl TryFrom<String> for SectionKind {
    type Error = InvalidSectionKind;

    fn try_from(name: String) -> Result<Self, InvalidSectionKind> {
        if is_kind(name.as_bytes()) {
            Ok(Self(name.into()))
        } else {
            Err(InvalidSectionKind(name.chars().take(64).collect()))
        }
    }
}

impl std::str::FromStr for SectionKind {
    type Err = InvalidSectionKind;

    fn from_str(name: &str) -> Result<Self, InvalidSectionKind> {
        Self::try_from(name.to_owned())
    }
}

impl From<SectionKind> for String {
    fn from(kind: SectionKind) -> Self {
        kind.0.into_owned()
    }
}

impl fmt::Display for SectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is not a section kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a section kind: expected lower-case words, as in network.interfaces")]
pub struct InvalidSectionKind(pub String);

/// How a measurement (a section or a probe) came out. Anything but `Ok` comes with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All of it was read.
    Ok,
    /// Part of it was read; the reason names what was not.
    Partial,
    /// This system has no such thing.
    Unsupported,
    /// The account that the collector ran as may not read it.
    Denied,
    /// It did not come within its deadline.
    Timeout,
    /// It could not be read or understood.
    Failed,
}

impl Status {
    /// The word used on screens and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Unsupported => "unsupported",
            Self::Denied => "denied",
            Self::Timeout => "timeout",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When a section may be taken (SECURITY.md, *Privacy*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PrivacyClass {
    /// Taken on schedule: facts about the machine.
    Scheduled,
    /// Taken only when somebody asks: processes, log lines, who is signed in.
    OnRequest,
    /// Taken only with the user's consent for this ticket.
    Consent,
}

/// Whether a section's values change by themselves all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Volatility {
    /// The same until somebody changes the machine; counts into the manifest's root hash.
    Stable,
    /// Counters, load, processes, uptime: left out of the root hash.
    Volatile,
}

/// One line of a manifest: a section, by hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SectionRef {
    /// What it is.
    pub kind: SectionKind,
    /// How it came out.
    pub status: Status,
    /// Why it is not `ok`; empty if it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// BLAKE3 of the exact bytes.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub hash: Hash,
    /// Bytes, expanded.
    pub size: u64,
    /// When it may be taken.
    pub class: PrivacyClass,
    /// Whether it counts into the root hash.
    pub volatility: Volatility,
    /// How many values redaction replaced in it.
    #[serde(default)]
    pub redacted: u32,
    /// How long it took to collect, in microseconds.
    #[serde(default)]
    pub took_us: u64,
}

/// What a snapshot is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Manifest {
    /// The snapshot's id, made on the machine.
    pub id: SnapshotId,
    /// When collection began, by the machine's clock corrected by what the controller told it.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub taken_at: Timestamp,
    /// The sections, sorted by kind, each kind once.
    pub sections: Vec<SectionRef>,
}

impl Manifest {
    /// The hash that stands for everything stable in the snapshot: BLAKE3 over, for each stable
    /// section in order, its kind, a zero byte, its status, a zero byte and its hash. Two
    /// snapshots with the same root say the same of the machine.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut bytes = Vec::with_capacity(self.sections.len() * 64);
        for section in &self.sections {
            if section.volatility == Volatility::Stable {
                bytes.extend_from_slice(section.kind.as_str().as_bytes());
                bytes.push(0);
                bytes.extend_from_slice(section.status.as_str().as_bytes());
                bytes.push(0);
                bytes.extend_from_slice(section.hash.as_bytes());
            }
        }
        Hash::of(&bytes)
    }

    /// The section of this kind.
    #[must_use]
    pub fn section(&self, kind: &str) -> Option<&SectionRef> {
        self.sections.iter().find(|section| section.kind.as_str() == kind)
    }

    /// Checks the limits and the order; what the gate and the spool both ask of a manifest.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn validate(&self) -> Result<(), InvalidManifest> {
        if self.sections.len() > MAX_SECTIONS {
            return Err(InvalidManifest::TooManySections(self.sections.len()));
        }
        let mut total: u64 = 0;
        for section in &self.sections {
            if section.size > MAX_SECTION_BYTES {
                return Err(InvalidManifest::SectionTooLarge(section.kind.clone(), section.size));
            }
            total = total.saturating_add(section.size);
        }
        if total > MAX_SNAPSHOT_BYTES {
            return Err(InvalidManifest::TooLarge(total));
        }
        if let Some(pair) = self.sections.windows(2).find(|pair| pair[0].kind >= pair[1].kind) {
            return Err(InvalidManifest::Order(pair[1].kind.clone()));
        }
        Ok(())
    }
}

/// A manifest that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidManifest {
    /// More than [`MAX_SECTIONS`].
    #[error("the snapshot names {0} sections; at most {MAX_SECTIONS} are taken")]
    TooManySections(usize),
    /// More than [`MAX_SECTION_BYTES`].
    #[error("section {0} has {1} bytes; at most {MAX_SECTION_BYTES} are taken")]
    SectionTooLarge(SectionKind, u64),
    /// More than [`MAX_SNAPSHOT_BYTES`].
    #[error("the snapshot has {0} bytes; at most {MAX_SNAPSHOT_BYTES} are taken")]
    TooLarge(u64),
    /// Not sorted, or a kind twice.
    #[error("section {0} is out of order or named twice")]
    Order(SectionKind),
}

/// Why a snapshot was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "purpose")]
pub enum Purpose {
    /// By the schedule, or on the controller's wish.
    Scheduled,
    /// With a person's request for help: opens a ticket.
    Request(Request),
}

/// A person's request for help, as it leaves the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Made on the machine; the same request sent twice opens one ticket.
    pub id: crate::id::RequestId,
    /// What the person wrote; 8 KiB at most.
    pub message: String,
    /// The account at the other end of the local socket, never what the caller claims.
    pub requester: String,
    /// When the person pressed send.
    pub at: Timestamp,
}

/// The most bytes of [`Request::message`].
pub const MAX_MESSAGE_BYTES: usize = 8 << 10;

/// A section as collected and redacted: its line of the manifest, and its exact bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its line of the manifest.
    pub line: SectionRef,
    /// The exact bytes (JSON), whose hash the line carries.
    pub bytes: Vec<u8>,
}
