//! Who this machine is: its key, its certificate, whom it trusts, and where its controller is. One
//! file, replaced as a whole, readable by its owner only.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use befund_model::Timestamp;
use befund_model::id::{AgentId, TokenId};
use befund_model::token::CaPin;
use befund_runtime::tls;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::disk::{self, Disk};

pub mod key;

const FILE: &str = "identity.json";
const PENDING: &str = "enrolling.json";

/// A machine's identity, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredIdentity {
    /// Its name.
    pub agent: AgentId,
    /// The organisation that it is enrolled with.
    pub organisation: String,
    /// Where the controller can be reached, in order of preference.
    pub addresses: Vec<String>,
    /// Whom to trust.
    pub ca_pin: String,
    /// The counter of the last recovery; the next one uses a higher one.
    pub recovery_counter: u64,
    /// What is used.
    pub current: Credential,
    /// What was used before, until the controller has seen the current one.
    pub previous: Option<Credential>,
}

/// A key and its certificate.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credential {
    /// PKCS#8, DER.
    #[serde(with = "base64")]
    pub key: Vec<u8>,
    /// Leaf, intermediate, root, DER.
    pub chain: Vec<Der>,
    /// From when it is good, Unix milliseconds.
    pub not_before: i64,
    /// Until when, Unix milliseconds.
    pub not_after: i64,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({}..{})", self.not_before, self.not_after)
    }
}

/// One DER structure, base64 in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Der(#[serde(with = "base64")] pub Vec<u8>);

impl StoredIdentity {
    /// The pin.
    ///
    /// # Errors
    /// If the file was edited.
    pub fn pin(&self) -> Result<CaPin, IdentityError> {
        self.ca_pin.parse().map_err(|_| IdentityError::Pin(self.ca_pin.clone()))
    }

    /// Until when the certificate is good.
    #[must_use]
    pub fn good_until(&self) -> Timestamp {
        Timestamp::from_millisecond(self.current.not_after).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Credential {
    /// As rustls wants it.
    #[must_use]
    pub fn to_tls(&self) -> tls::Identity {
        tls::Identity {
            chain: self.chain.iter().map(|der| CertificateDer::from(der.0.clone())).collect(),
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone())),
        }
    }
}

/// A key that was made for a token and waits for the answer, so that a lost answer can be asked for
/// again.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pending {
    /// The token.
    pub token: TokenId,
    /// PKCS#8, DER.
    #[serde(with = "base64")]
    pub key: Vec<u8>,
}

/// Why the identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There is none.
    #[error(
        "this machine is not enrolled (there is no {}); ask your help desk for an enrollment token and run `befund-agent enroll TOKEN`",
        .0.display()
    )]
    NotEnrolled(PathBuf),
    /// The file cannot be read.
    #[error(
        "could not read the machine's identity from {}; run as the account that owns it, or enroll again after removing it",
        .0.display()
    )]
    Read(PathBuf, #[source] io::Error),
    /// The file is damaged.
    #[error(
        "the machine's identity in {} is damaged; remove it and enroll the machine again",
        .0.display()
    )]
    Damaged(PathBuf, #[source] serde_json::Error),
    /// The file cannot be written.
    #[error(
        "could not write the machine's identity to {}; check that the folder is writable and the disk not full",
        .0.display()
    )]
    Write(PathBuf, #[source] io::Error),
    /// The pin in the file is none.
    #[error("the identity's CA pin {0:?} is not a pin; enroll the machine again")]
    Pin(String),
}

/// The folder that the identity lives in.
#[derive(Clone, Debug)]
pub struct IdentityFolder<D> {
    disk: D,
    folder: PathBuf,
}

impl<D: Disk> IdentityFolder<D> {
    /// The identity under an agent's state folder.
    pub fn new(disk: D, state: &Path) -> Self {
        Self { disk, folder: state.join("identity") }
    }

    /// The identity.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn load(&self) -> Result<StoredIdentity, IdentityError> {
        let path = self.folder.join(FILE);
        match self.disk.read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|error| IdentityError::Damaged(path, error))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(IdentityError::NotEnrolled(path))
            }
            Err(error) => Err(IdentityError::Read(path, error)),
        }
    }

    /// Keeps the identity, durably.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn store(&self, identity: &StoredIdentity) -> Result<(), IdentityError> {
        self.put(FILE, identity)
    }

    /// The key to enroll with by this token: the one that was made for it earlier, or a new one,
    /// which is durable before anybody hears of it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn key_for(&self, token: TokenId) -> Result<Vec<u8>, IdentityError> {
        let earlier = self
            .disk
            .read(&self.folder.join(PENDING))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Pending>(&bytes).ok())
            .filter(|pending| pending.token == token);
        if let Some(pending) = earlier {
            return Ok(pending.key);
        }
        let pending = Pending { token, key: key::generate() };
        self.put(PENDING, &pending)?;
        Ok(pending.key)
    }

    /// Forgets the key of an enrollment that is over.
    pub fn enrolled(&self) {
        if let Err(error) = self.disk.remove(&self.folder.join(PENDING)) {
            tracing::debug!(%error, "the key of the enrollment stays behind; it is of no use any more");
        }
    }

    fn put(&self, name: &str, value: &impl Serialize) -> Result<(), IdentityError> {
        let path = self.folder.join(name);
        let bytes = serde_json::to_vec_pretty(value)
            .map_err(|error| IdentityError::Write(path.clone(), error.into()))?;
        self.disk
            .make_folder(&self.folder)
            .and_then(|()| disk::put(&self.disk, &self.folder, name, &bytes))
            .map_err(|error| IdentityError::Write(path, error))
    }
}

mod base64 {
    //! Bytes as base64 text.

    use data_encoding::BASE64;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64.decode(text.as_bytes()).map_err(serde::de::Error::custom)
    }
}
