//! A runbook with one script, its catalogue, and the key that signs all of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use befund_model::Timestamp;
use befund_runtime::clock::Clock;
use befund_trust::catalogue::Manifest;
use befund_trust::root::{Document, Format, Key, Person, Quorum, Roles};
use befund_trust::signature::Namespace;
use befund_trust::signing::SigningKey;

pub(crate) const ORGANISATION: &str = "Example Ltd";

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

pub(crate) fn sign(seed: u8, namespace: Namespace, bytes: &[u8]) -> Vec<String> {
    vec![key(seed).sign(namespace, bytes)]
}

/// A root of one person, Ada, who may everything with key 1.
pub(crate) fn root() -> Vec<u8> {
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
        }],
        roles: Roles {
            root: quorum(),
            catalogue: quorum(),
            change: quorum(),
            disruptive: quorum(),
        },
    }
    .bytes()
}

pub(crate) fn now() -> Timestamp {
    Clock::system().now()
}

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn manifest(files: &Files) -> Vec<u8> {
    let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    Manifest::of(ORGANISATION, 1, now(), Duration::from_secs(30 * 24 * 3600), files)
        .expect("a manifest")
        .bytes()
}

/// `test.link`: an interface without a signal is given one by a script, which goes with `more` of its keys.
pub(crate) fn link(more: &str) -> String {
    format!(
        r#"api: befund/v1
runbook: test.link
version: 1
title: {{en: Link, de: Verbindung}}
about: {{en: Gives an interface its signal., de: Gibt einer Schnittstelle ihr Signal.}}
resume: {{on: [reboot, disconnect, agent_restart]}}
collect:
  link: {{probe: net.link@1, timeout: 20s}}
causes:
  - id: link-down
    title: {{en: No signal, de: Kein Signal}}
    when: "!link.interfaces.exists(i, i.up)"
    fix:
      - script: scripts/up.sh
        risk: change
        consent: user
        timeout: 30s
        text: {{en: "The interface is given its signal.", de: "Die Schnittstelle bekommt ihr Signal."}}
        undo: {{script: scripts/down.sh, repeat: idempotent}}
{more}
    verify: {{within: 20s, every: 5s, until: "link.interfaces.exists(i, i.up)"}}
accept: "link.interfaces.exists(i, i.up)"
escalate: {{to: "'L2'"}}
"#
    )
}

/// The files of a catalogue with that runbook; its script does `first`, then what it is for.
pub(crate) fn files(root: &Path, runbook: String, first: &str) -> Files {
    let card = root.join("sys/class/net/eth0").display().to_string();
    let up = format!(
        "set -e\ncat >{card}/arguments\n{first}\necho raising\necho up >{card}/operstate\necho 1 >{card}/carrier\n\
         echo '{{\"before\": {{\"state\": \"down\"}}}}'\n"
    );
    let down = format!(
        "set -e\ncat >{card}/undo\necho lowering\necho down >{card}/operstate\necho 0 >{card}/carrier\n"
    );
    BTreeMap::from([
        ("test.link.yaml".to_owned(), runbook.into_bytes()),
        ("scripts/up.sh".to_owned(), up.into_bytes()),
        ("scripts/down.sh".to_owned(), down.into_bytes()),
    ])
}

/// A runbook whose one fix is a compiled-in one, if `when` holds.
pub(crate) fn of_one(name: &str, when: &str, fix: &str, until: &str) -> String {
    format!(
        r#"api: befund/v1
runbook: {name}
version: 1
title: {{en: One, de: Eins}}
about: {{en: Does one thing., de: Macht eine Sache.}}
limits: {{wall: 30m, output: 1MiB, reboots: 1}}
resume: {{on: [reboot, disconnect, agent_restart]}}
collect:
  link: {{probe: net.link@1, timeout: 20s}}
causes:
  - id: wrong
    title: {{en: Wrong, de: Falsch}}
    when: "{when}"
    fix: [{{{fix}}}]
    verify: {{within: 20s, every: 5s, until: "{until}"}}
escalate: {{to: "'L2'"}}
"#
    )
}
