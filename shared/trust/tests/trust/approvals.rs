//! Statements that are taken.

use befund_model::action::Risk;
use befund_trust::approval::{Gathered, Malformed, NotTaken, Reached, Refusal, Statement, verify};
use befund_trust::root::{Standing, Trusted};
use befund_trust::signature::Namespace;
use serde_json::json;

use crate::organisation::{
    ANNA, ANNA_TOO, BEN, CARA, DAN, EVE, document, floors, ids, now, signed, statement, trusted,
    trusted_of,
};

#[test]
fn one_person_signs_a_change_and_two_a_disruption() {
    let change = statement(Risk::Change).seal().expect("a statement");
    let by = signed(Namespace::Approval, &change, &[DAN]);
    let people =
        verify(&change, &by, &trusted(), Risk::Change, &floors(), now()).expect("approved");
    assert_eq!(ids(&people), ["dan"].into());

    let disruptive = statement(Risk::Disruptive).seal().expect("a statement");
    let check = |seeds: &[u8]| {
        let by = signed(Namespace::Approval, &disruptive, seeds);
        verify(&disruptive, &by, &trusted(), Risk::Disruptive, &floors(), now())
    };
    assert_eq!(ids(&check(&[ANNA, CARA]).expect("approved")), ["anna", "cara"].into());
    assert!(matches!(check(&[ANNA]), Err(Refusal::TooFew(_))));
    assert!(matches!(check(&[ANNA, DAN]), Err(Refusal::TooFew(_))), "Dan is not of the role");
}

#[test]
fn signatures_of_different_people_are_gathered_until_they_are_enough() {
    let bytes = statement(Risk::Disruptive).seal().expect("a statement");
    let mut gathered = Gathered::default();
    let mut take = |seeds: &[u8], root: &Trusted| {
        let by = signed(Namespace::Approval, &bytes, seeds);
        gathered.take(&bytes, &by, root, Risk::Disruptive, &floors(), now())
    };
    let ours = trusted();
    let nobody_new = |taken| matches!(taken, Err(NotTaken::NobodyNew { .. }));
    assert!(nobody_new(take(&[EVE, DAN], &ours)), "neither may sign this");

    let Ok(Reached::Short { signed, needed }) = take(&[ANNA], &ours) else { panic!("one of two") };
    assert_eq!((ids(&signed), needed), (["anna"].into(), 2));
    assert!(nobody_new(take(&[ANNA], &ours)), "the same key");
    let told = take(&[ANNA_TOO], &ours).expect_err("the same person").to_string();
    assert!(told.contains("1 did already (anna)"), "{told}");
    assert!(told.contains("another one of ben, cara"), "{told}");

    let mut without = document();
    without.roles.disruptive.people = vec!["ben".into(), "cara".into()];
    let without = trusted_of(&without, Standing::Pinned);
    let Ok(Reached::Short { signed, .. }) = take(&[BEN], &without) else { panic!("one of two") };
    assert_eq!(ids(&signed), ["ben"].into(), "who may no longer sign does not count any more");
    let Ok(Reached::Enough(people)) = take(&[EVE, CARA], &without) else { panic!("two of two") };
    assert_eq!(ids(&people), ["ben", "cara"].into());
}

#[test]
fn one_bad_signature_spoils_neither_what_was_gathered_nor_what_follows() {
    let bytes = statement(Risk::Disruptive).seal().expect("a statement");
    let mut gathered = Gathered::default();
    let mut take = |by: &[String], root: &Trusted| {
        gathered.take(&bytes, by, root, Risk::Disruptive, &floors(), now())
    };
    let good = |seed| signed(Namespace::Approval, &bytes, &[seed]);
    assert!(matches!(take(&good(ANNA), &trusted()), Ok(Reached::Short { .. })));
    for bad in [
        signed(Namespace::Catalogue, &bytes, &[BEN]),
        signed(Namespace::Approval, b"something else", &[BEN]),
        [good(BEN), signed(Namespace::Root, &bytes, &[CARA])].concat(),
        Vec::new(),
    ] {
        let refused = take(&bad, &trusted());
        assert!(matches!(refused, Err(NotTaken::Refused(Refusal::Unsigned(_)))), "{refused:?}");
    }
    let unpinned = trusted_of(&document(), Standing::Unpinned);
    let refused = take(&good(BEN), &unpinned);
    assert!(matches!(refused, Err(NotTaken::Refused(Refusal::Unpinned))), "{refused:?}");
    assert!(matches!(take(&good(BEN), &trusted()), Ok(Reached::Enough(_))));
}

#[test]
fn what_only_reads_is_signed_by_nobody() {
    let read = statement(Risk::Read);
    assert!(matches!(read.seal(), Err(Malformed::Field { field: "the risk", .. })));
    let by = signed(Namespace::Approval, &read.bytes(), &[ANNA]);
    let refused = verify(&read.bytes(), &by, &trusted(), Risk::Read, &floors(), now());
    assert!(matches!(refused, Err(Refusal::NothingToApprove)), "{refused:?}");
}

#[test]
fn nothing_is_approved_under_a_root_that_nobody_vouched_for() {
    let bytes = statement(Risk::Change).bytes();
    let by = signed(Namespace::Approval, &bytes, &[ANNA]);
    let root = trusted_of(&document(), Standing::Unpinned);
    let refused = verify(&bytes, &by, &root, Risk::Change, &floors(), now());
    assert!(matches!(refused, Err(Refusal::Unpinned)), "{refused:?}");
}

#[test]
fn a_statement_is_written_in_one_way_whatever_order_its_parameters_were_put_in() {
    let mut one = statement(Risk::Change);
    let mut other = one.clone();
    one.step.parameters = json!({"a": {"y": 1, "x": [2.5, null]}, "b": "ä\u{202e}"});
    other.step.parameters = json!({"b": "ä\u{202e}", "a": {"x": [2.5, null], "y": 1}});
    let bytes = one.seal().expect("a statement");
    assert_eq!(bytes, other.seal().expect("a statement"));
    assert_eq!(Statement::parse(&bytes).expect("what was written").bytes(), bytes);
}

#[test]
fn another_way_of_writing_is_refused() {
    let bytes = statement(Risk::Change).bytes();
    let text = String::from_utf8(bytes).expect("JSON");
    for (from, to) in [
        ("\"anna-pc\"", "\"\\u0061nna-pc\""),
        ("  \"machine\"", "   \"machine\""),
        ("12:29:30Z", "12:29:30+00:00"),
        ("\"index\": 0", "\"index\": 0,\n \"more\": 1"),
        ("\"wait\": 30", "\"wait\": 3.0e1"),
    ] {
        let other = text.replace(from, to);
        assert_ne!(other, text, "{from} is there");
        let refused = Statement::parse(other.as_bytes());
        assert!(matches!(refused, Err(Malformed::NotCanonical)), "{to}: {refused:?}");
    }
}

#[test]
fn a_statement_that_is_too_long_is_not_made() {
    let mut long = statement(Risk::Change);
    long.step.parameters = json!({"text": "x".repeat(8 << 10)});
    assert!(matches!(long.seal(), Err(Malformed::Json(_))));
    let mut long = statement(Risk::Change);
    long.prediction = vec![String::new(); 25];
    assert!(matches!(long.seal(), Err(Malformed::Field { field: "the prediction", .. })));
}
