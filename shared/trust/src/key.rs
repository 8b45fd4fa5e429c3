//! Public keys of SSH: reading and writing them, and whether one of them signed something. Ed25519, ECDSA over
//! P-256, RSA of 3,072 bits or more, and the first two in hardware (`sk-`). Certificates, DSA and the other curves
//! are deliberately not here.
//!
//! The wire format is read here rather than by a crate, since the rules are stricter than any reader's: one way to
//! write each key, hardware keys only with a touch. A hardware key is SSH's or a web page's by its application, and what it
//! signs as the one is nothing as the other. The arithmetic is ring's.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, BASE64_NOPAD};

use crate::digest::Sha256;
use crate::wire::{Cut, Reader, put_magnitude, put_string};

pub(crate) mod assertion;
mod check;

pub use assertion::{Assertion, NotAsserted};
pub use check::NotSigned;

/// The most characters of a line with a public key.
pub const MAX_LINE: usize = 8 << 10;
/// The fewest bits of an RSA key: what BSI TR-02102-1 and NIST SP 800-57 ask beyond 2030.
pub const MIN_RSA_BITS: usize = 3072;
/// The most bits of an RSA key: what ring verifies.
pub const MAX_RSA_BITS: usize = 8192;

const ED25519: &str = "ssh-ed25519";
const P256: &str = "ecdsa-sha2-nistp256";
const RSA: &str = "ssh-rsa";
const SK_ED25519: &str = "sk-ssh-ed25519@openssh.com";
const SK_P256: &str = "sk-ecdsa-sha2-nistp256@openssh.com";
const CURVE: &str = "nistp256";
/// What hardware keys of SSH call themselves by; a web page cannot have anything signed for such a name, since
/// its own is a domain.
const SSH_APPLICATION: &str = "ssh:";

/// A public key. Two are the same if their bytes are; there is one way to write each.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey(Kind);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    Ed25519([u8; 32]),
    /// An uncompressed point.
    P256([u8; 65]),
    /// Modulus and exponent, without leading zeros.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    SkEd25519 {
        key: [u8; 32],
        application: String,
    },
    SkP256 {
        point: [u8; 65],
        application: String,
    },
}

/// Why a public key is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Longer than any key that is taken.
    #[error("reading a public key: its line has more than {MAX_LINE} characters")]
    TooLong,
    /// Not a line as in `ssh-ed25519 AAAA... comment`.
    #[error(
        "reading a public key: expected one line as in `ssh-ed25519 AAAA... comment`; take it from the .pub file"
    )]
    NotALine,
    /// The line names another kind of key than its bytes.
    #[error("reading a public key: its line says {line:?}, its bytes say {bytes:?}")]
    OtherKind {
        /// What the line says.
        line: String,
        /// What the bytes say.
        bytes: String,
    },
    /// A kind that is not taken.
    #[error(
        "reading a public key: keys of the kind {0:?} are not taken; make one with `ssh-keygen -t ed25519` or \
         `ssh-keygen -t ed25519-sk`"
    )]
    Kind(String),
    /// It ends too early, goes on too long, or is not written as it has to be.
    #[error(
        "reading a public key: its bytes are damaged, or not written in the one way that is taken"
    )]
    Damaged,
    /// RSA that is too short or too long.
    #[error(
        "reading a public key: an RSA key of {0} bits is not taken; {MIN_RSA_BITS} to {MAX_RSA_BITS} are; make one \
         with `ssh-keygen -t ed25519`"
    )]
    RsaBits(usize),
}

impl From<Cut> for InvalidKey {
    fn from(Cut: Cut) -> Self {
        Self::Damaged
    }
}

impl PublicKey {
    /// The Ed25519 key of these bytes.
    #[must_use]
    pub const fn ed25519(key: [u8; 32]) -> Self {
        Self(Kind::Ed25519(key))
    }

