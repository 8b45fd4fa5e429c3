//! Whether a key made a raw signature of SSH over a message. Not what the message means.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::assertion::NotAsserted;
use super::{Kind, PublicKey, SSH_APPLICATION};
use crate::digest::Sha256;
use crate::wire::{Cut, Reader};

/// The flag of hardware that says that it was touched (WebAuthn, section 6.1: user present).
const TOUCHED: u8 = 1;

/// Why a raw signature is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// It ends too early, goes on too long, or is not written as it has to be.
    #[error("the signature's bytes are damaged, or not written in the one way that is taken")]
    Damaged,
    /// It says to be of another kind than the key, or of one that is too weak (`ssh-rsa` means SHA-1).
    #[error("a signature of the kind {found:?} is not taken from a key of the kind {key:?}")]
    OtherKind {
        /// The key's kind.
        key: &'static str,
        /// What the signature says.
        found: String,
    },
    /// The hardware did not see anybody.
    #[error(
        "the hardware key signed without having been touched; keys with `no-touch-required` are not taken"
    )]
    NotTouched,
    /// The hardware key is not one of SSH's.
    #[error(
        "the hardware key belongs to {0:?}; only those whose application begins with `ssh:` sign for SSH"
    )]
    OtherApplication(String),
    /// The arithmetic does not come out: other bytes, or another key.
    #[error("the signature is not this key's over these bytes")]
    Forged,
    /// What a browser had signed is not taken.
    #[error(transparent)]
    NotAsserted(#[from] NotAsserted),
}

impl From<Cut> for NotSigned {
    fn from(Cut: Cut) -> Self {
        Self::Damaged
    }
}

impl PublicKey {
    /// Whether `signature` (as SSH's agent gives it: kind, then bytes) is this key's over `message`.
    ///
    /// # Errors
    /// If it is not.
    pub fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), NotSigned> {
        let mut reader = Reader::new(signature);
        let found = reader.text()?;
        let raw = reader.string()?;
        let other_kind =
            || NotSigned::OtherKind { key: self.kind(), found: found.chars().take(64).collect() };
        match &self.0 {
            Kind::Ed25519(key) => {
                if found != self.kind() {
                    return Err(other_kind());
                }
                done(&reader)?;
                ed25519(key, message, raw)
            }
            Kind::P256(point) => {
                if found != self.kind() {
                    return Err(other_kind());
                }
                done(&reader)?;
                p256(point, message, raw)
            }
            Kind::Rsa { modulus, exponent } => {
                // RFC 8332; `ssh-rsa` would be SHA-1.
                let algorithm = match found {
                    "rsa-sha2-512" => &RSA_PKCS1_2048_8192_SHA512,
                    "rsa-sha2-256" => &RSA_PKCS1_2048_8192_SHA256,
                    _ => return Err(other_kind()),
                };
                done(&reader)?;
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(algorithm, message, raw).map_err(|_| NotSigned::Forged)
            }
            Kind::SkEd25519 { key, application } => {
                if found != self.kind() {
                    return Err(other_kind());
                }
                ed25519(key, &touched(reader, application, message)?, raw)
            }
            Kind::SkP256 { point, application } => {
                if found != self.kind() {
                    return Err(other_kind());
                }
                p256(point, &touched(reader, application, message)?, raw)
            }
        }
    }
}

const fn done(reader: &Reader<'_>) -> Result<(), NotSigned> {
    if reader.is_done() { Ok(()) } else { Err(NotSigned::Damaged) }
}

/// What hardware signs in the message's place (OpenSSH's PROTOCOL.u2f): the application's hash, flags, counter and
/// the message's hash. Only if it was touched.
fn touched(
    mut reader: Reader<'_>,
    application: &str,
    message: &[u8],
) -> Result<Vec<u8>, NotSigned> {
    let flags = reader.byte()?;
    let counter = reader.number()?;
    done(&reader)?;
    if !application.starts_with(SSH_APPLICATION) {
        return Err(NotSigned::OtherApplication(application.chars().take(64).collect()));
    }
    if flags & TOUCHED == 0 {
        return Err(NotSigned::NotTouched);
    }
    let mut signed = Vec::with_capacity(32 + 1 + 4 + 32);
    signed.extend_from_slice(&Sha256::of(application.as_bytes()).0);
    signed.push(flags);
    signed.extend_from_slice(&counter.to_be_bytes());
    signed.extend_from_slice(&Sha256::of(message).0);
    Ok(signed)
}

fn ed25519(key: &[u8; 32], message: &[u8], raw: &[u8]) -> Result<(), NotSigned> {
    if raw.len() != 64 {
        return Err(NotSigned::Damaged);
    }
    UnparsedPublicKey::new(&ED25519, key).verify(message, raw).map_err(|_| NotSigned::Forged)
}

/// RFC 5656, section 3.1.2: r and s as numbers.
pub(super) fn p256(point: &[u8; 65], message: &[u8], raw: &[u8]) -> Result<(), NotSigned> {
    let mut reader = Reader::new(raw);
    let mut fixed = [0; 64];
    for half in fixed.chunks_exact_mut(32) {
        let number = reader.magnitude()?;
        let start = half.len().checked_sub(number.len()).ok_or(NotSigned::Damaged)?;
        half[start..].copy_from_slice(number);
    }
    done(&reader)?;
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(message, &fixed).map_err(|_| NotSigned::Forged)
}
