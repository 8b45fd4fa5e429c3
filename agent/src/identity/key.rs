//! P-256 keys: making them, asking for certificates with them, signing with them.

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not a P-256 key.
    #[error("the machine's key cannot be used; remove the identity and enroll again")]
    NotAKey,
    /// It could not sign.
    #[error("the machine's key could not sign a certificate request")]
    Request(#[from] rcgen::Error),
}

/// Makes a key; PKCS#8, DER.
///
/// # Panics
/// If the operating system has no randomness.
#[must_use]
pub fn generate() -> Vec<u8> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
        .expect("the operating system gives random bytes")
        .serialize_der()
}

/// A certificate request for a key; PKCS#10, DER. It names nothing: the controller assigns names.
///
/// # Errors
/// If the key cannot be used.
pub fn request(key: &[u8]) -> Result<Vec<u8>, KeyError> {
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(
        &PrivatePkcs8KeyDer::from(key),
        &PKCS_ECDSA_P256_SHA256,
    )?;
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    Ok(params.serialize_request(&pair)?.der().to_vec())
}

/// Signs; ECDSA P-256 with SHA-256, ASN.1.
///
/// # Errors
/// If the key cannot be used.
pub fn sign(key: &[u8], message: &[u8]) -> Result<Vec<u8>, KeyError> {
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key, &random)
        .map_err(|_| KeyError::NotAKey)?;
    let signature = pair.sign(&random, message).map_err(|_| KeyError::NotAKey)?;
    Ok(signature.as_ref().to_vec())
}
