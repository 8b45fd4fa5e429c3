//! A certificate store of Windows': opened for reading, gone through, closed.

use std::ffi::c_void;
use std::io;

use befund_runtime::platform::wide::wide;
use rustls::pki_types::CertificateDer;
use windows_sys::Win32::Security::Cryptography::{
    CERT_CONTEXT, CERT_HASH_PROP_ID, CERT_KEY_PROV_INFO_PROP_ID, CERT_NCRYPT_KEY_SPEC,
    CERT_STORE_OPEN_EXISTING_FLAG, CERT_STORE_PROV_SYSTEM_REGISTRY_W, CERT_STORE_PROV_SYSTEM_W,
    CERT_STORE_READONLY_FLAG, CERT_SYSTEM_STORE_CURRENT_USER, CERT_SYSTEM_STORE_LOCAL_MACHINE,
    CERT_SYSTEM_STORE_LOCAL_MACHINE_ENTERPRISE_ID, CERT_SYSTEM_STORE_LOCAL_MACHINE_GROUP_POLICY_ID,
    CERT_SYSTEM_STORE_LOCATION_SHIFT, CRYPT_ACQUIRE_ALLOW_NCRYPT_KEY_FLAG,
    CRYPT_ACQUIRE_NO_HEALING, CRYPT_ACQUIRE_SILENT_FLAG, CertCloseStore,
    CertEnumCertificatesInStore, CertFreeCertificateContext, CertGetCertificateContextProperty,
    CertOpenStore, CryptAcquireCertificatePrivateKey, CryptReleaseContext, HCERTSTORE,
    NCryptFreeObject,
};

use crate::platform::certificates::key;

/// The most certificates of a store.
const MOST: usize = 2_000;

/// Whose store. A system's store shows those of other places as well, as the machine's are shown to every
/// account; a store of the registry is only what was put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The machine's.
    Machine,
    /// The asking account's.
    Account,
    /// What was put into the machine's.
    MachinesOwn,
    /// What was put into the asking account's.
    AccountsOwn,
    /// What a policy brought.
    Policy,
    /// What the directory brought.
    Directory,
}

/// A certificate in a store.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) der: CertificateDer<'static>,
    /// Its SHA-1, in hexadecimal, as Windows' tools show it.
    pub(super) thumbprint: String,
    /// Whether its private key is there, as far as can be told without asking anybody.
    pub(super) key: Option<bool>,
}

/// Calls `visit` with every certificate of a store. One that is not there has none.
pub(super) fn each(place: Place, name: &str, mut visit: impl FnMut(Found)) -> io::Result<()> {
    let Some(store) = Store::open(place, name)? else { return Ok(()) };
    store.each(&mut visit);
    Ok(())
}

struct Store(HCERTSTORE);

impl Store {
    #[expect(unsafe_code, reason = "a function of Windows")]
    fn open(place: Place, name: &str) -> io::Result<Option<Self>> {
        let of = |id: u32| id << CERT_SYSTEM_STORE_LOCATION_SHIFT;
        let (provider, location) = match place {
            Place::Machine => (CERT_STORE_PROV_SYSTEM_W, CERT_SYSTEM_STORE_LOCAL_MACHINE),
            Place::Account => (CERT_STORE_PROV_SYSTEM_W, CERT_SYSTEM_STORE_CURRENT_USER),
            Place::MachinesOwn => {
                (CERT_STORE_PROV_SYSTEM_REGISTRY_W, CERT_SYSTEM_STORE_LOCAL_MACHINE)
            }
            Place::AccountsOwn => {
                (CERT_STORE_PROV_SYSTEM_REGISTRY_W, CERT_SYSTEM_STORE_CURRENT_USER)
            }
            Place::Policy => (
                CERT_STORE_PROV_SYSTEM_REGISTRY_W,
                of(CERT_SYSTEM_STORE_LOCAL_MACHINE_GROUP_POLICY_ID),
            ),
            Place::Directory => (
                CERT_STORE_PROV_SYSTEM_REGISTRY_W,
                of(CERT_SYSTEM_STORE_LOCAL_MACHINE_ENTERPRISE_ID),
            ),
        };
        let flags = location | CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG;
        let name = wide(name);
        // SAFETY: the provider is one of Windows' numbers, which wants a name that ends with a zero; the
        // store is ours to close.
        let store = unsafe { CertOpenStore(provider, 0, 0, flags, name.as_ptr().cast()) };
        if !store.is_null() {
            return Ok(Some(Self(store)));
        }
        let error = io::Error::last_os_error();
        if error.kind() == io::ErrorKind::NotFound { Ok(None) } else { Err(error) }
    }

