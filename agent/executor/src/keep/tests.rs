//! What is kept is taken only from whom it may be, and stays so over a restart.

use std::collections::BTreeMap;
use std::time::Duration;

use befund_trust::root::{Document, Format, Key, Person, Quorum, Roles, Root};
use befund_trust::signature::Namespace;
use befund_trust::signing::SigningKey;

use super::*;

const DAY: i64 = 24 * 3600;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + day * DAY).expect("a time")
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_seed([n; 32])
}

/// A root of one person who may everything.
fn root(version: u64, signer: u8) -> Vec<u8> {
    let quorum = || Quorum { people: vec!["ada".to_owned()], threshold: 1 };
    let document = Document {
        format: Format::V1,
        organisation: "Example Ltd".to_owned(),
        version,
        expires: at(400),
        people: vec![Person {
            id: "ada".to_owned(),
            name: "Ada".to_owned(),
            contact: "ada@example.com".to_owned(),
        }],
        keys: vec![Key {
            id: format!("ada-{signer}"),
            person: "ada".to_owned(),
            key: key(signer).public().to_string(),
            webauthn: false,
        }],
        roles: Roles {
            root: quorum(),
            catalogue: quorum(),
            change: quorum(),
            disruptive: quorum(),
        },
    };
    document.bytes()
}

fn signed(namespace: Namespace, signer: u8, bytes: &[u8]) -> Vec<String> {
    vec![key(signer).sign(namespace, bytes)]
}

const RUNBOOK: &str = include_str!("../../../../runbooks/net.no-internet.yaml");

fn catalogue(version: u64, files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    Manifest::of("Example Ltd", version, at(0), Duration::from_secs(30 * 24 * 3600), files)
        .expect("a manifest")
        .bytes()
}

fn files() -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([
        ("net.no-internet.yaml".to_owned(), RUNBOOK.as_bytes().to_vec()),
        ("scripts/x.sh".to_owned(), b"true\n".to_vec()),
    ])
}

struct Bench {
    folder: tempfile::TempDir,
    keep: Keep,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let keep = Keep::open(&folder.path().join("keep"), at(-10), at(1)).expect("a keep");
        Self { folder, keep }
    }

    fn again(&mut self, day: i64) {
        let path = self.folder.path().join("keep");
        self.keep = Keep::open(&path, at(-10), at(day)).expect("a keep");
    }

    fn rooted() -> Self {
        let mut bench = Self::new();
        let bytes = root(1, 1);
        let digest = Root::parse(&bytes).expect("a root").digest();
        pin(&bench.folder.path().join("keep"), digest.0).expect("it is pinned");
        bench.again(1);
        bench
            .keep
            .offer_root(&bytes, &signed(Namespace::Root, 1, &bytes), at(1))
            .expect("the pinned root");
        bench
    }

    fn offer(&mut self, version: u64, signer: u8, day: i64) -> Result<Vec<String>, KeepError> {
        let bytes = catalogue(version, &files());
        let signatures = signed(Namespace::Catalogue, signer, &bytes);
        self.keep.offer_catalogue(bytes, signatures, at(day))
    }

    fn has(&self, name: &str) -> Option<&Shelved> {
        self.keep.runbook(name).expect("it can be read")
    }

    fn fill(&mut self, day: i64) {
        for (path, bytes) in files() {
            self.keep.offer_file(&path, &bytes, at(day)).expect("a file of the catalogue");
        }
    }
}

#[test]
fn a_catalogue_is_taken_once_all_its_files_are_there_and_outlives_a_restart() {
    let mut bench = Bench::rooted();
    let missing = bench.offer(5, 1, 2).expect("it is signed");
    assert_eq!(missing, ["net.no-internet.yaml", "scripts/x.sh"]);
    assert!(bench.has("net.no-internet").is_none(), "not before it is whole");
    let wrong = bench.keep.offer_file("scripts/x.sh", b"rm -rf /\n", at(2));
    assert!(matches!(wrong, Err(KeepError::File(_))), "{wrong:?}");

    bench.fill(2);
    bench.again(3);

    let report = bench.keep.report();
    assert_eq!((report.root_version, report.pinned, report.catalogue_version), (1, true, 5));
    assert_eq!(
        bench.has("net.no-internet").expect("it is there").runbook.name,
        "net.no-internet"
    );
    assert_eq!(bench.keep.script("scripts/x.sh").expect("it is there").0, b"true\n");
    assert!(bench.keep.script("scripts/y.sh").is_err());
}

#[test]
fn an_older_catalogue_is_refused_also_after_a_restart_and_a_withdrawn_one_stays_away() {
    let mut bench = Bench::rooted();
    bench.offer(5, 1, 2).expect("it is signed");
    bench.fill(2);
    bench.again(3);
    let older = bench.offer(4, 1, 3);
    assert!(
        matches!(
            older,
            Err(KeepError::Catalogue(catalogue::Refusal::Older { floor: 5, found: 4 }))
        ),
        "{older:?}"
    );

    let empty = catalogue(6, &BTreeMap::new());
    let signatures = signed(Namespace::Catalogue, 1, &empty);
    bench.keep.offer_catalogue(empty, signatures, at(3)).expect("a withdrawal");

    assert!(bench.has("net.no-internet").is_none());
    bench.again(4);
    assert!(bench.has("net.no-internet").is_none());
    assert!(bench.offer(5, 1, 4).is_err(), "the one before it does not come back");
}

