//! Catalogues in whose place another one has come while a run that began with them has not ended: such a run goes on
//! with the runbook that it began with, also after a crash. Their files stay among the catalogue's files.
//!
//! Nothing is begun with one. Whether it is still good is looked at as with any catalogue, by the root and the time of
//! now; only that a higher version is here is no reason against it. A withdrawal takes them along.

use std::collections::BTreeSet;

use befund_model::Timestamp;
use befund_trust::catalogue::{self, Manifest};
use befund_trust::floor::Floors;
use serde::{Deserialize, Serialize};

use super::{Held, Keep, KeepError, MOST_SIGNATURES};

/// Where they are.
pub(super) const FOLDER: &str = "former";
/// The most bytes of one: the manifest as a text within JSON, which may double it, and its signatures.
const MOST_BYTES: u64 = 2 * catalogue::MAX_BYTES as u64 + MOST_SIGNATURES;

/// One, as it was signed.
#[derive(Debug, Serialize, Deserialize)]
struct Former {
    /// The manifest's exact bytes, which are UTF-8.
    manifest: String,
    signatures: Vec<String>,
}

fn path(digest: &str) -> String {
    format!("{FOLDER}/{digest}.json")
}

impl Keep {
    /// Puts the catalogue that is held aside, durably, before another one takes its place.
    pub(super) fn put_aside(&self) -> Result<(), KeepError> {
        let Some(held) = &self.held else { return Ok(()) };
        let Some(bytes) = self.disk.read("manifest.json", catalogue::MAX_BYTES as u64)? else {
            return Ok(());
        };
        let Ok(manifest) = String::from_utf8(bytes) else { return Ok(()) };
        let former = Former { manifest, signatures: self.read_signatures()? };
        let bytes = serde_json::to_vec(&former).unwrap_or_default();
        self.disk.write(&path(&held.manifest.digest().to_string()), &bytes)
    }

    /// The catalogue of this digest that was put aside.
    ///
    /// # Errors
    /// If there is none, or it is not good any more.
    pub(crate) fn former(&self, digest: &str, clock: Timestamp) -> Result<Held, KeepError> {
        let none = || KeepError::NotKept(digest.chars().take(64).collect());
        if !self.formers()?.contains(digest) {
            return Err(none());
        }
        let root = self.root.as_ref().ok_or(KeepError::NoRoot)?;
        let Former { manifest, signatures } = self.read_former(digest)?.ok_or_else(none)?;
        let now = self.now(clock).now()?;
        let floors =
            Floors { catalogue_version: 0, catalogue_digest: None, ..self.memory.floors.clone() };
        let manifest = catalogue::verify(manifest.as_bytes(), &signatures, root, &floors, now)?;
        if manifest.digest().to_string() != digest {
            return Err(self.disk.damaged(&path(digest), "it is another catalogue"));
        }
        self.hold(manifest)
    }

    /// Forgets every catalogue that was put aside, but for those that are `wanted` still, and the files that then belong
    /// to none.
    ///
    /// # Errors
    /// If the disk does not let it.
    pub(crate) fn forget_former(&mut self, wanted: &BTreeSet<String>) -> Result<(), KeepError> {
        let mut forgotten = false;
        for digest in self.formers()?.difference(wanted) {
            self.disk.remove(&path(digest))?;
            forgotten = true;
        }
        if forgotten { self.clear_files() } else { Ok(()) }
    }

    /// Removes the files that belong neither to the catalogue that is here, nor to one on its way, nor to one that was
    /// put aside.
    pub(super) fn clear_files(&self) -> Result<(), KeepError> {
        let mut named: BTreeSet<String> = BTreeSet::new();
        let mut name = |manifest: &Manifest| {
            named.extend(manifest.files.values().map(|file| file.sha256.to_string()));
        };
        if let Some(held) = &self.held {
            name(held.manifest.get());
        }
        if let Some(coming) = &self.coming {
            name(coming.manifest.get());
        }
        for digest in self.formers()? {
            // One that is damaged names nothing, and is of no use to the run that wants it.
            let former = self.read_former(&digest).ok().flatten();
            if let Some(manifest) =
                former.and_then(|former| Manifest::parse(former.manifest.as_bytes()).ok())
            {
                name(&manifest);
            }
        }
        self.disk.clear("files", &|name| named.contains(name))
    }

    /// The digests of those that were put aside.
    fn formers(&self) -> Result<BTreeSet<String>, KeepError> {
        let names = self.disk.names(FOLDER)?.into_iter();
        Ok(names.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect())
    }

    fn read_former(&self, digest: &str) -> Result<Option<Former>, KeepError> {
        let name = path(digest);
        let Some(bytes) = self.disk.read(&name, MOST_BYTES)? else { return Ok(None) };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| self.disk.damaged(&name, &error.to_string()))
    }
}
