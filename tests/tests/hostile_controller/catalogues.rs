//! Catalogues that the hostile controller hands out: signed by the wrong people, old, swapped, or broken on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use befund_proto::CHUNK_BYTES;
use befund_proto::v1::CataloguePart;
use befund_proto::v1::catalogue_head::Kind;
use befund_tests::adversary::attack::Group;
use befund_tests::adversary::organisation::{
    ADA, ADA_TOO, BEN, CARA, Catalogue, DAY, EVE, Files, OTTO, TINA, key, now, offered_root, root,
    signed,
};
use befund_tests::adversary::{Scene, books, parts};
use befund_tests::attacks;
use befund_trust::signature::Namespace;

/// The next catalogue, with a script of the attacker's in the place of the one that is known.
fn next(scene: &Scene) -> Catalogue {
    Catalogue::new(scene.next_version(), &poisoned(scene))
}

fn poisoned(scene: &Scene) -> Files {
    let mut files = scene.current.files.clone();
    files.insert("scripts/note.sh".to_owned(), books::evil(scene.world()));
    // What is known already is not fetched, and could not be swapped on the way.
    files.get_mut("test.note.yaml").unwrap().extend_from_slice(b"# anew\n");
    files
}

fn signed_by(scene: &Scene, seeds: &[u8]) -> String {
    scene.refused(next(scene).signed_by(seeds).shelf())
}

fn resigned(scene: &Scene, change: impl FnOnce(&mut Vec<String>)) -> String {
    let mut next = next(scene);
    change(&mut next.signatures);
    scene.refused(next.shelf())
}

/// What Ada and Ben signed, with one text of it replaced afterwards.
fn edited(scene: &Scene, from: &str, to: &str) -> String {
    let mut next = next(scene);
    let text = String::from_utf8(next.manifest).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    next.manifest = text.replacen(from, to, 1).into_bytes();
    scene.refused(next.shelf())
}

/// What Ada and Ben were led to sign.
fn misled(scene: &Scene, from: &str, to: &str) -> String {
    let text = String::from_utf8(next(scene).manifest).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    let manifest = text.replacen(from, to, 1).into_bytes();
    scene.refused(Catalogue::of_bytes(manifest, &poisoned(scene)).shelf())
}

fn with_book(scene: &Scene, fix: &str) -> String {
    scene.refused(Catalogue::new(11, &books::files_of_eve(scene.world(), fix)).shelf())
}

/// The files of what was signed, with one of them changed afterwards.
fn swapped(scene: &Scene, path: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut next = next(scene);
    change(next.files.get_mut(path).unwrap());
    scene.refused(next.shelf())
}

