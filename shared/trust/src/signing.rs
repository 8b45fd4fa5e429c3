//! Signing with a private key in memory: an Ed25519 key without a passphrase, as a demonstration or a test makes it.
//! People's keys stay in their ssh-agent or their hardware, which are asked elsewhere with
//! [`crate::signature::signed_blob`]. Nothing is drawn at random here: the caller hands in the seed.

use std::fmt;

use data_encoding::BASE64;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::key::PublicKey;
use crate::signature::{Namespace, assemble, signed_blob};
use crate::wire::{Cut, Reader, put_string};

/// The most bytes of a file with a private key.
pub const MAX_BYTES: usize = 16 << 10;

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";
const KIND: &[u8] = b"ssh-ed25519";

/// A private key. Its `Debug` shows the public half alone.
pub struct SigningKey {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

/// Why a private key cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSigningKey {
    /// Not a file as `ssh-keygen -t ed25519` writes it.
    #[error("reading a private key: expected what `ssh-keygen -t ed25519` writes")]
    NotOpenSsh,
    /// It has a passphrase.
    #[error(
        "reading a private key: it has a passphrase; add it to the ssh-agent with `ssh-add`, and sign with that"
    )]
    Encrypted,
    /// Not Ed25519.
    #[error(
        "reading a private key: only ssh-ed25519 can be used from a file; add it to the ssh-agent with `ssh-add`"
    )]
    Kind,
}

impl From<Cut> for InvalidSigningKey {
    fn from(Cut: Cut) -> Self {
        Self::NotOpenSsh
    }
}

impl SigningKey {
    /// The key of this seed, which has to be random and secret.
    ///
    /// # Panics
    /// Never: any 32 bytes are a seed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are a seed");
        Self { seed, pair }
    }

    /// Reads a file as `ssh-keygen -t ed25519 -N ''` writes it (OpenSSH's PROTOCOL.key).
    ///
    /// # Errors
    /// If it is anything else, has a passphrase, or is of another kind.
    pub fn from_openssh(text: &str) -> Result<Self, InvalidSigningKey> {
        if text.len() > MAX_BYTES {
            return Err(InvalidSigningKey::NotOpenSsh);
        }
        let body = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let encoded: String =
            body.ok_or(InvalidSigningKey::NotOpenSsh)?.split_ascii_whitespace().collect();
        let bytes = BASE64.decode(encoded.as_bytes()).map_err(|_| InvalidSigningKey::NotOpenSsh)?;
        let mut reader = Reader::new(&bytes);
        if reader.bytes(MAGIC.len())? != MAGIC {
            return Err(InvalidSigningKey::NotOpenSsh);
        }
        let (cipher, derivation, _) = (reader.string()?, reader.string()?, reader.string()?);
        if (cipher, derivation) != (b"none", b"none") {
            return Err(InvalidSigningKey::Encrypted);
        }
        if reader.number()? != 1 {
            return Err(InvalidSigningKey::NotOpenSsh);
        }
        let public = reader.string()?;
        let mut private = Reader::new(reader.string()?);
        if private.number()? != private.number()? {
            return Err(InvalidSigningKey::NotOpenSsh);
        }
        if private.string()? != KIND {
            return Err(InvalidSigningKey::Kind);
        }
        let _public = private.array::<32>()?;
        let secret = private.array::<64>()?;
        let (seed, _) = secret.split_first_chunk::<32>().ok_or(InvalidSigningKey::NotOpenSsh)?;
        let key = Self::from_seed(*seed);
        if key.public().to_bytes() != public {
            return Err(InvalidSigningKey::NotOpenSsh);
        }
        Ok(key)
    }

    /// The file, without a passphrase, as `ssh-add` and `ssh-keygen -Y sign -f` read it.
    #[must_use]
    pub fn to_openssh(&self, comment: &str) -> String {
        let public = self.pair.public_key().as_ref();
        // The two numbers tell a wrong passphrase from a right one; without a passphrase any will do.
        let mut private = vec![0; 8];
        put_string(&mut private, KIND);
        put_string(&mut private, public);
        put_string(&mut private, &[&self.seed, public].concat());
        put_string(&mut private, comment.as_bytes());
        let padding = (1_u8..=7).take(private.len().next_multiple_of(8) - private.len());
        private.extend(padding);
        let mut bytes = MAGIC.to_vec();
        put_string(&mut bytes, b"none");
        put_string(&mut bytes, b"none");
        put_string(&mut bytes, &[]);
        bytes.extend_from_slice(&1_u32.to_be_bytes());
        put_string(&mut bytes, &self.public().to_bytes());
        put_string(&mut bytes, &private);
        let encoded = BASE64.encode(&bytes);
        let lines = encoded.as_bytes().chunks(70).map(String::from_utf8_lossy);
        let lines: Vec<_> = lines.collect();
        format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
    }

    /// The public half.
    ///
    /// # Panics
    /// Never: public keys of Ed25519 have 32 bytes.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let bytes = self.pair.public_key().as_ref().try_into();
        PublicKey::ed25519(bytes.expect("public keys of Ed25519 have 32 bytes"))
    }

    /// Signs these exact bytes for this; the armored signature.
    #[must_use]
    pub fn sign(&self, namespace: Namespace, message: &[u8]) -> String {
        let mut raw = Vec::new();
        put_string(&mut raw, KIND);
        put_string(&mut raw, self.pair.sign(&signed_blob(namespace, message)).as_ref());
        assemble(&self.public(), namespace, &raw)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {:?})", self.public())
    }
}
