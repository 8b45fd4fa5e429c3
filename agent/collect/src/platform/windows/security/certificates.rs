//! Certificates of the machine's stores in the registry: its own, and the roots that its owner has added
//! or a policy or directory has brought.

use befund_model::section::security::{Certificate, Certificates};

use super::super::registry;
use crate::collector::{Context, Gap};
use crate::platform::decode::certificates as decode;

/// Stores, how they are called here, and whether what is in them was added beside the system's roots.
const STORES: &[(&str, &str, bool)] = &[
    (r"SOFTWARE\Microsoft\SystemCertificates\MY\Certificates", "My", false),
    (r"SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates", "Root", true),
    (
        r"SOFTWARE\Policies\Microsoft\SystemCertificates\Root\Certificates",
        "Root (group policy)",
        true,
    ),
    (r"SOFTWARE\Microsoft\EnterpriseCertificates\Root\Certificates", "Root (enterprise)", true),
];

/// Section `certificates`.
pub(crate) fn certificates(cx: &Context) -> Result<Certificates, Gap> {
    let mut certificates: Vec<Certificate> = Vec::new();
    for (path, store, added) in STORES {
        let Some(key) = registry::machine(cx, path) else { continue };
        let mut lost = 0;
        for print in registry::names(&key) {
            let blob = registry::under(cx, &key, &print)
                .and_then(|key| registry::bytes(&key, "Blob"))
                .unwrap_or_default();
            let Some(mut told) = decode::certificate(&blob) else {
                lost += 1;
                continue;
            };
            // Those that Windows itself brings along lie in the same store.
            if *added && decode::of_the_system(&told.subject) {
                continue;
            }
            (*store).clone_into(&mut told.store);
            told.added = *added;
            if *added {
                told.has_key = None;
            }
            certificates.push(told);
        }
        if lost > 0 {
            cx.gap(Gap::failed(format!(
                "{lost} certificates of store {store} could not be understood"
            )));
        }
    }
    certificates
        .sort_by(|a, b| (&a.store, &a.subject, &a.serial).cmp(&(&b.store, &b.subject, &b.serial)));
    Ok(Certificates { certificates })
}
