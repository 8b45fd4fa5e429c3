//! The organisation whose controller was taken over: its people, their keys, its roots and catalogues. The keys are of
//! fixed seeds and trusted by nothing but the machines of a test. Not who has which of them: attacks sign as whoever they
//! say.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use befund_model::Timestamp;
use befund_proto::v1::CataloguePart;
use befund_runtime::clock::Clock;
use befund_trust::catalogue::{DEFAULT_LIFE, Manifest};
use befund_trust::digest::Sha256;
use befund_trust::root::{Document, Format, Key, Person, Quorum, Roles};
use befund_trust::signature::Namespace;
use befund_trust::signing::SigningKey;

use super::parts;

/// Whose the machines are, as the controller's own name.
pub const NAME: &str = "Example Works";

/// Ada signs roots and catalogues, with one of two keys.
pub const ADA: u8 = 1;
/// Her other one.
pub const ADA_TOO: u8 = 11;
/// Ben signs roots and catalogues.
pub const BEN: u8 = 2;
/// Tina signs changes, with one of two keys.
pub const TINA: u8 = 3;
/// Her other one.
pub const TINA_TOO: u8 = 13;
/// Otto signs changes.
pub const OTTO: u8 = 4;
/// Cara signed everything until the second root.
pub const CARA: u8 = 5;
/// Whose key is nobody's: the attacker's own.
pub const EVE: u8 = 66;

/// Files of a catalogue, by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// When the roots run out: in the year 2100.
const EXPIRES: Timestamp = Timestamp::constant(4_102_444_800, 0);

/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// Now, by this machine's clock.
#[must_use]
pub fn now() -> Timestamp {
    Clock::system().now()
}

/// A key.
#[must_use]
pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

/// One signature by each key.
#[must_use]
pub fn signed(namespace: Namespace, bytes: &[u8], seeds: &[u8]) -> Vec<String> {
    seeds.iter().map(|seed| key(*seed).sign(namespace, bytes)).collect()
}

/// Writes the file of a key as `ssh-keygen` does.
///
/// # Panics
/// If it cannot be written.
pub fn write_key(folder: &Path, name: &str, seed: u8) {
    let path = folder.join(name);
    std::fs::write(&path, key(seed).to_openssh(name)).expect("write a key");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, private).expect("make it private");
}

/// So many of these people.
#[must_use]
pub fn quorum(people: &[&str], threshold: u32) -> Quorum {
    Quorum { people: people.iter().map(|&id| id.to_owned()).collect(), threshold }
}

/// A key of a person.
#[must_use]
pub fn key_of(person: &str, seed: u8) -> Key {
    let id = format!("{person}-{seed}");
    let key = format!("{} {person}@example.com", key(seed).public());
    Key { id, person: person.to_owned(), key, webauthn: false, credential: None }
}

/// A person.
#[must_use]
pub fn person(id: &str) -> Person {
    let contact = format!("{id}@example.com");
    Person { id: id.to_owned(), name: id.to_owned(), contact }
}

/// The root of this version: the first has Cara, those after it do not.
#[must_use]
pub fn root(version: u64) -> Document {
    let everybody = ["ada", "ben", "tina", "otto", "cara"];
    let people = &everybody[..if version == 1 { 5 } else { 4 }];
    let all = [("ada", ADA), ("ada", ADA_TOO), ("ben", BEN), ("tina", TINA), ("tina", TINA_TOO)];
    let all = all.into_iter().chain([("otto", OTTO), ("cara", CARA)]);
    let among = |ids: &[&str], threshold| {
        let ids: Vec<&str> = ids.iter().copied().filter(|id| people.contains(id)).collect();
        quorum(&ids, threshold)
    };
    Document {
        format: Format::V1,
        organisation: NAME.to_owned(),
        version,
        expires: EXPIRES,
        people: people.iter().map(|id| person(id)).collect(),
        keys: all
            .filter(|(id, _)| people.contains(id))
            .map(|(id, seed)| key_of(id, seed))
            .collect(),
        webauthn: None,
        roles: Roles {
            root: among(&["ada", "ben", "cara"], 2),
            catalogue: among(&["ada", "ben", "cara"], 2),
            change: among(&["tina", "otto", "cara"], 1),
            disruptive: among(&["tina", "otto", "cara"], 2),
        },
    }
}

/// A root of the attacker's own, of the same organisation: Eve may everything.
#[must_use]
pub fn root_of_eve(version: u64) -> Document {
    let quorum = || quorum(&["eve"], 1);
    Document {
        people: vec![person("eve")],
        keys: vec![key_of("eve", EVE)],
        webauthn: None,
        roles: Roles {
            root: quorum(),
            catalogue: quorum(),
            change: quorum(),
            disruptive: quorum(),
        },
        ..root(version)
    }
}

/// A root with its signatures, as it is handed out.
#[must_use]
pub fn offered_root(document: &Document, seeds: &[u8]) -> Vec<CataloguePart> {
    let bytes = document.bytes();
    parts::root(&bytes, &signed(Namespace::Root, &bytes, seeds))
}

/// A catalogue with its signatures and files.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The manifest's exact bytes.
    pub manifest: Vec<u8>,
    /// Its signatures.
    pub signatures: Vec<String>,
    /// Its files.
    pub files: Files,
}

impl Catalogue {
    /// One that Ada and Ben signed a minute ago.
    #[must_use]
    pub fn new(version: u64, files: &Files) -> Self {
        Self::with(version, files, |_| {})
    }

    /// The same, changed before it was signed.
    ///
    /// # Panics
    /// If the files are none of a catalogue.
    #[must_use]
    pub fn with(version: u64, files: &Files, change: impl FnOnce(&mut Manifest)) -> Self {
        let named = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
        let made = now() - Duration::from_secs(60);
        let mut manifest =
            Manifest::of(NAME, version, made, DEFAULT_LIFE, named).expect("a manifest");
        change(&mut manifest);
        Self::of_bytes(manifest.bytes(), files)
    }

    /// One whose manifest is these bytes, signed by Ada and Ben.
    #[must_use]
    pub fn of_bytes(manifest: Vec<u8>, files: &Files) -> Self {
        let signatures = signed(Namespace::Catalogue, &manifest, &[ADA, BEN]);
        Self { manifest, signatures, files: files.clone() }
    }

    /// The same with other signatures.
    #[must_use]
    pub fn signed_by(mut self, seeds: &[u8]) -> Self {
        self.signatures = signed(Namespace::Catalogue, &self.manifest, seeds);
        self
    }

    /// Its digest, as orders name it.
    #[must_use]
    pub fn digest(&self) -> String {
        Sha256::of(&self.manifest).to_string()
    }

    /// All of it, as it is handed out.
    #[must_use]
    pub fn shelf(&self) -> Vec<CataloguePart> {
        let files = self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
        [parts::manifest(&self.manifest, &self.signatures), parts::files(files)].concat()
    }
}
