//! Whoever signs for the machines of these tests: a key made here and trusted nowhere else, and what an executor takes
//! on their word.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use befund_executor::ExecutorClient;
use befund_model::Timestamp;
use befund_runtime::clock::Clock;
use befund_trust::catalogue::Manifest;
use befund_trust::digest::Sha256;
use befund_trust::root::{Document, Format, Key, Person, Quorum, Roles, Root};
use befund_trust::signature::Namespace;
use befund_trust::signing::SigningKey;

const ORGANISATION: &str = "Example Ltd";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

pub(crate) fn sign(seed: u8, namespace: Namespace, bytes: &[u8]) -> Vec<String> {
    vec![key(seed).sign(namespace, bytes)]
}

/// A root of one person, Ada, who may everything with key 1.
fn root() -> Vec<u8> {
    let quorum = || Quorum { people: vec!["ada".to_owned()], threshold: 1 };
    Document {
        format: Format::V1,
        organisation: ORGANISATION.to_owned(),
        version: 1,
        expires: Timestamp::from_second(4_000_000_000).expect("a time"),
        people: vec![Person {
            id: "ada".to_owned(),
            name: "Ada".to_owned(),
            contact: "ada@example.test".to_owned(),
        }],
        keys: vec![Key {
            id: "ada-1".to_owned(),
            person: "ada".to_owned(),
            key: key(1).public().to_string(),
            webauthn: false,
            credential: None,
        }],
        webauthn: None,
        roles: Roles {
            root: quorum(),
            catalogue: quorum(),
            change: quorum(),
            disruptive: quorum(),
        },
    }
    .bytes()
}

fn now() -> Timestamp {
    Clock::system().now()
}

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

fn manifest(version: u64, files: &Files) -> Vec<u8> {
    let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    Manifest::of(ORGANISATION, version, now(), Duration::from_secs(30 * 24 * 3600), files)
        .expect("a manifest")
        .bytes()
}

/// Vouches for the root on a machine whose executor keeps things here.
pub(crate) fn pin(keep: &Path) {
    let digest = Root::parse(&root()).expect("a root").digest();
    befund_executor::pin(keep, digest.0).expect("it is pinned");
}

/// Hands an executor the root, and a catalogue of this version; its digest.
pub(crate) async fn offer(executor: &ExecutorClient, version: u64, files: &Files) -> String {
    let root = root();
    let by = sign(1, Namespace::Root, &root);
    executor.offer_root(&root, by).await.expect("the pinned root");
    let manifest = manifest(version, files);
    let by = sign(1, Namespace::Catalogue, &manifest);
    let missing = executor.offer_catalogue(&manifest, by).await.expect("it is signed");
    for path in missing {
        executor.offer_file(&path, &files[&path]).await.expect("a file of it");
    }
    Sha256::of(&manifest).to_string()
}
