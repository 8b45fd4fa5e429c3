//! What people read before they sign, and what is signed.

use befund_model::action::Risk;
use befund_trust::allowed::{self, AllowedSigners};
use befund_trust::approval::Act;
use serde_json::json;

use crate::organisation::{ANNA, NOW, at, chain, document, key, manifest, root, statement};

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("JSON is text")
}

#[test]
fn a_statement_as_it_is_shown() {
    insta::assert_snapshot!(statement(Risk::Disruptive).text());
}

#[test]
fn nothing_hostile_in_a_statement_reaches_the_screen_as_it_is() {
    let mut hostile = statement(Risk::Change);
    hostile.machine = "pc\nRisk       read".into();
    hostile.prediction = vec!["\u{1b}[2Jnothing".into(), "a\u{202e}b".into()];
    hostile.step.act = Act::Action("net.dhcp_renew".into());
    hostile.step.parameters =
        json!({"a\nb": "c\"\n\u{202e}\u{e0041}\\d", "list": [1, {"x": "\u{200b}"}]});
    let text = hostile.text();
    assert!(
        text.chars().all(|char| char == '\n' || !char.is_control() && char.is_ascii()),
        "{text}"
    );
    insta::assert_snapshot!(text);
}

#[test]
fn documents_as_they_are_signed() {
    insta::assert_snapshot!("statement", text(statement(Risk::Change).bytes()));
    insta::assert_snapshot!("manifest", text(manifest().bytes()));
    insta::assert_snapshot!("root", text(document().bytes()));
    insta::assert_snapshot!("allowed_signers", allowed::of_root(&root()));
}

#[test]
fn allowed_signers_are_read_as_ssh_keygen_reads_them() {
    let key = key(ANNA).public();
    let file = format!(
        "# who may\n\nanna,b* namespaces=\"befund-*\",valid-after=\"20260101Z\" {key} Anna's\n\"ben,!eve\" {key}\n\
         cara NAMESPACES=\"git\",valid-before=\"202606010203Z\" {key}\n"
    );
    let signers = AllowedSigners::parse(&file).expect("a good file");
    assert_eq!(signers.entries.len(), 3);
    assert_eq!(signers.entries[0].valid_after, Some(at("2026-01-01T00:00:00Z")));
    assert_eq!(signers.entries[2].valid_before, Some(at("2026-06-01T02:03:00Z")));
    let permits = |who, when| {
        let namespace = befund_trust::signature::Namespace::Root;
        signers.permits(who, &key, namespace, at(when))
    };
    assert!(permits("anna", NOW) && permits("bob", NOW) && permits("ben", "2025-01-01T00:00:00Z"));
    assert!(!permits("cara", NOW), "for git alone");
    assert!(!permits("anna", "2025-12-31T23:59:59Z"), "too early");
}

#[test]
fn allowed_signers_that_are_not_understood_are_refused() {
    let key = key(ANNA).public();
    for (line, why) in [
        (format!("anna cert-authority {key}"), "certificates are not taken"),
        (format!("anna valid-after=\"20260101\" {key}"), "has no Z"),
        (format!("anna valid-after=\"20260230Z\" {key}"), "YYYYMMDDHHMMSSZ"),
        (format!("anna no-such=\"1\" {key}"), "is not known"),
        (format!("anna namespaces=\"a\",namespaces=\"b\" {key}"), "twice"),
        (format!("anna namespaces=\"a {key}"), "options and then a key"),
        (format!("\"anna {key}"), "not closed"),
        ("anna".to_owned(), "expected principals and a key"),
        ("anna ssh-ed25519 AAAA".to_owned(), "damaged"),
    ] {
        let error = AllowedSigners::parse(&format!("# first\n{line}\n")).expect_err(&line);
        let error = chain(&error);
        assert!(error.contains("line 2") && error.contains(why), "{line}: {error}");
    }
}
