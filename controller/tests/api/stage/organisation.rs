//! What is there before the story begins: a trust root, a catalogue of the shipped runbooks signed under it, and a
//! machine with something wrong.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use befund_controller::store::repository::{
    Agents as _, Findings as _, IncomingSnapshot, Judged, Judgement, MachineFacts, NewToken,
    Redeemed, Redemption, Snapshots as _,
};
use befund_model::finding::Finding;
use befund_model::id::{AgentId, Hash, SnapshotId, TokenId};
use befund_model::operator::Role;
use befund_model::probe::Verdict;
use befund_model::section;
use befund_model::snapshot::{Manifest as Sections, Purpose, Section, Status};
use befund_runtime::clock;
use befund_trust::catalogue::{DEFAULT_LIFE, Manifest};
use befund_trust::digest::Sha256;
use befund_trust::root::{Document, Key, Person, Quorum, Roles};
use befund_trust::signature::Namespace;
use befund_trust::signing::SigningKey;
use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::ORGANISATION;
use crate::bed::{Bed, system};

pub(super) async fn published(bed: &Bed) -> Sha256 {
    let keys = [SigningKey::from_seed([1; 32]), SigningKey::from_seed([2; 32])];
    let people = ["tina", "omar"].map(str::to_owned).to_vec();
    let quorum = |threshold| Quorum { people: people.clone(), threshold };
    let person = |id: &str, name: &str| Person {
        id: id.to_owned(),
        name: name.to_owned(),
        contact: format!("{id}@example.com"),
    };
    let now = bed.app.clock.now();
    let key = |person: &str, key: &SigningKey| Key {
        id: format!("{person}-1"),
        person: person.to_owned(),
        key: key.public().to_string(),
        webauthn: false,
        credential: None,
    };
    let root = Document {
        format: befund_trust::root::Format::V1,
        organisation: ORGANISATION.to_owned(),
        version: 1,
        expires: now + SignedDuration::from_hours(24 * 365),
        people: vec![person("tina", "Tina Weber"), person("omar", "Omar Haddad")],
        keys: vec![key("tina", &keys[0]), key("omar", &keys[1])],
        webauthn: None,
        roles: Roles {
            root: quorum(2),
            catalogue: quorum(1),
            change: quorum(1),
            disruptive: quorum(2),
        },
    };
    let bytes = root.bytes();
    let signatures = keys.each_ref().map(|key| key.sign(Namespace::Root, &bytes));
    let text = String::from_utf8(bytes).expect("JSON");
    post(bed, "/api/v1/trust-roots", json!({ "root": text, "signatures": signatures })).await;

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runbooks");
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the shipped runbooks") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            files.insert(name, std::fs::read_to_string(&path).expect("a runbook"));
        }
    }
    let pairs = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes()));
    let manifest = Manifest::of(ORGANISATION, 7, now, DEFAULT_LIFE, pairs).expect("a manifest");
    let digest = publish(bed, &manifest, &keys[0], json!(files)).await;
    assert_eq!(files.len(), 20);
    digest
}

/// Publishes this manifest with these files.
async fn publish(bed: &Bed, manifest: &Manifest, key: &SigningKey, files: Value) -> Sha256 {
    let bytes = manifest.bytes();
    let digest = Sha256::of(&bytes);
    let signatures = [key.sign(Namespace::Catalogue, &bytes)];
    let text = String::from_utf8(bytes).expect("JSON");
    let body = json!({ "manifest": text, "signatures": signatures, "files": files });
    post(bed, "/api/v1/catalogues", body).await;
    digest
}

/// Publishes an empty catalogue.
pub(super) async fn withdraw(bed: &Bed) {
    let now = bed.app.clock.now();
    let manifest = Manifest::of(ORGANISATION, 8, now, DEFAULT_LIFE, []).expect("a manifest");
    publish(bed, &manifest, &SigningKey::from_seed([1; 32]), json!({})).await;
}

async fn post(bed: &Bed, path: &str, body: Value) {
    let request = bed.by(Role::Administrator, Method::POST, path).await.json(&body);
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    assert_eq!(status, StatusCode::CREATED, "{path}: {}", answer.text().await.expect("a text"));
}

pub(super) async fn enrolled(bed: &Bed) -> AgentId {
    let now = bed.app.clock.now();
    let token = NewToken {
        id: TokenId::new(now, clock::random()),
        secret_hash: [5; 32],
        uses: 1,
        expires_at: now + SignedDuration::from_mins(5),
        group: "Accounting".to_owned(),
        network: String::new(),
    };
    let redemption = Redemption {
        token: token.id,
        secret_hash: token.secret_hash,
        agent: AgentId::new(now, clock::random()),
        public_key: vec![1, 2, 3],
        facts: MachineFacts {
            name: "pc-17".to_owned(),
            os: "Debian GNU/Linux 13 (trixie)".to_owned(),
            agent_version: "0.1.0".to_owned(),
        },
        source: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    bed.app.store.create_token(token, &system(), now).await.expect("a token");
    match bed.app.store.redeem(redemption, now).await.expect("redeemed") {
        Redeemed::New(agent) => agent,
        other => panic!("{other:?}"),
    }
}

/// A snapshot of the machine in which the check of the name servers fails.
pub(super) async fn broken(bed: &Bed, agent: AgentId) {
    let at = bed.app.clock.now();
    let known = &section::NETWORK_DNS;
    let line = Section::missing(known.kind.clone(), known.class, known.volatility, Status::Ok, "");
    let content = json!({ "servers": ["192.0.2.53"] }).to_string().into_bytes();
    let section = Section::new(line.line, content);
    let frame = zstd::bulk::compress(&section.bytes, 3).expect("compressed");
    let id = SnapshotId::new(at, clock::random());
    let incoming = IncomingSnapshot {
        agent,
        sections: vec![(section.line.hash, frame)],
        manifest: Sections { id, taken_at: at, sections: vec![section.line] },
        purpose: Purpose::Scheduled,
        basis: None,
    };
    bed.app.store.ingest(vec![incoming], at).await.expect("ingested");
    let check = "net.dns-servers".to_owned();
    let finding = Finding {
        check: check.clone(),
        version: 1,
        verdict: Verdict::Fail,
        reason: String::new(),
        evidence: Vec::new(),
    };
    let judgements = vec![Judgement { check, inputs: Hash::of(b"x"), finding: Some(finding) }];
    let checks = Hash::of(b"checks");
    let judged = Judged { agent, snapshot: id, ticket: None, checks, judgements };
    assert!(bed.app.store.keep_judged(&judged, at).await.expect("kept"));
}
