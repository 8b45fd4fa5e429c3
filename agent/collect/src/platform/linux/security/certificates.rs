//! Certificates: the machine's own, by where they usually lie and where servers say that they have them;
//! and roots that its owner has added. Private keys are not read, only seen to be there.

use std::collections::{BTreeMap, BTreeSet};

use befund_model::section::security::{Certificate, Certificates};
use befund_model::snapshot::Status;
use rustix::fs::FileType;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::certificate;
use crate::collector::{Context, Gap};
use crate::platform::linux::files;

pub(crate) mod named;
pub(crate) use crate::platform::unix::pem;

/// Where the owner adds roots: Debian's family and Alpine, Fedora's, SUSE's, Arch's.
const ADDED: &[&str] = &[
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/pki/trust/anchors",
    "/etc/ca-certificates/trust-source/anchors",
];
/// Where a machine's own certificates lie.
const OWN: &[&str] = &[
    "/etc/ssl/certs/*.pem",
    "/etc/ssl/certs/*.crt",
    "/etc/ssl/*.pem",
    "/etc/ssl/*.crt",
    "/etc/pki/tls/certs/*.crt",
    "/etc/pki/tls/certs/*.pem",
    "/etc/letsencrypt/live/*/cert.pem",
    "/var/lib/acme/live/*/cert",
    "/etc/ipsec.d/certs/*",
    "/etc/swanctl/x509/*",
    "/etc/NetworkManager/certs/*",
    "/etc/openvpn/client/*.crt",
    "/etc/openvpn/server/*.crt",
    "/etc/openvpn/*.crt",
    "/etc/cockpit/ws-certs.d/*.cert",
    "/etc/cockpit/ws-certs.d/*.crt",
    "/var/lib/puppet/ssl/certs/*.pem",
    "/etc/puppetlabs/puppet/ssl/certs/*.pem",
    "/var/lib/samba/private/tls/cert.pem",
    "/etc/cups/ssl/*.crt",
    "/etc/xrdp/cert.pem",
];
/// How many files are looked into, and how many certificates are kept.
const MAX_FILES: usize = 512;
const MAX_CERTIFICATES: usize = 512;
/// The largest file that is looked into; bundles of all roots of a system are not.
const MAX_FILE_BYTES: u64 = 256 << 10;
/// How deep folders of added roots may be nested.
const MAX_DEPTH: usize = 4;

/// Section `certificates`.
pub(crate) fn certificates(cx: &Context) -> Result<Certificates, Gap> {
    let mut found = Found::default();
    let mut seen = false;
    for folder in ADDED {
        if cx.root.exists(folder) {
            seen = true;
            for path in below(cx, folder, 0) {
                found.file(cx, &path, Kind::Added);
            }
        }
    }
    // The places that servers name come with what they name as the key.
    for (path, key) in named::all(cx) {
        seen = true;
        found.file(cx, &path, Kind::Own(key));
    }
    for pattern in OWN {
        for path in files::matching(cx, pattern) {
            seen = true;
            if is_bundle(&path) {
                continue;
            }
            // Links lead to the roots of the system; Let's Encrypt's lead to its newest.
            let link =
                files::about_link(cx, &path).is_ok_and(|about| about.kind == FileType::Symlink);
            if link && !path.starts_with("/etc/letsencrypt/") {
                continue;
            }
            found.file(cx, &path, Kind::Own(None));
        }
    }
    if !seen && !cx.root.exists("/etc/ssl") && !cx.root.exists("/etc/pki") {
        return Err(Gap::unsupported("there is neither /etc/ssl nor /etc/pki"));
    }
    let mut certificates: Vec<Certificate> = found.certificates.into_values().collect();
    certificates
        .sort_by(|a, b| (&a.store, &a.subject, &a.serial).cmp(&(&b.store, &b.subject, &b.serial)));
    Ok(Certificates { certificates })
}

