//! Certificates of the system's keychain: the machine's own, and roots that its owner has added. Private keys
//! are not read; that there is one is known by the name of its identity.

use befund_model::section::security::{Certificate, Certificates};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::certificate;
use crate::collector::{Context, Gap};
use crate::platform::macos::asked::ask;
use crate::platform::macos::ms;
use crate::platform::unix::pem;

const SECURITY: &str = "/usr/bin/security";
const KEYCHAIN: &str = "/Library/Keychains/System.keychain";

/// Section `certificates`.
pub(super) fn certificates(cx: &Context) -> Result<Certificates, Gap> {
    let arguments = ["find-certificate", "-a", "-p", KEYCHAIN];
    let told = ask(SECURITY, &arguments).within(ms(3_000)).bytes(cx)?;
    let identities = ask(SECURITY, &["find-identity", KEYCHAIN]).text(cx);
    let identities = names(&cx.note(identities).unwrap_or_default());
    // It fails where nobody has said whom to trust.
    let trusted = ask(SECURITY, &["dump-trust-settings", "-d"]).text_at_any_end(cx);
    let trusted = names_of_trust(&cx.note(trusted).unwrap_or_default());
    let read = pem::certificates(&told);
    let mut lost = read.lost;
    let mut certificates = Vec::new();
    for der in &read.certificates {
        match parse(der, &identities, &trusted) {
            Some(certificate) => certificates.push(certificate),
            None => lost += 1,
        }
    }
    if lost > 0 {
        cx.gap(Gap::failed(format!(
            "{lost} of the keychain's certificates could not be understood"
        )));
    }
    certificates
        .sort_by(|a, b| (&a.store, &a.subject, &a.serial).cmp(&(&b.store, &b.subject, &b.serial)));
    certificates.dedup();
    Ok(Certificates { certificates })
}

/// `  1) 0A1B… "mac17.example.com"`, with or without what is wrong with it behind.
fn names(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let (number, rest) = line.trim().split_once(')')?;
        number.parse::<u32>().ok()?;
        let (_, name) = rest.split_once('"')?;
        Some(name.split('"').next()?.to_owned())
    };
    text.lines().filter_map(line).collect()
}

/// `Cert 0: Example Root CA`.
fn names_of_trust(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let (number, name) = line.strip_prefix("Cert ")?.split_once(": ")?;
        number.parse::<u32>().ok()?;
        Some(name.trim().to_owned())
    };
    text.lines().filter_map(line).collect()
}

fn parse(der: &[u8], identities: &[String], trusted: &[String]) -> Option<Certificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let mut names = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let name = names.next().unwrap_or_default().to_owned();
    Some(Certificate {
        added: certificate.is_ca() && trusted.contains(&name),
        has_key: (!certificate.is_ca()).then(|| identities.contains(&name)),
        ..certificate::told(KEYCHAIN, &certificate)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let text = "Policy: X.509 Basic\n  Matching identities\n  1) 0A1B2C \"com.apple.systemdefault\" (CSSMERR_TP_CERT_NOT_VALID_YET)\n  2) 0D \"mac17.example.com\"\n     2 identities found\n";
        assert_eq!(names(text), ["com.apple.systemdefault", "mac17.example.com"]);
        let text = "Number of trusted certs = 1\nCert 0: Example Root CA\n   Number of trust settings : 10\n";
        assert_eq!(names_of_trust(text), ["Example Root CA"]);
        assert!(parse(b"\x30\x82", &[], &[]).is_none());
    }
}
