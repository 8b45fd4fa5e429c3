//! Named attacks on what is signed, each with the words by which it is refused. Each differs in one thing from what
//! the first story here takes. Whoever mounts them has all that was ever signed, and keys that count for nothing.

use befund_model::action::Risk;
use befund_model::id::AgentId;
use befund_trust::approval::{self, Act, Statement};
use befund_trust::catalogue::{self, Manifest};
use befund_trust::digest::Sha256;
use befund_trust::floor::{Floors, Now, Number, Seen};
use befund_trust::root::{self, Document, Standing, Trusted};
use befund_trust::signature::Namespace;
use data_encoding::BASE64;

use crate::organisation::{
    ANNA, ANNA_TOO, BEN, CARA, DAN, EVE, at, chain, document, floors, key, key_of, manifest, now,
    now_at, quorum, root, second, signed, statement, trusted, trusted_of, verified,
};

/// What came of it: what was taken, or the words of the refusal.
type Came = Result<(), String>;

struct Attack {
    name: &'static str,
    refused: &'static str,
    mount: fn() -> Came,
}

/// All that a catalogue is judged by.
struct Catalogue {
    bytes: Vec<u8>,
    signatures: Vec<Vec<u8>>,
    root: Trusted,
    floors: Floors,
    now: Now,
}

fn texts(signatures: Vec<String>) -> Vec<Vec<u8>> {
    signatures.into_iter().map(String::into_bytes).collect()
}

impl Catalogue {
    fn of(manifest: &Manifest) -> Self {
        let bytes = manifest.bytes();
        let signatures = texts(signed(Namespace::Catalogue, &bytes, &[ANNA, BEN]));
        Self { bytes, signatures, root: trusted(), floors: floors(), now: now() }
    }

    fn good() -> Self {
        Self::of(&manifest())
    }

    fn with(change: impl FnOnce(&mut Self)) -> Came {
        let mut catalogue = Self::good();
        change(&mut catalogue);
        catalogue.taken()
    }

    fn signed_by(seeds: &[u8]) -> Came {
        Self::with(|it| it.signatures = texts(signed(Namespace::Catalogue, &it.bytes, seeds)))
    }

    /// The text of the manifest changed, and signed anew by those who may.
    fn written(from: &str, to: &str) -> Came {
        Self::with(|it| {
            it.bytes = replaced(&it.bytes, from, to);
            it.signatures = texts(signed(Namespace::Catalogue, &it.bytes, &[ANNA, BEN]));
        })
    }

    fn taken(&self) -> Came {
        catalogue::verify(&self.bytes, &self.signatures, &self.root, &self.floors, self.now)
            .map(drop)
            .map_err(|error| chain(&error))
    }
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("JSON is text");
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1).into_bytes()
}

/// The first signature with its inner bytes changed, in its armor.
fn reforged(signatures: &mut [Vec<u8>], change: impl FnOnce(&mut Vec<u8>)) {
    let text = String::from_utf8(signatures[0].clone()).expect("armor is text");
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let mut bytes = BASE64.decode(body.as_bytes()).expect("base64");
    change(&mut bytes);
    let encoded = BASE64.encode(&bytes);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(70)
        .map(|line| std::str::from_utf8(line).expect("ASCII"))
        .collect();
    let (begin, end) = ("-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----");
    signatures[0] = format!("{begin}\n{}\n{end}\n", lines.join("\n")).into_bytes();
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).expect("it is there")
}

fn next_root(offered: &Document, seeds: &[u8]) -> Came {
    offer(&offered.bytes(), &signed(Namespace::Root, &offered.bytes(), seeds), &trusted(), None)
}

fn offer(bytes: &[u8], by: &[String], current: &Trusted, pin: Option<[u8; 32]>) -> Came {
    root::accept(Some(current), bytes, by, pin, &floors(), now())
        .map(drop)
        .map_err(|error| chain(&error))
}

fn first_root(offered: &Document, seeds: &[u8], pin: [u8; 32]) -> Came {
    let bytes = offered.bytes();
    let by = signed(Namespace::Root, &bytes, seeds);
    root::accept(None, &bytes, &by, Some(pin), &floors(), now())
        .map(drop)
        .map_err(|error| chain(&error))
}

/// What was signed, against what the machine made and kept.
fn approve(kept: &Statement, was_signed: &Statement, seeds: &[u8]) -> Came {
    approve_at(kept, was_signed, seeds, kept.step.risk, &trusted(), now())
}

