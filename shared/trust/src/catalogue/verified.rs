//! Whether a catalogue was signed by enough people, and is neither old nor expired; and whether a file is one of
//! its files. Not what is in them.

use std::time::Duration;

use befund_model::Timestamp;

use super::{MAX_BYTES, Malformed, Manifest};
use crate::digest::Sha256;
use crate::floor::{Floors, Now};
use crate::root::{Role, TooFew, Trusted, Unsigned, signers};
use crate::signature::Namespace;
use crate::verified::Verified;

/// How far ahead of the machine's clock a catalogue may have been made.
pub const SKEW: Duration = Duration::from_secs(5 * 60);

/// A verified manifest without files: the catalogue is withdrawn, and the machine runs nothing of an older one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    version: u64,
    digest: Sha256,
    expires: Timestamp,
}

impl Withdrawal {
    /// The version of the empty catalogue.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The SHA-256 of its manifest.
    #[must_use]
    pub const fn digest(&self) -> Sha256 {
        self.digest
    }

    /// When the withdrawal itself expires; nothing older is taken then either.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }
}

/// Why a catalogue is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Too large to be looked at.
    #[error("verifying a catalogue: its manifest has {0} bytes, and {MAX_BYTES} are the most")]
    TooLarge(usize),
    /// Its signatures are not good.
    #[error("verifying a catalogue")]
    Unsigned(#[from] Unsigned),
    /// Too few people signed it.
    #[error("verifying a catalogue")]
    TooFew(#[from] TooFew),
    /// It makes no sense.
    #[error("verifying a catalogue")]
    Malformed(#[from] Malformed),
    /// Another organisation's.
    #[error("verifying a catalogue: it is of {found:?}, and this machine belongs to {ours:?}")]
    OtherOrganisation {
        /// Ours.
        ours: String,
        /// Theirs.
        found: String,
    },
    /// The trust root is older than one that the machine had.
    #[error(
        "verifying a catalogue: the trust root has version {found}, and this machine has had {floor}; fetch the newest root"
    )]
    OldRoot {
        /// What the machine has had.
        floor: u64,
        /// What it has.
        found: u64,
    },
    /// It is older than one that the machine took.
    #[error(
        "verifying a catalogue: it has version {found}, and this machine has had {floor}; an older one is never taken"
    )]
    Older {
        /// What the machine has had.
        floor: u64,
        /// What is offered.
        found: u64,
    },
    /// The same version with another content.
    #[error(
        "verifying a catalogue: it has version {0} as the one that this machine took, but says something else; sign a higher version"
    )]
    Equivocal(u64),
    /// The trust root has expired.
    #[error("verifying a catalogue: the trust root expired at {0}; a new one has to be signed")]
    RootExpired(Timestamp),
    /// It was made later than now.
    #[error(
        "verifying a catalogue: it was made at {created}, and here it is {now}; one of the two clocks is wrong"
    )]
    NotYet {
        /// When it was made.
        created: Timestamp,
        /// The machine's time.
        now: Timestamp,
    },
    /// It has expired.
    #[error("verifying a catalogue: it expired at {0}; sign it anew with a higher version")]
    Expired(Timestamp),
    /// It is empty, and everything before it is withdrawn. All else about it is good.
    #[error("verifying a catalogue: version {} withdraws it; nothing of it is run", .0.version)]
    Withdrawn(Withdrawal),
}

/// Verifies a manifest: that enough different people of the role `catalogue` signed these exact bytes in the namespace
/// `befund-catalogue`, and that it is ours, not older than what the machine has had, and holds now.
///
/// The order of checks: size; signatures; people; form; organisation; versions; time; withdrawal.
///
/// # Errors
/// Each reason by itself.
pub fn verify(
    bytes: &[u8],
    signatures: &[impl AsRef<[u8]>],
    root: &Trusted,
    floors: &Floors,
    now: Now,
) -> Result<Verified<Manifest>, Refusal> {
    let manifest = signed(bytes, signatures, root, floors)?;
    if root.is_expired(now) {
        return Err(Refusal::RootExpired(root.root().expires()));
    }
    let now = now.timestamp();
    let Manifest { created, expires, .. } = *manifest.get();
    if created > now.checked_add(SKEW).unwrap_or(Timestamp::MAX) {
        return Err(Refusal::NotYet { created, now });
    }
    if now >= expires {
        return Err(Refusal::Expired(expires));
    }
    with_files(manifest)
}

