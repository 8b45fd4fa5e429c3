//! A catalogue: a folder of runbooks and scripts with a manifest that says the SHA-256 of each file, and whose exact
//! bytes are signed. Not what is in the files, and not where they are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use befund_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::json;
use crate::plain::is_name;

mod path;
mod verified;

pub use crate::verified::Verified;
pub use path::{InvalidPath, MAX_PATH, check_path};
pub use verified::{FileRefusal, Refusal, SKEW, Withdrawal, verify, verify_past};

/// The most files.
pub const MAX_FILES: usize = 2_000;
/// The most bytes of a file.
pub const MAX_FILE_BYTES: u64 = 1 << 20;
/// The most bytes of all files together.
pub const MAX_TOTAL_BYTES: u64 = 16 << 20;
/// The most bytes of the manifest.
pub const MAX_BYTES: usize = 1 << 20;
/// How long a catalogue holds unless told otherwise: 30 days, so that a machine that is kept from a newer one does not
/// run an old one for ever.
pub const DEFAULT_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The first field of the manifest: what it is, so that no other signed document can be taken for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// The only one.
    #[default]
    #[serde(rename = "befund-catalogue/1")]
    V1,
}

/// What a catalogue holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What it is.
    pub format: Format,
    /// Whose; as in the trust root.
    pub organisation: String,
    /// From 1, higher with each catalogue.
    pub version: u64,
    /// When it was made.
    pub created: Timestamp,
    /// From then on it is not taken.
    pub expires: Timestamp,
    /// The files, by path. None at all: whatever was handed out before is withdrawn.
    pub files: BTreeMap<String, File>,
}

/// A file of a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Of its exact bytes.
    pub sha256: Sha256,
    /// In bytes.
    pub size: u64,
}

/// Why a manifest makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Not the document.
    #[error(transparent)]
    Json(#[from] json::Malformed),
    /// A path that may not be.
    #[error("reading a catalogue's manifest")]
    Path(#[from] InvalidPath),
    /// The organisation has no proper name.
    #[error(
        "reading a catalogue's manifest: its organisation is not a name of at most 128 plain characters"
    )]
    Organisation,
    /// Versions are counted from 1.
    #[error("reading a catalogue's manifest: its version is 0, but they are counted from 1")]
    Version,
    /// It expires before it is made.
    #[error(
        "reading a catalogue's manifest: it was made at {created} and expires at {expires}, which is not later"
    )]
    Life {
        /// When it was made.
        created: Timestamp,
        /// When it expires.
        expires: Timestamp,
    },
    /// Too many files.
    #[error("reading a catalogue's manifest: it has {0} files, and {MAX_FILES} are the most")]
    TooManyFiles(usize),
    /// A file that is too large.
    #[error(
        "reading a catalogue's manifest: {path} has {size} bytes, and {MAX_FILE_BYTES} are the most"
    )]
    LargeFile {
        /// Which.
        path: String,
        /// Its size.
        size: u64,
    },
    /// The files together are too large.
    #[error(
        "reading a catalogue's manifest: its files have {0} bytes together, and {MAX_TOTAL_BYTES} are the most"
    )]
    LargeTotal(u64),
    /// One path twice, when a manifest is made.
    #[error("making a catalogue's manifest: {0} is there twice")]
    Twice(String),
}

impl Manifest {
    /// Reads a manifest. This says nothing of who signed it: see [`verify()`].
    ///
    /// # Errors
    /// If it is too large, is not the document, or makes no sense.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let manifest: Self = json::read("a catalogue's manifest", bytes, MAX_BYTES)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Makes the manifest of these files: pairs of path and bytes.
    ///
    /// # Errors
    /// If a path may not be or is there twice, or there is too much.
    pub fn of<'a>(
        organisation: &str,
        version: u64,
        created: Timestamp,
        life: Duration,
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, Malformed> {
        let mut named = BTreeMap::new();
        for (path, bytes) in files {
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if named.insert(path.to_owned(), File { sha256: Sha256::of(bytes), size }).is_some() {
                return Err(Malformed::Twice(path.to_owned()));
            }
        }
        let manifest = Self {
            format: Format::V1,
            organisation: organisation.to_owned(),
            version,
            created,
            expires: created.checked_add(life).unwrap_or(Timestamp::MAX),
            files: named,
        };
        manifest.check()?;
        Ok(manifest)
    }

    /// The bytes to be signed, and handed out exactly so.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        json::write(self)
    }

    fn check(&self) -> Result<(), Malformed> {
        if !is_name(&self.organisation, 128) {
            return Err(Malformed::Organisation);
        }
        if self.version == 0 {
            return Err(Malformed::Version);
        }
        if self.expires <= self.created {
            return Err(Malformed::Life { created: self.created, expires: self.expires });
        }
        if self.files.len() > MAX_FILES {
            return Err(Malformed::TooManyFiles(self.files.len()));
        }
        let mut total = 0_u64;
        for (path, file) in &self.files {
            check_path(path)?;
            if file.size > MAX_FILE_BYTES {
                return Err(Malformed::LargeFile { path: path.clone(), size: file.size });
            }
            total += file.size;
        }
        if total > MAX_TOTAL_BYTES {
            return Err(Malformed::LargeTotal(total));
        }
        path::check_apart(self.files.keys().map(String::as_str))?;
        Ok(())
    }
}
