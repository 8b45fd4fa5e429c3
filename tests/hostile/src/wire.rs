//! What comes over the wire or by hand: messages, ids, manifests, enrollment tokens.

use befund_model::id::Hash;
use befund_model::job::{JobEvent, Order, Outcome};
use befund_model::snapshot::{
    MAX_SECTIONS, MAX_SNAPSHOT_BYTES, Manifest, Purpose, SectionRef, Volatility,
};
use befund_model::token::EnrollmentToken;
use befund_proto::convert;
use befund_proto::v1;
use prost::Message;
use serde_json::Value;

use crate::pieces::byte;

/// Any bytes as each message: what is understood can be said again, and means the same then.
pub(crate) fn messages(data: &[u8]) {
    let (which, bytes) = byte(data);
    match which % 8 {
        0 => again::<v1::AgentMessage>(bytes),
        1 => again::<v1::ControllerMessage>(bytes),
        2 => again::<v1::UploadPart>(bytes),
        3 => again::<v1::UploadReply>(bytes),
        4 => again::<v1::EnrollRequest>(bytes),
        5 => again::<v1::RecoverRequest>(bytes),
        6 => again::<v1::RecoverReply>(bytes),
        _ => again::<v1::Certificate>(bytes),
    }
    convert_ids(bytes);
    value::<JobEvent>(bytes);
    value::<Outcome>(bytes);
    value::<Order>(bytes);
    value::<Purpose>(bytes);
}

fn again<M: Message + Default + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let Ok(message) = M::decode(bytes) else { return };
    let said = M::decode(message.encode_to_vec().as_slice()).expect("what was just written");
    assert_eq!(said, message);
}

fn convert_ids(bytes: &[u8]) {
    assert_eq!(convert::id::agent("x", bytes).is_ok(), bytes.len() == 16);
    assert_eq!(convert::id::job("x", bytes).is_ok(), bytes.len() == 16);
    assert_eq!(convert::id::hash("x", bytes).is_ok(), bytes.len() == 32);
    assert_eq!(convert::id::fixed::<12>("x", bytes).is_ok(), bytes.len() == 12);
    if let Ok(hash) = convert::id::hash("x", bytes) {
        assert_eq!(convert::id::bytes(hash.as_bytes()), bytes);
    }
}

fn value<T: serde::Serialize + serde::de::DeserializeOwned>(bytes: &[u8]) {
    let Ok(value) = convert::json::read::<T>("x", bytes) else { return };
    // Numbers of free JSON may differ in their last digit: they are read fast, not exactly.
    let written = convert::json::write(&value);
    let again: T = convert::json::read("x", &written).expect("what was just written");
    let _ = convert::json::write(&again);
}

/// Any bytes as a manifest: a good one is within every limit, in order, and says the same when it is
/// written again; its root depends on what is stable alone.
pub(crate) fn manifest(data: &[u8]) {
    let Ok(mut manifest) = convert::json::read::<Manifest>("x", data) else { return };
    if manifest.validate().is_err() {
        return;
    }
    assert!(manifest.sections.len() <= MAX_SECTIONS);
    let total: u64 = manifest.sections.iter().map(|line| line.size).sum();
    assert!(total <= MAX_SNAPSHOT_BYTES);
    let kinds: Vec<&str> = manifest.sections.iter().map(|line| line.kind.as_str()).collect();
    assert!(kinds.is_sorted_by(|a, b| a < b), "{kinds:?}");
    let written = convert::json::write(&manifest);
    let again: Manifest = convert::json::read("x", &written).expect("what was just written");
    assert_eq!(again, manifest);
    let root = manifest.root();
    for line in &mut manifest.sections {
        line.took_us = line.took_us.wrapping_add(1);
        if line.volatility == Volatility::Volatile {
            line.hash = Hash::of(b"another");
        }
    }
    assert_eq!(manifest.root(), root);
    let stable = |line: &&mut SectionRef| line.volatility == Volatility::Stable;
    if let Some(line) = manifest.sections.iter_mut().find(stable) {
        line.hash = Hash::of(line.hash.as_bytes());
        assert_ne!(manifest.root(), root);
    }
    let _: Value = serde_json::from_slice(&written).expect("JSON");
}

/// Any bytes as a token, as it is and with a checksum that fits: what is understood can be written,
/// and is the same then.
pub(crate) fn token(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        read_token(text);
    }
    let sum = blake3::hash(data);
    let bytes = [data, &sum.as_bytes()[..4]].concat();
    read_token(&format!("{}{}", befund_model::token::PREFIX, base64url(&bytes)));
}

fn read_token(text: &str) {
    let Ok(token) = EnrollmentToken::decode(text) else { return };
    // The digest is shown, and may be the same bytes.
    let shown = format!("{:?}", EnrollmentToken { trust_root: None, ..token.clone() });
    assert!(!shown.contains(&format!("{:?}", token.secret.0)), "a secret is shown");
    let written = token.encode().expect("a token that was read can be written");
    assert_eq!(EnrollmentToken::decode(&written), Ok(token));
}

fn base64url(bytes: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes)
}