/// As [`verify()`], whatever the time is: of a catalogue that may have expired since it was taken. By the root of now all
/// the same: whose key was struck off has signed nothing.
///
/// # Errors
/// Each reason by itself.
pub fn verify_past(
    bytes: &[u8],
    signatures: &[impl AsRef<[u8]>],
    root: &Trusted,
    floors: &Floors,
) -> Result<Verified<Manifest>, Refusal> {
    with_files(signed(bytes, signatures, root, floors)?)
}

/// All but the time and whether it withdraws.
fn signed(
    bytes: &[u8],
    signatures: &[impl AsRef<[u8]>],
    root: &Trusted,
    floors: &Floors,
) -> Result<Verified<Manifest>, Refusal> {
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::TooLarge(bytes.len()));
    }
    let keys = signers(Namespace::Catalogue, bytes, signatures)?;
    let signers = root.root().demand(Role::Catalogue, &keys)?;
    let manifest = Manifest::parse(bytes)?;
    let digest = Sha256::of(bytes);
    let ours = root.root().organisation();
    if manifest.organisation != ours {
        return Err(Refusal::OtherOrganisation {
            ours: ours.to_owned(),
            found: manifest.organisation,
        });
    }
    if root.root().version() < floors.root_version {
        let found = root.root().version();
        return Err(Refusal::OldRoot { floor: floors.root_version, found });
    }
    if manifest.version < floors.catalogue_version {
        let found = manifest.version;
        return Err(Refusal::Older { floor: floors.catalogue_version, found });
    }
    let same_version = manifest.version == floors.catalogue_version;
    if same_version && floors.catalogue_digest.is_some_and(|had| had != digest) {
        return Err(Refusal::Equivocal(manifest.version));
    }
    Ok(Verified::new(manifest, digest, signers))
}

fn with_files(manifest: Verified<Manifest>) -> Result<Verified<Manifest>, Refusal> {
    if manifest.get().files.is_empty() {
        return Err(Refusal::Withdrawn(Withdrawal {
            version: manifest.get().version,
            digest: manifest.digest(),
            expires: manifest.get().expires,
        }));
    }
    Ok(manifest)
}

/// Why a file is not the catalogue's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileRefusal {
    /// The catalogue does not name it.
    #[error("checking a catalogue's file: there is no {0:?} in the catalogue")]
    Unknown(String),
    /// It has another size.
    #[error(
        "checking a catalogue's file: {path} has {found} bytes instead of {wanted}; fetch it again"
    )]
    Size {
        /// Which.
        path: String,
        /// What the catalogue says.
        wanted: u64,
        /// What it has.
        found: usize,
    },
    /// It has another content.
    #[error(
        "checking a catalogue's file: {path} has the SHA-256 {found} instead of {wanted}; fetch it again"
    )]
    Content {
        /// Which.
        path: String,
        /// What the catalogue says.
        wanted: Sha256,
        /// What it has.
        found: Sha256,
    },
}

impl Verified<Manifest> {
    /// Whether these are the exact bytes of a file; then their SHA-256.
    ///
    /// # Errors
    /// If the catalogue does not name the path, or the bytes are others.
    pub fn check_file(&self, path: &str, bytes: &[u8]) -> Result<Sha256, FileRefusal> {
        let Some(file) = self.get().files.get(path) else {
            return Err(FileRefusal::Unknown(path.chars().take(super::MAX_PATH).collect()));
        };
        if u64::try_from(bytes.len()) != Ok(file.size) {
            let (wanted, found) = (file.size, bytes.len());
            return Err(FileRefusal::Size { path: path.to_owned(), wanted, found });
        }
        let found = Sha256::of(bytes);
        if found != file.sha256 {
            return Err(FileRefusal::Content { path: path.to_owned(), wanted: file.sha256, found });
        }
        Ok(found)
    }
}
