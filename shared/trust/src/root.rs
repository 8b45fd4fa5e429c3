//! The trust root: the people of an organisation, their keys, and how many different people each thing takes. A JSON
//! document whose exact bytes are signed. Not how one root follows another, which is in [`follow`] and [`Trusted`].

use std::collections::BTreeMap;

use befund_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::json;
use crate::key::{InvalidKey, PublicKey};

mod browser;
mod check;
mod quorum;
mod trusted;

pub use browser::{MAX_CREDENTIAL, MAX_ORIGINS, NotHere, Pages};
pub use quorum::{MAX_SIGNATURES, Signers, TooFew, Unsigned, approvers, signers};
pub use trusted::{Offer, Refusal, Standing, Trusted, accept, follow};

/// The most bytes of a root.
pub const MAX_BYTES: usize = 128 << 10;
/// The most keys.
pub const MAX_KEYS: usize = 64;
/// The most people.
pub const MAX_PEOPLE: usize = 64;

/// The kind of keys that sign in browsers.
const BROWSER_KIND: &str = "sk-ecdsa-sha2-nistp256@openssh.com";

/// The first field of the document: what it is, so that no other signed document can be taken for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// The only one.
    #[default]
    #[serde(rename = "befund-root/1")]
    V1,
}

/// A root as it is written. Whether it makes sense is seen by [`Root::parse`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What it is.
    pub format: Format,
    /// Whose.
    pub organisation: String,
    /// From 1, one higher with each root.
    pub version: u64,
    /// From then on nothing is taken under it but its successor.
    pub expires: Timestamp,
    /// The people.
    pub people: Vec<Person>,
    /// Their keys.
    pub keys: Vec<Key>,
    /// The pages that may have a step signed in a browser; none may, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webauthn: Option<Pages>,
    /// What takes how many of whom.
    pub roles: Roles,
}

/// A person who may sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// As roles and keys name them: lower-case letters, digits, `._-`; 64 characters at most.
    pub id: String,
    /// As people read it; 128 characters at most.
    pub name: String,
    /// Where they are reached; 256 characters at most.
    pub contact: String,
}

/// A key of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its id within the root, of the same letters as a person's.
    pub id: String,
    /// Whose it is: a person's id.
    pub person: String,
    /// The line of the `.pub` file.
    pub key: String,
    /// Whether it signs in a browser, and then nowhere else. Such keys count where the root names [`Pages`], for steps that
    /// change something, and otherwise for nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub webauthn: bool,
    /// The id of its credential, which a page has to name to the authenticator: base64url without padding, of 1,023 bytes at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// What takes how many of whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// The next root.
    pub root: Quorum,
    /// A catalogue.
    pub catalogue: Quorum,
    /// A step that changes something.
    pub change: Quorum,
    /// A step that interrupts work, or cannot be undone.
    pub disruptive: Quorum,
}

/// So many different ones of these people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quorum {
    /// Their ids.
    pub people: Vec<String>,
    /// How many of them.
    pub threshold: u32,
}

/// What somebody signs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The next root.
    Root,
    /// A catalogue.
    Catalogue,
    /// A step that changes something.
    Change,
    /// A step that interrupts work, or cannot be undone.
    Disruptive,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Root, Self::Catalogue, Self::Change, Self::Disruptive];

    /// As the document names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Catalogue => "catalogue",
            Self::Change => "change",
            Self::Disruptive => "disruptive",
        }
    }
}

/// Why a root makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Not the document.
    #[error(transparent)]
    Json(#[from] json::Malformed),
    /// A field that may not be so.
    #[error("reading a trust root: {field} is {found:?}, but has to be {wanted}")]
    Field {
        /// Which, with its place.
        field: String,
        /// What is there.
        found: String,
        /// What has to be.
        wanted: &'static str,
    },
    /// Something stands there twice.
    #[error("reading a trust root: {what} {id:?} stands there twice")]
    Twice {
        /// What.
        what: &'static str,
        /// Which.
        id: String,
    },
    /// A person is named who is not listed.
    #[error("reading a trust root: {place} names {person:?}, who is not among its people")]
    Unknown {
        /// Where.
        place: String,
        /// Whom.
        person: String,
    },
    /// A key that is not taken.
    #[error("reading a trust root: its key {id:?}")]
    Key {
        /// Which.
        id: String,
        /// Why.
        #[source]
        source: InvalidKey,
    },
    /// More people are demanded than can sign.
    #[error(
        "reading a trust root: the role {role} demands {threshold} people, and {able} of its people have a key that \
         counts; list more, or demand fewer"
    )]
    Unreachable {
        /// Which role.
        role: &'static str,
        /// How many are demanded.
        threshold: u32,
        /// How many can.
        able: usize,
    },
}

/// A root that makes sense: everybody named is listed, nothing stands there twice, every threshold can be reached.
/// Whether it is trusted is another matter: see [`Trusted`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    document: Document,
    /// The keys that count, and the place of whom they belong to.
    owners: BTreeMap<PublicKey, usize>,
    /// Those that sign in browsers and count there, with their credentials.
    browsers: BTreeMap<PublicKey, (usize, String)>,
    digest: Sha256,
}

impl Document {
    /// The bytes to be signed. Whether they make sense is seen by [`Root::parse`], which whoever signs calls first.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        json::write(self)
    }
}

impl Root {
    /// Reads a root.
    ///
    /// # Errors
    /// If it is too large, is not the document, or makes no sense.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let document: Document = json::read("a trust root", bytes, MAX_BYTES)?;
        let check::Counting { owners, browsers } = document.check()?;
        Ok(Self { document, owners, browsers, digest: Sha256::of(bytes) })
    }

    /// Whose it is.
    #[must_use]
    pub fn organisation(&self) -> &str {
        &self.document.organisation
    }

    /// Its version, from 1.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.document.version
    }

    /// From then on nothing is taken under it.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.document.expires
    }

    /// All that it says.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// The SHA-256 of its exact bytes: what installers and enrollment tokens pin.
    #[must_use]
    pub const fn digest(&self) -> Sha256 {
        self.digest
    }

    /// Whom a role takes.
    #[must_use]
    pub const fn quorum(&self, role: Role) -> &Quorum {
        self.document.roles.get(role)
    }

    /// Whose key this is; `None` if it is nobody's, does not count, or signs in browsers.
    #[must_use]
    pub fn owner(&self, key: &PublicKey) -> Option<&Person> {
        self.owners.get(key).and_then(|place| self.document.people.get(*place))
    }

    /// The keys that count, each with whose it is; without those that sign in browsers.
    pub fn keys(&self) -> impl Iterator<Item = (&PublicKey, &Person)> {
        self.owners.keys().filter_map(|key| Some((key, self.owner(key)?)))
    }
}

impl Roles {
    /// Whom a role takes.
    #[must_use]
    pub const fn get(&self, role: Role) -> &Quorum {
        match role {
            Role::Root => &self.root,
            Role::Catalogue => &self.catalogue,
            Role::Change => &self.change,
            Role::Disruptive => &self.disruptive,
        }
    }
}
