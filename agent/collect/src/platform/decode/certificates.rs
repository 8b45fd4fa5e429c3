//! Certificates as Windows keeps them in the registry: properties behind one another, each a number,
//! flags (one), a length and its value; among them the certificate itself (`CERT_CERT_PROP_ID`).

use befund_model::section::security::Certificate;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::certificate;

use super::storage::double;

/// `CERT_KEY_PROV_INFO_PROP_ID`: where its private key is.
const KEY: u32 = 2;
/// `CERT_CERT_PROP_ID`.
const CERTIFICATE: u32 = 32;

/// The certificate of a value; `None` if there is none in it that can be understood.
pub(crate) fn certificate(blob: &[u8]) -> Option<Certificate> {
    let (mut der, mut has_key) = (None, false);
    let mut rest = blob;
    while let (Some(id), Some(length)) = (double(rest, 0), double(rest, 8)) {
        let value = rest.get(12..)?.get(..length as usize)?;
        match id {
            KEY => has_key = true,
            CERTIFICATE => der = Some(value),
            _ => {}
        }
        rest = &rest[12 + length as usize..];
    }
    let (_, told) = X509Certificate::from_der(der?).ok()?;
    Some(Certificate { has_key: Some(has_key), ..certificate::told("", &told) })
}

/// Whether a root is one of the few that Windows puts into the machine's own store itself (those of
/// Microsoft's programme of authorities lie in another one).
pub(crate) fn of_the_system(subject: &str) -> bool {
    const KNOWN: &[&str] = &[
        "CN=Microsoft Root",
        "CN=Microsoft ECC",
        "CN=Microsoft Authenticode",
        "CN=Microsoft Time Stamp Root",
        "CN=Microsoft Identity Verification Root",
        "OU=Microsoft Corporation, CN=Microsoft Root Authority",
        "O=Microsoft Trust Network",
        "OU=Copyright (c) 1997 Microsoft Corp",
        "CN=Symantec Enterprise Mobile Root for Microsoft",
        "CN=Thawte Timestamping CA",
        "OU=NO LIABILITY ACCEPTED, (c)97 VeriSign",
    ];
    KNOWN.iter().any(|known| subject.contains(known))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), value in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = certificate(&bytes);
            let mut blob = [32_u32, 1, u32::try_from(value.len()).expect("small")].map(u32::to_le_bytes).concat();
            blob.extend(value);
            let _ = certificate(&blob);
        }
    }

    #[test]
    fn the_systems_own_roots_are_known() {
        assert!(of_the_system(
            "CN=Microsoft Root Certificate Authority 2011, O=Microsoft Corporation"
        ));
        assert!(!of_the_system("CN=Example Corp Root CA"));
    }
}
