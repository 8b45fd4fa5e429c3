//! Comparing snapshots.

use serde_json::json;

use super::*;
use crate::id::Hash;
use crate::section::Known;

fn section(known: &Known, content: Value) -> (SectionRef, Value) {
    let bytes = content.to_string();
    let line = SectionRef {
        kind: known.kind.clone(),
        status: if content.is_null() { Status::Denied } else { Status::Ok },
        reason: String::new(),
        hash: Hash::of(bytes.as_bytes()),
        size: bytes.len() as u64,
        class: known.class,
        volatility: known.volatility,
        redacted: 0,
        took_us: 0,
    };
    (line, content)
}

fn told(diff: &SectionDiff) -> Vec<String> {
    let one = |change: &Change| format!("{} {}", change.class.as_str(), change.path);
    diff.changes.iter().map(one).collect()
}

#[test]
fn lists_are_matched_by_their_keys_wherever_the_objects_stand() {
    let package = |name: &str, version: &str| json!({"name":name,"version":version,"arch":"amd64"});
    let a = [section(
        &section::PACKAGES,
        json!({"packages": [package("bash", "5.1"), package("gone", "1"), package("zsh", "5")]}),
    )];
    let b = [section(
        &section::PACKAGES,
        json!({"packages": [package("aaa", "1"), package("bash", "5.2"), package("zsh", "5")]}),
    )];

    let diff = diff(&a, &b);

    assert_eq!(
        told(&diff.sections[0]),
        [
            "upgraded packages[bash amd64].version",
            "removed packages[gone amd64]",
            "added packages[aaa amd64]",
        ]
    );
    assert_eq!(diff.sections[0].changes[0].after, Some(json!("5.2")));
}

#[test]
fn fields_come_and_go_and_lists_of_words_change_as_a_whole() {
    let a = [section(&section::NETWORK_DNS, json!({"servers":["1.1.1.1"],"stub":"127.0.0.53"}))];
    let b = [section(
        &section::NETWORK_DNS,
        json!({"servers":["9.9.9.9"],"hosts":[{"address":"10.0.0.1","names":["nas"]}]}),
    )];

    let diff = diff(&a, &b);

    assert_eq!(
        told(&diff.sections[0]),
        ["reconfigured servers", "removed stub", "added hosts[10.0.0.1 [\"nas\"]]"]
    );
}

#[test]
fn the_same_is_counted_the_volatile_named_and_the_unreadable_told_by_status() {
    let a = [
        section(&section::CPU, json!({"model":"x"})),
        section(&section::PACKAGES, json!({"packages":[{"name":"bash","version":"1"}]})),
        section(&section::UPTIME, json!({"uptime_s":1})),
    ];
    let b = [
        section(&section::CPU, json!({"model":"x"})),
        section(&section::PACKAGES, Value::Null),
        section(&section::UPTIME, json!({"uptime_s":2})),
    ];

    let diff = diff(&a, &b);

    assert_eq!(diff.unchanged, 1);
    assert_eq!(diff.volatile, std::slice::from_ref(&section::UPTIME.kind));
    assert_eq!(diff.sections.len(), 1);
    assert_eq!(diff.sections[0].after, Some(Status::Denied));
    assert!(diff.sections[0].changes.is_empty());
}

#[test]
fn objects_with_one_key_are_matched_in_order_and_none_is_lost() {
    let a = [section(
        &section::MEMORY,
        json!({"modules":[{"slot":"A","size_bytes":1},{"slot":"A","size_bytes":2}]}),
    )];
    let b = [section(
        &section::MEMORY,
        json!({"modules":[{"slot":"A","size_bytes":1},{"slot":"A","size_bytes":3},{"slot":"A","size_bytes":4}]}),
    )];

    let diff = diff(&a, &b);

    assert_eq!(told(&diff.sections[0]), ["grew modules[A].size_bytes", "added modules[A]"]);
}

#[test]
fn what_explains_trouble_comes_first() {
    let of = |servers: &str, version: &str, model: &str| {
        [
            section(&section::CPU, json!({"model":model})),
            section(&section::NETWORK_DNS, json!({"servers":[servers]})),
            section(&section::PACKAGES, json!({"packages":[{"name":"bash","version":version}]})),
        ]
    };
    let diff = diff(&of("1.1.1.1", "5.1", "x"), &of("9.9.9.9", "5.2", "y"));
    let order: Vec<&str> = diff.ranked().iter().map(|(section, _)| section.kind.as_str()).collect();
    assert_eq!(order, ["network.dns", "packages", "cpu"]);
}

#[test]
fn changes_beyond_the_bound_are_counted() {
    let many = |version: &str| {
        let one = |n: usize| json!({"name": n.to_string(), "version": version});
        json!({"packages": (0..MAX_CHANGES + 7).map(one).collect::<Vec<_>>()})
    };
    let diff =
        diff(&[section(&section::PACKAGES, many("1"))], &[section(&section::PACKAGES, many("2"))]);
    assert_eq!((diff.sections[0].changes.len(), diff.sections[0].more), (MAX_CHANGES, 7));
}
