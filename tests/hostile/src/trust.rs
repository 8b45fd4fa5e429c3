//! What people sign, as anybody may hand it in: signatures and keys, trust roots, catalogues, statements and orders.

use befund_trust::allowed::{AllowedSigners, of_root};
use befund_trust::approval::{self, Statement};
use befund_trust::catalogue::{self, MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES, Manifest};
use befund_trust::digest::Sha256;
use befund_trust::key::PublicKey;
use befund_trust::root::{self, MAX_KEYS, MAX_PEOPLE, Role, Root};
use befund_trust::signature::{self, Namespace, Signature};
use befund_trust::signing::SigningKey;

/// Any bytes as a signature, as they are and in its armor, and as keys of each kind: a signature is for one thing
/// alone, never for two messages, and a key that is read is written the same.
pub(crate) fn signatures(data: &[u8]) {
    signature_of(data);
    let encoded = data_encoding::BASE64.encode(data);
    let lines: Vec<_> = encoded.as_bytes().chunks(70).map(String::from_utf8_lossy).collect();
    let armored = format!(
        "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
        lines.join("\n")
    );
    signature_of(armored.as_bytes());
    if let Ok(key) = PublicKey::from_bytes(data) {
        assert_eq!(key.to_bytes(), data);
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        assert!(key.check(b"never signed", data).is_err());
        assert!(key.check_assertion(b"never signed", data).is_err());
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = text.parse::<PublicKey>() {
        assert_eq!(PublicKey::from_bytes(&key.to_bytes()), Ok(key));
    }
    if let Ok(key) = SigningKey::from_openssh(text) {
        let again = SigningKey::from_openssh(&key.to_openssh("again")).expect("what was written");
        assert_eq!(again.public(), key.public());
    }
    if let Ok(signers) = AllowedSigners::parse(text) {
        let now = befund_model::Timestamp::UNIX_EPOCH;
        for entry in &signers.entries {
            let _ = signers.permits("anna", &entry.key, Namespace::Root, now);
        }
    }
}

fn signature_of(armored: &[u8]) {
    let Ok(signature) = Signature::parse(armored) else { return };
    assert!(armored.len() <= signature::MAX_BYTES);
    let good = |message: &[u8]| {
        Namespace::ALL
            .iter()
            .filter(|namespace| {
                let plain = signature.verify(**namespace, message).is_ok();
                let browser = signature.verify_assertion(**namespace, message).is_ok();
                assert!(!(plain && browser), "it is one or the other");
                assert!(!browser || signature.is_assertion());
                plain || browser
            })
            .count()
    };
    // The seeds' are signed over this.
    assert!(good(b"what was agreed") <= 1);
    assert_eq!(good(b"never signed"), 0);
}

/// Any bytes as a trust root: a good one is within its limits, its thresholds can be reached by different people, and it
/// says the same when it is written again.
pub(crate) fn roots(data: &[u8]) {
    let Ok(root) = Root::parse(data) else { return };
    assert!(data.len() <= root::MAX_BYTES);
    assert_eq!(root.digest(), Sha256::of(data));
    let document = root.document();
    assert!(document.keys.len() <= MAX_KEYS && document.people.len() <= MAX_PEOPLE);
    for role in Role::ALL {
        let quorum = root.quorum(role);
        let able = quorum
            .people
            .iter()
            .filter(|id| {
                let in_browser = root.browser_keys().any(|(.., person)| person.id == **id);
                root.keys().any(|(_, person)| person.id == **id)
                    || role == Role::Change && in_browser
            })
            .count();
        assert!((1..=able).contains(&(quorum.threshold as usize)), "{role:?} of {document:?}");
    }
    assert!(root.pages().is_some() || root.browser_keys().next().is_none());
    let again = Root::parse(&document.bytes()).expect("what was just written");
    assert_eq!(again.document(), document);
    AllowedSigners::parse(&of_root(&root)).expect("what was just written");
}

/// Any bytes as a catalogue's manifest: a good one is within every limit, its paths stay within its folder, and it says
/// the same when it is written again.
pub(crate) fn catalogues(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && catalogue::check_path(text).is_ok()
    {
        stays_within(text);
    }
    let Ok(manifest) = Manifest::parse(data) else { return };
    assert!(data.len() <= catalogue::MAX_BYTES && manifest.files.len() <= MAX_FILES);
    assert!(manifest.files.values().all(|file| file.size <= MAX_FILE_BYTES));
    assert!(manifest.files.values().map(|file| file.size).sum::<u64>() <= MAX_TOTAL_BYTES);
    assert!(manifest.created < manifest.expires);
    manifest.files.keys().for_each(|path| stays_within(path));
    let again = Manifest::parse(&manifest.bytes()).expect("what was just written");
    assert_eq!(again, manifest);
}

fn stays_within(path: &str) {
    use std::path::{Component, Path};
    assert!(!path.is_empty() && path.len() <= catalogue::MAX_PATH);
    let normal = |part| matches!(part, Component::Normal(_));
    assert!(Path::new(path).components().all(normal), "{path}");
    assert!(!path.contains(['\\', ':']) && !path.split('/').any(str::is_empty), "{path}");
}

/// Any bytes as a statement: what is read is written in exactly these bytes, and shows nothing that a terminal would obey.
pub(crate) fn approvals(data: &[u8]) {
    let Ok(statement) = Statement::parse(data) else { return };
    assert!(data.len() <= approval::MAX_BYTES);
    assert_eq!(statement.bytes(), data);
    let obeyed = |char: char| {
        char.is_control() && char != '\n'
            || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let text = statement.text();
    assert!(!text.contains(obeyed), "{text:?}");
}
