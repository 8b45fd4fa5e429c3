//! The part of a root that lets changes be signed in a browser: whose keys, and on which pages. A key's line comes from the
//! console's page *A security key for the browser*; what it says is compared with its owner by its fingerprint.

use std::path::Path;

use befund_trust::key::PublicKey;
use befund_trust::root::{Document, Key, Pages, Person};

use super::Change;
use super::draft::{id_of, next_key_id, usage};
use crate::failure::{Failure, chain};
use crate::signer::read_small;

/// What stands before a credential's id, behind the key.
const CREDENTIAL: &str = "webauthn:";

/// Adds the keys that sign in browsers, and the pages.
pub(super) fn add(what: &str, document: &mut Document, change: &Change) -> Result<(), Failure> {
    for (name, line) in &change.webauthn {
        // A line as it was handed over, or a file that it is in.
        let line = match line.contains(char::is_whitespace) {
            true => line.clone(),
            false => read_small(what, Path::new(line))?,
        };
        add_key(what, document, name, &line, change)?;
    }
    if change.origin.is_empty() {
        if !change.webauthn.is_empty() && document.webauthn.is_none() {
            return Err(usage(what, "it says on no page that something may be signed")
                .hint("add the console's address: --origin https://console.example.org"));
        }
        return Ok(());
    }
    let relying_party = match &document.webauthn {
        Some(pages) => pages.relying_party.clone(),
        None => {
            let first = document.keys.iter().find(|key| key.webauthn);
            let public = first.and_then(|key| key.key.parse::<PublicKey>().ok());
            let party = public.as_ref().and_then(PublicKey::relying_party).map(str::to_owned);
            party.ok_or_else(|| {
                usage(what, "it has no key that signs in a browser")
                    .hint("add one: --webauthn NAME=LINE, with the line of the console's page")
            })?
        }
    };
    document.webauthn = Some(Pages { relying_party, origins: change.origin.clone() });
    Ok(())
}

fn add_key(
    what: &str,
    document: &mut Document,
    name: &str,
    line: &str,
    change: &Change,
) -> Result<(), Failure> {
    let bad = |why: &str| {
        usage(what, &format!("the browser's key of {name}: {why}"))
            .hint("take the whole line of the console's page: sk-ecdsa-sha2-nistp256@openssh.com AAAA... webauthn:...")
    };
    let public: PublicKey = line.parse().map_err(|error| bad(&chain(&error)))?;
    if public.relying_party().is_none() {
        return Err(bad("this is a key of SSH; add it with --person"));
    }
    let credential =
        line.split_ascii_whitespace().nth(2).and_then(|it| it.strip_prefix(CREDENTIAL));
    let credential = credential.ok_or_else(|| bad("the credential behind the key is missing"))?;
    let id = id_of(name);
    if !document.people.iter().any(|person| person.id == id) {
        let contact = change.contact.iter().find(|(whose, _)| whose == name);
        document.people.push(Person {
            id: id.clone(),
            name: name.trim().to_owned(),
            contact: contact.map_or_else(|| name.trim().to_owned(), |(_, contact)| contact.clone()),
        });
    }
    document.keys.push(Key {
        id: next_key_id(document, &id),
        person: id,
        key: public.to_string(),
        webauthn: true,
        credential: Some(credential.to_owned()),
    });
    Ok(())
}
