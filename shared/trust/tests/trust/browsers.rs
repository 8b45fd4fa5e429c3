//! What is signed in a browser: taken for a change where the root says so, and each attack refused for its reason.

use befund_model::action::Risk;
use befund_trust::approval::{Browsers, Gathered, NotTaken, Reached, Refusal, Terms, verify};
use befund_trust::key::PublicKey;
use befund_trust::root::{
    Document, Key, Malformed, NotHere, Pages, Role, Root, Standing, Trusted, signers,
};
use befund_trust::signature::{Namespace, Signature, signed_blob};
use proptest::prelude::*;

use crate::authenticator::{Authenticator, Ceremony, KIND, ORIGIN, PARTY, string};
use crate::organisation::{
    ANNA, DAN, chain, document, floors, ids, key_of, now, quorum, signed, statement, trusted_of,
};

const CHANGE: Terms = Terms { risk: Risk::Change, browsers: Browsers::AsRootSays };

/// Dan's key, and an organisation whose root lists it for the console's pages.
struct Stage {
    dan: Authenticator,
    document: Document,
    bytes: Vec<u8>,
    terms: Terms,
}

fn listed(person: &str, public: &PublicKey) -> Key {
    Key {
        id: format!("{person}-page"),
        person: person.into(),
        key: format!("{public} of {person}"),
        webauthn: true,
        credential: Some("q83vASNFZ4k".into()),
    }
}

impl Stage {
    fn new() -> Self {
        let dan = Authenticator::new();
        let mut document = document();
        document.keys.push(listed("dan", &dan.public(PARTY)));
        document.webauthn =
            Some(Pages { relying_party: PARTY.into(), origins: vec![ORIGIN.into()] });
        let bytes = statement(Risk::Change).seal().expect("a statement");
        Self { dan, document, bytes, terms: CHANGE }
    }

    fn root(&self) -> Trusted {
        trusted_of(&self.document, Standing::Pinned)
    }

    fn sign(&self, it: &Ceremony) -> String {
        self.dan.sign(Namespace::Approval, &self.bytes, it)
    }

    fn judged(&self, by: &[String]) -> Result<Vec<String>, String> {
        let people = verify(&self.bytes, by, &self.root(), self.terms, &floors(), now());
        let ids = people.map(|people| people.into_iter().map(|one| one.id).collect());
        ids.map_err(|error| chain(&error))
    }
}

/// What came of a ceremony that differs in one thing.
fn with(change: impl FnOnce(&mut Ceremony)) -> Result<Vec<String>, String> {
    let stage = Stage::new();
    let mut it = Ceremony::default();
    change(&mut it);
    stage.judged(&[stage.sign(&it)])
}

/// What came of a good ceremony on a stage that differs in one thing.
fn on(change: impl FnOnce(&mut Stage)) -> Result<Vec<String>, String> {
    let mut stage = Stage::new();
    change(&mut stage);
    let by = stage.sign(&Ceremony::default());
    stage.judged(&[by])
}

