//! What this machine trusts and remembers, in a folder that only the executor may write to: the trust root, the
//! catalogue with its files, the floors below which nothing is taken, the numbers of approvals that were used. It
//! decides by [`befund_trust`] whether something offered takes the place of what is there; whether anything is run,
//! [`crate::admit`] decides.
//!
//! ```text
//! keep/pin                 the SHA-256 of the first root, from the installer or the enrollment token; never offered
//! keep/root.json           the root's exact bytes      keep/standing.json   where the trust comes from
//! keep/memory.json         floors and numbers used
//! keep/manifest.json       the catalogue's exact bytes keep/signatures.json its signatures
//! keep/files/SHA256        the catalogue's files         keep/read.json       which of them are runbooks, by name
//! ```
//!
//! Whatever raises a floor is durable before it is used. What is read back is verified again as if it were offered, but
//! that a runbook is read and looked at once more only when it is wanted: see [`shelf`].

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use befund_model::Timestamp;
use befund_runbook::document::Runbook;
use befund_trust::catalogue::{self, FileRefusal, Manifest, Verified};
use befund_trust::digest::Sha256;
use befund_trust::floor::{self, Clock, Floors, Now, Number, Seen, SetBack};
use befund_trust::root::{self, Standing, Trusted};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::door::TrustReport;

mod disk;
mod shelf;

use disk::Disk;
use shelf::Shelf;
pub(crate) use shelf::Shelved;

/// The most bytes of the state that is read back.
const MOST_MEMORY: u64 = 1 << 20;
/// The most bytes of the signatures that are read back, and that are offered.
const MOST_SIGNATURES: u64 = 1 << 20;

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    floors: Floors,
    #[serde(default)]
    seen: Seen,
}

/// A catalogue of which every file is there.
#[derive(Debug)]
struct Held {
    manifest: Verified<Manifest>,
    shelf: Shelf,
}

/// A catalogue on its way: its files come one by one.
#[derive(Debug)]
struct Coming {
    manifest: Verified<Manifest>,
    bytes: Vec<u8>,
    signatures: Vec<String>,
}

/// What this machine trusts and remembers.
#[derive(Debug)]
pub(crate) struct Keep {
    disk: Disk,
    pin: Option<Sha256>,
    root: Option<Trusted>,
    memory: Memory,
    held: Option<Held>,
    coming: Option<Coming>,
}

