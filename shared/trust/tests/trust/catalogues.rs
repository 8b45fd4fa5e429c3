//! Catalogues that are taken, withdrawn, and looked into.

use befund_trust::catalogue::{
    self, FileRefusal, MAX_FILE_BYTES, MAX_FILES, Malformed, Manifest, Refusal, verify,
};
use befund_trust::digest::Sha256;
use befund_trust::root::Standing;
use befund_trust::signature::Namespace;

use crate::organisation::{
    ANNA, BEN, HOUR, NOW, RUNBOOK, SCRIPT, at, document, floors, ids, manifest, now, now_at,
    signed, trusted, trusted_of, verified,
};

#[test]
fn a_catalogue_says_who_signed_it_and_knows_its_files() {
    let verified = verified();
    assert_eq!(ids(verified.signers()), ["anna", "ben"].into());
    assert_eq!(verified.get().version, 7);
    assert_eq!(verified.digest(), Sha256::of(&manifest().bytes()));
    assert_eq!(verified.check_file("scripts/clean.sh", SCRIPT), Ok(Sha256::of(SCRIPT)));
}

#[test]
fn a_file_that_is_not_the_catalogues_is_refused() {
    let verified = verified();
    let swapped = verified.check_file("scripts/clean.sh", RUNBOOK);
    assert!(matches!(swapped, Err(FileRefusal::Size { .. })), "{swapped:?}");
    let mut damaged = SCRIPT.to_vec();
    damaged[3] ^= 1;
    let damaged = verified.check_file("scripts/clean.sh", &damaged);
    assert!(matches!(damaged, Err(FileRefusal::Content { .. })), "{damaged:?}");
    let unknown = verified.check_file("scripts/../scripts/clean.sh", SCRIPT);
    assert!(matches!(unknown, Err(FileRefusal::Unknown(_))), "{unknown:?}");
}

#[test]
fn an_empty_catalogue_withdraws_what_was_before_it() {
    let made = at("2026-05-01T08:00:00Z");
    let empty = Manifest::of("Example Ltd", 8, made, catalogue::DEFAULT_LIFE, []).expect("one");
    let bytes = empty.bytes();
    let signatures = signed(Namespace::Catalogue, &bytes, &[ANNA, BEN]);
    let refused = verify(&bytes, &signatures, &trusted(), &floors(), now());
    let Err(Refusal::Withdrawn(withdrawal)) = refused else { panic!("{refused:?}") };
    let mut floors = floors();
    floors.withdrew_catalogue(&withdrawal, now());
    let old = manifest().bytes();
    let signatures = signed(Namespace::Catalogue, &old, &[ANNA, BEN]);
    let refused = verify(&old, &signatures, &trusted(), &floors, now());
    assert!(matches!(refused, Err(Refusal::Older { floor: 8, found: 7 })), "{refused:?}");
}

#[test]
fn the_same_catalogue_is_taken_again_but_no_other_of_its_version() {
    let mut floors = floors();
    floors.took_catalogue(&verified(), now());
    let bytes = manifest().bytes();
    let signatures = signed(Namespace::Catalogue, &bytes, &[ANNA, BEN]);
    assert!(verify(&bytes, &signatures, &trusted(), &floors, now()).is_ok());
    let mut other = manifest();
    other.files.remove("scripts/clean.sh");
    let bytes = other.bytes();
    let signatures = signed(Namespace::Catalogue, &bytes, &[ANNA, BEN]);
    let refused = verify(&bytes, &signatures, &trusted(), &floors, now());
    assert!(matches!(refused, Err(Refusal::Equivocal(7))), "{refused:?}");
}

#[test]
fn an_unpinned_root_takes_catalogues_for_steps_that_read() {
    let bytes = manifest().bytes();
    let signatures = signed(Namespace::Catalogue, &bytes, &[ANNA, BEN]);
    let root = trusted_of(&document(), Standing::Unpinned);
    assert!(verify(&bytes, &signatures, &root, &floors(), now()).is_ok());
}

#[test]
fn a_catalogue_lives_thirty_days() {
    let manifest = manifest();
    assert_eq!(manifest.expires, at("2026-05-31T08:00:00Z"));
    let bytes = manifest.bytes();
    let signatures = signed(Namespace::Catalogue, &bytes, &[ANNA, BEN]);
    let at = |time| verify(&bytes, &signatures, &trusted(), &floors(), now_at(time));
    assert!(at("2026-05-31T07:59:59Z").is_ok());
    assert!(matches!(at("2026-05-31T08:00:00Z"), Err(Refusal::Expired(_))));
    assert!(at("2026-05-01T07:55:00Z").is_ok(), "clocks may differ by five minutes");
    assert!(matches!(at("2026-05-01T07:54:59Z"), Err(Refusal::NotYet { .. })));
}

#[test]
fn manifests_have_limits() {
    let make = |files: &[(&str, &[u8])]| {
        Manifest::of("Example Ltd", 1, at(NOW), HOUR, files.iter().copied())
    };
    assert!(matches!(make(&[("a", b""), ("a", b"")]), Err(Malformed::Twice(_))));
    assert!(matches!(make(&[("../a", b"")]), Err(Malformed::Path(_))));
    assert!(matches!(make(&[("a", b""), ("a/b", b"")]), Err(Malformed::Path(_))));
    let large = vec![0; usize::try_from(MAX_FILE_BYTES).expect("small")];
    assert!(make(&[("a", &large)]).is_ok());
    assert!(matches!(
        make(&[("a", &[large.as_slice(), &[0]].concat())]),
        Err(Malformed::LargeFile { .. })
    ));
    let names: Vec<String> = (0..=MAX_FILES).map(|number| format!("f{number}")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert!(make(&files[1..]).is_ok());
    assert!(matches!(make(&files), Err(Malformed::TooManyFiles(2001))));
    let files: Vec<(&str, &[u8])> =
        names[..17].iter().map(|name| (name.as_str(), large.as_slice())).collect();
    assert!(make(&files[1..]).is_ok());
    assert!(matches!(make(&files), Err(Malformed::LargeTotal(_))));
}