fn raw(it: &Ceremony, change: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<String>, String> {
    let stage = Stage::new();
    let mut raw = stage.dan.assert(&signed_blob(Namespace::Approval, &stage.bytes), it);
    change(&mut raw);
    let armored =
        befund_trust::signature::assemble(&stage.dan.public(PARTY), Namespace::Approval, &raw);
    stage.judged(&[armored])
}

#[test]
fn a_change_is_signed_in_a_browser_where_the_root_says_so() {
    assert_eq!(on(|_| ()), Ok(vec!["dan".to_owned()]));
    // What browsers add of their own, as they say that they may.
    let more = r#","crossOrigin":false,"other_keys_can_be_added_here":"do not compare clientDataJSON against a template"}"#;
    assert_eq!(with(|it| it.rest = more.into()), Ok(vec!["dan".to_owned()]));
    assert_eq!(with(|it| it.rest = "}".into()), Ok(vec!["dan".to_owned()]));
}

#[test]
fn one_person_counts_once_in_a_browser_and_out_of_it() {
    let mut stage = Stage::new();
    stage.document.roles.change = quorum(&["anna", "ben", "cara", "dan"], 2);
    let page = stage.sign(&Ceremony::default());
    let by = |seed| signed(Namespace::Approval, &stage.bytes, &[seed]);
    let error = stage.judged(&[&[page.clone()][..], &by(DAN)].concat()).expect_err("one person");
    assert!(error.contains("2 different people of the role change have to sign, and 1 did (dan)"));
    let both = stage.judged(&[&[page.clone()][..], &by(ANNA)].concat());
    assert_eq!(both, Ok(vec!["anna".to_owned(), "dan".to_owned()]));

    // One after the other; then the root, or the policy, takes no browsers any more.
    let mut gathered = Gathered::default();
    let mut take = |by: &[String], root: &Trusted, terms: Terms| {
        gathered.take(&stage.bytes, by, root, terms, &floors(), now())
    };
    let root = stage.root();
    let short = take(std::slice::from_ref(&page), &root, CHANGE);
    assert!(matches!(short, Ok(Reached::Short { .. })), "{short:?}");
    let again = take(&by(DAN), &root, CHANGE);
    assert!(matches!(again, Err(NotTaken::NobodyNew { .. })), "{again:?}");
    let forbidden = Terms { browsers: Browsers::Forbidden, ..CHANGE };
    let Ok(Reached::Short { signed, .. }) = take(&by(ANNA), &root, forbidden) else {
        panic!("Dan's does not count any more")
    };
    assert_eq!(ids(&signed), ["anna"].into());
    let refused = take(std::slice::from_ref(&page), &root, forbidden);
    let policy = matches!(&refused, Err(NotTaken::Refused(Refusal::NotHere(NotHere::Policy))));
    assert!(policy, "{refused:?}");
    let Ok(Reached::Enough(people)) = take(&[page], &root, CHANGE) else { panic!("two of two") };
    assert_eq!(ids(&people), ["anna", "dan"].into());
}

type Mount = fn() -> Result<Vec<String>, String>;

#[test]
fn every_attack_is_refused_for_its_reason() {
    for (name, refused, mount) in ATTACKS {
        match mount() {
            Ok(people) => panic!("{name}: it was taken, of {people:?}"),
            Err(error) => assert!(error.contains(refused), "{name}: {error}"),
        }
    }
}

const ATTACKS: &[(&str, &str, Mount)] = &[
    // The page.
    ("another site's page", "signed on a page of https://evil.example", || {
        with(|it| {
            it.origin = "https://evil.example".into();
            it.said_origin = it.origin.clone();
        })
    }),
    ("a page of the domain that is not listed", "lets only these have something signed", || {
        with(|it| {
            it.origin = "https://wiki.console.example.org".into();
            it.said_origin = it.origin.clone();
        })
    }),
    (
        "another site's page that says to be ours",
        "the browser says \"https://evil.example\"",
        || with(|it| it.origin = "https://evil.example".into()),
    ),
    ("the same host without TLS", "signed on a page of http://console", || {
        with(|it| {
            it.origin = "http://console.example.org".into();
            it.said_origin = it.origin.clone();
        })
    }),
    ("our page within another's", "within a page of another site's", || {
        with(|it| it.rest = r#","crossOrigin":true}"#.into())
    }),
    ("our page within another's that is named", "within a page of another site's", || {
        with(|it| {
            it.rest = r#","crossOrigin":false,"topOrigin":"https://evil.example"}"#.into();
        })
    }),
    ("another relying party's key", "none that the trust root lists", || {
        with(|it| it.party = "example.org".into())
    }),
    (
        "another relying party's assertion under the listed key",
        "not this key's over these bytes",
        || {
            let stage = Stage::new();
            let elsewhere = Ceremony { party: "evil.example".into(), ..Ceremony::default() };
            let raw = stage.dan.assert(&signed_blob(Namespace::Approval, &stage.bytes), &elsewhere);
            let key = stage.dan.public(PARTY);
            stage.judged(&[befund_trust::signature::assemble(&key, Namespace::Approval, &raw)])
        },
    ),
    // The authenticator.
    ("nobody touched it", "without having been touched", || with(|it| it.flags = 0x04)),
    ("nobody was verified", "did not verify who touched it", || with(|it| it.flags = 0x01)),
    ("a synchronised passkey", "may be copied to other devices", || with(|it| it.flags = 0x0d)),
    ("a synchronised passkey with its copies", "may be copied", || with(|it| it.flags = 0x1d)),
    ("a registration's data", "says more than an assertion", || with(|it| it.flags = 0x45)),
    ("extensions", "says more than an assertion", || {
        with(|it| {
            it.flags = 0x85;
            it.extensions = vec![0xa0];
        })
    }),
    ("extensions without their flag", "says more than an assertion", || {
        with(|it| it.extensions = vec![0xa0])
    }),
    ("a flag that nobody knows", "says more than an assertion", || with(|it| it.flags = 0x07)),
    ("flags that were not signed", "not this key's over these bytes", || {
        raw(&Ceremony { flags: 0x04, ..Ceremony::default() }, |raw| {
            let place = string(KIND.as_bytes()).len();
            let length = u32::from_be_bytes(raw[place..place + 4].try_into().expect("four"));
            let flags = place + 4 + length as usize;
            assert_eq!(raw[flags], 0x04);
            raw[flags] = 0x05;
        })
    }),
    // What was signed.
    ("a registration", "asked for \"webauthn.create\"", || {
        with(|it| it.kind = "webauthn.create".into())
    }),
    ("another statement", "something else than this", || {
        let stage = Stage::new();
        let mut other = statement(Risk::Change);
        other.machine = "another-pc".into();
        let by = stage.dan.sign(Namespace::Approval, &other.bytes(), &Ceremony::default());
        stage.judged(&[by])
    }),
    ("the statement's own bytes as a challenge", "something else than this", || {
        let stage = Stage::new();
        let raw = stage.dan.assert(&stage.bytes, &Ceremony::default());
        let key = stage.dan.public(PARTY);
        stage.judged(&[befund_trust::signature::assemble(&key, Namespace::Approval, &raw)])
    }),
    ("a sign-in's challenge", "something else than this", || {
        let stage = Stage::new();
        let raw = stage.dan.assert(&[7; 32], &Ceremony::default());
        let key = stage.dan.public(PARTY);
        stage.judged(&[befund_trust::signature::assemble(&key, Namespace::Approval, &raw)])
    }),
    ("for a catalogue", "it was made for \"befund-catalogue\"", || {
        let stage = Stage::new();
        let by = stage.dan.sign(Namespace::Catalogue, &stage.bytes, &Ceremony::default());
        stage.judged(&[by])
    }),
    ("for a catalogue, renamed", "something else than this", || {
        let stage = Stage::new();
        let it = Ceremony::default();
        let raw = stage.dan.assert(&signed_blob(Namespace::Catalogue, &stage.bytes), &it);
        let key = stage.dan.public(PARTY);
        stage.judged(&[befund_trust::signature::assemble(&key, Namespace::Approval, &raw)])
    }),
    // How it is written.
    ("a name twice", "stands there twice", || {
        with(|it| it.rest = r#","crossOrigin":true,"crossOrigin":false}"#.into())
    }),
    ("a challenge twice", "stands there twice", || {
        with(|it| it.rest = r#","challenge":"AAAA"}"#.into())
    }),
    ("something behind the client data", "cannot be read", || {
        with(|it| it.rest = r#","crossOrigin":false}{}"#.into())
    }),
    ("client data that ends too early", "cannot be read", || with(|it| it.rest = String::new())),
    ("client data of another shape", "cannot be read", || {
        with(|it| it.rest = r#","crossOrigin":"no"}"#.into())
    }),
    ("client data beyond its cap", "4096 are the most", || {
        with(|it| it.rest = format!(r#","more":"{}"}}"#, "x".repeat(4_000)))
    }),
    ("deep client data", "cannot be read", || {
        with(|it| it.rest = format!(r#","more":{}}}"#, "[".repeat(2_000)))
    }),
    ("bytes behind it", "damaged", || raw(&Ceremony::default(), |raw| raw.push(0))),
    ("bytes cut off", "damaged", || raw(&Ceremony::default(), |raw| raw.truncate(raw.len() - 1))),
    ("client data that was not signed", "not this key's over these bytes", || {
        raw(&Ceremony { rest: r#","crossOrigin":true }"#.into(), ..Ceremony::default() }, |raw| {
            let place = raw.windows(5).position(|it| it == b"true ").expect("it is there");
            raw[place..place + 5].copy_from_slice(b"false");
        })
    }),
    // The key.
    ("a key that nobody lists", "none that the trust root lists", || {
        let stage = Stage::new();
        let eve = Authenticator::new();
        stage.judged(&[eve.sign(Namespace::Approval, &stage.bytes, &Ceremony::default())])
    }),
    ("a listed key that does not sign in browsers", "none that the trust root lists", || {
        on(|stage| {
            let key = stage.document.keys.last_mut().expect("Dan's");
            key.webauthn = false;
            key.credential = None;
        })
    }),
    (
        "a key that signs in browsers, used with SSH",
        "only those whose application begins with `ssh:`",
        || {
            let stage = Stage::new();
            stage.judged(&[stage.dan.sign_as_ssh(PARTY, &stage.bytes)])
        },
    ),
    ("a key of SSH, used in a browser", "none that signs in browsers", || {
        with(|it| it.party = "ssh:".into())
    }),
    ("an Ed25519 key that says to be a browser's", "none that signs in browsers", || {
        let stage = Stage::new();
        let raw = stage.dan.assert(&[7; 32], &Ceremony::default());
        let key = crate::organisation::key(DAN).public();
        stage.judged(&[befund_trust::signature::assemble(&key, Namespace::Approval, &raw)])
    }),
    // Who decides.
    ("a disruptive step", "in a browser only steps that change something are signed", || {
        on(|stage| {
            stage.bytes = statement(Risk::Disruptive).seal().expect("a statement");
            stage.terms = Terms { risk: Risk::Disruptive, browsers: Browsers::AsRootSays };
        })
    }),
    ("a disruptive step beside enough others", "in a browser only steps that change", || {
        let mut stage = Stage::new();
        stage.bytes = statement(Risk::Disruptive).seal().expect("a statement");
        stage.terms = Terms { risk: Risk::Disruptive, browsers: Browsers::AsRootSays };
        let by = signed(Namespace::Approval, &stage.bytes, &[ANNA, crate::organisation::BEN]);
        stage.judged(&[&by[..], &[stage.sign(&Ceremony::default())]].concat())
    }),
    ("a disruptive step's statement for a change", "it is for a disruptive step", || {
        on(|stage| stage.bytes = statement(Risk::Disruptive).seal().expect("a statement"))
    }),
    ("a root that names no pages", "lets nothing be signed in a browser", || {
        on(|stage| stage.document.webauthn = None)
    }),
    ("a policy that takes nothing of browsers", "the policy of this machine takes nothing", || {
        on(|stage| stage.terms = Terms::from(Risk::Change))
    }),
    ("somebody who may not sign changes", "1 different people of the role change", || {
        on(|stage| stage.document.roles.change = quorum(&["anna", "ben"], 1))
    }),
    ("a root that nobody vouched for", "nobody vouched for it", || {
        let stage = Stage::new();
        let root = trusted_of(&stage.document, Standing::Unpinned);
        let by = [stage.sign(&Ceremony::default())];
        verify(&stage.bytes, &by, &root, CHANGE, &floors(), now())
            .map(|_| Vec::new())
            .map_err(|error| chain(&error))
    }),
];

#[test]
fn roots_and_catalogues_are_signed_by_no_browser() {
    let dan = Authenticator::new();
    for namespace in Namespace::ALL {
        let armored = dan.sign(namespace, b"x", &Ceremony::default());
        let refused = signers(namespace, b"x", &[&armored]).expect_err("a browser's");
        let told = chain(&refused);
        assert!(
            told.contains(
                "of the kind \"webauthn-sk-ecdsa-sha2-nistp256@openssh.com\" is not taken"
            ),
            "{told}"
        );
    }
}

#[test]
fn keys_of_browsers_are_able_to_sign_changes_and_nothing_else() {
    let mut stage = Stage::new();
    stage.document.keys.retain(|key| key.person != "dan" || key.webauthn);
    stage.document.roles.change = quorum(&["dan"], 1);
    let root = Root::parse(&stage.document.bytes()).expect("Dan can sign");
    let listed: Vec<_> =
        root.browser_keys().map(|(_, credential, who)| (credential, who)).collect();
    assert!(matches!(listed[..], [("q83vASNFZ4k", who)] if who.id == "dan"), "{listed:?}");
    assert_eq!(root.owner(&stage.dan.public(PARTY)), None);
    for role in [Role::Root, Role::Catalogue, Role::Disruptive] {
        let mut document = stage.document.clone();
        match role {
            Role::Root => document.roles.root = quorum(&["dan"], 1),
            Role::Catalogue => document.roles.catalogue = quorum(&["dan"], 1),
            Role::Disruptive => document.roles.disruptive = quorum(&["dan"], 1),
            Role::Change => {}
        }
        let error = Root::parse(&document.bytes()).expect_err("nobody can sign");
        assert!(matches!(error, Malformed::Unreachable { able: 0, .. }), "{role:?}: {error}");
    }
}

#[test]
fn keys_of_browsers_are_written_as_they_have_to_be() {
    let refused = |change: fn(&mut Stage)| {
        let mut stage = Stage::new();
        change(&mut stage);
        Root::parse(&stage.document.bytes()).expect_err("it makes no sense").to_string()
    };
    let told = refused(|stage| {
        let other = stage.dan.public("example.org");
        *stage.document.keys.last_mut().expect("Dan's") = listed("dan", &other);
    });
    assert!(told.contains("for the relying party"), "{told}");
    let told = refused(|stage| {
        let mut key = key_of("dan", 44);
        key.webauthn = true;
        key.credential = Some("AAAA".into());
        *stage.document.keys.last_mut().expect("Dan's") = key;
    });
    assert!(told.contains("which signs in a browser"), "{told}");
    for credential in [None, Some(String::new()), Some("A===".into()), Some("A".repeat(1_368))] {
        let mut stage = Stage::new();
        stage.document.keys.last_mut().expect("Dan's").credential = credential;
        let error = Root::parse(&stage.document.bytes()).expect_err("no credential").to_string();
        assert!(error.contains("its id in base64url"), "{error}");
    }
    // A key for web pages that is listed as one of SSH signs nothing, and makes nobody able to.
    let told = refused(|stage| {
        let key = stage.document.keys.last_mut().expect("Dan's");
        key.webauthn = false;
        stage.document.keys.retain(|key| key.person != "dan" || key.id == "dan-page");
        stage.document.roles.change = quorum(&["dan"], 1);
    });
    assert!(told.contains("0 of its people"), "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A bit of a browser's signature is changed: it never counts for anybody but Dan, and for him only where the
    /// changed bit is one of the armor's own, of which there is none.
    #[test]
    fn no_changed_signature_of_a_browser_is_taken(at in 0_usize..4_096, bit in 0_u8..8) {
        let stage = Stage::new();
        let blob = signed_blob(Namespace::Approval, &stage.bytes);
        let mut raw = stage.dan.assert(&blob, &Ceremony::default());
        let at = at % raw.len();
        raw[at] ^= 1 << bit;
        let key = stage.dan.public(PARTY);
        let armored = befund_trust::signature::assemble(&key, Namespace::Approval, &raw);
        prop_assert!(stage.judged(&[armored]).is_err());
    }

    /// Whatever stands in the client data behind the origin, what is taken says neither that the page was within
    /// another, nor anything twice.
    #[test]
    fn any_rest_of_the_client_data_is_read_or_refused(rest in "[,:{}\\[\\]\"a-zA-Z0-9\\\\ ]{0,80}") {
        let stage = Stage::new();
        let it = Ceremony { rest: format!("{rest}}}"), ..Ceremony::default() };
        let armored = stage.sign(&it);
        let parsed = Signature::parse(armored.as_bytes()).expect("an armored signature");
        if parsed.verify_assertion(Namespace::Approval, &stage.bytes).is_ok() {
            prop_assert!(!rest.contains("topOrigin"));
        }
    }
}
