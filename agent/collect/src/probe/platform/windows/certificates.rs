//! Certificates by Windows' stores: those that the machine and people could show to a network, and the
//! roots that were added to the ones that came with the system.

use std::io;

use rustls::pki_types::CertificateDer;
use windows_registry::LOCAL_MACHINE;

use super::store::{Place, each};
use crate::platform::{Names, certificates as decode, expanded, hives};
use crate::probe::client_cert::{Certificates, Held};
use crate::probe::{Context, Unmeasured, tls};

const PROFILES: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
/// Where a person's own certificates lie in their profile, each in a file named by its thumbprint, which
/// holds what the registry's values of such hold.
const IN_PROFILE: &str = r"AppData\Roaming\Microsoft\SystemCertificates\My\Certificates";
/// The most certificates of a person, and bytes of each.
const MAX_FILES: usize = 200;
const MAX_BYTES: u64 = 256 << 10;

/// The certificates of the machine, of the account that asks, and of everybody who is signed in.
pub(in crate::probe) fn client_certificates(
    context: &Context<'_>,
) -> Result<Certificates, Unmeasured> {
    let mut stored: Vec<Held> = Vec::new();
    let mut missing = None;
    // What is in several stores is told of once.
    let add = |stored: &mut Vec<Held>, held: Held| {
        let known = |known: &Held| match (&known.der, &held.der) {
            (Ok(known), Ok(held)) => known == held,
            (Ok(_) | Err(_), Ok(_) | Err(_)) => false,
        };
        if !stored.iter().any(known) {
            stored.push(held);
        }
    };
    let own = [
        (Place::Machine, "this machine", "LocalMachine"),
        (Place::Account, "the account that the agent runs as", "CurrentUser"),
    ];
    for (place, used_by, shown) in own {
        let told = each(place, "My", |found| {
            let held = Held {
                used_by: used_by.to_owned(),
                place: format!(r"{shown}\My\{}", found.thumbprint),
                der: Ok(found.der),
                key: found.key,
                key_file: None,
            };
            add(&mut stored, held);
        });
        if let Err(error) = told {
            missing = Some(format!("could not open the certificates of {used_by}: {error}"));
        }
    }
    let mut names = Names::default();
    for (sid, _) in hives() {
        let (found, failed) = of_person(context, &sid);
        let used_by = format!("user {}", names.name(&sid));
        if let Some(error) = failed {
            missing = Some(format!("could not read the certificates of {used_by}: {error}"));
        }
        for (place, blob) in found {
            let told = decode::der(&blob);
            let none = || "it is no certificate that can be looked into".to_owned();
            let held = Held {
                used_by: used_by.clone(),
                place,
                // A key of theirs cannot be asked for by another account: only that none is named tells.
                key: told.and_then(|(_, has_key)| if has_key { None } else { Some(false) }),
                der: told.map(|(der, _)| CertificateDer::from(der.to_vec())).ok_or_else(none),
                key_file: None,
            };
            add(&mut stored, held);
        }
    }
    Ok(Certificates { configured: Vec::new(), stored, missing })
}

/// The files of a person's certificates and what is in them, and what could not be read.
fn of_person(context: &Context<'_>, sid: &str) -> (Vec<(String, Vec<u8>)>, Option<String>) {
    let profile = LOCAL_MACHINE
        .open(format!(r"{PROFILES}\{sid}"))
        .and_then(|key| key.get_string("ProfileImagePath"));
    // An account without a profile of its own has no such files.
    let Ok(profile) = profile else { return (Vec::new(), None) };
    let folder = format!(r"{}\{IN_PROFILE}", expanded(&profile));
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (Vec::new(), None),
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut failed = None;
    let mut found = Vec::new();
    for name in names.take(MAX_FILES) {
        let path = format!(r"{folder}\{name}");
        match context.bytes(&path, MAX_BYTES) {
            Ok(bytes) => found.push((path, bytes)),
            Err(error) => failed = Some(error.reason),
        }
    }
    (found, failed)
}

/// The roots that the machine's owner, a policy, a directory or the asking account's person added.
pub(in crate::probe) fn added_roots(
    _: &Context<'_>,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut found = Vec::new();
    for place in [Place::MachinesOwn, Place::Policy, Place::Directory, Place::AccountsOwn] {
        each(place, "Root", |one| found.push(one.der))
            .map_err(|error| format!("could not open the roots that were added: {error}"))?;
    }
    // A few that Windows brings along lie in the same store.
    found.retain(|der| tls::read(der).is_some_and(|root| !decode::of_the_system(&root.subject)));
    Ok(found)
}
