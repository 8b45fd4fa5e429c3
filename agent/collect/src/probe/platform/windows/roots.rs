//! The roots that the system trusts, by its certificate store.

use rustls::pki_types::CertificateDer;

use crate::probe::Context;

/// The certificates, or why there are none.
pub(in crate::probe) fn trusted_roots(
    _: &Context<'_>,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    match (found.certs.is_empty(), found.errors.first()) {
        (false, _) => Ok(found.certs),
        (true, Some(error)) => {
            Err(format!("this machine's trusted roots could not be read: {error}"))
        }
        (true, None) => Err("this machine's certificate store has no trusted roots".to_owned()),
    }
}
