//! What holds of any input: nothing panics, whatever was changed is refused, people are counted.

use std::collections::BTreeSet;

use befund_model::action::Risk;
use befund_trust::allowed::AllowedSigners;
use befund_trust::approval::{self, Statement};
use befund_trust::catalogue::{self, Manifest};
use befund_trust::floor::{Number, Seen};
use befund_trust::key::PublicKey;
use befund_trust::root::{self, Role, Root, signers};
use befund_trust::signature::{Namespace, Signature};
use befund_trust::signing::SigningKey;
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::organisation::{
    ANNA, ANNA_TOO, BEN, CARA, DAN, EVE, at, document, floors, key, manifest, now, now_at, root,
    second, signed, statement, trusted, verified,
};

/// A change to bytes.
#[derive(Clone, Debug)]
enum Mutation {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Drop(prop::sample::Index),
    Insert(prop::sample::Index, u8),
    Swap(prop::sample::Index, prop::sample::Index),
}

impl Mutation {
    fn of(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let length = bytes.len();
        match self {
            Self::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Self::Cut(at) => bytes.truncate(at.index(length)),
            Self::Drop(at) => drop(bytes.remove(at.index(length))),
            Self::Insert(at, byte) => bytes.insert(at.index(length + 1), *byte),
            Self::Swap(one, other) => bytes.swap(one.index(length), other.index(length)),
        }
        bytes
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    use prop::sample::Index;
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        any::<Index>().prop_map(Mutation::Cut),
        any::<Index>().prop_map(Mutation::Drop),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Mutation::Swap(one, other)),
    ]
}

/// Line ends are no part of what a signature says.
fn same_text(one: &[u8], other: &[u8]) -> bool {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
    };
    text(one) == text(other)
}

fn parse_all(bytes: &[u8]) {
    let _ = Signature::parse(bytes);
    let _ = PublicKey::from_bytes(bytes);
    let _ = Root::parse(bytes);
    let _ = Manifest::parse(bytes);
    let _ = Statement::parse(bytes).map(|statement| statement.text());
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = text.parse::<PublicKey>();
        let _ = AllowedSigners::parse(text);
        let _ = SigningKey::from_openssh(text);
    }
}

fn person(seed: u8) -> Option<&'static str> {
    match seed {
        ANNA | ANNA_TOO => Some("anna"),
        BEN => Some("ben"),
        CARA => Some("cara"),
        DAN => Some("dan"),
        _ => None,
    }
}

