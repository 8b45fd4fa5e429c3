//! The runbooks of a catalogue, by name. Each is read and looked at before the catalogue is taken, and once more when it
//! is first wanted; in between, that it can be used by this program is remembered by the SHA-256 of its file, so that
//! an executor which starts anew, or is handed the next catalogue, does not read all of them for the one that is run.
//!
//! What is remembered spares time and vouches for nothing: the bytes are verified by the manifest whatever it says, and
//! what is run was read from them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use befund_runbook::document::Runbook;
use befund_trust::digest::Sha256;
use serde::{Deserialize, Serialize};
use tracing::debug;

use super::KeepError;
use super::disk::Disk;

/// What is remembered.
const FILE: &str = "read.json";
/// The most bytes of it.
const MOST: u64 = 1 << 20;
/// The program by which a runbook can be used.
const PROGRAM: &str = concat!(env!("CARGO_PKG_VERSION"), " ", env!("BEFUND_BUILT"));

/// A runbook, read.
#[derive(Clone, Debug)]
pub(crate) struct Shelved {
    /// Itself.
    pub(crate) runbook: Arc<Runbook>,
    /// The SHA-256 of its file.
    pub(crate) digest: Sha256,
}

/// The runbooks of one catalogue.
#[derive(Debug)]
pub(super) struct Shelf {
    known: Known,
    changed: bool,
    places: BTreeMap<String, Place>,
}

/// Where a runbook stands.
#[derive(Debug)]
struct Place {
    path: String,
    digest: Sha256,
    read: OnceLock<Shelved>,
}

/// The names of runbooks that can be used, by the SHA-256 of their files as hexadecimal digits.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    program: String,
    names: BTreeMap<String, String>,
}

impl Shelf {
    /// An empty one, with what is remembered from the last.
    pub(super) fn open(disk: &Disk) -> Self {
        // What cannot be read is read anew.
        let bytes = disk.read(FILE, MOST).ok().flatten().unwrap_or_default();
        let known: Known = serde_json::from_slice(&bytes).unwrap_or_default();
        let known = Some(known).filter(|known| known.program == PROGRAM).unwrap_or_default();
        Self { known, changed: false, places: BTreeMap::new() }
    }

    /// Puts a runbook on it, whose bytes were verified.
    ///
    /// # Errors
    /// If it cannot be used, or another one has its name.
    pub(super) fn put(
        &mut self,
        path: &str,
        bytes: &[u8],
        digest: Sha256,
    ) -> Result<(), KeepError> {
        let read = OnceLock::new();
        let name = match self.known.names.get(&digest.to_string()) {
            Some(name) => name.clone(),
            None => {
                let shelved = self::read(path, bytes, digest)?;
                let name = shelved.runbook.name.clone();
                self.changed = true;
                read.get_or_init(|| shelved);
                name
            }
        };
        let place = Place { path: path.to_owned(), digest, read };
        if self.places.insert(name.clone(), place).is_some() {
            let said = format!("another file of the catalogue is {name} as well");
            return Err(KeepError::Runbook { path: path.to_owned(), said });
        }
        Ok(())
    }

    /// Remembers what is on it for the next one.
    pub(super) fn note(&mut self, disk: &Disk) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let names =
            self.places.iter().map(|(name, place)| (place.digest.to_string(), name.clone()));
        self.known = Known { program: PROGRAM.to_owned(), names: names.collect() };
        let bytes = serde_json::to_vec(&self.known).unwrap_or_default();
        if let Err(error) = disk.write(FILE, &bytes) {
            // They are read once more then.
            debug!(error = befund_runtime::telemetry::chain(&error), "not remembered");
        }
    }

    /// The names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The runbook of this name; `read` reads it from the file at its path, when it is first wanted.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn get(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Result<Shelved, KeepError>,
    ) -> Result<Option<&Shelved>, KeepError> {
        let Some(place) = self.places.get(name) else { return Ok(None) };
        if let Some(shelved) = place.read.get() {
            return Ok(Some(shelved));
        }
        let shelved = read(&place.path)?;
        if shelved.runbook.name != name {
            let said = format!("it is {}, and was remembered as {name}", shelved.runbook.name);
            return Err(KeepError::Runbook { path: place.path.clone(), said });
        }
        Ok(Some(place.read.get_or_init(|| shelved)))
    }
}

/// Reads a runbook and looks at it.
///
/// # Errors
/// Everything that is wrong with it, with places.
pub(super) fn read(path: &str, bytes: &[u8], digest: Sha256) -> Result<Shelved, KeepError> {
    let unusable = |said: String| KeepError::Runbook { path: path.to_owned(), said };
    let text = std::str::from_utf8(bytes).map_err(|error| unusable(error.to_string()))?;
    let (runbook, _warnings) = befund_runbook::load(text)
        .map_err(|diagnostics| unusable(befund_runbook::render(path, text, &diagnostics)))?;
    Ok(Shelved { runbook: Arc::new(runbook), digest })
}