fn approve_at(
    kept: &Statement,
    was_signed: &Statement,
    seeds: &[u8],
    risk: Risk,
    root: &Trusted,
    now: Now,
) -> Came {
    let by = signed(Namespace::Approval, &was_signed.bytes(), seeds);
    approval::verify(&kept.bytes(), &by, root, risk, &floors(), now)
        .map(drop)
        .map_err(|error| chain(&error))
}

/// A statement that differs in one thing is signed, and its signature brought to the one that was made.
fn retargeted(change: impl FnOnce(&mut Statement)) -> Came {
    let made = statement(Risk::Disruptive);
    let mut other = made.clone();
    change(&mut other);
    assert_ne!(made.bytes(), other.bytes());
    approve(&made, &other, &[ANNA, BEN])
}

#[test]
fn what_the_attacks_differ_from_is_taken() {
    assert_eq!(Catalogue::good().taken(), Ok(()));
    assert_eq!(next_root(&second(), &[ANNA, BEN]), Ok(()));
    assert_eq!(first_root(&document(), &[ANNA, BEN], root().digest().0), Ok(()));
    for (risk, seeds) in [(Risk::Change, &[DAN][..]), (Risk::Disruptive, &[ANNA, BEN])] {
        assert_eq!(approve(&statement(risk), &statement(risk), seeds), Ok(()));
    }
}

#[test]
fn every_attack_is_refused_for_its_reason() {
    for Attack { name, refused, mount } in ATTACKS {
        match mount() {
            Ok(()) => panic!("{name}: it was taken"),
            Err(error) => assert!(error.contains(refused), "{name}: {error}"),
        }
    }
}

#[test]
fn every_attack_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<&str> =
        ATTACKS.iter().map(|attack| attack.name).collect();
    assert_eq!(names.len(), ATTACKS.len());
    assert!(ATTACKS.len() >= 60, "{}", ATTACKS.len());
}

macro_rules! attacks {
    ($($name:literal, $refused:literal, $mount:expr;)*) => {
        const ATTACKS: &[Attack] = &[$(Attack { name: $name, refused: $refused, mount: $mount }),*];
    };
}

