//! Trust roots that the hostile controller would like to be trusted.

use befund_proto::v1::CataloguePart;
use befund_tests::adversary::attack::Group;
use befund_tests::adversary::organisation::{
    ADA, ADA_TOO, BEN, CARA, DAY, EVE, OTTO, TINA, key_of, now, offered_root, person, quorum, root,
    root_of_eve, signed,
};
use befund_tests::adversary::{Scene, parts};
use befund_tests::attacks;
use befund_trust::root::Document;
use befund_trust::signature::Namespace;

/// The next root, in which Eve may sign changes.
fn with_eve() -> Document {
    let mut next = root(3);
    next.people.push(person("eve"));
    next.keys.push(key_of("eve", EVE));
    next.roles.change = quorum(&["tina", "otto", "eve"], 1);
    next
}

fn offered(scene: &Scene, document: &Document, seeds: &[u8]) -> String {
    scene.refused(offered_root(document, seeds))
}

fn changed(scene: &Scene, change: impl FnOnce(&mut Document)) -> String {
    let mut next = with_eve();
    change(&mut next);
    offered(scene, &next, &[ADA, BEN])
}

/// A chain of roots in one go.
fn chain(scene: &Scene, roots: &[(Document, &[u8])]) -> String {
    let parts: Vec<CataloguePart> =
        roots.iter().flat_map(|(document, seeds)| offered_root(document, seeds)).collect();
    scene.refused(parts)
}

pub(crate) const ROOTS: Group = Group {
    title: "Trust roots",
    about: "The controller hands out a trust root in which the attacker may sign. The machine trusts the second root of its \
            organisation; the first was pinned by its enrollment token.",
    attacks: attacks! {
        "a root that nobody signed", "there is none", |it| offered(it, &with_eve(), &[]);
        "a root that one of two signed", "those of the root before it have to sign: counting who signed: 2 different people of the role root have to sign, and 1 did (ada)",
            |it| offered(it, &with_eve(), &[ADA]);
        "a root signed twice by one key", "of the role root have to sign, and 1 did (ben)", |it| offered(it, &with_eve(), &[BEN, BEN]);
        "a root signed by two keys of one person", "of the role root have to sign, and 1 did (ada)", |it| offered(it, &with_eve(), &[ADA, ADA_TOO]);
        "a root that only those sign whom it names itself", "those of the root before it have to sign", |it| offered(it, &root_of_eve(3), &[EVE]);
        "a root that technicians signed", "those of the root before it have to sign", |it| offered(it, &with_eve(), &[TINA, OTTO]);
        "a root signed by whom the last root let go", "of the role root have to sign, and 1 did (ben)", |it| offered(it, &with_eve(), &[CARA, BEN]);
        "a root whose new signers did not sign", "those whom it names itself have to sign",
            |it| changed(it, |next| next.roles.root = quorum(&["tina", "otto"], 2));
        "a root that skips a version", "offer those between", |it| offered(it, &Document { version: 4, ..with_eve() }, &[ADA, BEN]);
        "a root that skips to the last version there is", "offer those between", |it| offered(it, &Document { version: u64::MAX, ..with_eve() }, &[ADA, BEN]);
        "the first root, which the machine once had pinned", "an older one is never taken", |it| offered(it, &root(1), &[ADA, BEN]);
        "another root of the same version", "but says something else", |it| offered(it, &Document { version: 2, ..with_eve() }, &[ADA, BEN]);
        "a root that expired", "it expired at", |it| changed(it, |next| next.expires = now() - DAY);
        "another organisation's root, of the same signers", "this machine belongs to \"Example Works\"",
            |it| changed(it, |next| next.organisation = "Evil Works".to_owned());
        "a root that demands nobody", "reading a trust root", |it| changed(it, |next| next.roles.change.threshold = 0);
        "a root with one key for two people", "stands there twice", |it| changed(it, |next| {
            next.keys.push(key_of("otto", EVE));
        });
        "a root signed as a catalogue is", "it was made for", |it| {
            let bytes = with_eve().bytes();
            it.refused(parts::root(&bytes, &signed(Namespace::Catalogue, &bytes, &[ADA, BEN])))
        };
        "a root with the signatures of the one before it", "not this key's over these bytes", |it| {
            let by = signed(Namespace::Root, &root(2).bytes(), &[ADA, BEN]);
            it.refused(parts::root(&with_eve().bytes(), &by))
        };
        "a good root changed after it was signed", "not this key's over these bytes", |it| {
            let by = signed(Namespace::Root, &root(3).bytes(), &[ADA, BEN]);
            it.refused(parts::root(&with_eve().bytes(), &by))
        };
        "a bad root behind another bad one, in one go", "those of the root before it have to sign",
            |it| chain(it, &[(root_of_eve(3), &[EVE]), (root_of_eve(4), &[EVE])]);
    },
};
