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

/// The certificate's own bytes in a value, and whether it says where a private key is.
pub(crate) fn der(blob: &[u8]) -> Option<(&[u8], bool)> {
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
    Some((der?, has_key))
}

/// The certificate of a value; `None` if there is none in it that can be understood.
pub(crate) fn certificate(blob: &[u8]) -> Option<Certificate> {
    let (der, has_key) = der(blob)?;
    let (_, told) = X509Certificate::from_der(der).ok()?;
    Some(Certificate { has_key: Some(has_key), ..certificate::told("", &told) })
}

/// Whether a private key is there, by the error's number when it was asked for (winerror.h); `None` where
/// that does not tell.
pub(crate) const fn key(error: u32) -> Option<bool> {
    match error {
        0x8009_000d // NTE_NO_KEY
        | 0x8009_0011 // NTE_NOT_FOUND
        | 0x8009_0016 // NTE_BAD_KEYSET
        | 0x8009_200b // CRYPT_E_NO_KEY_PROPERTY
            => Some(false),
        // NTE_SILENT_CONTEXT: it would ask the person first.
        0x8009_0022 => Some(true),
        _ => None,
    }
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
    fn that_a_key_is_not_there_is_told_from_not_being_allowed_to_it() {
        assert_eq!(key(0x8009_0016), Some(false));
        assert_eq!(key(0x8009_200b), Some(false));
        assert_eq!(key(0x8009_0022), Some(true));
        // NTE_PERM and ERROR_ACCESS_DENIED.
        assert_eq!((key(0x8009_0010), key(5)), (None, None));
    }

    #[test]
    fn a_values_certificate_is_found_among_its_properties() {
        let property = |id: u32, value: &[u8]| {
            let length = u32::try_from(value.len()).expect("small");
            let mut bytes = [id, 1, length].map(u32::to_le_bytes).concat();
            bytes.extend(value);
            bytes
        };
        let blob = [property(3, &[7; 20]), property(32, b"der"), property(2, b"where")].concat();
        assert_eq!(der(&blob), Some((&b"der"[..], true)));
        assert_eq!(der(&property(32, b"der")), Some((&b"der"[..], false)));
        assert_eq!(der(&property(3, &[7; 20])), None, "a hash alone");
        assert_eq!(der(&blob[..blob.len() - 1]), None, "cut off");
    }

    #[test]
    fn the_systems_own_roots_are_known() {
        assert!(of_the_system(
            "CN=Microsoft Root Certificate Authority 2011, O=Microsoft Corporation"
        ));
        assert!(!of_the_system("CN=Example Corp Root CA"));
    }
}
