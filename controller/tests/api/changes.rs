//! What has changed since a machine was last well: compared with the right snapshot, the likely first.

use befund_controller::store::repository::{
    Audit as _, Findings as _, IncomingSnapshot, Judged, Judgement, Snapshots as _,
};
use befund_model::finding::Finding;
use befund_model::id::{AgentId, Hash, SnapshotId};
use befund_model::operator::Role;
use befund_model::probe::Verdict;
use befund_model::section::{self, Known};
use befund_model::snapshot::{Manifest, Purpose, Section, Status};
use befund_runtime::clock;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::bed::Bed;
use crate::hostile::enroll;

/// A snapshot that came so many seconds after the start, judged with this verdict.
async fn came(
    bed: &Bed,
    agent: AgentId,
    second: i64,
    servers: &str,
    bash: &str,
    verdict: Verdict,
) -> SnapshotId {
    let at = befund_model::Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second);
    let section = |known: &Known, content: Value| {
        let line =
            Section::missing(known.kind.clone(), known.class, known.volatility, Status::Ok, "");
        Section::new(line.line, content.to_string().into_bytes())
    };
    let sections = [
        section(&section::NETWORK_DNS, json!({ "servers": [servers] })),
        section(&section::PACKAGES, json!({ "packages": [{ "name": "bash", "version": bash }] })),
    ];
    let packed = |section: &Section| {
        (section.line.hash, zstd::bulk::compress(&section.bytes, 3).expect("compressed"))
    };
    let id = SnapshotId::new(at, clock::random());
    let incoming = IncomingSnapshot {
        agent,
        sections: sections.iter().map(packed).collect(),
        manifest: Manifest {
            id,
            taken_at: at,
            sections: sections.map(|section| section.line).to_vec(),
        },
        purpose: Purpose::Scheduled,
        basis: None,
    };
    bed.app.store.ingest(vec![incoming], at).await.expect("ingested");
    let check = "net.dns-servers".to_owned();
    let (reason, evidence) = (String::new(), Vec::new());
    let finding = Finding { check: check.clone(), version: 1, verdict, reason, evidence };
    let judgements = vec![Judgement { check, inputs: Hash::of(b"x"), finding: Some(finding) }];
    let checks = Hash::of(b"checks");
    let judged = Judged { agent, snapshot: id, ticket: None, checks, judgements };
    assert!(bed.app.store.keep_judged(&judged, at).await.expect("kept"));
    id
}

