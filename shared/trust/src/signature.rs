//! SSHSIG (OpenSSH's PROTOCOL.sshsig), as `ssh-keygen -Y sign -n NAMESPACE FILE` makes it: reading and verifying it,
//! and making one of what an ssh-agent signed. Not who may sign what, which is the trust root's.
//!
//! Read more strictly than by `ssh-keygen`: there is one text for each signature but for its line ends, nothing
//! stands before or behind it, and nothing in it is ignored.

use crate::key::assertion::is_assertion;
use crate::key::{Assertion, InvalidKey, NotSigned, PublicKey};
use crate::wire::{Cut, Reader, put_string};

mod armor;

/// The most bytes of an armored signature.
pub const MAX_BYTES: usize = 8 << 10;

const MAGIC: &[u8; 6] = b"SSHSIG";
const VERSION: u32 = 1;

/// What is signed for what: a signature for one is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Namespace {
    /// A manifest of a catalogue.
    Catalogue,
    /// A trust root.
    Root,
    /// A statement or an order.
    Approval,
}

impl Namespace {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Catalogue, Self::Root, Self::Approval];

    /// As `ssh-keygen -n` is told.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Catalogue => "befund-catalogue",
            Self::Root => "befund-root",
            Self::Approval => "befund-approval",
        }
    }
}

/// The hash of the message within a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageHash {
    Sha256,
    Sha512,
}

impl MessageHash {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn of(self, message: &[u8]) -> ring::digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &ring::digest::SHA256,
            Self::Sha512 => &ring::digest::SHA512,
        };
        ring::digest::digest(algorithm, message)
    }
}

/// A signature that can be read; whether it is good is seen by [`Signature::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    key: PublicKey,
    namespace: String,
    hash: MessageHash,
    raw: Vec<u8>,
}

/// Why a signature is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Longer than any that is taken.
    #[error("reading a signature: it has {0} bytes, and {MAX_BYTES} are the most")]
    TooLarge(usize),
    /// Not between the lines that `ssh-keygen -Y sign` writes.
    #[error(
        "reading a signature: expected what `ssh-keygen -Y sign` writes, from BEGIN SSH SIGNATURE to END SSH SIGNATURE"
    )]
    NotArmored,
    /// Something stands behind it.
    #[error("reading a signature: something stands behind its end; give each signature by itself")]
    GoesOn,
    /// What is between the lines is not base64 in the one way that it is written.
    #[error(
        "reading a signature: its base64 is damaged, or not broken into lines as `ssh-keygen` breaks it"
    )]
    Base64,
    /// It does not begin as all do.
    #[error("reading a signature: its bytes do not begin with SSHSIG")]
    Magic,
    /// Of a version that is not known.
    #[error("reading a signature: it is of version {0}, and only {VERSION} is known")]
    Version(u32),
    /// It ends too early.
    #[error("reading a signature: its bytes end too early, or a text in it is not one")]
    Cut,
    /// Bytes follow it.
    #[error("reading a signature: bytes follow the last field")]
    TrailingBytes,
    /// The key is not one that is taken.
    #[error("reading a signature: the key in it is not taken")]
    Key(#[source] InvalidKey),
    /// Signed for nothing.
    #[error("reading a signature: its namespace is empty; sign with `-n {0}`", Namespace::Catalogue.as_str())]
    EmptyNamespace,
    /// The reserved field holds something.
    #[error(
        "reading a signature: its reserved field holds something, of which nobody knows what it means"
    )]
    Reserved,
    /// The message was hashed in a way that is not taken.
    #[error("reading a signature: the hash {0:?} is not taken; sha512 and sha256 are")]
    Hash(String),
    /// Signed for something else.
    #[error("verifying a signature: it was made for {found:?}, not for {:?}; sign with `-n {}`", wanted.as_str(), wanted.as_str())]
    OtherNamespace {
        /// What it is wanted for.
        wanted: Namespace,
        /// What it was made for.
        found: String,
    },
    /// The key did not sign these bytes.
    #[error("verifying a signature of the key {fingerprint}")]
    NotSigned {
        /// The key's fingerprint.
        fingerprint: String,
        /// Why.
        #[source]
        source: NotSigned,
    },
}

impl From<Cut> for Refusal {
    fn from(Cut: Cut) -> Self {
        Self::Cut
    }
}

