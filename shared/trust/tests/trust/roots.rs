//! How one root follows another.

use befund_trust::root::{
    Document, Malformed, Offer, Refusal, Role, Root, Standing, Trusted, accept, follow, signers,
};
use befund_trust::signature::Namespace;

use crate::organisation::{
    ANNA, ANNA_TOO, BEN, CARA, DAN, EVE, at, document, floors, key, key_of, now, quorum, root,
    second, signed, trusted, trusted_of,
};

fn take(current: Option<&Trusted>, offered: &Document, by: &[u8]) -> Result<Trusted, Refusal> {
    let bytes = offered.bytes();
    let signatures = signed(Namespace::Root, &bytes, by);
    accept(current, &bytes, &signatures, None, &floors(), now())
}

#[test]
fn the_first_root_is_pinned_by_its_digest() {
    let bytes = document().bytes();
    let signatures = signed(Namespace::Root, &bytes, &[ANNA, BEN]);
    let pin = root().digest().0;
    let taken = accept(None, &bytes, &signatures, Some(pin), &floors(), now()).expect("taken");
    assert_eq!(taken.standing(), Standing::Pinned);
    assert_eq!(taken.bytes(), bytes);
    let kept = Trusted::restore(taken.bytes().to_vec(), taken.standing()).expect("what was kept");
    assert_eq!(kept, taken);
}

#[test]
fn without_a_pin_the_first_root_is_unpinned_and_stays_so() {
    let first = take(None, &document(), &[ANNA, BEN]).expect("taken");
    assert_eq!(first.standing(), Standing::Unpinned);
    let next = take(Some(&first), &second(), &[ANNA, BEN]).expect("taken");
    assert_eq!(next.standing(), Standing::Unpinned);
}

#[test]
fn a_pin_that_comes_later_vouches_for_an_unpinned_root_or_takes_its_place() {
    let bytes = document().bytes();
    let signatures = signed(Namespace::Root, &bytes, &[ANNA, BEN]);
    let pin = Some(root().digest().0);
    let unpinned = trusted_of(&document(), Standing::Unpinned);
    let taken = accept(Some(&unpinned), &bytes, &signatures, pin, &floors(), now());
    assert_eq!(taken.expect("taken").standing(), Standing::Pinned);

    let foreign = Document { organisation: "Evil".into(), version: 1_000, ..document() };
    let foreign = trusted_of(&foreign, Standing::Unpinned);
    let mut floors = floors();
    floors.took_root(&foreign);
    let taken = accept(Some(&foreign), &bytes, &signatures, pin, &floors, now());
    assert_eq!(taken.expect("taken").root().organisation(), "Example Ltd");

    let bytes = second().bytes();
    let signatures = signed(Namespace::Root, &bytes, &[ANNA, BEN]);
    let refused = accept(Some(&unpinned), &bytes, &signatures, pin, &floors, now());
    assert!(matches!(refused, Err(Refusal::OtherThanPinned { .. })), "{refused:?}");
}

#[test]
fn the_next_root_needs_those_of_both() {
    let current = trusted();
    let next = take(Some(&current), &second(), &[ANNA, BEN]).expect("Anna and Ben are of both");
    assert_eq!(next.root().version(), 2);
    assert_eq!(next.standing(), Standing::Pinned);
    // Cara is of the old one alone, Dan of the new one alone.
    let refused = take(Some(&current), &second(), &[ANNA, CARA]);
    assert!(matches!(refused, Err(Refusal::TooFewOfNew(_))), "{refused:?}");
    let refused = take(Some(&current), &second(), &[ANNA, DAN]);
    assert!(matches!(refused, Err(Refusal::TooFewOfOld(_))), "{refused:?}");
    assert!(take(Some(&current), &second(), &[ANNA, CARA, DAN]).is_ok());
}

#[test]
fn a_key_that_is_lost_is_replaced_by_the_others() {
    let mut next = second();
    next.keys.retain(|key| key.person != "ben");
    next.keys.push(key_of("ben", 22));
    let next = take(Some(&trusted()), &next, &[ANNA, CARA, 22]).expect("taken");
    let by_old_key = signed(Namespace::Root, b"x", &[BEN]);
    let by_old_key = signers(Namespace::Root, b"x", &by_old_key).expect("a good signature");
    assert!(next.root().demand(Role::Change, &by_old_key).is_err(), "the lost key counts no more");
}

#[test]
fn the_same_root_is_taken_again() {
    let current = trusted();
    assert_eq!(take(Some(&current), &document(), &[ANNA, BEN]).expect("taken"), current);
}

