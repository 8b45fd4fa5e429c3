//! Catalogues in whose place another one has come while a run that began with them has not ended, or while a script of
//! theirs is what undoes a change: a run goes on with the runbook that it began with, also after a crash, and a change
//! is undone by the script that it was signed with (docs/adr/0008). Their files stay among the catalogue's files.
//!
//! Nothing is begun with one. Whether it is still good is looked at as with any catalogue, by the root of now; that a
//! higher version is here is no reason against it, and for undoing neither is the time. A withdrawal takes them along.

use std::collections::BTreeSet;

use befund_model::Timestamp;
use befund_trust::catalogue::{self, Manifest, Verified};
use befund_trust::digest::Sha256;
use befund_trust::floor::Floors;
use befund_trust::root::Trusted;
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
    /// Puts the catalogue that is kept aside, durably, before another one takes its place: also one that is of no use now,
    /// since it may have been of use.
    pub(super) fn put_aside(&self) -> Result<(), KeepError> {
        let Some(bytes) = self.disk.read("manifest.json", catalogue::MAX_BYTES as u64)? else {
            return Ok(());
        };
        let digest = Sha256::of(&bytes).to_string();
        let Ok(manifest) = String::from_utf8(bytes) else { return Ok(()) };
        let former = Former { manifest, signatures: self.read_signatures()? };
        let bytes = serde_json::to_vec(&former).unwrap_or_default();
        self.disk.write(&path(&digest), &bytes)
    }

    /// The catalogue of this digest that was put aside.
    ///
    /// # Errors
    /// If there is none, or it is not good any more.
    pub(crate) fn former(&self, digest: &str, clock: Timestamp) -> Result<Held, KeepError> {
        let now = self.now(clock).now()?;
        let manifest = self.verify_former(digest, |bytes, signatures, root, floors| {
            catalogue::verify(bytes, signatures, root, floors, now)
        })?;
        self.hold(manifest)
    }

    /// The exact bytes of a script that undoes what was changed under the catalogue of this digest, verified now. Where that
    /// catalogue was withdrawn, the script that the one here has in its place.
    ///
    /// # Errors
    /// If there is none, or its bytes are others.
    pub(crate) fn undoing_script(
        &self,
        catalogue: &str,
        script: &str,
        clock: Timestamp,
    ) -> Result<(Vec<u8>, Sha256), KeepError> {
        let is_it = |held: &&Held| held.manifest.digest().to_string() == catalogue;
        if let Some(held) = self.held.as_ref().filter(is_it) {
            return self.script_of(held, script);
        }
        match self.verify_former(catalogue, catalogue::verify_past) {
            Ok(manifest) => self.file(&manifest, script),
            Err(error @ KeepError::NotKept(_)) => {
                let held = self.catalogue(self.now(clock).now()?).ok_or(error)?;
                self.script_of(held, script)
            }
            Err(error) => Err(error),
        }
    }

    fn verify_former(
        &self,
        digest: &str,
        verify: impl FnOnce(
            &[u8],
            &[String],
            &Trusted,
            &Floors,
        ) -> Result<Verified<Manifest>, catalogue::Refusal>,
    ) -> Result<Verified<Manifest>, KeepError> {
        let none = || KeepError::NotKept(digest.chars().take(64).collect());
        if !self.formers()?.contains(digest) {
            return Err(none());
        }
        let root = self.root.as_ref().ok_or(KeepError::NoRoot)?;
        let Former { manifest, signatures } = self.read_former(digest)?.ok_or_else(none)?;
        let floors =
            Floors { catalogue_version: 0, catalogue_digest: None, ..self.memory.floors.clone() };
        let manifest = verify(manifest.as_bytes(), &signatures, root, &floors)?;
        if manifest.digest().to_string() != digest {
            return Err(self.disk.damaged(&path(digest), "it is another catalogue"));
        }
        Ok(manifest)
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
