//! What is kept is taken only from whom it may be, and stays so over a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use befund_model::id::TicketNumber;
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
            credential: None,
        }],
        webauthn: None,
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
        let keep = Keep::open(&folder.path().join("keep"), at(-10)).expect("a keep");
        Self { folder, keep }
    }

    fn again(&mut self) {
        let path = self.folder.path().join("keep");
        self.keep = Keep::open(&path, at(-10)).expect("a keep");
    }

    fn rooted() -> Self {
        let mut bench = Self::new();
        let bytes = root(1, 1);
        let digest = Root::parse(&bytes).expect("a root").digest();
        pin(&bench.folder.path().join("keep"), digest.0).expect("it is pinned");
        bench.again();
        bench
            .keep
            .offer_root(&bytes, &signed(Namespace::Root, 1, &bytes), at(1))
            .expect("the pinned root");
        bench
    }

    /// A catalogue with another script takes the place of the one that is here.
    fn replace(&mut self, version: u64, day: i64) -> String {
        let mut files = files();
        files.insert("scripts/x.sh".to_owned(), format!("exit {version}\n").into_bytes());
        let bytes = catalogue(version, &files);
        let signatures = signed(Namespace::Catalogue, 1, &bytes);
        for path in self.keep.offer_catalogue(bytes, signatures, at(day)).expect("it is signed") {
            self.keep.offer_file(&path, &files[&path], at(day)).expect("a file of it");
        }
        self.keep.report().catalogue
    }

    fn offer(&mut self, version: u64, signer: u8, day: i64) -> Result<Vec<String>, KeepError> {
        let bytes = catalogue(version, &files());
        let signatures = signed(Namespace::Catalogue, signer, &bytes);
        self.keep.offer_catalogue(bytes, signatures, at(day))
    }

    fn script(&self, path: &str) -> Result<(Vec<u8>, Sha256), KeepError> {
        self.keep.script_of(self.keep.held.as_ref().expect("a catalogue"), path)
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
    bench.again();

    let report = bench.keep.report();
    assert_eq!((report.root_version, report.pinned, report.catalogue_version), (1, true, 5));
    assert_eq!(bench.has("net.no-internet").expect("it is there").runbook.name, "net.no-internet");
    assert_eq!(bench.script("scripts/x.sh").expect("it is there").0, b"true\n");
    assert!(bench.script("scripts/y.sh").is_err());
}

#[test]
fn an_older_catalogue_is_refused_also_after_a_restart_and_a_withdrawn_one_stays_away() {
    let mut bench = Bench::rooted();
    bench.offer(5, 1, 2).expect("it is signed");
    bench.fill(2);
    bench.again();
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
    bench.again();
    assert!(bench.has("net.no-internet").is_none());
    assert!(bench.offer(5, 1, 4).is_err(), "the one before it does not come back");
    assert_eq!(bench.keep.report().catalogue_version, 6, "it says that it took the withdrawal");
    assert!(bench.keep.lacking().contains("version 6 of the catalogue withdrew all"));
}

#[test]
fn a_changed_file_on_the_disk_is_not_run() {
    let mut bench = Bench::rooted();
    bench.offer(5, 1, 2).expect("it is signed");
    bench.fill(2);
    let digest = Sha256::of(b"true\n");
    let path = bench.folder.path().join("keep/files").join(digest.to_string());
    std::fs::write(&path, b"evil\n").expect("root may");
    assert!(matches!(bench.script("scripts/x.sh"), Err(KeepError::File(_))));
}

#[test]
fn a_runbook_that_is_remembered_is_verified_all_the_same() {
    let mut bench = Bench::rooted();
    bench.offer(5, 1, 2).expect("it is signed");
    bench.fill(2);
    let keep = bench.folder.path().join("keep");
    assert!(keep.join("read.json").is_file(), "it was read, and that is remembered");
    bench.again();

    // Changed while nobody had wanted it.
    let path = keep.join("files").join(Sha256::of(RUNBOOK.as_bytes()).to_string());
    std::fs::write(&path, RUNBOOK.replace("version: ", "version: 9")).expect("root may");
    assert!(matches!(bench.keep.runbook("net.no-internet"), Err(KeepError::File(_))));
    // Found when it is opened.
    bench.again();
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
    bench.again();

    assert!(bench.has("net.no-internet").is_none());
    assert!(matches!(bench.keep.runbook("net.other"), Err(KeepError::Runbook { .. })));
    // Without it, all is read anew.
    std::fs::remove_file(&path).expect("root may");
    bench.again();
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
    bench.again();
    let old = root(1, 1);
    let back = bench.keep.offer_root(&old, &signed(Namespace::Root, 1, &old), at(4));
    assert!(matches!(back, Err(KeepError::Root(_))), "{back:?}");
}

