//! The roots that the system trusts, by the file that its programs share.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::probe::Context;

/// Where systems keep the roots that they trust, first found counts: Debian, Red Hat, SUSE, Alpine.
const ROOTS: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The certificates, or why there are none.
pub(in crate::probe) fn trusted_roots(
    context: &Context<'_>,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let text =
        ROOTS.iter().find_map(|path| std::fs::read(context.path(path)).ok()).ok_or_else(|| {
            format!("this machine has no trusted roots; looked at {}", ROOTS.join(", "))
        })?;
    Ok(CertificateDer::pem_slice_iter(&text).flatten().collect())
}
