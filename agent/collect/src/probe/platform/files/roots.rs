//! The roots that the system trusts, by the file that its programs share.

use std::path::Path;

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

/// Where the machine's owner puts roots of their own: Debian, Red Hat, Arch, SUSE.
const OWN_ROOTS: &[&str] = &[
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/ca-certificates/trust-source/anchors",
    "/etc/pki/trust/anchors",
];
/// The most files of such, and bytes of each.
const MAX_FILES: usize = 500;
const MAX_BYTES: u64 = 256 << 10;

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

/// The roots that the machine's owner added.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(in crate::probe) fn added_roots(
    context: &Context<'_>,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut found = Vec::new();
    let mut left = MAX_FILES;
    for folder in OWN_ROOTS {
        files(&context.path(folder), 2, &mut left, &mut |path| {
            let bytes = std::fs::File::open(path).and_then(|file| {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut std::io::Read::take(file, MAX_BYTES), &mut bytes)?;
                Ok(bytes)
            });
            found.extend(bytes.map(|bytes| certificates(&bytes)).unwrap_or_default());
        });
    }
    Ok(found)
}

/// The certificates of a file, in text or not.
pub(super) fn certificates(bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    let mut found: Vec<_> = CertificateDer::pem_slice_iter(bytes).flatten().collect();
    if found.is_empty() && bytes.first() == Some(&0x30) {
        found.push(CertificateDer::from(bytes.to_vec()));
    }
    found
}

/// Visits the files of a folder and of those in it, so deep.
fn files(folder: &Path, depth: usize, left: &mut usize, visit: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if *left == 0 {
            return;
        }
        // Links are followed to files, as the system's own tools do.
        if path.is_dir() && depth > 0 {
            files(&path, depth - 1, left, visit);
        } else if path.is_file() {
            *left -= 1;
            visit(&path);
        }
    }
}