/// Whether a file holds all the roots that the system trusts.
fn is_bundle(path: &str) -> bool {
    const NAMES: &[&str] = &["ca-certificates", "ca-bundle", "tls-ca-bundle", "certs", "cert"];
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let folder = matches!(
        path.rsplit_once('/'),
        Some(("/etc/ssl" | "/etc/ssl/certs" | "/etc/pki/tls/certs", _))
    );
    folder && NAMES.contains(&stem)
}

/// The files below a folder.
fn below(cx: &Context, folder: &str, depth: usize) -> Vec<String> {
    let mut paths = Vec::new();
    for path in files::paths(cx, folder) {
        if files::is_folder(cx, &path) {
            if depth < MAX_DEPTH {
                paths.extend(below(cx, &path, depth + 1));
            }
        } else {
            paths.push(path);
        }
    }
    paths
}

/// What a file is looked into for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// A root that the owner has added.
    Added,
    /// A certificate of the machine's, with the file of its key, if that is named.
    Own(Option<String>),
}

#[derive(Default)]
struct Found {
    certificates: BTreeMap<(String, String, String), Certificate>,
    files: BTreeSet<String>,
}

impl Found {
    fn file(&mut self, cx: &Context, path: &str, kind: Kind) {
        if self.files.len() >= MAX_FILES || !self.files.insert(path.to_owned()) {
            return;
        }
        let Some(about) = cx.note(files::about(cx, path)) else { return };
        if about.kind != FileType::RegularFile || about.length > MAX_FILE_BYTES {
            return;
        }
        let Some(bytes) = cx.note(cx.root.read_capped(path, MAX_FILE_BYTES)) else { return };
        let read = pem::certificates(&bytes);
        let mut lost = read.lost;
        for (at, der) in read.certificates.iter().enumerate() {
            if self.certificates.len() >= MAX_CERTIFICATES {
                break;
            }
            let Some(mut certificate) = parse(path, der) else {
                lost += 1;
                continue;
            };
            match &kind {
                Kind::Added => certificate.added = true,
                // What follows the first one are those that issued it.
                Kind::Own(_) if at > 0 => {}
                Kind::Own(key) => {
                    certificate.has_key =
                        if read.has_key { Some(true) } else { has_key(cx, path, key.as_deref()) };
                }
            }
            let key = (
                certificate.store.clone(),
                certificate.subject.clone(),
                certificate.serial.clone(),
            );
            self.certificates.insert(key, certificate);
        }
        if lost > 0 {
            let count =
                if lost == 1 { "a certificate".into() } else { format!("{lost} certificates") };
            cx.gap(Gap::failed(format!("{count} in {path} could not be understood")));
        }
    }
}

/// Reads a certificate in DER.
pub(crate) fn parse(store: &str, der: &[u8]) -> Option<Certificate> {
    let (_, told) = X509Certificate::from_der(der).ok()?;
    Some(certificate::told(store, &told))
}

/// Whether the key of a certificate is there: where it is said to be, else by the same name with a key's
/// ending, beside it or in the folder for keys. `None` if it was not found and not every place may be looked at.
fn has_key(cx: &Context, path: &str, named: Option<&str>) -> Option<bool> {
    const FOLDERS: &[&str] = &[
        "/etc/ssl/private",
        "/etc/pki/tls/private",
        "/etc/ipsec.d/private",
        "/etc/swanctl/private",
    ];
    let mut places = Vec::new();
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    if let Some(named) = named {
        places.push(named.to_owned());
    } else if file == "cert.pem" {
        places.extend(["privkey.pem", "key.pem"].map(|key| format!("{folder}/{key}")));
    } else {
        for folder in FOLDERS.iter().chain([&folder]) {
            let endings = [".key", "-key.pem", ".key.pem", "_key.pem"];
            places.extend(endings.map(|ending| format!("{folder}/{stem}{ending}")));
        }
        places.push(format!("/etc/ssl/private/{file}"));
    }
    let mut unknown = false;
    for place in places.iter().filter(|place| *place != path) {
        match files::about(cx, place) {
            Ok(_) => return Some(true),
            Err(unread) => unknown |= unread.status() != Status::Unsupported,
        }
    }
    (!unknown).then_some(false)
}

#[cfg(test)]
mod tests;
