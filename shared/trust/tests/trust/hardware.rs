//! Hardware keys, made here in software by OpenSSH's PROTOCOL.u2f: what such a key signs is verified, and what was
//! signed without a touch, or for a web page, is not.

use befund_trust::key::{NotSigned, PublicKey};
use befund_trust::signature::{Namespace, Refusal, Signature, assemble, signed_blob};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};

const MESSAGE: &[u8] = b"what was agreed";
const TOUCHED: u8 = 1;

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat()
}

/// A number without its leading zeros, with one in front if it would look negative.
fn number(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).expect("not zero");
    let bytes = &bytes[start..];
    if bytes[0] & 0x80 == 0 { string(bytes) } else { string(&[&[0], bytes].concat()) }
}

/// A key in hardware.
enum Token {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

impl Token {
    fn both() -> [Self; 2] {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[3; 32]).expect("a seed");
        let random = SystemRandom::new();
        let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(signing, &random).expect("a key");
        let p256 = EcdsaKeyPair::from_pkcs8(signing, document.as_ref(), &random).expect("a key");
        [Self::Ed25519(pair), Self::P256(p256)]
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "sk-ssh-ed25519@openssh.com",
            Self::P256(_) => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    fn public(&self, application: &str) -> PublicKey {
        let key = match self {
            Self::Ed25519(pair) => string(pair.public_key().as_ref()),
            Self::P256(pair) => [string(b"nistp256"), string(pair.public_key().as_ref())].concat(),
        };
        let bytes = [string(self.kind().as_bytes()), key, string(application.as_bytes())].concat();
        PublicKey::from_bytes(&bytes).expect("a public key")
    }

    fn sign(&self, application: &str, flags: u8, counter: u32, message: &[u8]) -> Vec<u8> {
        let signed = [
            digest(&SHA256, application.as_bytes()).as_ref(),
            &[flags],
            &counter.to_be_bytes(),
            digest(&SHA256, message).as_ref(),
        ]
        .concat();
        let raw = match self {
            Self::Ed25519(pair) => pair.sign(&signed).as_ref().to_vec(),
            Self::P256(pair) => {
                let raw = pair.sign(&SystemRandom::new(), &signed).expect("a signature");
                let (r, s) = raw.as_ref().split_at(32);
                [number(r), number(s)].concat()
            }
        };
        let kind = string(self.kind().as_bytes());
        [kind, string(&raw), vec![flags], counter.to_be_bytes().to_vec()].concat()
    }
}

fn verify(key: &PublicKey, raw: &[u8]) -> Result<(), NotSigned> {
    let armored = assemble(key, Namespace::Approval, raw);
    let signature = Signature::parse(armored.as_bytes()).expect("a signature that can be read");
    match signature.verify(Namespace::Approval, MESSAGE) {
        Ok(by) => {
            assert_eq!(by, key);
            Ok(())
        }
        Err(Refusal::NotSigned { source, .. }) => Err(source),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_touched_key_is_verified() {
    let blob = signed_blob(Namespace::Approval, MESSAGE);
    for token in Token::both() {
        let key = token.public("ssh:");
        assert!(key.is_hardware());
        assert_eq!(verify(&key, &token.sign("ssh:", TOUCHED, 7, &blob)), Ok(()));
        // With a PIN as well (user verified), and with a name of its own.
        assert_eq!(verify(&key, &token.sign("ssh:", TOUCHED | 4, u32::MAX, &blob)), Ok(()));
        let named = token.public("ssh:work");
        assert_eq!(verify(&named, &token.sign("ssh:work", TOUCHED, 0, &blob)), Ok(()));
        let line = key.to_string();
        assert_eq!(line.parse(), Ok(key), "{line}");
    }
}

#[test]
fn a_key_that_was_not_touched_is_refused_and_cannot_be_made_to_look_touched() {
    let blob = signed_blob(Namespace::Approval, MESSAGE);
    for token in Token::both() {
        let key = token.public("ssh:");
        let mut raw = token.sign("ssh:", 4, 7, &blob);
        assert_eq!(verify(&key, &raw), Err(NotSigned::NotTouched));
        let flags = raw.len() - 5;
        raw[flags] |= TOUCHED;
        assert_eq!(verify(&key, &raw), Err(NotSigned::Forged));
    }
}

#[test]
fn flags_counter_and_message_are_what_was_signed() {
    let blob = signed_blob(Namespace::Approval, MESSAGE);
    for token in Token::both() {
        let key = token.public("ssh:");
        let good = token.sign("ssh:", TOUCHED, 7, &blob);
        let mut counted = good.clone();
        *counted.last_mut().expect("a counter") ^= 1;
        assert_eq!(verify(&key, &counted), Err(NotSigned::Forged));
        let other = token.sign("ssh:", TOUCHED, 7, &signed_blob(Namespace::Approval, b"another"));
        assert_eq!(verify(&key, &other), Err(NotSigned::Forged));
        let elsewhere = token.sign("ssh:", TOUCHED, 7, &signed_blob(Namespace::Root, MESSAGE));
        assert_eq!(verify(&key, &elsewhere), Err(NotSigned::Forged));
        for damaged in [&good[..good.len() - 1], &[good.as_slice(), &[0]].concat()] {
            assert_eq!(verify(&key, damaged), Err(NotSigned::Damaged));
        }
    }
}

#[test]
fn what_a_web_page_had_signed_is_refused() {
    let blob = signed_blob(Namespace::Approval, MESSAGE);
    for token in Token::both() {
        let key = token.public("console.example.org");
        let raw = token.sign("console.example.org", TOUCHED, 7, &blob);
        assert_eq!(
            verify(&key, &raw),
            Err(NotSigned::OtherApplication("console.example.org".into()))
        );
        // The same hardware's signature for a page is none for SSH.
        assert_eq!(verify(&token.public("ssh:"), &raw), Err(NotSigned::Forged));
    }
}

#[test]
fn a_key_in_hardware_is_no_key_in_a_file() {
    let blob = signed_blob(Namespace::Approval, MESSAGE);
    let [token, _] = Token::both();
    let Token::Ed25519(pair) = &token else { panic!("the first is Ed25519") };
    let file = PublicKey::ed25519(pair.public_key().as_ref().try_into().expect("32 bytes"));
    let hardware = token.public("ssh:");
    let by_hardware = token.sign("ssh:", TOUCHED, 7, &blob);
    let by_file = [string(b"ssh-ed25519"), string(pair.sign(&blob).as_ref())].concat();
    assert_eq!(verify(&file, &by_file), Ok(()));
    assert!(matches!(verify(&file, &by_hardware), Err(NotSigned::OtherKind { .. })));
    assert!(matches!(verify(&hardware, &by_file), Err(NotSigned::OtherKind { .. })));
}