pub(crate) const SIGNED: Group = Group {
    title: "Catalogues",
    about: "The controller hands out a catalogue that it would like to be run: nobody's, somebody's, an old one, or one that \
            was changed after it was signed. Two people have to sign.",
    attacks: attacks! {
        "no signature", "there is none", |it| resigned(it, Vec::clear);
        "one of two signatures stripped", "2 different people of the role catalogue have to sign, and 1 did (ada)",
            |it| resigned(it, |by| by.truncate(1));
        "one key counted twice", "and 1 did (ada)", |it| signed_by(it, &[ADA, ADA]);
        "one person's two keys", "and 1 did (ada)", |it| signed_by(it, &[ADA, ADA_TOO]);
        "one signer and the attacker's own key", "and 1 did (ben)", |it| signed_by(it, &[BEN, EVE]);
        "the attacker's own keys", "and 0 did (nobody)", |it| signed_by(it, &[EVE, 67, 68]);
        "people who may sign changes, and no catalogues", "and 0 did (nobody)", |it| signed_by(it, &[TINA, OTTO]);
        "somebody who was a signer until the last root", "and 1 did (ada)", |it| signed_by(it, &[ADA, CARA]);
        "more signatures than may come", "more than 64 signatures", |it| signed_by(it, &[ADA; 65]);
        "a truncated signature", "number 2 of them is not good",
            |it| resigned(it, |by| { let half = by[1].len() / 2; by[1].truncate(half); });
        "a signature that is none", "number 1 of them is not good", |it| resigned(it, |by| by[0] = "yes".to_owned());
        "a flipped bit in a signature", "number 2 of them is not good", |it| resigned(it, |by| {
            // Within the last line of base64, which is the signature's own.
            let at = by[1].rfind("\n-----END").unwrap() - 8;
            let other = if by[1].as_bytes()[at] == b'A' { "B" } else { "A" };
            by[1].replace_range(at..=at, other);
        });
        "the signatures of the catalogue before it", "not this key's over these bytes",
            |it| { let old = it.current.signatures.clone(); resigned(it, |by| *by = old) };
        "signatures that were made for trust roots", "it was made for", |it| resigned(it, |by| {
            let old = std::mem::take(by);
            by.extend([ADA, BEN].map(|seed| key(seed).sign(Namespace::Root, old[0].as_bytes())));
        });
        "signatures that were made for approvals, over the very bytes", "it was made for",
            |it| { let bytes = next(it).manifest; resigned(it, |by| *by = signed(Namespace::Approval, &bytes, &[ADA, BEN])) };
        "the version raised after signing", "not this key's over these bytes",
            |it| edited(it, "\"version\": 11", "\"version\": 12");
        "the expiry moved after signing", "not this key's over these bytes", |it| edited(it, "\"expires\": \"20", "\"expires\": \"21");
        "the bytes written otherwise after signing", "not this key's over these bytes", |it| edited(it, "\n", "\n ");
        "a field that is there twice, differently", "stands there twice",
            |it| misled(it, "\"version\": 11", "\"version\": 11,\n  \"version\": 12");
        "a field that nobody knows", "unknown field", |it| misled(it, "\"version\": 11", "\"version\": 11,\n  \"trust\": true");
        "a trust root signed as a catalogue", "reading a catalogue's manifest", |it| {
            scene_with(it, root(3).bytes())
        };
        "the older catalogue, as it was signed", "it has version 9, and this machine has had 10",
            |it| it.refused(Catalogue::new(9, &poisoned(it)).shelf());
        "another one of the same version", "but says something else",
            |it| it.refused(Catalogue::new(10, &poisoned(it)).shelf());
        "one that expired", "it expired at", |it| it.refused(Catalogue::with(11, &poisoned(it), |manifest| {
            manifest.created = now() - 60 * DAY;
            manifest.expires = now() - Duration::from_secs(60);
        }).shelf());
        "one that is not valid yet", "it was made at", |it| it.refused(Catalogue::with(11, &poisoned(it), |manifest| {
            manifest.created = now() + DAY;
            manifest.expires = now() + 30 * DAY;
        }).shelf());
        "another organisation's, of the same signers", "this machine belongs to \"Example Works\"",
            |it| it.refused(Catalogue::with(11, &poisoned(it), |manifest| manifest.organisation = "Evil Works".into()).shelf());
        "a script swapped after signing, of the same length", "has the SHA-256",
            |it| swapped(it, "scripts/note.sh", |bytes| bytes.reverse());
        "a script lengthened after signing", "bytes instead of",
            |it| swapped(it, "scripts/note.sh", |bytes| bytes.extend_from_slice(b"echo more\n"));
        "a runbook swapped after signing", "bytes instead of",
            |it| swapped(it, "test.note.yaml", |bytes| bytes.extend_from_slice(b"# a late thought\n"));
        "two files swapped for one another", "checking a catalogue's file", |it| {
            let mut next = next(it);
            let one = next.files["scripts/note.sh"].clone();
            let other = std::mem::replace(next.files.get_mut("scripts/erase.sh").unwrap(), one);
            next.files.insert("scripts/note.sh".into(), other);
            it.refused(next.shelf())
        };
        "a file left out", "did not send the file scripts/note.sh", |it| {
            let mut next = next(it);
            next.files.remove("scripts/note.sh");
            it.refused(next.shelf())
        };
        "a path that leads out of the folder, in what was signed", "leads elsewhere by . or ..",
            |it| misled(it, "\"scripts/note.sh\"", "\"scripts/../../note.sh\"");
        "an absolute path, in what was signed", "is absolute", |it| misled(it, "\"scripts/note.sh\"", "\"/etc/cron.d/note\"");
        "a runbook that calls a change of the machine mere reading", "may raise that, never lower it",
            |it| with_book(it, "{act: time.resync, risk: read, consent: policy}");
        "a runbook whose undoing does more than what it undoes", "it changes nothing, as it says", |it| with_book(it,
            "{act: user.instruct, text: {en: Wait., de: Warten.}, undo: {script: scripts/evil.sh, interpreter: sh}, \
             confirm: {within: 5s, until: \"false\"}}");
        "a runbook with a shell command for an action", "cannot be used on this machine",
            |it| with_book(it, "{act: \"sh -c 'touch owned'\", risk: change}");
        "a runbook that names a script which the catalogue does not have", "scripts/none.sh", |it| {
            let fix = books::fix("none", "change", "policy", "");
            let files = books::files_of_eve(it.world(), &fix);
            let next = Catalogue::new(11, &files);
            let _ = it.offer(&it.main, next.shelf());
            let mut order = it.order("evil.book");
            order.runbook.as_mut().unwrap().catalogue = next.digest();
            let said = it.run(&it.main, &order);
            // What was signed is taken: the next one has to be newer.
            it.advance(12);
            said
        };
    },
};