#[test]
fn a_changed_file_on_the_disk_is_not_run() {
    let mut bench = Bench::rooted();
    bench.offer(5, 1, 2).expect("it is signed");
    bench.fill(2);
    let digest = Sha256::of(b"true\n");
    let path = bench.folder.path().join("keep/files").join(digest.to_string());
    std::fs::write(&path, b"evil\n").expect("root may");
    assert!(matches!(bench.keep.script("scripts/x.sh"), Err(KeepError::File(_))));
}

#[test]
fn a_runbook_that_is_remembered_is_verified_all_the_same() {
    let mut bench = Bench::rooted();
    bench.offer(5, 1, 2).expect("it is signed");
    bench.fill(2);
    let keep = bench.folder.path().join("keep");
    assert!(keep.join("read.json").is_file(), "it was read, and that is remembered");
    bench.again(3);

    // Changed while nobody had wanted it.
    let path = keep.join("files").join(Sha256::of(RUNBOOK.as_bytes()).to_string());
    std::fs::write(&path, RUNBOOK.replace("version: ", "version: 9")).expect("root may");
    assert!(matches!(bench.keep.runbook("net.no-internet"), Err(KeepError::File(_))));
    // Found when it is opened.
    bench.again(3);
    assert!(bench.has("net.no-internet").is_none());
    assert_eq!(bench.keep.report().catalogue_version, 0);
}

#[test]
fn what_is_remembered_of_a_runbook_says_nothing_of_what_it_is() {
    let mut bench = Bench::rooted();
    bench.offer(5, 1, 2).expect("it is signed");
    bench.fill(2);
    let path = bench.folder.path().join("keep/read.json");
    let text = std::fs::read_to_string(&path).expect("it is there");
    std::fs::write(&path, text.replace("net.no-internet", "net.other")).expect("root may");
    bench.again(3);

    assert!(bench.has("net.no-internet").is_none());
    assert!(matches!(bench.keep.runbook("net.other"), Err(KeepError::Runbook { .. })));
    // Without it, all is read anew.
    std::fs::remove_file(&path).expect("root may");
    bench.again(3);
    assert!(bench.has("net.no-internet").is_some() && bench.has("net.other").is_none());
}

#[test]
fn a_root_that_nobody_vouched_for_is_marked_so_and_a_pin_refuses_another() {
    let mut bench = Bench::new();
    let bytes = root(1, 1);
    bench.keep.offer_root(&bytes, &signed(Namespace::Root, 1, &bytes), at(1)).expect("the first");
    assert!(!bench.keep.report().pinned);

    let mut bench = Bench::rooted();
    let other = root(2, 2);
    let by_new_only = bench.keep.offer_root(&other, &signed(Namespace::Root, 2, &other), at(2));
    assert!(matches!(by_new_only, Err(KeepError::Root(_))), "{by_new_only:?}");
    let both = [signed(Namespace::Root, 1, &other), signed(Namespace::Root, 2, &other)].concat();
    bench.keep.offer_root(&other, &both, at(2)).expect("old and new signed");
    assert!(bench.offer(5, 1, 3).is_err(), "the old key signs nothing any more");
    assert!(bench.offer(5, 2, 3).is_ok());
    bench.again(4);
    let old = root(1, 1);
    let back = bench.keep.offer_root(&old, &signed(Namespace::Root, 1, &old), at(4));
    assert!(matches!(back, Err(KeepError::Root(_))), "{back:?}");
}

#[test]
fn the_pin_is_set_once() {
    let bench = Bench::rooted();
    let folder = bench.folder.path().join("keep");
    let before = std::fs::read(folder.join("pin")).expect("it is there");
    pin(&folder, [9; 32]).expect("no error");
    assert_eq!(std::fs::read(folder.join("pin")).expect("it is there"), before);
}

#[test]
fn a_number_is_used_once_also_after_a_restart_and_a_clock_set_back_is_seen() {
    let mut bench = Bench::rooted();
    bench.offer(5, 1, 2).expect("it is signed");
    bench.fill(2);
    let number: Number = "00112233445566778899aabbccddeeff".parse().expect("a number");
    let now = bench.keep.now(at(5)).now().expect("a good clock");
    bench.keep.use_number(number, at(6), now).expect("the first time");
    bench.again(5);
    assert!(matches!(bench.keep.use_number(number, at(6), now), Err(KeepError::Number(_))));
    let back = bench.keep.now(at(3));
    assert!(back.now().is_err());
    assert!(back.permits(floor::RESYNC) && !back.permits("dns.flush_cache"));
}
