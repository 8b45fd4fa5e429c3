//! A certificate (RFC 5280) as the section tells of it, wherever it was kept.

use befund_model::Timestamp;
use befund_model::section::security::Certificate;
use x509_parser::prelude::X509Certificate;

/// What it says of itself. Whether its key is there, and whether the owner has added it, is for those who
/// found it to say.
pub(crate) fn told(store: &str, certificate: &X509Certificate<'_>) -> Certificate {
    let time = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).ok();
    Certificate {
        store: store.to_owned(),
        subject: certificate.subject().to_string(),
        issuer: Some(certificate.issuer().to_string()).filter(|issuer| !issuer.is_empty()),
        serial: certificate.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect(),
        from: time(certificate.validity().not_before),
        until: time(certificate.validity().not_after),
        authority: certificate.is_ca(),
        added: false,
        has_key: None,
    }
}
