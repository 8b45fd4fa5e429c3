//! What has changed since a machine was last well: compared with the right snapshot, the likely first.

use befund_controller::store::repository::{
    Findings as _, IncomingSnapshot, Judged, Judgement, Snapshots as _,
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
    assert!(page.contains("[&quot;192.0.2.53&quot;] → [&quot;192.0.2.99&quot;]"), "{page}");
}
