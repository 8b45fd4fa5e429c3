//! A machine's request for a certificate: the key, and the proof that the machine holds it.

use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SubjectPublicKeyInfo};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;

/// The most bytes of a request.
pub const MAX_REQUEST_BYTES: usize = 4 << 10;

/// A request that is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// Too large.
    #[error("the certificate request has more than {MAX_REQUEST_BYTES} bytes")]
    TooLarge,
    /// Not PKCS#10.
    #[error("the certificate request cannot be read as PKCS#10")]
    Malformed,
    /// Not signed by its own key.
    #[error("the certificate request is not signed by the key that it names")]
    Unproven,
    /// Another kind of key.
    #[error("the certificate request's key is not ECDSA P-256")]
    Key,
}

/// A key that a machine has proved to hold.
#[derive(Debug)]
pub struct RequestedKey {
    info: SubjectPublicKeyInfo,
    der: Vec<u8>,
}

impl RequestedKey {
    /// Reads a request, checks its signature, and forgets everything in it but the key.
    ///
    /// # Errors
    /// If it is not a request, not signed by its key, or for another kind of key.
    pub fn from_request(request: &[u8]) -> Result<Self, InvalidRequest> {
        if request.len() > MAX_REQUEST_BYTES {
            return Err(InvalidRequest::TooLarge);
        }
        let (rest, request) =
            X509CertificationRequest::from_der(request).map_err(|_| InvalidRequest::Malformed)?;
        if !rest.is_empty() {
            return Err(InvalidRequest::Malformed);
        }
        let der = request.certification_request_info.subject_pki.raw.to_vec();
        let info = SubjectPublicKeyInfo::from_der(&der).map_err(|_| InvalidRequest::Key)?;
        if info.algorithm() != &PKCS_ECDSA_P256_SHA256 {
            return Err(InvalidRequest::Key);
        }
        request.verify_signature().map_err(|_| InvalidRequest::Unproven)?;
        Ok(Self { info, der })
    }

    /// Its SubjectPublicKeyInfo, DER: what an identity is bound to.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) const fn public_key(&self) -> &SubjectPublicKeyInfo {
        &self.info
    }
}