    /// Reads the bytes of a key (RFC 4253, section 6.6; RFC 5656, section 3.1; RFC 8709; OpenSSH's PROTOCOL.u2f).
    ///
    /// # Errors
    /// If they are no key, or none of a kind that is taken.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let mut reader = Reader::new(bytes);
        let kind = match reader.text()? {
            ED25519 => Kind::Ed25519(reader.array()?),
            P256 => Kind::P256(point(&mut reader)?),
            RSA => {
                let exponent = reader.magnitude()?.to_vec();
                let modulus = reader.magnitude()?.to_vec();
                let bits = modulus.len() * 8
                    - modulus.first().map_or(0, |top| top.leading_zeros() as usize);
                if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
                    return Err(InvalidKey::RsaBits(bits));
                }
                Kind::Rsa { modulus, exponent }
            }
            SK_ED25519 => {
                let key = reader.array()?;
                Kind::SkEd25519 { key, application: reader.text()?.to_owned() }
            }
            SK_P256 => {
                let point = point(&mut reader)?;
                Kind::SkP256 { point, application: reader.text()?.to_owned() }
            }
            other => return Err(InvalidKey::Kind(other.chars().take(64).collect())),
        };
        let key = Self(kind);
        if !reader.is_done() || key.to_bytes() != bytes {
            return Err(InvalidKey::Damaged);
        }
        Ok(key)
    }

    /// The bytes of the key.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_string(&mut bytes, self.kind().as_bytes());
        match &self.0 {
            Kind::Ed25519(key) => put_string(&mut bytes, key),
            Kind::P256(point) => {
                put_string(&mut bytes, CURVE.as_bytes());
                put_string(&mut bytes, point);
            }
            Kind::Rsa { modulus, exponent } => {
                put_magnitude(&mut bytes, exponent);
                put_magnitude(&mut bytes, modulus);
            }
            Kind::SkEd25519 { key, application } => {
                put_string(&mut bytes, key);
                put_string(&mut bytes, application.as_bytes());
            }
            Kind::SkP256 { point, application } => {
                put_string(&mut bytes, CURVE.as_bytes());
                put_string(&mut bytes, point);
                put_string(&mut bytes, application.as_bytes());
            }
        }
        bytes
    }

    /// The kind, as SSH names it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.0 {
            Kind::Ed25519(_) => ED25519,
            Kind::P256(_) => P256,
            Kind::Rsa { .. } => RSA,
            Kind::SkEd25519 { .. } => SK_ED25519,
            Kind::SkP256 { .. } => SK_P256,
        }
    }

    /// Whether the private key is in hardware that wants to be touched.
    #[must_use]
    pub const fn is_hardware(&self) -> bool {
        match self.0 {
            Kind::SkEd25519 { .. } | Kind::SkP256 { .. } => true,
            Kind::Ed25519(_) | Kind::P256(_) | Kind::Rsa { .. } => false,
        }
    }

    /// For which web pages it signs: their relying party, a domain. `None` of a key of SSH.
    #[must_use]
    pub fn relying_party(&self) -> Option<&str> {
        match &self.0 {
            Kind::SkP256 { application, .. } | Kind::SkEd25519 { application, .. } => {
                (!application.starts_with(SSH_APPLICATION)).then_some(application)
            }
            Kind::Ed25519(_) | Kind::P256(_) | Kind::Rsa { .. } => None,
        }
    }

    /// The fingerprint, as `ssh-keygen -l` and `ssh-add -l` show it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::of(&self.to_bytes()).0))
    }
}

fn point(reader: &mut Reader<'_>) -> Result<[u8; 65], InvalidKey> {
    if reader.text()? != CURVE {
        return Err(InvalidKey::Damaged);
    }
    let point = reader.array::<65>()?;
    // SEC 1, section 2.3.3: 4 says that it is not compressed, which is what SSH writes.
    if point[0] == 4 { Ok(point) } else { Err(InvalidKey::Damaged) }
}

/// Reads a line as a `.pub` file holds it; its comment is dropped.
impl FromStr for PublicKey {
    type Err = InvalidKey;

    fn from_str(line: &str) -> Result<Self, InvalidKey> {
        if line.len() > MAX_LINE {
            return Err(InvalidKey::TooLong);
        }
        let line = line.trim();
        if line.contains(['\n', '\r']) {
            return Err(InvalidKey::NotALine);
        }
        let mut words = line.split_ascii_whitespace();
        let (Some(kind), Some(encoded)) = (words.next(), words.next()) else {
            return Err(InvalidKey::NotALine);
        };
        let bytes = BASE64.decode(encoded.as_bytes()).map_err(|_| InvalidKey::NotALine)?;
        let key = Self::from_bytes(&bytes)?;
        if key.kind() != kind {
            let line = kind.chars().take(64).collect();
            return Err(InvalidKey::OtherKind { line, bytes: key.kind().to_owned() });
        }
        Ok(key)
    }
}

/// The line without a comment.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), BASE64.encode(&self.to_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.kind(), self.fingerprint())
    }
}
