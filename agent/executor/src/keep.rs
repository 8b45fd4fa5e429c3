//! What this machine trusts and remembers, in a folder that only the executor may write to: the trust root, the
//! catalogue with its files, the floors below which nothing is taken, the numbers of approvals that were used. It
//! decides by [`befund_trust`] whether something offered takes the place of what is there; whether anything is run,
//! [`crate::admit`] decides.
//!
//! ```text
//! keep/pin                 the SHA-256 of the first root, from the installer or the enrollment token; never offered
//! keep/agent               the id that enrollment gave this machine
//! keep/root.json           the root's exact bytes      keep/standing.json   where the trust comes from
//! keep/memory.json         floors and numbers used
//! keep/manifest.json       the catalogue's exact bytes keep/signatures.json its signatures
//! keep/files/SHA256        the catalogue's files         keep/read.json       which of them are runbooks, by name
//! keep/former/SHA256.json  a catalogue before it, while a run that began with it has not ended or may be undone by it
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

mod agreed;
mod disk;
mod enrolled;
mod former;
mod reading;
mod shelf;
mod telling;

use disk::Disk;
pub(crate) use enrolled::{enrolled, pin, whose};
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
pub(crate) struct Held {
    pub(crate) manifest: Verified<Manifest>,
    shelf: Shelf,
}

impl Held {
    /// The names of its runbooks.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.shelf.names()
    }
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
    /// The version and digest of the manifest that withdrew what was there.
    withdrawn: Option<(u64, Sha256)>,
    /// Why the catalogue that is on the disk is of no use.
    spoilt: Option<String>,
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
    /// A catalogue that is neither here nor was put aside.
    #[error("this machine does not keep the catalogue {0} any more")]
    NotKept(String),
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
    pub(crate) fn open(folder: &Path, built: Timestamp) -> Result<Self, KeepError> {
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
        let withdrawn = disk.read("withdrawn", 256)?.and_then(|bytes| {
            let digest: Sha256 = String::from_utf8_lossy(&bytes).trim().parse().ok()?;
            // A newer catalogue, of which a crash left nothing else, was taken meanwhile.
            let newest = memory.floors.catalogue_digest == Some(digest);
            newest.then_some((memory.floors.catalogue_version, digest))
        });
        let (root, held, coming, spoilt) = (None, None, None, None);
        let mut keep = Self { disk, pin, root, memory, held, coming, withdrawn, spoilt };
        keep.root = keep.read_root()?;
        keep.judge_again();
        Ok(keep)
    }

    /// What is to be thought of the machine's clock.
    pub(crate) fn now(&self, clock: Timestamp) -> Clock {
        self.memory.floors.now(clock)
    }

    /// The trust root.
    pub(crate) const fn root(&self) -> Option<&Trusted> {
        self.root.as_ref()
    }

    /// Whether somebody vouched for it.
    fn is_pinned(&self) -> bool {
        self.root.as_ref().is_some_and(|root| root.standing() == Standing::Pinned)
    }

    /// The floors.
    pub(crate) const fn floors(&self) -> &Floors {
        &self.memory.floors
    }

    /// The catalogue, if there is one that is good now.
    pub(crate) fn catalogue(&self, now: Now) -> Option<&Held> {
        self.kept().filter(|(_, ends)| now.timestamp() < *ends).map(|(held, _)| held)
    }

    /// The catalogue that is here, whatever the time, and from when on it is not good any more: when it expires, or the
    /// root does.
    pub(crate) fn kept(&self) -> Option<(&Held, Timestamp)> {
        let (held, root) = (self.held.as_ref()?, self.root.as_ref()?);
        Some((held, held.manifest.get().expires.min(root.root().expires())))
    }

    /// A runbook of the catalogue that is here, if it has one of this name.
    ///
    /// # Errors
    /// As those of [`Self::runbook_of`].
    pub(crate) fn runbook(&self, name: &str) -> Result<Option<&Shelved>, KeepError> {
        self.held.as_ref().map_or(Ok(None), |held| self.runbook_of(held, name))
    }

    /// A runbook of a catalogue, if it has one of this name.
    ///
    /// # Errors
    /// If its bytes are others than those that were signed, or it cannot be used by this program.
    pub(crate) fn runbook_of<'a>(
        &self,
        held: &'a Held,
        name: &str,
    ) -> Result<Option<&'a Shelved>, KeepError> {
        held.shelf.get(name, |path| {
            let (bytes, digest) = self.script_of(held, path)?;
            shelf::read(path, &bytes, digest)
        })
    }

    /// The names of all runbooks of the catalogue that is here.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.held.iter().flat_map(Held::names)
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

    /// The exact bytes of a script of a catalogue, verified now.
    ///
    /// # Errors
    /// If the catalogue does not name it, or its bytes are others.
    pub(crate) fn script_of(
        &self,
        held: &Held,
        path: &str,
    ) -> Result<(Vec<u8>, Sha256), KeepError> {
        self.file(&held.manifest, path)
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
        // Those who signed the catalogue may be nobody any more.
        self.coming = None;
        self.judge_again();
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
                if self.is_pinned() {
                    memory.floors.withdrew_catalogue(&withdrawal, now);
                }
                self.remember(memory)?;
                self.held = None;
                self.coming = None;
                self.spoilt = None;
                self.withdrawn = Some((withdrawal.version(), withdrawal.digest()));
                self.disk.write("withdrawn", withdrawal.digest().to_string().as_bytes())?;
                self.disk.remove("manifest.json")?;
                self.disk.clear(former::FOLDER, &|_| false)?;
                self.disk.clear("files", &|_| false)?;
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

    /// Whether no catalogue is on its way of which files are missing.
    pub(crate) const fn is_whole(&self) -> bool {
        self.coming.is_none()
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
        let same = |now: &Held| now.manifest.digest() == held.manifest.digest();
        if !self.held.as_ref().is_some_and(same) {
            self.put_aside()?;
        }
        let mut memory = self.memory.clone();
        // What nobody vouched for leaves no trace: it could bar what somebody did.
        if self.is_pinned() {
            memory.floors.took_catalogue(&coming.manifest, now);
        }
        let signatures = serde_json::to_vec(&coming.signatures).unwrap_or_default();
        // The floor first: a crash in between leaves an older catalogue, or one without its signatures, that is of no
        // use until the new one comes again.
        self.memory = memory;
        self.disk.write("memory.json", &serde_json::to_vec(&self.memory).unwrap_or_default())?;
        self.disk.write("signatures.json", &signatures)?;
        self.disk.write("manifest.json", &coming.bytes)?;
        let version = held.manifest.get().version;
        info!(version, runbooks = held.names().count(), "a catalogue was taken");
        self.held = Some(held);
        self.coming = None;
        self.withdrawn = None;
        self.spoilt = None;
        self.clear_files()?;
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

#[cfg(test)]
mod tests;
