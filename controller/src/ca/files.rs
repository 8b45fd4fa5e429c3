//! The CA's files: PEM, readable by their owner only, written whole or not at all.

use std::path::Path;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::CaError;
use crate::platform;

/// Writes a certificate and its key, the key first.
pub(super) fn create(
    folder: &Path,
    name: &str,
    certificate: &CertificateDer<'_>,
    key: &KeyPair,
) -> Result<(), CaError> {
    write(folder, &format!("{name}.key"), &key.serialize_pem())?;
    write(folder, &format!("{name}.crt"), &pem("CERTIFICATE", certificate))
}

fn write(folder: &Path, file: &str, text: &str) -> Result<(), CaError> {
    let path = folder.join(file);
    let written = if path.exists() {
        Err(std::io::ErrorKind::AlreadyExists.into())
    } else {
        platform::write_private(&path, text.as_bytes())
    };
    written.map_err(|source| CaError::File { operation: "write", path, source })
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let body = data_encoding::BASE64.encode(der);
    for line in body.as_bytes().chunks(64) {
        text.extend(line.iter().map(|&letter| char::from(letter)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Reads a certificate.
pub(super) fn certificate(folder: &Path, name: &str) -> Result<CertificateDer<'static>, CaError> {
    let path = folder.join(format!("{name}.crt"));
    let text = read(&path)?;
    CertificateDer::from_pem_slice(&text)
        .map_err(|error| CaError::Damaged { path, problem: error.to_string() })
}

/// Reads a key.
pub(super) fn key(folder: &Path, name: &str) -> Result<KeyPair, CaError> {
    let path = folder.join(format!("{name}.key"));
    let text = read(&path)?;
    let damaged = |problem: String| CaError::Damaged { path: path.clone(), problem };
    let der = PrivatePkcs8KeyDer::from_pem_slice(&text).map_err(|e| damaged(e.to_string()))?;
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_ECDSA_P256_SHA256)
        .map_err(|error| damaged(error.to_string()))
}

/// The name of the intermediate that issues: the one with the highest number.
pub(super) fn newest_issuing(folder: &Path) -> Result<String, CaError> {
    let unreadable =
        |source| CaError::File { operation: "look into", path: folder.to_owned(), source };
    let mut newest: Option<u32> = None;
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix("issuing-")?.strip_suffix(".crt")?.parse().ok());
        newest = newest.max(number);
    }
    newest.map(|number| format!("issuing-{number}")).ok_or_else(|| CaError::Damaged {
        path: folder.to_owned(),
        problem: "there is no issuing certificate in it".to_owned(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, CaError> {
    std::fs::read(path).map_err(|source| CaError::File {
        operation: "read",
        path: path.to_owned(),
        source,
    })
}