#[test]
fn a_machine_that_was_off_follows_the_chain_over_roots_that_expired() {
    let third = Document { version: 3, ..second() };
    let expired = Document { expires: at("2026-04-15T00:00:00Z"), ..second() };
    let roots = [expired.bytes(), third.bytes()];
    let signatures: Vec<Vec<String>> =
        roots.iter().map(|bytes| signed(Namespace::Root, bytes, &[ANNA, BEN])).collect();
    let offers: Vec<Offer<'_, String>> = roots
        .iter()
        .zip(&signatures)
        .map(|(bytes, signatures)| Offer { bytes, signatures })
        .collect();
    let reached = follow(Some(&trusted()), &offers, None, &floors(), now()).expect("taken");
    assert_eq!(reached.root().version(), 3);
    let refused = follow(Some(&trusted()), &offers[..1], None, &floors(), now());
    assert!(matches!(refused, Err(Refusal::Expired(_))), "a chain that was cut: {refused:?}");
    let nothing: &[Offer<'_, String>] = &[];
    let refused = follow(Some(&trusted()), nothing, None, &floors(), now());
    assert!(matches!(refused, Err(Refusal::Nothing)));
    // From the first pinned one, too.
    let first = document().bytes();
    let by = signed(Namespace::Root, &first, &[ANNA, BEN]);
    let whole = [&[Offer { bytes: &first, signatures: &by }], offers.as_slice()].concat();
    let pin = Some(root().digest().0);
    assert_eq!(follow(None, &whole, pin, &floors(), now()).expect("taken").root().version(), 3);
}

#[test]
fn a_machine_that_lost_its_root_takes_no_older_one() {
    let mut floors = floors();
    floors.took_root(&trusted_of(&second(), Standing::Pinned));
    let bytes = document().bytes();
    let signatures = signed(Namespace::Root, &bytes, &[ANNA, BEN]);
    let refused = accept(None, &bytes, &signatures, Some(root().digest().0), &floors, now());
    assert!(matches!(refused, Err(Refusal::Older { floor: 2, found: 1 })), "{refused:?}");
}

#[test]
fn people_are_counted_not_keys() {
    let root = root();
    let count = |seeds: &[u8]| {
        let signers =
            signers(Namespace::Catalogue, b"x", &signed(Namespace::Catalogue, b"x", seeds));
        root.demand(Role::Catalogue, &signers.expect("good signatures"))
    };
    assert!(count(&[ANNA, ANNA]).is_err(), "one key twice");
    assert!(count(&[ANNA, ANNA_TOO]).is_err(), "two keys of one person");
    assert!(count(&[ANNA, CARA]).is_err(), "Cara is not of the role");
    assert!(count(&[ANNA, EVE]).is_err(), "Eve is nobody");
    let people = count(&[EVE, BEN, ANNA_TOO, ANNA]).expect("Anna and Ben, whoever else");
    assert_eq!(people.iter().map(|person| person.id.as_str()).collect::<Vec<_>>(), ["anna", "ben"]);
}

#[test]
fn keys_for_the_browser_are_listed_and_count_for_nothing() {
    let mut document = document();
    document.keys[4].webauthn = true;
    document.roles.change = quorum(&["dan"], 1);
    let error = Root::parse(&document.bytes()).expect_err("nobody else can sign");
    assert!(matches!(error, Malformed::Unreachable { able: 0, .. }), "{error}");
    document.roles.change = quorum(&["anna", "dan"], 1);
    let root = Root::parse(&document.bytes()).expect("Anna can");
    assert!(root.owner(&key(DAN).public()).is_none());
}

#[test]
fn a_root_that_makes_no_sense_is_refused_and_says_why() {
    type Change = fn(&mut Document);
    let cases: &[(&str, Change)] = &[
        ("version is \"0\"", |root| root.version = 0),
        ("organisation is", |root| root.organisation = "\u{202e}dtL".into()),
        ("the person \"anna\" stands there twice", |root| root.people[1].id = "anna".into()),
        ("a person's id is", |root| root.people[1].id = "../ben".into()),
        ("the name of ben is", |root| root.people[1].name = "B\nen".into()),
        ("the key \"anna-1\" stands there twice", |root| root.keys[2].id = "anna-1".into()),
        ("the public key of \"ben-2\" stands there twice", |root| {
            root.keys[2].key = root.keys[0].key.clone();
        }),
        ("names \"eve\", who is not among its people", |root| root.keys[2].person = "eve".into()),
        ("the role change names \"eve\"", |root| root.roles.change = quorum(&["eve"], 1)),
        ("in a role, the person \"ben\"", |root| root.roles.root = quorum(&["ben", "ben"], 2)),
        ("the threshold of the role disruptive", |root| root.roles.disruptive.threshold = 0),
        ("demands 4 people, and 3", |root| root.roles.root.threshold = 4),
        ("its key \"ben-2\"", |root| root.keys[2].key = "ssh-dss AAAAB3NzaC1kc3M=".into()),
        ("the number of keys is \"65\"", |root| {
            root.keys.extend((100..160).map(|seed| key_of("ben", seed)));
        }),
        ("the number of people is \"65\"", |root| {
            let more = (0..61).map(|number| befund_trust::root::Person {
                id: format!("p{number}"),
                name: "P".into(),
                contact: "-".into(),
            });
            root.people.extend(more);
        }),
    ];
    for (wanted, change) in cases {
        let mut root = document();
        change(&mut root);
        let error = Root::parse(&root.bytes()).expect_err(wanted);
        assert!(error.to_string().contains(wanted), "{wanted}: {error}");
    }
}
