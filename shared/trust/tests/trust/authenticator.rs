//! A security key of WebAuthn and the browser before it, made here in software. Each field is a thing that an attacker may
//! have otherwise.

use befund_trust::key::PublicKey;
use befund_trust::signature::{Namespace, assemble, signed_blob};
use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

pub(crate) const PARTY: &str = "console.example.org";
pub(crate) const ORIGIN: &str = "https://console.example.org";
pub(crate) const KIND: &str = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com";

pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat()
}

/// A number without its leading zeros, with one in front if it would look negative.
fn number(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).expect("not zero");
    let bytes = &bytes[start..];
    if bytes[0] & 0x80 == 0 { string(bytes) } else { string(&[&[0], bytes].concat()) }
}

/// It.
pub(crate) struct Authenticator {
    pair: EcdsaKeyPair,
}

/// What a browser and its authenticator sign and say.
#[derive(Clone)]
pub(crate) struct Ceremony {
    /// Whose key the authenticator uses.
    pub(crate) party: String,
    /// The page, as the browser sees it.
    pub(crate) origin: String,
    /// The page, as the signature says.
    pub(crate) said_origin: String,
    /// What is asked for.
    pub(crate) kind: String,
    /// What follows the origin in the client data.
    pub(crate) rest: String,
    /// The authenticator's flags.
    pub(crate) flags: u8,
    /// Its extensions.
    pub(crate) extensions: Vec<u8>,
    /// What the signature says to be.
    pub(crate) named: String,
}

impl Default for Ceremony {
    fn default() -> Self {
        Self {
            party: PARTY.into(),
            origin: ORIGIN.into(),
            said_origin: ORIGIN.into(),
            kind: "webauthn.get".into(),
            rest: r#","crossOrigin":false}"#.into(),
            flags: 0x05,
            extensions: Vec::new(),
            named: KIND.into(),
        }
    }
}

impl Authenticator {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(signing, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(signing, document.as_ref(), &random).expect("a key");
        Self { pair }
    }

    /// Its public half, for this application.
    pub(crate) fn public(&self, application: &str) -> PublicKey {
        let kind = b"sk-ecdsa-sha2-nistp256@openssh.com";
        let point = self.pair.public_key();
        let bytes = [
            string(kind),
            string(b"nistp256"),
            string(point.as_ref()),
            string(application.as_bytes()),
        ];
        PublicKey::from_bytes(&bytes.concat()).expect("a public key")
    }

    /// The raw signature of an assertion whose challenge is `challenge`.
    pub(crate) fn assert(&self, challenge: &[u8], it: &Ceremony) -> Vec<u8> {
        let client_data = format!(
            r#"{{"type":"{}","challenge":"{}","origin":"{}"{}"#,
            it.kind,
            BASE64URL_NOPAD.encode(challenge),
            it.origin,
            it.rest
        );
        let counter = 7_u32.to_be_bytes();
        let signed = [
            digest(&SHA256, it.party.as_bytes()).as_ref(),
            &[it.flags],
            &counter,
            &it.extensions,
            digest(&SHA256, client_data.as_bytes()).as_ref(),
        ]
        .concat();
        let raw = self.pair.sign(&SystemRandom::new(), &signed).expect("a signature");
        let (r, s) = raw.as_ref().split_at(32);
        [
            string(it.named.as_bytes()),
            string(&[number(r), number(s)].concat()),
            vec![it.flags],
            counter.to_vec(),
            string(it.said_origin.as_bytes()),
            string(client_data.as_bytes()),
            string(&it.extensions),
        ]
        .concat()
    }

    /// The armored signature of a message for something, as a page has it made.
    pub(crate) fn sign(&self, namespace: Namespace, message: &[u8], it: &Ceremony) -> String {
        let raw = self.assert(&signed_blob(namespace, message), it);
        assemble(&self.public(&it.party), namespace, &raw)
    }

    /// What the same hardware signs as a key of SSH (OpenSSH's PROTOCOL.u2f), armored.
    pub(crate) fn sign_as_ssh(&self, application: &str, message: &[u8]) -> String {
        let blob = signed_blob(Namespace::Approval, message);
        let counter = 7_u32.to_be_bytes();
        let signed = [
            digest(&SHA256, application.as_bytes()).as_ref(),
            &[0x05],
            &counter,
            digest(&SHA256, &blob).as_ref(),
        ]
        .concat();
        let raw = self.pair.sign(&SystemRandom::new(), &signed).expect("a signature");
        let (r, s) = raw.as_ref().split_at(32);
        let raw = [
            string(b"sk-ecdsa-sha2-nistp256@openssh.com"),
            string(&[number(r), number(s)].concat()),
            vec![0x05],
            counter.to_vec(),
        ];
        assemble(&self.public(application), Namespace::Approval, &raw.concat())
    }
}