#[test]
fn what_nobody_vouched_for_is_gone_and_bars_nothing_once_a_root_is_pinned() {
    let mut bench = Bench::new();
    let theirs = root(1, 1);
    bench.keep.offer_root(&theirs, &signed(Namespace::Root, 1, &theirs), at(1)).expect("the first");
    bench.offer(900, 1, 1).expect("their catalogue");
    bench.fill(1);
    assert!(bench.keep.runbook("net.no-internet").expect("it can be read").is_some());

    let ours = root(1, 2);
    let digest = Root::parse(&ours).expect("a root").digest();
    pin(&bench.folder.path().join("keep"), digest.0).expect("it is pinned");
    bench.again();
    bench.keep.offer_root(&ours, &signed(Namespace::Root, 2, &ours), at(2)).expect("the pinned");
    assert!(
        bench.keep.runbook("net.no-internet").expect("nothing is read").is_none(),
        "those who signed it are nobody"
    );
    // Files are known by their digests, whoever brought them.
    for path in bench.offer(5, 2, 3).expect("theirs of version 900 does not bar it") {
        bench.keep.offer_file(&path, &files()[&path], at(3)).expect("a file of the catalogue");
    }
    assert!(bench.keep.runbook("net.no-internet").expect("it can be read").is_some());
}

#[test]
fn which_machine_it_is_was_said_at_enrollment() {
    let bench = Bench::new();
    let folder = bench.folder.path().join("keep");
    assert_eq!(whose(&folder).expect("no error"), None);
    for n in [1, 2] {
        let agent = befund_model::id::AgentId::new(at(1), [n; 10]);
        enrolled(&folder, agent).expect("it is written");
        assert_eq!(whose(&folder).expect("no error"), Some(agent));
    }
    std::fs::write(folder.join("agent"), "somebody").expect("root may");
    assert!(whose(&folder).is_err(), "nobody's id is not passed over");
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
    bench.again();
    assert!(matches!(bench.keep.use_number(number, at(6), now), Err(KeepError::Number(_))));
    let back = bench.keep.now(at(3));
    assert!(back.now().is_err());
    assert!(back.permits(floor::RESYNC) && !back.permits("dns.flush_cache"));
}

#[test]
fn what_somebody_agreed_to_holds_for_its_time_also_after_a_restart() {
    let mut bench = Bench::rooted();
    let (ticket, other) = (TicketNumber(7), TicketNumber(8));
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    bench.keep.agree(ticket, "anna", hours(36), at(2));
    bench.again();
    assert!(bench.keep.has_agreed(ticket, "anna", at(3)));
    assert!(!bench.keep.has_agreed(other, "anna", at(3)), "for this ticket");
    assert!(!bench.keep.has_agreed(ticket, "ben", at(3)), "by herself");
    assert!(!bench.keep.has_agreed(ticket, "anna", at(4)), "for 36 hours");
    assert!(!bench.keep.has_agreed(ticket, "anna", at(1)), "not before she did");
    bench.keep.agree(other, "anna", hours(1), at(4));
    assert!(bench.keep.has_agreed(other, "anna", at(4)));
}

#[test]
fn why_nothing_can_be_run_is_told_with_what_to_do() {
    let mut bench = Bench::rooted();
    assert!(bench.keep.lacking().contains("no catalogue of runbooks yet"));
    bench.offer(5, 1, 2).expect("it is signed");
    bench.fill(2);
    let expired = bench.keep.lacking();
    assert!(expired.contains("version 5 of the catalogue") && expired.contains("signed anew"));
    bench.again();
    let expired = bench.keep.lacking();
    assert!(expired.contains("expired at") && expired.contains("signed anew"), "{expired}");
}