impl Signature {
    /// Reads an armored signature.
    ///
    /// # Errors
    /// If it is anything else, each reason by itself.
    pub fn parse(armored: &[u8]) -> Result<Self, Refusal> {
        let bytes = armor::open(armored)?;
        let mut reader = Reader::new(&bytes);
        if reader.bytes(MAGIC.len()).map_err(|Cut| Refusal::Magic)? != MAGIC {
            return Err(Refusal::Magic);
        }
        let version = reader.number()?;
        if version != VERSION {
            return Err(Refusal::Version(version));
        }
        let key = PublicKey::from_bytes(reader.string()?).map_err(Refusal::Key)?;
        let namespace = reader.text()?.to_owned();
        if namespace.is_empty() {
            return Err(Refusal::EmptyNamespace);
        }
        if !reader.string()?.is_empty() {
            return Err(Refusal::Reserved);
        }
        let hash = match reader.text()? {
            "sha512" => MessageHash::Sha512,
            "sha256" => MessageHash::Sha256,
            other => return Err(Refusal::Hash(other.chars().take(64).collect())),
        };
        let raw = reader.string()?.to_vec();
        if !reader.is_done() {
            return Err(Refusal::TrailingBytes);
        }
        Ok(Self { key, namespace, hash, raw })
    }

    /// Whether it is a good signature over exactly these bytes, for this; then the key that made it.
    ///
    /// # Errors
    /// If it was made for something else, or is not this key's over these bytes.
    pub fn verify(&self, namespace: Namespace, message: &[u8]) -> Result<&PublicKey, Refusal> {
        let blob = self.blob(namespace, message)?;
        self.key.check(&blob, &self.raw).map_err(|source| self.not_signed(source))?;
        Ok(&self.key)
    }

    /// The same for what says to be signed in a browser: who signed, and for which page. [`Self::verify`] takes no such one.
    ///
    /// # Errors
    /// If it was made for something else, or is not this key's over these bytes.
    pub fn verify_assertion(
        &self,
        namespace: Namespace,
        message: &[u8],
    ) -> Result<Assertion, Refusal> {
        let blob = self.blob(namespace, message)?;
        self.key.check_assertion(&blob, &self.raw).map_err(|source| self.not_signed(source))
    }

    /// Whether it says to be signed in a browser.
    #[must_use]
    pub fn is_assertion(&self) -> bool {
        is_assertion(&self.raw)
    }

    fn blob(&self, namespace: Namespace, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        if self.namespace != namespace.as_str() {
            let found = self.namespace.chars().take(64).collect();
            return Err(Refusal::OtherNamespace { wanted: namespace, found });
        }
        Ok(blob(namespace, self.hash, message))
    }

    fn not_signed(&self, source: NotSigned) -> Refusal {
        Refusal::NotSigned { fingerprint: self.key.fingerprint(), source }
    }

    /// The key that it says to be made by.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }
}

/// What a key has to sign, by itself or in an ssh-agent, for a signature over `message` for `namespace`; the hash is
/// SHA-512. RSA keys have to sign it with `rsa-sha2-512` (the agent's flag 4).
#[must_use]
pub fn signed_blob(namespace: Namespace, message: &[u8]) -> Vec<u8> {
    blob(namespace, MessageHash::Sha512, message)
}

/// The armored signature of what a key signed of [`signed_blob`]: `raw` is what the ssh-agent answered, the
/// signature's kind and its bytes.
#[must_use]
pub fn assemble(key: &PublicKey, namespace: Namespace, raw: &[u8]) -> String {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    put_string(&mut bytes, &key.to_bytes());
    put_string(&mut bytes, namespace.as_str().as_bytes());
    put_string(&mut bytes, &[]);
    put_string(&mut bytes, MessageHash::Sha512.as_str().as_bytes());
    put_string(&mut bytes, raw);
    armor::close(&bytes)
}

fn blob(namespace: Namespace, hash: MessageHash, message: &[u8]) -> Vec<u8> {
    let mut blob = MAGIC.to_vec();
    put_string(&mut blob, namespace.as_str().as_bytes());
    put_string(&mut blob, &[]);
    put_string(&mut blob, hash.as_str().as_bytes());
    put_string(&mut blob, hash.of(message).as_ref());
    blob
}
