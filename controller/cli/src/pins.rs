//! The trust roots that this technician vouches for, one for each controller, in a file beside the sign-in: the SHA-256
//! of a root that came to them by another way than the controller, and the newest versions that they have seen under it,
//! so that nobody hands them an older one. Signing in and out leaves it alone.

use std::collections::BTreeMap;
use std::path::PathBuf;

use befund_model::Timestamp;
use befund_trust::catalogue::{Manifest, Verified};
use befund_trust::digest::Sha256;
use befund_trust::floor::Floors;
use befund_trust::root::Trusted;
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::platform;

/// What is vouched for at one controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pin {
    /// The root's SHA-256.
    pub(crate) root: Sha256,
    /// The highest version of a root that followed it; 0 before the first.
    #[serde(default)]
    root_version: u64,
    /// The highest version of a catalogue; 0 before the first.
    #[serde(default)]
    catalogue_version: u64,
    /// That catalogue's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    catalogue: Option<Sha256>,
}

impl Pin {
    /// A pin under which nothing was seen yet.
    pub(crate) const fn new(root: Sha256) -> Self {
        Self { root, root_version: 0, catalogue_version: 0, catalogue: None }
    }

    /// What was seen, as [`befund_trust`] asks for it. Times are not remembered: this computer's clock is its owner's.
    pub(crate) fn floors(&self) -> Floors {
        Floors {
            root_version: self.root_version,
            catalogue_version: self.catalogue_version,
            catalogue_digest: self.catalogue,
            ..Floors::new(Timestamp::UNIX_EPOCH)
        }
    }

    /// A root was seen.
    pub(crate) fn saw_root(&mut self, trusted: &Trusted) {
        self.root_version = self.root_version.max(trusted.root().version());
    }

    /// A catalogue was seen.
    pub(crate) fn saw_catalogue(&mut self, catalogue: &Verified<Manifest>) {
        let version = catalogue.get().version;
        if version > self.catalogue_version {
            self.catalogue_version = version;
            self.catalogue = Some(catalogue.digest());
        }
    }
}

/// The file.
#[derive(Clone, Debug)]
pub(crate) struct PinFile {
    path: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(default)]
    controllers: BTreeMap<String, Pin>,
}

impl PinFile {
    /// The file beside that of the sign-in.
    pub(crate) fn beside(sign_in: &std::path::Path) -> Self {
        Self { path: sign_in.with_extension("pins.toml") }
    }

    /// What is vouched for at this controller.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub(crate) fn of(&self, url: &str) -> Result<Option<Pin>, Failure> {
        Ok(self.load()?.controllers.remove(url))
    }

    /// Keeps a pin.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub(crate) fn keep(&self, url: &str, pin: Pin) -> Result<(), Failure> {
        let mut content = self.load()?;
        if content.controllers.get(url) == Some(&pin) {
            return Ok(());
        }
        content.controllers.insert(url.to_owned(), pin);
        let text =
            toml::to_string(&content).map_err(|error| self.failed("write", &error.to_string()))?;
        platform::write_private(&self.path, text.as_bytes())
            .map_err(|error| self.failed("write", &error.to_string()))
    }

    fn load(&self) -> Result<Content, Failure> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Content::default());
            }
            Err(error) => return Err(self.failed("read", &error.to_string())),
        };
        toml::from_str(&text).map_err(|error| {
            self.failed("read", error.message()).hint(
                "it was damaged; remove it and pin the trust root again: befund trust pin FILE",
            )
        })
    }

    fn failed(&self, verb: &str, why: &str) -> Failure {
        let what = format!("{verb} the pinned trust roots {}", self.path.display());
        Failure::cannot(Exit::Failed, what, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_kept_for_each_controller() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = PinFile::beside(&dir.path().join("cli.toml"));
        assert_eq!(file.of("https://a/").expect("a missing file is no error"), None);
        let (one, other) = (Pin::new(Sha256::of(b"1")), Pin::new(Sha256::of(b"2")));
        file.keep("https://a/", one.clone()).expect("writable");
        file.keep("https://b/", other.clone()).expect("writable");
        assert_eq!(file.of("https://a/").expect("readable"), Some(one));
        assert_eq!(file.of("https://b/").expect("readable"), Some(other.clone()));
        assert_eq!(other.floors().catalogue_version, 0);
    }

    #[test]
    fn a_damaged_file_says_so() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("cli.pins.toml"), "controllers = 3").expect("writable");
        let file = PinFile::beside(&dir.path().join("cli.toml"));
        let failure = file.of("https://a/").expect_err("damaged");
        assert!(failure.to_string().contains("cli.pins.toml"), "{failure}");
    }
}