    #[expect(unsafe_code, reason = "functions of Windows")]
    fn each(&self, visit: &mut impl FnMut(Found)) {
        let mut last: *const CERT_CONTEXT = std::ptr::null();
        for _ in 0..MOST {
            // SAFETY: the store is open; the certificate before is given up here, and used no more.
            last = unsafe { CertEnumCertificatesInStore(self.0, last) };
            // SAFETY: null, or a certificate that is good until the next one is asked for.
            let Some(context) = (unsafe { last.as_ref() }) else { return };
            // SAFETY: as above.
            visit(unsafe { found(context) });
        }
        // SAFETY: the last one, which was not given up by asking for the next.
        unsafe { CertFreeCertificateContext(last) };
    }
}

impl Drop for Store {
    #[expect(unsafe_code, reason = "a function of Windows")]
    fn drop(&mut self) {
        // SAFETY: the store is open, and ours.
        unsafe { CertCloseStore(self.0, 0) };
    }
}

/// # Safety
/// It must be a certificate of a store of Windows'.
#[expect(unsafe_code, reason = "a structure of Windows' making")]
unsafe fn found(context: &CERT_CONTEXT) -> Found {
    let length = usize::try_from(context.cbCertEncoded).unwrap_or(0);
    let der = match context.pbCertEncoded.is_null() {
        true => &[][..],
        // SAFETY: so many bytes of the certificate's own, by the caller's word.
        false => unsafe { std::slice::from_raw_parts(context.pbCertEncoded, length) },
    };
    let mut hash = [0_u8; 20];
    let mut size = 20;
    // SAFETY: a certificate by the caller's word, and a place of the size that is told.
    let hashed = unsafe {
        CertGetCertificateContextProperty(
            context,
            CERT_HASH_PROP_ID,
            hash.as_mut_ptr().cast(),
            &raw mut size,
        )
    };
    let hash = if hashed == 0 { &[][..] } else { &hash[..] };
    Found {
        der: CertificateDer::from(der.to_vec()),
        thumbprint: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        // SAFETY: by the caller's word.
        key: unsafe { private_key(context) },
    }
}

/// Whether a certificate's private key is there. It is opened, not used, and nobody is asked for a
/// password.
///
/// # Safety
/// It must be a certificate of a store of Windows'.
#[expect(unsafe_code, reason = "functions of Windows")]
unsafe fn private_key(context: &CERT_CONTEXT) -> Option<bool> {
    let mut size = 0;
    // SAFETY: a certificate by the caller's word; without a place only the size is told.
    let named = unsafe {
        CertGetCertificateContextProperty(
            context,
            CERT_KEY_PROV_INFO_PROP_ID,
            std::ptr::null_mut::<c_void>(),
            &raw mut size,
        )
    };
    if named == 0 {
        return Some(false);
    }
    let flags =
        CRYPT_ACQUIRE_SILENT_FLAG | CRYPT_ACQUIRE_ALLOW_NCRYPT_KEY_FLAG | CRYPT_ACQUIRE_NO_HEALING;
    let (mut handle, mut kind, mut ours) = (0, 0, 0);
    // SAFETY: as above, and places of ours for what is told.
    let opened = unsafe {
        CryptAcquireCertificatePrivateKey(
            context,
            flags,
            std::ptr::null(),
            &raw mut handle,
            &raw mut kind,
            &raw mut ours,
        )
    };
    if opened == 0 {
        let error = io::Error::last_os_error().raw_os_error();
        return error.and_then(|error| key(error.cast_unsigned()));
    }
    if ours != 0 {
        // SAFETY: it was opened for us, by the kind that is told, and is not used.
        unsafe {
            if kind == CERT_NCRYPT_KEY_SPEC {
                NCryptFreeObject(handle);
            } else {
                CryptReleaseContext(handle, 0);
            }
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_not_there_has_no_certificates() {
        let mut count = 0;
        each(Place::Machine, "no such store", |_| count += 1).expect("none");
        assert_eq!(count, 0);
    }

    #[test]
    fn the_machines_roots_are_certificates() {
        let mut all = Vec::new();
        each(Place::Machine, "Root", |found| all.push(found)).expect("the store opens");
        assert!(!all.is_empty());
        for found in all {
            assert!(found.thumbprint.len() == 40 && crate::probe::tls::read(&found.der).is_some());
        }
    }
}