attacks! {
    // Signatures.
    "no signature", "there is none", || Catalogue::with(|it| it.signatures.clear());
    "one signature stripped", "2 different people of the role catalogue have to sign, and 1 did (anna)",
        || Catalogue::with(|it| it.signatures.truncate(1));
    "an empty signature", "expected what `ssh-keygen -Y sign` writes",
        || Catalogue::with(|it| it.signatures[1].clear());
    "a truncated signature", "expected what `ssh-keygen -Y sign` writes",
        || Catalogue::with(|it| { let half = it.signatures[1].len() / 2; it.signatures[1].truncate(half); });
    "a signature whose bytes are cut", "end too early",
        || Catalogue::with(|it| reforged(&mut it.signatures, |bytes| bytes.truncate(bytes.len() - 10)));
    "a flipped bit in the signature", "not this key's over these bytes",
        || Catalogue::with(|it| reforged(&mut it.signatures, |bytes| {
            *bytes.last_mut().expect("bytes") ^= 0x10;
        }));
    "a signature of another manifest", "not this key's over these bytes",
        || Catalogue::with(|it| it.signatures = texts(signed(Namespace::Catalogue, b"another", &[ANNA, BEN])));
    "the key in the signature swapped for another's", "not this key's over these bytes",
        || Catalogue::with(|it| reforged(&mut it.signatures, |bytes| {
            let from = key(ANNA).public().to_bytes();
            let place = find(bytes, &from);
            bytes[place..place + from.len()].copy_from_slice(&key(CARA).public().to_bytes());
        }));
    "a signature for approvals", "it was made for \"befund-approval\"",
        || Catalogue::with(|it| it.signatures = texts(signed(Namespace::Approval, &it.bytes, &[ANNA, BEN])));
    "a signature for roots", "it was made for \"befund-root\"",
        || Catalogue::with(|it| it.signatures = texts(signed(Namespace::Root, &it.bytes, &[ANNA, BEN])));
    "a signature for approvals that says catalogue", "not this key's over these bytes",
        || Catalogue::with(|it| {
            // The lengths differ: the whole field is written anew.
            it.signatures = texts(signed(Namespace::Approval, &it.bytes, &[ANNA, BEN]));
            reforged(&mut it.signatures, |bytes| {
                let place = find(bytes, b"befund-approval");
                bytes.splice(place - 4..place + 15, [b"\0\0\0\x10".as_slice(), b"befund-catalogue"].concat());
            });
        });
    "a signature for nothing", "its namespace is empty",
        || Catalogue::with(|it| reforged(&mut it.signatures, |bytes| {
            let place = find(bytes, b"befund-catalogue");
            bytes.splice(place - 4..place + 16, [0; 4]);
        }));
    "another magic", "do not begin with SSHSIG",
        || Catalogue::with(|it| reforged(&mut it.signatures, |bytes| bytes[0] = b'X'));
    "another version of signatures", "it is of version 2",
        || Catalogue::with(|it| reforged(&mut it.signatures, |bytes| bytes[9] = 2));
    "something in the reserved field", "its reserved field holds something",
        || Catalogue::with(|it| reforged(&mut it.signatures, |bytes| {
            let place = find(bytes, b"befund-catalogue") + 16;
            bytes.splice(place..place + 4, *b"\0\0\0\x01x");
        }));
    "another hash", "the hash \"sha999\" is not taken",
        || Catalogue::with(|it| reforged(&mut it.signatures, |bytes| {
            let place = find(bytes, b"sha512");
            bytes[place..place + 6].copy_from_slice(b"sha999");
        }));
    "the hash's name swapped", "not this key's over these bytes",
        || Catalogue::with(|it| reforged(&mut it.signatures, |bytes| {
            let place = find(bytes, b"sha512");
            bytes[place..place + 6].copy_from_slice(b"sha256");
        }));
    "bytes behind the signature's last field", "bytes follow the last field",
        || Catalogue::with(|it| reforged(&mut it.signatures, |bytes| bytes.push(0)));
    "text behind the signature", "something stands behind its end",
        || Catalogue::with(|it| it.signatures[0].extend_from_slice(b"x"));
    "two signatures in one", "something stands behind its end",
        || Catalogue::with(|it| { let second = it.signatures[1].clone(); it.signatures[0].extend(second); });
    "text before the signature", "expected what `ssh-keygen -Y sign` writes",
        || Catalogue::with(|it| it.signatures[0].insert(0, b'\n'));
    "a signature broken into other lines", "not broken into lines",
        || Catalogue::with(|it| it.signatures[0] = replaced(&it.signatures[0], "U1NI", "U1\nNI"));
    "an oversized signature", "8192 are the most",
        || Catalogue::with(|it| it.signatures[0] = vec![b'A'; 9_000]);
    "more signatures than are looked at", "64 are the most",
        || Catalogue::with(|it| it.signatures = vec![it.signatures[0].clone(); 65]);
    "a bad signature beside enough good ones", "number 3 of them is not good",
        || Catalogue::with(|it| it.signatures.push(texts(signed(Namespace::Catalogue, b"x", &[EVE])).remove(0)));

    // People.
    "one key twice", "2 different people", || Catalogue::signed_by(&[ANNA, ANNA]);
    "one person's two keys", "2 different people", || Catalogue::signed_by(&[ANNA, ANNA_TOO]);
    "a key that nobody lists", "2 different people", || Catalogue::signed_by(&[ANNA, EVE]);
    "only keys that nobody lists", "0 did (nobody)", || Catalogue::signed_by(&[EVE, 67]);
    "a person of another role", "2 different people of the role catalogue", || Catalogue::signed_by(&[ANNA, CARA]);

    // Catalogues.
    "a flipped bit in the manifest", "not this key's over these bytes",
        || Catalogue::with(|it| it.bytes[40] ^= 1);
    "a manifest that was cut", "not this key's over these bytes",
        || Catalogue::with(|it| it.bytes.truncate(100));
    "a newline behind the manifest", "not this key's over these bytes",
        || Catalogue::with(|it| it.bytes.push(b'\n'));
    "an older catalogue", "it has version 7, and this machine has had 8",
        || Catalogue::with(|it| it.floors.catalogue_version = 8);
    "another catalogue of the same version", "but says something else",
        || Catalogue::with(|it| {
            it.floors.catalogue_version = 7;
            it.floors.catalogue_digest = Some(Sha256::of(b"the one that was taken"));
        });
    "an expired catalogue", "it expired at 2026-05-31",
        || Catalogue::with(|it| it.now = now_at("2026-06-01T00:00:00Z"));
    "a catalogue from the future", "it was made at 2026-05-01T08:00:00Z, and here it is 2026-04-20",
        || Catalogue::with(|it| it.now = now_at("2026-04-20T00:00:00Z"));
    "another organisation's catalogue", "it is of \"Example Inc\"",
        || Catalogue::written("Example Ltd", "Example Inc");
    "a catalogue under an expired root", "the trust root expired",
        || Catalogue::with(|it| {
            it.root = trusted_of(&Document { expires: at("2026-05-01T11:00:00Z"), ..document() }, Standing::Pinned);
        });
    "a catalogue under a root older than was had", "the trust root has version 1, and this machine has had 2",
        || Catalogue::with(|it| it.floors.root_version = 2);
    "an oversized manifest", "1048576 are the most",
        || Catalogue::with(|it| it.bytes.resize((1 << 20) + 1, b' '));
    "a path that climbs", "leads elsewhere", || Catalogue::written("scripts/clean.sh", "../clean.sh");
    "a path from the top", "is absolute", || Catalogue::written("scripts/clean.sh", "/etc/cron.d/x");
    "a path with a backslash", "has a backslash", || Catalogue::written("scripts/clean.sh", "..\\\\clean.sh");
    "a name twice in the manifest", "stands there twice",
        || Catalogue::written("\"version\": 7", "\"version\": 7, \"version\": 7");
    "a file twice in the manifest", "stands there twice",
        || Catalogue::written("\"net.no-internet.yaml\"", "\"scripts/clean.sh\"");
    "a field that is not known", "unknown field", || Catalogue::written("\"version\"", "\"more\": 1, \"version\"");
    "a root for a catalogue", "unknown variant",
        || Catalogue::with(|it| {
            it.bytes = document().bytes();
            it.signatures = texts(signed(Namespace::Catalogue, &it.bytes, &[ANNA, BEN]));
        });
    "a file that was swapped", "instead of",
        || verified().check_file("scripts/clean.sh", b"#!/bin/sh\nrm -rf\n").map(drop).map_err(|error| chain(&error));
    "a file that the catalogue does not name", "there is no",
        || verified().check_file("scripts/other.sh", b"").map(drop).map_err(|error| chain(&error));

    // Roots.
    "a root signed only by new keys", "those of the root before it have to sign",
        || {
            let mut next = second();
            next.keys.extend([key_of("dan", 70), key_of("ben", 71)]);
            next_root(&next, &[70, 71])
        };
    "a root signed only by old keys", "those whom it names itself have to sign",
        || {
            let mut next = second();
            next.roles.root = quorum(&["dan"], 1);
            next_root(&next, &[ANNA, BEN])
        };
    "a root by one person with two keys", "those of the root before it have to sign",
        || next_root(&second(), &[ANNA, ANNA_TOO]);
    "a root that lowers its threshold by itself", "those of the root before it have to sign",
        || {
            let mut next = second();
            next.roles.root = quorum(&["anna"], 1);
            next_root(&next, &[ANNA])
        };
    "a root that skips a version", "it has version 3, and this machine has 1",
        || next_root(&Document { version: 3, ..second() }, &[ANNA, BEN]);
    "an older root", "it has version 1, and this machine has had 2",
        || {
            let bytes = document().bytes();
            let by = signed(Namespace::Root, &bytes, &[ANNA, BEN]);
            offer(&bytes, &by, &trusted_of(&second(), Standing::Pinned), None)
        };
    "another root of the same version", "says something else",
        || next_root(&Document { version: 1, ..second() }, &[ANNA, BEN]);
    "another organisation's root", "it is of \"Evil\"",
        || next_root(&Document { organisation: "Evil".into(), ..second() }, &[ANNA, BEN]);
    "an expired root", "it expired at",
        || next_root(&Document { expires: at("2026-05-01T12:00:00Z"), ..second() }, &[ANNA, BEN]);
    "a first root that was not pinned", "pinned",
        || first_root(&second(), &[ANNA, BEN], root().digest().0);
    "a first root that its own people did not sign", "those whom it names itself have to sign",
        || first_root(&document(), &[EVE], root().digest().0);
    "a root signed as a catalogue", "it was made for \"befund-catalogue\"",
        || {
            let bytes = second().bytes();
            offer(&bytes, &signed(Namespace::Catalogue, &bytes, &[ANNA, BEN]), &trusted(), None)
        };
    "an oversized root", "131072 are the most",
        || {
            let mut bytes = second().bytes();
            bytes.resize((128 << 10) + 1, b' ');
            offer(&bytes, &signed(Namespace::Root, &bytes, &[ANNA, BEN]), &trusted(), None)
        };
    "a threshold twice in a root", "stands there twice",
        || {
            let bytes = replaced(&second().bytes(), "\"threshold\": 2", "\"threshold\": 2, \"threshold\": 1");
            offer(&bytes, &signed(Namespace::Root, &bytes, &[ANNA, BEN]), &trusted(), None)
        };

    // Approvals.
    "a statement for another machine", "not this key's over these bytes",
        || retargeted(|it| it.step.agent = AgentId::new(at("2026-01-01T00:00:00Z"), [1; 10]));
    "another parameter", "not this key's over these bytes",
        || retargeted(|it| it.step.parameters["interface"] = "eth1".into());
    "another script under the same path", "not this key's over these bytes",
        || retargeted(|it| it.step.act = Act::Script {
            path: "scripts/clean.sh".into(),
            sha256: Sha256::of(b"rm -rf /"),
        });
    "another action", "not this key's over these bytes", || retargeted(|it| it.step.act = Act::Reboot);
    "a challenge of yesterday", "not this key's over these bytes", || retargeted(|it| it.challenge.0[0] ^= 1);
    "a statement of another job", "not this key's over these bytes",
        || retargeted(|it| it.step.job = befund_model::id::JobId::new(at("2026-01-01T00:00:00Z"), [1; 10]));
    "a longer life", "not this key's over these bytes", || retargeted(|it| it.expires = at("2027-01-01T00:00:00Z"));
    "a lower risk shown to the signer", "not this key's over these bytes",
        || retargeted(|it| it.step.risk = Risk::Change);
    "a disruptive step signed by those for changes", "2 different people of the role disruptive",
        || approve(&statement(Risk::Disruptive), &statement(Risk::Disruptive), &[ANNA, DAN]);
    "a disruptive step under the name of a change", "it is for a disruptive step, and this one is change",
        || {
            let made = statement(Risk::Disruptive);
            approve_at(&made, &made, &[DAN], Risk::Change, &trusted(), now())
        };
    "one person's two keys for a disruption", "2 different people of the role disruptive",
        || approve(&statement(Risk::Disruptive), &statement(Risk::Disruptive), &[ANNA, ANNA_TOO]);
    "an expired statement", "it expired at",
        || {
            let made = statement(Risk::Change);
            approve_at(&made, &made, &[DAN], Risk::Change, &trusted(), now_at("2026-05-01T12:29:30Z"))
        };
    "a statement before its time", "it is good from",
        || {
            let made = statement(Risk::Change);
            approve_at(&made, &made, &[DAN], Risk::Change, &trusted(), now_at("2026-05-01T11:59:29Z"))
        };
    "another organisation's statement", "it is of \"Evil\"",
        || {
            let made = Statement { organisation: "Evil".into(), ..statement(Risk::Change) };
            approve(&made, &made, &[DAN])
        };
    "a statement under a root that nobody vouched for", "nobody vouched for it",
        || {
            let made = statement(Risk::Change);
            let root = trusted_of(&document(), Standing::Unpinned);
            approve_at(&made, &made, &[DAN], Risk::Change, &root, now())
        };
    "a statement under an expired root", "the trust root expired",
        || {
            let made = statement(Risk::Change);
            let root = Document { expires: at("2026-05-01T12:00:00Z"), ..document() };
            approve_at(&made, &made, &[DAN], Risk::Change, &trusted_of(&root, Standing::Pinned), now())
        };
    "a step that only reads, signed", "not approved by signatures",
        || {
            let made = statement(Risk::Read);
            approve_at(&made, &made, &[ANNA, BEN], Risk::Read, &trusted(), now())
        };
    "a replayed number", "it was used before",
        || {
            let mut seen = Seen::default();
            let made = statement(Risk::Change);
            seen.take(made.number, made.expires, now()).map_err(|error| chain(&error))?;
            seen.take(made.number, made.expires, now()).map_err(|error| chain(&error))
        };
    "a number that has expired", "it expired at",
        || Seen::default().take(Number([1; 16]), at("2026-05-01T12:00:00Z"), now()).map_err(|error| chain(&error));
    "a clock set back", "it says 1999",
        || {
            let mut floors = floors();
            floors.saw(now(), &verified());
            floors.now(at("1999-01-01T00:00:00Z")).now().map(drop).map_err(|error| chain(&error))
        };
}
