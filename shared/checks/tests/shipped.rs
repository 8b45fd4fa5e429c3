//! The shipped checks over facts: each can pass, and says what is wrong where something is.

use std::collections::BTreeMap;

use befund_checks::{Facts, Patterns, judge, shipped};
use befund_model::Timestamp;
use befund_model::finding::Finding;
use befund_model::probe::Verdict;
use befund_model::section::{self, Known};
use befund_model::snapshot::{Section, SectionRef, Status};
use serde::Deserialize;
use serde_json::{Value, json};

fn line(known: &Known, status: Status, reason: &str) -> SectionRef {
    Section::missing(known.kind.clone(), known.class, known.volatility, status, reason).line
}

/// A sound machine, by section.
fn sound() -> BTreeMap<String, Value> {
    serde_json::from_str(include_str!("shipped/sound.json")).expect("JSON")
}

/// Something that is wrong: the sections that are otherwise then, and what a check says of it.
#[derive(Deserialize)]
struct Wrong {
    check: String,
    verdict: Verdict,
    sections: BTreeMap<String, Value>,
}

fn findings(sections: &BTreeMap<String, Value>) -> Vec<Finding> {
    let lines: Vec<(SectionRef, Vec<u8>)> = sections
        .iter()
        .map(|(kind, content)| {
            let known = section::known(kind).expect("a section");
            (line(known, Status::Ok, ""), content.to_string().into_bytes())
        })
        .collect();
    let all = lines.iter().map(|(line, bytes)| (line, Some(bytes.as_slice())));
    let facts = Facts::new(Timestamp::UNIX_EPOCH, &Patterns::default(), all);
    shipped().iter().filter_map(|check| judge(check, &facts)).collect()
}

/// The same machine with some sections otherwise.
fn with(otherwise: &BTreeMap<String, Value>) -> Vec<Finding> {
    let mut sections = sound();
    sections.extend(otherwise.clone());
    findings(&sections)
}

fn otherwise(kind: &str, content: Value) -> BTreeMap<String, Value> {
    BTreeMap::from([(kind.to_owned(), content)])
}

fn verdict(findings: &[Finding], check: &str) -> Verdict {
    let finding = findings.iter().find(|finding| finding.check == check);
    finding.unwrap_or_else(|| panic!("{check} said nothing")).verdict
}

#[test]
fn a_sound_machine_passes_every_check() {
    let findings = findings(&sound());
    let other: Vec<_> =
        findings.iter().filter(|finding| finding.verdict != Verdict::Pass).collect();
    assert!(other.is_empty(), "{other:#?}");
    let silent: Vec<String> = shipped()
        .into_iter()
        .map(|check| check.id)
        .filter(|id| !findings.iter().any(|finding| finding.check == *id))
        .collect();
    // One proxy setting alone cannot disagree.
    assert_eq!(silent, ["net.proxy-agrees"]);
}

#[test]
fn what_is_wrong_is_found_with_its_evidence() {
    let wrong: Vec<Wrong> = serde_json::from_str(include_str!("shipped/wrong.json")).expect("JSON");
    for Wrong { check, verdict: expected, sections } in &wrong {
        let findings = with(sections);
        assert_eq!(verdict(&findings, check), *expected, "{check} of {sections:?}");
        let finding = findings.iter().find(|finding| finding.check == *check).expect("found");
        let shown = finding.evidence.iter().any(|evidence| !evidence.value.is_empty());
        let nothing_to_show = matches!(
            check.as_str(),
            "net.route" | "net.dns-servers" | "firmware.secure-boot" | "audio.output"
        );
        assert!(shown || nothing_to_show, "{check} shows nothing");
    }
    let mut never: Vec<String> = shipped().into_iter().map(|check| check.id).collect();
    never.retain(|id| !wrong.iter().any(|one| one.check == *id));
    assert!(never.is_empty(), "these were never seen to find anything: {never:?}");
}

#[test]
fn what_cannot_be_asked_is_unknown_with_its_reason_and_never_a_pass() {
    let denied = line(&section::SERVICES_STATE, Status::Denied, "only root may ask systemd");
    let facts = Facts::new(Timestamp::UNIX_EPOCH, &Patterns::default(), [(&denied, None)]);
    for check in shipped() {
        let finding = judge(&check, &facts).expect("said");
        assert_eq!(finding.verdict, Verdict::Unknown, "{}", check.id);
        assert!(!finding.reason.is_empty(), "{}", check.id);
    }
    let services = shipped().into_iter().find(|check| check.id == "services.failed");
    let finding = judge(&services.expect("there"), &facts).expect("said");
    assert_eq!(finding.reason, "services.state is denied: only root may ask systemd");
    let usage = json!({ "total_bytes": 8000 });
    let shapeless = with(&otherwise("memory.usage", usage));
    let finding = shapeless.iter().find(|finding| finding.check == "memory.available");
    assert_eq!(finding.expect("said").reason, "the snapshot does not tell `available_bytes`");
    assert_eq!(verdict(&shapeless, "memory.available"), Verdict::Unknown);
}

#[test]
fn a_list_that_would_take_too_long_is_not_walked() {
    let many: Vec<Value> = (0..2_000)
        .map(|n| json!({ "source": "x", "scheme": "http", "value": n.to_string() }))
        .collect();
    let findings = with(&otherwise("network.proxy", json!({ "settings": many })));
    let finding = findings.iter().find(|finding| finding.check == "net.proxy-agrees");
    assert_eq!(finding.expect("said").reason, "a list of 2000 entries is too long for this check");
}