/// Why something is not kept, or not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    /// The disk.
    #[error("could not {what} {}", path.display())]
    Disk {
        /// What was attempted.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// What is remembered cannot be read: nothing is taken, since nobody knows what is too old.
    #[error("what this machine remembers, {}, is damaged: {why}; enroll it anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A root that is not taken.
    #[error("the trust root is not taken")]
    Root(#[from] root::Refusal),
    /// A catalogue that is not taken.
    #[error("the catalogue is not taken")]
    Catalogue(#[from] catalogue::Refusal),
    /// A file that is not taken.
    #[error("the file is not taken")]
    File(#[from] FileRefusal),
    /// A runbook that cannot be used.
    #[error(
        "the catalogue is not taken: its runbook {path} cannot be used on this machine:\n{said}"
    )]
    Runbook {
        /// Its path.
        path: String,
        /// What is wrong, with places.
        said: String,
    },
    /// The clock was set back.
    #[error(transparent)]
    SetBack(#[from] SetBack),
    /// No root.
    #[error("this machine has no trust root yet, so it takes no catalogue")]
    NoRoot,
    /// No catalogue is on its way.
    #[error("no catalogue was offered that the file could belong to")]
    NothingOffered,
    /// The number of an approval was used, or there is no place for it.
    #[error(transparent)]
    Number(#[from] floor::Refusal),
}

impl Keep {
    /// Opens the folder, and makes it where there is none. `built` is when this program was built.
    ///
    /// # Errors
    /// If the folder cannot be used, or what is remembered is damaged: then nothing may be run.
    pub(crate) fn open(
        folder: &Path,
        built: Timestamp,
        clock: Timestamp,
    ) -> Result<Self, KeepError> {
        let disk = Disk::open(folder)?;
        let pin = disk
            .read("pin", 256)?
            .map(|bytes| {
                let text = String::from_utf8_lossy(&bytes);
                text.trim().parse().map_err(|_| disk.damaged("pin", "it is no SHA-256"))
            })
            .transpose()?;
        let mut memory = match disk.read("memory.json", MOST_MEMORY)? {
            None => Memory { floors: Floors::new(built), seen: Seen::default() },
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| disk.damaged("memory.json", &error.to_string()))?,
        };
        memory.floors.built(built);
        let mut keep = Self { disk, pin, root: None, memory, held: None, coming: None };
        keep.root = keep.read_root()?;
        // One that cannot be used any more is no reason not to start: a newer one may come.
        match keep.read_catalogue(clock) {
            Ok(held) => keep.held = held,
            Err(error) => warn!(
                error = befund_runtime::telemetry::chain(&error),
                "the catalogue that is kept is of no use"
            ),
        }
        Ok(keep)
    }

    fn read_root(&self) -> Result<Option<Trusted>, KeepError> {
        let Some(bytes) = self.disk.read("root.json", root::MAX_BYTES as u64)? else {
            return Ok(None);
        };
        let standing = self.disk.read("standing.json", 64)?.unwrap_or_default();
        // Without a word about it, nobody vouched for it.
        let standing = serde_json::from_slice(&standing).unwrap_or(Standing::Unpinned);
        Trusted::restore(bytes, standing)
            .map(Some)
            .map_err(|error| self.disk.damaged("root.json", &error.to_string()))
    }

    fn read_catalogue(&self, clock: Timestamp) -> Result<Option<Held>, KeepError> {
        let Some(root) = &self.root else { return Ok(None) };
        let Some(bytes) = self.disk.read("manifest.json", catalogue::MAX_BYTES as u64)? else {
            return Ok(None);
        };
        let signatures = self.disk.read("signatures.json", MOST_SIGNATURES)?.unwrap_or_default();
        let signatures: Vec<String> = serde_json::from_slice(&signatures)
            .map_err(|error| self.disk.damaged("signatures.json", &error.to_string()))?;
        let now = self.now(clock).now()?;
        let manifest = catalogue::verify(&bytes, &signatures, root, &self.memory.floors, now)?;
        self.hold(manifest).map(Some)
    }

    /// What is to be thought of the machine's clock.
    pub(crate) fn now(&self, clock: Timestamp) -> Clock {
        self.memory.floors.now(clock)
    }

    /// The trust root.
    pub(crate) const fn root(&self) -> Option<&Trusted> {
        self.root.as_ref()
    }

    /// The floors.
    pub(crate) const fn floors(&self) -> &Floors {
        &self.memory.floors
    }

    /// The catalogue, if there is one that is good now.
    pub(crate) fn catalogue(&self, now: Now) -> Option<&Verified<Manifest>> {
        let held = self.held.as_ref()?;
        (now.timestamp() < held.manifest.get().expires).then_some(&held.manifest)
    }

    /// A runbook of the catalogue, if it has one of this name.
    ///
    /// # Errors
    /// If its bytes are others than those that were signed, or it cannot be used by this program.
    pub(crate) fn runbook(&self, name: &str) -> Result<Option<&Shelved>, KeepError> {
        let Some(held) = &self.held else { return Ok(None) };
        held.shelf.get(name, |path| {
            let (bytes, digest) = self.file(&held.manifest, path)?;
            shelf::read(path, &bytes, digest)
        })
    }

    /// The names of all runbooks of the catalogue.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.held.iter().flat_map(|held| held.shelf.names())
    }

    /// The runbooks of the catalogue whose names are wanted; those that cannot be used are left out.
    pub(crate) fn runbooks(&self, wanted: impl Fn(&str) -> bool) -> Vec<Arc<Runbook>> {
        let wanted = self.names().filter(|name| wanted(name));
        let found = wanted.filter_map(|name| match self.runbook(name) {
            Ok(shelved) => Some(Arc::clone(&shelved?.runbook)),
            Err(error) => {
                let error = befund_runtime::telemetry::chain(&error);
                warn!(error, name, "a runbook of the catalogue is of no use");
                None
            }
        });
        found.collect()
    }

    /// The exact bytes of a script of the catalogue, verified now.
    ///
    /// # Errors
    /// If the catalogue does not name it, or its bytes are others.
    pub(crate) fn script(&self, path: &str) -> Result<(Vec<u8>, Sha256), KeepError> {
        let held = self.held.as_ref().ok_or(KeepError::NothingOffered)?;
        self.file(&held.manifest, path)
    }

    /// What is said of it to the link.
    pub(crate) fn report(&self) -> TrustReport {
        let root = self.root.as_ref();
        let manifest = self.held.as_ref().map(|held| &held.manifest);
        TrustReport {
            root_version: root.map_or(0, |root| root.root().version()),
            pinned: root.is_some_and(|root| root.standing() == Standing::Pinned),
            catalogue_version: manifest.map_or(0, |manifest| manifest.get().version),
            catalogue: manifest.map(|m| m.digest().to_string()).unwrap_or_default(),
            files: manifest
                .map(|m| m.get().files.values().map(|file| file.sha256.to_string()).collect())
                .unwrap_or_default(),
        }
    }

    /// Takes a trust root in the place of the one that is there.
    ///
    /// # Errors
    /// If it is not to be trusted.
    pub(crate) fn offer_root(
        &mut self,
        bytes: &[u8],
        signatures: &[String],
        clock: Timestamp,
    ) -> Result<(), KeepError> {
        let now = self.now(clock).now()?;
        let pinned = self.pin.map(|pin| pin.0);
        let floors = &self.memory.floors;
        let taken = root::accept(self.root.as_ref(), bytes, signatures, pinned, floors, now)?;
        if self.root.as_ref() == Some(&taken) {
            return Ok(());
        }
        let mut memory = self.memory.clone();
        memory.floors.took_root(&taken);
        // The floor first: a crash in between leaves an older root that is of no use until the new one comes again.
        let standing = serde_json::to_vec(&taken.standing()).unwrap_or_default();
        self.remember(memory)?;
        self.disk.write("standing.json", &standing)?;
        self.disk.write("root.json", taken.bytes())?;
        info!(version = taken.root().version(), standing = ?taken.standing(), "a trust root was taken");
        self.root = Some(taken);
        Ok(())
    }

    /// Looks at a catalogue that is offered: the paths of its files that are not here yet. With none missing, it takes
    /// the place of the one that is here; one that withdraws does so at once.
    ///
    /// # Errors
    /// If it is not to be taken.
    pub(crate) fn offer_catalogue(
        &mut self,
        bytes: Vec<u8>,
        signatures: Vec<String>,
        clock: Timestamp,
    ) -> Result<Vec<String>, KeepError> {
        let root = self.root.as_ref().ok_or(KeepError::NoRoot)?;
        let now = self.now(clock).now()?;
        let floors = &self.memory.floors;
        let manifest = match catalogue::verify(&bytes, &signatures, root, floors, now) {
            Ok(manifest) => manifest,
            Err(catalogue::Refusal::Withdrawn(withdrawal)) => {
                let mut memory = self.memory.clone();
                memory.floors.withdrew_catalogue(&withdrawal, now);
                self.remember(memory)?;
                self.held = None;
                self.coming = None;
                self.disk.remove("manifest.json")?;
                self.disk.clear_files(&|_| false)?;
                info!(version = withdrawal.version(), "the catalogue was withdrawn");
                return Ok(Vec::new());
            }
            Err(refusal) => return Err(refusal.into()),
        };
        self.coming = Some(Coming { manifest, bytes, signatures });
        self.settle(now)
    }

    /// Takes a file of the catalogue that was offered last.
    ///
    /// # Errors
    /// If it is not one of its files.
    pub(crate) fn offer_file(
        &mut self,
        path: &str,
        bytes: &[u8],
        clock: Timestamp,
    ) -> Result<(), KeepError> {
        let now = self.now(clock).now()?;
        let coming = self.coming.as_ref().ok_or(KeepError::NothingOffered)?;
        let digest = coming.manifest.check_file(path, bytes)?;
        self.disk.write(&format!("files/{digest}"), bytes)?;
        self.settle(now).map(drop)
    }

    /// Puts the catalogue that is coming in its place, once every file is there; those that are missing.
    fn settle(&mut self, now: Now) -> Result<Vec<String>, KeepError> {
        let Some(coming) = &self.coming else { return Ok(Vec::new()) };
        let files = &coming.manifest.get().files;
        let missing: Vec<String> = files
            .iter()
            .filter(|(_, file)| !self.disk.has(&format!("files/{}", file.sha256)))
            .map(|(path, _)| path.clone())
            .collect();
        if !missing.is_empty() {
            return Ok(missing);
        }
        let held = self.hold(coming.manifest.clone())?;
        let mut memory = self.memory.clone();
        memory.floors.took_catalogue(&coming.manifest, now);
        let signatures = serde_json::to_vec(&coming.signatures).unwrap_or_default();
        // The floor first: a crash in between leaves an older catalogue, or one without its signatures, that is of no
        // use until the new one comes again.
        self.memory = memory;
        self.disk.write("memory.json", &serde_json::to_vec(&self.memory).unwrap_or_default())?;
        self.disk.write("signatures.json", &signatures)?;
        self.disk.write("manifest.json", &coming.bytes)?;
        let version = held.manifest.get().version;
        info!(version, runbooks = held.shelf.names().count(), "a catalogue was taken");
        let named: Vec<String> =
            held.manifest.get().files.values().map(|file| file.sha256.to_string()).collect();
        self.held = Some(held);
        self.coming = None;
        self.disk.clear_files(&|name| named.iter().any(|named| named == name))?;
        Ok(Vec::new())
    }

    /// Verifies every runbook of a catalogue, and reads and looks at those that were not before.
    fn hold(&self, manifest: Verified<Manifest>) -> Result<Held, KeepError> {
        let mut shelf = Shelf::open(&self.disk);
        let paths = manifest.get().files.keys();
        for path in paths.filter(|path| !path.contains('/') && path.ends_with(".yaml")) {
            let (bytes, digest) = self.file(&manifest, path)?;
            shelf.put(path, &bytes, digest)?;
        }
        shelf.note(&self.disk);
        Ok(Held { manifest, shelf })
    }

    /// The exact bytes of a file of a catalogue, verified now.
    fn file(
        &self,
        manifest: &Verified<Manifest>,
        path: &str,
    ) -> Result<(Vec<u8>, Sha256), KeepError> {
        let file = manifest.get().files.get(path);
        let file = file.ok_or_else(|| FileRefusal::Unknown(path.chars().take(200).collect()))?;
        let name = format!("files/{}", file.sha256);
        let bytes = self.disk.read(&name, catalogue::MAX_FILE_BYTES)?.unwrap_or_default();
        let digest = manifest.check_file(path, &bytes)?;
        Ok((bytes, digest))
    }

    /// Uses up the number of an approval, durably.
    ///
    /// # Errors
    /// If it was used before, has expired, or cannot be written down.
    pub(crate) fn use_number(
        &mut self,
        number: Number,
        expires: Timestamp,
        now: Now,
    ) -> Result<(), KeepError> {
        let mut memory = self.memory.clone();
        memory.seen.take(number, expires, now)?;
        if let Some(held) = &self.held {
            memory.floors.saw(now, &held.manifest);
        }
        self.remember(memory)
    }

    fn remember(&mut self, memory: Memory) -> Result<(), KeepError> {
        let bytes = serde_json::to_vec(&memory).unwrap_or_default();
        self.disk.write("memory.json", &bytes)?;
        self.memory = memory;
        Ok(())
    }
}

/// Writes the digest of the first trust root, as the installer or the enrollment token says it. One that is there
/// already stays: a machine's trust is set once, at enrollment, and changes by signed roots only.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn pin(folder: &Path, digest: [u8; 32]) -> io::Result<()> {
    let told =
        |error: KeepError| io::Error::other(befund_runtime::telemetry::chain(&error).to_string());
    let disk = Disk::open(folder).map_err(told)?;
    if disk.has("pin") {
        return Ok(());
    }
    disk.write("pin", Sha256(digest).to_string().as_bytes()).map_err(told)
}

#[cfg(test)]
mod tests;
