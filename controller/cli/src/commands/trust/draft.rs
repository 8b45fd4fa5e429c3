//! `trust new` and `trust next`: what a root says, made of names and key files. Nothing is signed here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use befund_model::Timestamp;
use befund_runtime::clock::Clock;
use befund_trust::key::PublicKey;
use befund_trust::root::{Document, Format, Key, Person, Quorum, Role, Roles, Root};
use serde_json::json;

use super::{Change, New, Next, open, pages};
use crate::commands::Desk;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::render;
use crate::signer::read_small;

pub(super) fn new(new: &New, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = "write a trust root";
    let mut document = Document {
        format: Format::V1,
        organisation: new.organisation.clone(),
        version: 1,
        expires: until(new.valid),
        people: Vec::new(),
        keys: Vec::new(),
        webauthn: None,
        roles: Roles {
            root: nobody(),
            catalogue: nobody(),
            change: nobody(),
            disruptive: nobody(),
        },
    };
    if new.change.person.is_empty() {
        return Err(usage(what, "it has nobody in it").hint("add --person NAME=PUBKEYFILE"));
    }
    add_people(what, &mut document, &new.change)?;
    pages::add(what, &mut document, &new.change)?;
    let everybody: Vec<String> = document.people.iter().map(|person| person.id.clone()).collect();
    for role in Role::ALL {
        *quorum(&mut document.roles, role) =
            Quorum { people: everybody.clone(), threshold: usual(role, everybody.len()) };
    }
    set_roles(what, &mut document, &new.change)?;
    write(what, &document, &new.to, desk)
}

pub(super) fn next(next: &Next, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = format!("write the root that follows {}", next.file.display());
    let (_, before) = open(&what, &next.file)?;
    let mut document = before.document().clone();
    document.version = document.version.saturating_add(1);
    document.expires = until(next.valid);
    for name in &next.remove {
        let id = id_of(name);
        if !document.people.iter().any(|person| person.id == id) {
            return Err(usage(&what, &format!("nobody in it is called {id}")));
        }
        document.people.retain(|person| person.id != id);
        document.keys.retain(|key| key.person != id);
        for role in Role::ALL {
            quorum(&mut document.roles, role).people.retain(|person| *person != id);
        }
    }
    for wanted in &next.remove_key {
        let is_it = |key: &Key| {
            let public: Option<PublicKey> = key.key.parse().ok();
            key.id == *wanted || public.is_some_and(|public| public.fingerprint() == *wanted)
        };
        if !document.keys.iter().any(is_it) {
            return Err(usage(&what, &format!("it has no key {wanted}")));
        }
        document.keys.retain(|key| !is_it(key));
    }
    let known: Vec<String> = document.people.iter().map(|person| person.id.clone()).collect();
    add_people(&what, &mut document, &next.change)?;
    pages::add(&what, &mut document, &next.change)?;
    let new: Vec<String> = document.people.iter().map(|person| person.id.clone()).collect();
    for role in Role::ALL {
        let come = new.iter().filter(|id| !known.contains(id)).cloned();
        quorum(&mut document.roles, role).people.extend(come);
    }
    set_roles(&what, &mut document, &next.change)?;
    let to = next.to.clone().unwrap_or_else(|| beside(&next.file, document.version));
    write(&what, &document, &to, desk)
}

fn beside(file: &Path, version: u64) -> PathBuf {
    file.with_file_name(format!("root.{version}.json"))
}

fn until(valid: Duration) -> Timestamp {
    Clock::system().now().checked_add(valid).unwrap_or(Timestamp::MAX)
}

pub(super) fn usage(what: &str, why: &str) -> Failure {
    Failure::cannot(Exit::Usage, what, why)
}

const fn nobody() -> Quorum {
    Quorum { people: Vec::new(), threshold: 1 }
}

const fn quorum(roles: &mut Roles, role: Role) -> &mut Quorum {
    match role {
        Role::Root => &mut roles.root,
        Role::Catalogue => &mut roles.catalogue,
        Role::Change => &mut roles.change,
        Role::Disruptive => &mut roles.disruptive,
    }
}