proptest! {
    #[test]
    fn no_reader_panics(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        parse_all(&bytes);
    }

    #[test]
    fn no_reader_panics_over_what_is_nearly_good(
        which in 0..6_usize,
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let mut bytes = match which {
            0 => key(ANNA).sign(Namespace::Root, b"x").into_bytes(),
            1 => document().bytes(),
            2 => manifest().bytes(),
            3 => statement(Risk::Disruptive).bytes(),
            4 => key(ANNA).to_openssh("anna").into_bytes(),
            _ => befund_trust::allowed::of_root(&root()).into_bytes(),
        };
        for mutation in &mutations {
            if !bytes.is_empty() {
                bytes = mutation.of(&bytes);
            }
        }
        parse_all(&bytes);
    }

    #[test]
    fn a_changed_catalogue_or_signature_is_refused(mutation in mutation(), of_bytes in any::<bool>()) {
        let bytes = manifest().bytes();
        let signatures = signed(Namespace::Catalogue, &bytes, &[ANNA, BEN]);
        let mut texts: Vec<Vec<u8>> = signatures.iter().map(|text| text.clone().into_bytes()).collect();
        let mut changed = bytes.clone();
        if of_bytes {
            changed = mutation.of(&bytes);
        } else {
            texts[0] = mutation.of(&texts[0]);
        }
        let same = changed == bytes && same_text(&texts[0], signatures[0].as_bytes());
        let verified = catalogue::verify(&changed, &texts, &trusted(), &floors(), now());
        prop_assert_eq!(verified.is_ok(), same);
    }

    #[test]
    fn a_changed_statement_or_signature_is_refused(mutation in mutation(), of_bytes in any::<bool>()) {
        let bytes = statement(Risk::Change).bytes();
        let signature = key(DAN).sign(Namespace::Approval, &bytes).into_bytes();
        let (mut changed, mut text) = (bytes.clone(), signature.clone());
        if of_bytes {
            changed = mutation.of(&bytes);
        } else {
            text = mutation.of(&signature);
        }
        let same = changed == bytes && same_text(&text, &signature);
        let verified =
            approval::verify(&changed, &[text], &trusted(), Risk::Change, &floors(), now());
        prop_assert_eq!(verified.is_ok(), same);
    }

    #[test]
    fn a_changed_root_is_refused(mutation in mutation()) {
        let bytes = second().bytes();
        let signatures = signed(Namespace::Root, &bytes, &[ANNA, BEN]);
        let changed = mutation.of(&bytes);
        let taken = root::accept(Some(&trusted()), &changed, &signatures, None, &floors(), now());
        prop_assert_eq!(taken.is_ok(), changed == bytes);
    }

    #[test]
    fn thresholds_count_different_people(
        seeds in prop::collection::vec(
            prop_oneof![Just(ANNA), Just(ANNA_TOO), Just(BEN), Just(CARA), Just(DAN), Just(EVE)],
            1..8,
        ),
    ) {
        let root = root();
        let signers = signers(Namespace::Root, b"x", &signed(Namespace::Root, b"x", &seeds));
        let signers = signers.expect("good signatures");
        for role in Role::ALL {
            let quorum = root.quorum(role);
            let people: BTreeSet<&str> = seeds
                .iter()
                .filter_map(|seed| person(*seed))
                .filter(|id| quorum.people.iter().any(|listed| listed == id))
                .collect();
            let enough = people.len() >= quorum.threshold as usize;
            match root.demand(role, &signers) {
                Ok(signed) => {
                    prop_assert!(enough);
                    prop_assert_eq!(crate::organisation::ids(&signed), people);
                }
                Err(refused) => {
                    prop_assert!(!enough);
                    prop_assert_eq!(refused.signed.len(), people.len());
                }
            }
        }
    }

    #[test]
    fn floors_never_go_down(times in prop::collection::vec(0..200_000_i64, 1..30)) {
        let (mut floors, catalogue) = (floors(), verified());
        for seconds in times {
            let clock = at("2026-04-20T00:00:00Z") + std::time::Duration::from_secs(seconds.unsigned_abs());
            let before = floors.floor();
            if let Ok(now) = floors.now(clock).now() {
                prop_assert!(now.timestamp() >= before && now.timestamp() >= clock);
                floors.saw(now, &catalogue);
            }
            prop_assert!(floors.floor() >= before);
        }
    }

    #[test]
    fn a_number_is_never_taken_twice_while_it_lives(
        uses in prop::collection::vec((0..6_u8, 1..60_u64, 0..60_u64), 1..60),
    ) {
        let mut seen = Seen::default();
        let mut alive: Vec<(u8, u64)> = Vec::new();
        let mut clock = 0;
        let minutes = |minutes: u64| std::time::Duration::from_secs(minutes * 60);
        for (number, life, passed) in uses {
            clock += passed;
            let now = now_at(&(at("2026-05-01T12:00:00Z") + minutes(clock)).to_string());
            let expires = now.timestamp() + minutes(life);
            alive.retain(|(_, until)| *until > clock);
            let taken = seen.take(Number([number; 16]), expires, now).is_ok();
            if alive.iter().any(|(known, _)| *known == number) {
                prop_assert!(!taken, "{number} lives");
            } else if taken {
                alive.push((number, clock + life));
            }
        }
    }

    #[test]
    fn what_is_taken_of_a_key_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 32)) {
        let seed: [u8; 32] = bytes.try_into().expect("32 bytes");
        let key = SigningKey::from_seed(seed);
        let public = key.public();
        prop_assert_eq!(PublicKey::from_bytes(&public.to_bytes()), Ok(public.clone()));
        prop_assert_eq!(public.to_string().parse(), Ok(public.clone()));
        let again = SigningKey::from_openssh(&key.to_openssh("somebody"));
        prop_assert_eq!(again.expect("what was written").public(), public);
    }
}