fn scene_with(scene: &Scene, manifest: Vec<u8>) -> String {
    scene.refused(Catalogue::of_bytes(manifest, &BTreeMap::new()).shelf())
}

/// What is broken on the way, after so many parts of what is good.
fn sent(scene: &Scene, parts: impl IntoIterator<Item = CataloguePart>) -> String {
    scene.refused(parts.into_iter().collect())
}

fn manifest(scene: &Scene) -> Vec<CataloguePart> {
    let next = next(scene);
    parts::manifest(&next.manifest, &next.signatures)
}

pub(crate) const SENT: Group = Group {
    title: "What is handed out",
    about: "The controller breaks the protocol by which roots, manifests and files are handed out: sizes, order, kinds.",
    attacks: attacks! {
        "a manifest that is larger than may be", "2000000 bytes", |it| sent(it, [parts::head(Kind::Manifest, "", 2_000_000)]);
        "a file of 4 GiB", "a file of 4294967295 bytes",
            |it| sent(it, [manifest(it), vec![parts::head(Kind::File, "scripts/note.sh", u32::MAX as usize)]].concat());
        "a trust root that is larger than may be", "a trust root of 200000 bytes",
            |it| sent(it, [parts::head(Kind::Root, "", 200_000)]);
        "more files than may be", "more than 2000 files", |it| {
            let files = (0..2_001).map(|n| parts::head(Kind::File, &format!("f{n}"), 0));
            sent(it, manifest(it).into_iter().chain(files))
        };
        "more than everything may be together", "may come", |it| {
            let files = (0..17).map(|n| parts::thing(Kind::File, &format!("f{n}"), &vec![b'x'; 1 << 20]));
            sent(it, manifest(it).into_iter().chain(files.flatten()))
        };
        "more trust roots than may be", "more than 256 trust roots", |it| sent(it, (0..257).flat_map(|_| offered_root(&root(2), &[ADA, BEN])));
        "a file before its manifest", "where it does not belong", |it| sent(it, parts::thing(Kind::File, "a", b"x"));
        "a signature of nothing", "where it does not belong", |it| sent(it, parts::thing(Kind::Signature, "", b"x"));
        "a second manifest behind the first", "where it does not belong",
            |it| sent(it, [manifest(it), parts::thing(Kind::Manifest, "", b"{}")].concat());
        "a manifest that ends too early", "bytes out of what it had announced",
            |it| sent(it, [parts::head(Kind::Manifest, "", 100), parts::chunk(b"{")]);
        "more bytes than were announced", "a chunk of 4 bytes where 3 were to come",
            |it| sent(it, [parts::head(Kind::Manifest, "", 3), parts::chunk(b"full")]);
        "a chunk that is larger than may be", "a chunk of 3801 bytes",
            |it| sent(it, [parts::head(Kind::Manifest, "", 8_000), parts::chunk(&vec![b'x'; CHUNK_BYTES + 1])]);
        "a path for something that has none", "under a path that cannot be", |it| sent(it, [parts::head(Kind::Manifest, "../../etc/passwd", 3)]);
        "a thing of a kind that nobody knows", "something that this version does not know", |it| {
            let mut head = befund_proto::v1::CatalogueHead { kind: 99, ..Default::default() };
            head.length = 3;
            sent(it, [parts::part(befund_proto::v1::catalogue_part::Body::Head(head))])
        };
        "a part without anything in it", "something that this version does not know", |it| sent(it, [CataloguePart { body: None }]);
    },
};
