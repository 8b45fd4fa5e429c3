//! An organisation to be tried on: four people, five keys, a root, a catalogue and a statement.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use befund_model::Timestamp;
use befund_model::action::Risk;
use befund_model::id::{AgentId, JobId, TicketNumber};
use befund_model::runbook::FixRef;
use befund_trust::approval::{self, Act, CatalogueRef, Challenge, RunbookRef, Statement, Step};
use befund_trust::catalogue::{self, Manifest, Verified};
use befund_trust::digest::Sha256;
use befund_trust::floor::{Floors, Now, Number};
use befund_trust::root::{self, Document, Key, Person, Quorum, Roles, Root, Standing, Trusted};
use befund_trust::signature::Namespace;
use befund_trust::signing::SigningKey;
use serde_json::json;

/// Seeds of keys: Anna has two.
pub(crate) const ANNA: u8 = 1;
pub(crate) const ANNA_TOO: u8 = 11;
pub(crate) const BEN: u8 = 2;
pub(crate) const CARA: u8 = 3;
/// May sign change steps, and nothing else.
pub(crate) const DAN: u8 = 4;
/// Nobody's key.
pub(crate) const EVE: u8 = 66;

pub(crate) const NOW: &str = "2026-05-01T12:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(crate) fn floors() -> Floors {
    Floors::new(at("2026-04-01T00:00:00Z"))
}

pub(crate) fn now() -> Now {
    now_at(NOW)
}

pub(crate) fn now_at(text: &str) -> Now {
    floors().now(at(text)).now().expect("a time after the build")
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

/// One signature by each key.
pub(crate) fn signed(namespace: Namespace, bytes: &[u8], seeds: &[u8]) -> Vec<String> {
    seeds.iter().map(|seed| key(*seed).sign(namespace, bytes)).collect()
}

fn person(id: &str, name: &str) -> Person {
    Person { id: id.into(), name: name.into(), contact: format!("{id}@example.org") }
}

pub(crate) fn key_of(person: &str, seed: u8) -> Key {
    Key {
        id: format!("{person}-{seed}"),
        person: person.into(),
        key: format!("{} {person}@laptop", key(seed).public()),
        webauthn: false,
        credential: None,
    }
}

pub(crate) fn quorum(people: &[&str], threshold: u32) -> Quorum {
    Quorum { people: people.iter().map(|&id| id.to_owned()).collect(), threshold }
}

pub(crate) fn document() -> Document {
    Document {
        format: root::Format::V1,
        organisation: "Example Ltd".into(),
        version: 1,
        expires: at("2027-01-01T00:00:00Z"),
        people: vec![
            person("anna", "Anna Berg"),
            person("ben", "Ben Cole"),
            person("cara", "Cara Diaz"),
            person("dan", "Dan Ek"),
        ],
        keys: vec![
            key_of("anna", ANNA),
            key_of("anna", ANNA_TOO),
            key_of("ben", BEN),
            key_of("cara", CARA),
            key_of("dan", DAN),
        ],
        webauthn: None,
        roles: Roles {
            root: quorum(&["anna", "ben", "cara"], 2),
            catalogue: quorum(&["anna", "ben"], 2),
            change: quorum(&["anna", "ben", "cara", "dan"], 1),
            disruptive: quorum(&["anna", "ben", "cara"], 2),
        },
    }
}

/// The second root: Dan takes Cara's place.
pub(crate) fn second() -> Document {
    let mut next = Document { version: 2, ..document() };
    next.roles.root = quorum(&["anna", "ben", "dan"], 2);
    next
}

pub(crate) fn trusted_of(document: &Document, standing: Standing) -> Trusted {
    Trusted::restore(document.bytes(), standing).expect("a root that makes sense")
}

pub(crate) fn trusted() -> Trusted {
    trusted_of(&document(), Standing::Pinned)
}

pub(crate) fn root() -> Root {
    Root::parse(&document().bytes()).expect("a root that makes sense")
}

pub(crate) const RUNBOOK: &[u8] = b"api: befund/v1\nrunbook: net.no-internet\n";
pub(crate) const SCRIPT: &[u8] = b"#!/bin/sh\nexit 0\n";

pub(crate) fn manifest() -> Manifest {
    let files = [("net.no-internet.yaml", RUNBOOK), ("scripts/clean.sh", SCRIPT)];
    let made = at("2026-05-01T08:00:00Z");
    Manifest::of("Example Ltd", 7, made, catalogue::DEFAULT_LIFE, files).expect("a manifest")
}

pub(crate) fn verified() -> Verified<Manifest> {
    let bytes = manifest().bytes();
    let signatures = signed(Namespace::Catalogue, &bytes, &[ANNA, BEN]);
    catalogue::verify(&bytes, &signatures, &trusted(), &floors(), now()).expect("a good catalogue")
}

pub(crate) fn step(risk: Risk) -> Step {
    Step {
        agent: AgentId::new(at("2026-01-02T03:04:05Z"), [7; 10]),
        job: JobId::new(at("2026-05-01T11:59:00Z"), [8; 10]),
        ticket: Some(TicketNumber(42)),
        catalogue: CatalogueRef { version: 7, digest: Sha256::of(&manifest().bytes()) },
        runbook: RunbookRef {
            name: "net.no-internet".into(),
            version: 3,
            digest: Sha256::of(RUNBOOK),
        },
        fix: FixRef { cause: "no-lease".into(), index: 0 },
        act: match risk {
            Risk::Read | Risk::Change => Act::Action("net.dhcp_renew".into()),
            Risk::Disruptive => {
                Act::Script { path: "scripts/clean.sh".into(), sha256: Sha256::of(SCRIPT) }
            }
        },
        parameters: json!({"wait": 30, "interface": "eth0"}),
        risk,
    }
}

pub(crate) fn statement(risk: Risk) -> Statement {
    Statement {
        format: approval::Format::V1,
        organisation: "Example Ltd".into(),
        machine: "anna-pc".into(),
        step: step(risk),
        prediction: vec!["eth0 gets another address".into()],
        number: Number([9; 16]),
        not_before: at("2026-05-01T11:59:30Z"),
        expires: at("2026-05-01T12:29:30Z"),
        challenge: Challenge([5; 32]),
    }
}

/// An error and all its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The ids of people.
pub(crate) fn ids(people: &[Person]) -> BTreeSet<&str> {
    people.iter().map(|person| person.id.as_str()).collect()
}

pub(crate) const HOUR: Duration = Duration::from_secs(3600);