/// How many have to sign unless told otherwise: two for what hurts most, where a third can stand in for one of them.
const fn usual(role: Role, people: usize) -> u32 {
    match role {
        Role::Root | Role::Disruptive if people >= 3 => 2,
        Role::Root | Role::Disruptive | Role::Catalogue | Role::Change => 1,
    }
}

/// A person's id: their name in small letters, with hyphens for blanks.
pub(super) fn id_of(name: &str) -> String {
    name.trim().to_lowercase().replace(' ', "-")
}

fn add_people(what: &str, document: &mut Document, change: &Change) -> Result<(), Failure> {
    for (name, file) in &change.person {
        let line = read_small(what, Path::new(file))?;
        let public: PublicKey = line.parse().map_err(|error| {
            usage(what, &format!("the key of {name}, {file}: {}", chain(&error)))
                .hint("name the public key's file, which ends in .pub")
        })?;
        if public.relying_party().is_some() {
            let why = format!("the key of {name}, {file}, signs in browsers and nowhere else");
            return Err(usage(what, &why).hint("add it with --webauthn NAME=LINE"));
        }
        let id = id_of(name);
        if !document.people.iter().any(|person| person.id == id) {
            let comment = line.split_ascii_whitespace().nth(2).unwrap_or(name);
            let contact = change.contact.iter().find(|(whose, _)| whose == name);
            document.people.push(Person {
                id: id.clone(),
                name: name.trim().to_owned(),
                contact: contact.map_or_else(|| comment.to_owned(), |(_, contact)| contact.clone()),
            });
        }
        document.keys.push(Key {
            id: next_key_id(document, &id),
            person: id,
            key: public.to_string(),
            webauthn: false,
            credential: None,
        });
    }
    Ok(())
}

/// A key's id that is free: the person's, and a number.
pub(super) fn next_key_id(document: &Document, person: &str) -> String {
    let number = (1_u32..)
        .find(|number| !document.keys.iter().any(|key| key.id == format!("{person}-{number}")))
        .unwrap_or(u32::MAX);
    format!("{person}-{number}")
}

fn set_roles(what: &str, document: &mut Document, change: &Change) -> Result<(), Failure> {
    for (role, people) in &change.role {
        let role = role_of(what, role)?;
        quorum(&mut document.roles, role).people = people.split(',').map(id_of).collect();
        // A default that fewer people cannot reach is no default.
        let named = change.threshold.iter().any(|(named, _)| *named == role.as_str());
        if !named {
            let quorum = quorum(&mut document.roles, role);
            let most = u32::try_from(quorum.people.len()).unwrap_or(u32::MAX).max(1);
            quorum.threshold = quorum.threshold.min(most);
        }
    }
    for (role, threshold) in &change.threshold {
        let role = role_of(what, role)?;
        quorum(&mut document.roles, role).threshold = threshold
            .parse()
            .map_err(|_| usage(what, &format!("{threshold:?} is no number of people")))?;
    }
    Ok(())
}

fn role_of(what: &str, word: &str) -> Result<Role, Failure> {
    Role::ALL.into_iter().find(|role| role.as_str() == word).ok_or_else(|| {
        usage(what, &format!("there is no role {word}"))
            .hint("the roles are root, catalogue, change and disruptive")
    })
}

fn write(what: &str, document: &Document, to: &Path, desk: &mut Desk<'_>) -> Result<(), Failure> {
    use std::io::Write as _;
    let bytes = document.bytes();
    let root = Root::parse(&bytes).map_err(|error| usage(what, &chain(&error)))?;
    let unwritten = |error: std::io::Error| {
        Failure::cannot(Exit::Usage, what, format!("{}: {error}", to.display()))
            .hint("name another file: --to FILE; one that is there is never written over")
    };
    let mut file = std::fs::File::create_new(to).map_err(unwritten)?;
    file.write_all(&bytes).map_err(unwritten)?;
    let raw = json!({
        "file": to, "version": root.version(), "sha256": root.digest().to_string(),
        "expires": root.expires(),
    });
    desk.screen.show(&raw, |look| {
        let text = render::trust::signed(look, &root, &[]);
        format!("{text}\nWritten to {0}. Next: befund trust sign {0}", to.display())
    })
}