async fn changes(bed: &Bed, snapshot: SnapshotId) -> Value {
    let path = format!("/api/v1/snapshots/{snapshot}/changes");
    let request = bed.by(Role::TechnicianL1, Method::GET, &path).await;
    request.send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn a_snapshot_is_compared_with_the_last_that_was_well() {
    let bed = Bed::new().await;
    let agent = enroll(&bed).await;
    let first = came(&bed, agent, 10, "192.0.2.53", "5.1-1", Verdict::Pass).await;
    let broken = came(&bed, agent, 20, "192.0.2.99", "5.1-2", Verdict::Fail).await;
    let still = came(&bed, agent, 30, "192.0.2.99", "5.2-1", Verdict::Fail).await;

    let since = changes(&bed, still).await;
    assert_eq!((&since["good"], &since["since"]["manifest"]["id"]), (&json!(true), &json!(first)));
    let told: Vec<(&Value, &Value)> = since["diff"]["sections"]
        .as_array()
        .expect("sections")
        .iter()
        .map(|section| (&section["kind"], &section["changes"][0]["class"]))
        .collect();
    assert_eq!(
        told,
        [(&json!("network.dns"), &json!("reconfigured")), (&json!("packages"), &json!("upgraded"))]
    );

    // Nothing before it: nothing to compare with.
    let alone = changes(&bed, first).await;
    assert_eq!((&alone["since"], &alone["good"]), (&Value::Null, &json!(false)));

    // A machine that was never well is compared with the snapshot before.
    let other = enroll(&bed).await;
    let bad = came(&bed, other, 10, "192.0.2.99", "5.1-2", Verdict::Fail).await;
    let worse = came(&bed, other, 20, "192.0.2.98", "5.1-2", Verdict::Fail).await;
    let since = changes(&bed, worse).await;
    assert_eq!((&since["good"], &since["since"]["manifest"]["id"]), (&json!(false), &json!(bad)));

    let path = format!("/machines/{agent}?snapshot={broken}");
    let page = bed.by(Role::TechnicianL1, Method::GET, &path).await;
    let page = page.send().await.expect("an answer").text().await.expect("a page");
    assert!(page.contains("Changed since it was last well"), "{page}");
    assert!(page.contains("−192.0.2.53 +192.0.2.99"), "{page}");
}

#[tokio::test]
async fn what_changed_is_placed_between_the_snapshots_that_show_it() {
    let bed = Bed::new().await;
    let agent = enroll(&bed).await;
    came(&bed, agent, 10, "192.0.2.53", "5.1-1", Verdict::Pass).await;
    came(&bed, agent, 20, "192.0.2.53", "5.1-2", Verdict::Fail).await;
    came(&bed, agent, 30, "192.0.2.99", "5.1-2", Verdict::Fail).await;
    let last = came(&bed, agent, 40, "192.0.2.99", "5.1-3", Verdict::Fail).await;

    let since = changes(&bed, last).await;
    let second = |n: i64| json!(format!("1970-01-01T00:00:{n}Z"));
    let dns = &since["diff"]["sections"][0]["between"];
    assert_eq!((&dns["after"], &dns["until"]), (&second(20), &second(30)), "{since}");
    // What changed twice happened between the first and the last time.
    let packages = &since["diff"]["sections"][1]["between"];
    assert_eq!((&packages["after"], &packages["until"]), (&second(10), &second(40)), "{since}");
}

#[tokio::test]
async fn a_snapshot_that_a_technician_calls_good_is_what_later_ones_are_compared_with() {
    let bed = Bed::new().await;
    let agent = enroll(&bed).await;
    let good = came(&bed, agent, 10, "192.0.2.53", "5.1-1", Verdict::Fail).await;
    let passed = came(&bed, agent, 20, "192.0.2.53", "5.1-2", Verdict::Pass).await;
    let last = came(&bed, agent, 30, "192.0.2.99", "5.1-2", Verdict::Fail).await;
    let compared = async || changes(&bed, last).await["since"]["manifest"]["id"].clone();
    assert_eq!(compared().await, json!(passed));

    let path = format!("/api/v1/snapshots/{good}/good");
    let call = async |role: Role, good: bool| {
        let request = bed.by(role, Method::POST, &path).await;
        request.json(&json!({ "good": good })).send().await.expect("an answer")
    };
    assert_eq!(call(Role::Auditor, true).await.status(), 403);
    let record: Value = call(Role::TechnicianL1, true).await.json().await.expect("JSON");
    assert_eq!(record["good"]["by"], json!(Role::TechnicianL1.as_str()));
    assert_eq!(compared().await, json!(good));

    // However many snapshots came since.
    let mut late = last;
    for second in 31..95 {
        late = came(&bed, agent, second, "192.0.2.99", "5.1-2", Verdict::Pass).await;
    }
    let since = changes(&bed, late).await;
    assert_eq!(since["since"]["manifest"]["id"], json!(good), "{since}");
    assert_eq!(since["diff"]["sections"][0]["kind"], "network.dns");
    // And the comparison of an old one is as it was.
    assert_eq!(compared().await, json!(good));

    let page = async || {
        let path = format!("/machines/{agent}?snapshot={good}");
        let page = bed.by(Role::TechnicianL1, Method::GET, &path).await;
        page.send().await.expect("an answer").text().await.expect("a page")
    };
    assert!(page().await.contains("No longer good"));
    assert_eq!(call(Role::TechnicianL1, false).await.status(), 200);
    assert!(page().await.contains("Call this one good"));
    assert_eq!(compared().await, json!(passed));

    while bed.app.store.sequence().await.expect("sequenced") > 0 {}
    let log = bed.by(Role::Auditor, Method::GET, "/api/v1/audit?limit=100").await;
    let log: Value = log.send().await.expect("an answer").json().await.expect("JSON");
    let actions =
        log.as_array().expect("entries").iter().filter_map(|entry| entry["action"].as_str());
    let about: Vec<&str> = actions.filter(|action| action.starts_with("snapshot.")).collect();
    assert_eq!(about, ["snapshot.good", "snapshot.not_good"]);
}

#[tokio::test]
async fn a_machine_has_a_history_of_what_changed_when() {
    let bed = Bed::new().await;
    let agent = enroll(&bed).await;
    let first = came(&bed, agent, 10, "192.0.2.53", "5.1-1", Verdict::Pass).await;
    came(&bed, agent, 20, "192.0.2.53", "5.1-1", Verdict::Pass).await;
    let upgraded = came(&bed, agent, 30, "192.0.2.53", "5.1-2", Verdict::Pass).await;
    let moved = came(&bed, agent, 40, "192.0.2.99", "5.1-2", Verdict::Pass).await;

    let read = async |query: &str| -> Value {
        let path = format!("/api/v1/machines/{agent}/history{query}");
        let request = bed.by(Role::Auditor, Method::GET, &path).await;
        request.send().await.expect("an answer").json().await.expect("JSON")
    };
    let brief = |page: &Value| -> Vec<(String, String, String)> {
        let entries = page["items"].as_array().expect("entries").iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        entries
            .map(|entry| {
                let change = &entry["changes"][0];
                (text(&entry["snapshot"]), text(&change["section"]), text(&change["path"]))
            })
            .collect()
    };
    let whole = read("").await;
    let wanted = [
        (moved.to_string(), "network.dns".to_owned(), "servers".to_owned()),
        (upgraded.to_string(), "packages".to_owned(), "packages[bash].version".to_owned()),
    ];
    assert_eq!(brief(&whole), wanted);
    assert_eq!(whole["items"][1]["between"]["after"], json!("1970-01-01T00:00:20Z"));
    assert_eq!(whole["next"], Value::Null);

    // In steps of two it is the same, and nothing is lost at the seam.
    let one = read("?limit=2").await;
    let next = one["next"].as_str().expect("there is more");
    let other = read(&format!("?limit=2&after={next}")).await;
    assert_eq!([brief(&one), brief(&other)].concat(), wanted);
    assert_ne!(first, moved);

    let page = bed.by(Role::Auditor, Method::GET, &format!("/machines/{agent}/history")).await;
    let page = page.send().await.expect("an answer").text().await.expect("a page");
    assert!(page.contains("−192.0.2.53 +192.0.2.99"), "{page}");
    assert!(page.contains("1970-01-01 00:00"), "{page}");
}