#[test]
fn a_catalogue_that_is_wanted_still_stays_beside_the_one_after_it_and_goes_when_it_is_not() {
    let mut bench = Bench::rooted();
    let first = bench.replace(5, 2);
    let second = bench.replace(6, 3);
    bench.again();

    let former = bench.keep.former(&first, at(4)).expect("it was put aside");
    assert!(former.names().any(|name| name == "net.no-internet"));
    assert_eq!(bench.keep.script_of(&former, "scripts/x.sh").expect("it is there").0, b"exit 5\n");
    assert_eq!(bench.script("scripts/x.sh").expect("it is there").0, b"exit 6\n");
    assert!(bench.keep.former(&second, at(4)).is_err(), "that one is here");
    assert!(bench.keep.former("../root", at(4)).is_err());
    assert!(bench.keep.former(&first, at(31)).is_err(), "it expires as any other");

    bench.keep.forget_former(&BTreeSet::from([first.clone()])).expect("nothing to do");
    assert!(bench.keep.former(&first, at(4)).is_ok());
    bench.keep.forget_former(&BTreeSet::new()).expect("it goes");
    assert!(bench.keep.former(&first, at(4)).is_err());
    assert!(bench.script("scripts/x.sh").is_ok(), "what is here stays");
    let files = std::fs::read_dir(bench.folder.path().join("keep/files")).expect("a folder");
    assert_eq!(files.count(), 2, "the other script is gone");
}

#[test]
fn a_withdrawal_and_a_key_that_was_struck_off_take_the_catalogues_before_along() {
    let mut bench = Bench::rooted();
    let first = bench.replace(5, 2);
    bench.replace(6, 2);
    let other = root(2, 2);
    let both = [signed(Namespace::Root, 1, &other), signed(Namespace::Root, 2, &other)].concat();
    bench.keep.offer_root(&other, &both, at(2)).expect("old and new signed");
    assert!(bench.keep.former(&first, at(3)).is_err(), "nobody of today signed it");

    let mut bench = Bench::rooted();
    let first = bench.replace(5, 2);
    bench.replace(6, 2);
    let empty = catalogue(7, &BTreeMap::new());
    let signatures = signed(Namespace::Catalogue, 1, &empty);
    bench.keep.offer_catalogue(empty, signatures, at(3)).expect("a withdrawal");
    assert!(bench.keep.former(&first, at(3)).is_err(), "it was withdrawn");
}

#[test]
fn what_undoes_a_change_is_there_whatever_came_since_but_not_for_who_signed_it_falsely() {
    let mut bench = Bench::rooted();
    let first = bench.replace(5, 2);
    bench.again();
    bench.replace(6, 3);
    let script = |bench: &Bench| bench.keep.undoing_script(&first, "scripts/x.sh", at(40));
    assert_eq!(script(&bench).expect("it was kept").0, b"exit 5\n", "long after it expired");
    assert!(bench.keep.undoing_script(&first, "scripts/y.sh", at(4)).is_err(), "no script of it");

    let file = format!("keep/files/{}", Sha256::of(b"exit 5\n"));
    let file = bench.folder.path().join(file);
    std::fs::write(&file, b"evil 5\n").expect("root may");
    assert!(matches!(script(&bench), Err(KeepError::File(_))), "swapped on the disk");
    std::fs::write(&file, b"exit 5\n").expect("root may");
    let former = bench.folder.path().join(format!("keep/former/{first}.json"));
    let text = std::fs::read_to_string(&former).expect("it is there");
    std::fs::write(&former, text.replace("\\\"version\\\": 5", "\\\"version\\\": 6"))
        .expect("root may");
    assert!(matches!(script(&bench), Err(KeepError::Catalogue(_))), "another manifest");
    std::fs::write(&former, text).expect("root may");
    assert!(script(&bench).is_ok());

    let other = root(2, 2);
    let both = [signed(Namespace::Root, 1, &other), signed(Namespace::Root, 2, &other)].concat();
    bench.keep.offer_root(&other, &both, at(4)).expect("old and new signed");
    assert!(matches!(script(&bench), Err(KeepError::Catalogue(_))), "nobody of today signed it");
}

#[test]
fn what_undoes_a_change_is_withdrawn_with_its_catalogue_until_another_one_has_it() {
    let mut bench = Bench::rooted();
    let first = bench.replace(5, 2);
    bench.replace(6, 2);
    let empty = catalogue(7, &BTreeMap::new());
    let signatures = signed(Namespace::Catalogue, 1, &empty);
    bench.keep.offer_catalogue(empty, signatures, at(3)).expect("a withdrawal");
    let script = |bench: &Bench| bench.keep.undoing_script(&first, "scripts/x.sh", at(4));
    assert!(matches!(script(&bench), Err(KeepError::NotKept(_))));

    bench.replace(8, 4);

    assert_eq!(script(&bench).expect("its successor").0, b"exit 8\n");
}
