//! What it costs to take a catalogue: verifying a manifest of 200 runbooks, signed by two people, and hashing their
//! files. It has to stay far below the 50 ms that a machine may take for it. Run it with `--release`.

#![expect(clippy::print_stdout, reason = "a figure for whoever runs it")]

use std::time::{Duration, Instant};

use befund_model::Timestamp;
use befund_trust::catalogue::{self, Manifest};
use befund_trust::floor::Floors;
use befund_trust::root::{self, Document, Key, Person, Quorum, Roles, Standing, Trusted};
use befund_trust::signature::Namespace;
use befund_trust::signing::SigningKey;

const RUNBOOKS: usize = 200;
/// A long runbook.
const BYTES: usize = 16 << 10;
const ROUNDS: u32 = 100;

fn main() {
    let start: Timestamp = "2026-05-01T00:00:00Z".parse().expect("a time");
    let keys = [SigningKey::from_seed([1; 32]), SigningKey::from_seed([2; 32])];
    let root = Trusted::restore(root_of(&keys, start).bytes(), Standing::Pinned).expect("a root");
    let files: Vec<(String, Vec<u8>)> = (0..RUNBOOKS)
        .map(|number| (format!("net/runbook-{number}.yaml"), vec![number.to_le_bytes()[0]; BYTES]))
        .collect();
    let named = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    let life = catalogue::DEFAULT_LIFE;
    let manifest = Manifest::of("Example Ltd", 1, start, life, named).expect("a manifest");
    let bytes = manifest.bytes();
    let signatures = keys.each_ref().map(|key| key.sign(Namespace::Catalogue, &bytes));
    let floors = Floors::new(start);
    let now = floors.now(start).now().expect("the floor itself");

    let (mut verifying, mut hashing) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let verified =
            catalogue::verify(&bytes, &signatures, &root, &floors, now).expect("a good catalogue");
        verifying += began.elapsed();
        let began = Instant::now();
        for (path, bytes) in &files {
            verified.check_file(path, bytes).expect("a good file");
        }
        hashing += began.elapsed();
    }
    let millis = |total: Duration| total.as_secs_f64() * 1e3 / f64::from(ROUNDS);
    println!(
        "{RUNBOOKS} runbooks of {} KiB, manifest of {} KiB, 2 signatures: verifying {:.2} ms, hashing {:.2} ms",
        BYTES >> 10,
        bytes.len() >> 10,
        millis(verifying),
        millis(hashing),
    );
}

fn root_of(keys: &[SigningKey; 2], start: Timestamp) -> Document {
    let people = ["anna", "ben"];
    let both = || Quorum { people: people.map(str::to_owned).to_vec(), threshold: 2 };
    Document {
        format: root::Format::V1,
        organisation: "Example Ltd".into(),
        version: 1,
        expires: start + Duration::from_secs(365 * 24 * 3600),
        people: people
            .map(|id| Person {
                id: id.into(),
                name: id.into(),
                contact: format!("{id}@example.org"),
            })
            .to_vec(),
        keys: people
            .iter()
            .zip(keys)
            .map(|(id, key)| Key {
                id: (*id).into(),
                person: (*id).into(),
                key: key.public().to_string(),
                webauthn: false,
                credential: None,
            })
            .collect(),
        webauthn: None,
        roles: Roles { root: both(), catalogue: both(), change: both(), disruptive: both() },
    }
}
