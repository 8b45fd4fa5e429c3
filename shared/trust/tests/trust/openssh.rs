//! What the real `ssh-keygen` signs is verified here, and what is signed here is verified by it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use befund_trust::allowed::{self, AllowedSigners};
use befund_trust::key::PublicKey;
use befund_trust::root::Root;
use befund_trust::signature::{Namespace, Signature};
use befund_trust::signing::SigningKey;
use tempfile::TempDir;

use crate::authenticator::{Authenticator, Ceremony, PARTY};
use crate::organisation::{ANNA, NOW, at, chain, document, key};

const MESSAGE: &[u8] = b"what was agreed\n\0\xff";

/// Whether it went well, and what it said.
fn keygen(folder: &Path, arguments: &[&str], input: &[u8]) -> (bool, String) {
    let mut child = Command::new("ssh-keygen")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ssh-keygen is needed here: install the package openssh-client");
    // It may end before it has read all.
    let _ = child.stdin.take().expect("it is piped").write_all(input);
    let output = child.wait_with_output().expect("it ends");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// A key pair that `ssh-keygen` made.
fn made(arguments: &[&str]) -> (TempDir, PublicKey) {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [&["-q", "-N", "", "-C", "anna@laptop", "-f", "key"], arguments].concat();
    let (good, said) = keygen(folder.path(), &arguments, b"");
    assert!(good, "{said}");
    let line = fs::read_to_string(folder.path().join("key.pub")).expect("the public half");
    let key = line.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
    (folder, key)
}

fn signed_by_keygen(folder: &Path, namespace: &str, extra: &[&str]) -> Vec<u8> {
    fs::write(folder.join("message"), MESSAGE).expect("a message");
    let _ = fs::remove_file(folder.join("message.sig"));
    let arguments =
        [&["-Y", "sign", "-q", "-f", "key", "-n", namespace], extra, &["message"]].concat();
    let (good, said) = keygen(folder, &arguments, b"");
    assert!(good, "{said}");
    fs::read(folder.join("message.sig")).expect("a signature")
}

fn is_verified_with(arguments: &[&str]) {
    let (folder, public) = made(arguments);
    for extra in [[].as_slice(), &["-O", "hashalg=sha256"]] {
        for namespace in Namespace::ALL {
            let armored = signed_by_keygen(folder.path(), namespace.as_str(), extra);
            let signature = Signature::parse(&armored).expect("what ssh-keygen wrote");
            assert_eq!(signature.verify(namespace, MESSAGE), Ok(&public));
            let windows = String::from_utf8_lossy(&armored).replace('\n', "\r\n");
            assert_eq!(Signature::parse(windows.as_bytes()), Ok(signature.clone()));
            for other in Namespace::ALL.into_iter().filter(|other| *other != namespace) {
                assert!(signature.verify(other, MESSAGE).is_err(), "{other:?}");
            }
            assert!(signature.verify(namespace, b"something else").is_err());
        }
    }
    let (_, shown) = keygen(folder.path(), &["-l", "-f", "key.pub"], b"");
    assert!(shown.contains(&public.fingerprint()), "{shown} {}", public.fingerprint());
}

#[test]
fn ed25519_of_ssh_keygen_is_verified() {
    is_verified_with(&["-t", "ed25519"]);
}

#[test]
fn p256_of_ssh_keygen_is_verified() {
    is_verified_with(&["-t", "ecdsa", "-b", "256"]);
}

#[test]
fn rsa_of_ssh_keygen_is_verified() {
    is_verified_with(&["-t", "rsa", "-b", "3072"]);
}

#[test]
fn numbers_of_p256_of_every_length_are_read() {
    let (folder, public) = made(&["-t", "ecdsa", "-b", "256"]);
    // One in two signatures has a number with its top bit set, one in 128 a shorter one.
    for _ in 0..40 {
        let armored = signed_by_keygen(folder.path(), "befund-root", &[]);
        let signature = Signature::parse(&armored).expect("what ssh-keygen wrote");
        assert_eq!(signature.verify(Namespace::Root, MESSAGE), Ok(&public));
    }
}

#[test]
fn weak_keys_are_refused() {
    for (arguments, why) in [
        (&["-t", "rsa", "-b", "2048"], "an RSA key of 2048 bits"),
        (&["-t", "ecdsa", "-b", "384"], "ecdsa-sha2-nistp384"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let arguments = [["-q", "-N", "", "-f", "key"].as_slice(), arguments].concat();
        let (good, said) = keygen(folder.path(), &arguments, b"");
        assert!(good, "{said}");
        let armored = signed_by_keygen(folder.path(), "befund-catalogue", &[]);
        let error = Signature::parse(&armored).expect_err("a key that is not taken");
        assert!(chain(&error).contains(why), "{}", chain(&error));
    }
}

#[test]
fn what_is_signed_here_is_verified_by_ssh_keygen_with_the_roots_allowed_signers() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let root = Root::parse(&document().bytes()).expect("a root");
    fs::write(folder.join("allowed"), allowed::of_root(&root)).expect("a file");
    fs::write(folder.join("good"), key(ANNA).sign(Namespace::Catalogue, MESSAGE)).expect("a file");
    let verify = |who: &str, namespace: &str, when: &str, message: &[u8]| {
        let time = format!("verify-time={when}");
        let arguments = [
            "-Y", "verify", "-f", "allowed", "-I", who, "-n", namespace, "-s", "good", "-O", &time,
        ];
        keygen(folder, &arguments, message)
    };
    let (good, said) = verify("anna", "befund-catalogue", "20260501", MESSAGE);
    assert!(good, "{said}");
    for (who, namespace, when, message) in [
        ("ben", "befund-catalogue", "20260501", MESSAGE),
        ("anna", "befund-root", "20260501", MESSAGE),
        ("anna", "befund-catalogue", "20280101", MESSAGE),
        ("anna", "befund-catalogue", "20260501", b"something else"),
    ] {
        let (good, said) = verify(who, namespace, when, message);
        assert!(!good, "{who} {namespace} {when}: {said}");
    }
}

#[test]
fn the_roots_allowed_signers_are_read_here_as_well() {
    let root = Root::parse(&document().bytes()).expect("a root");
    let signers = AllowedSigners::parse(&allowed::of_root(&root)).expect("what was written");
    let (anna, dan) = (key(ANNA).public(), key(crate::organisation::DAN).public());
    let now = at(NOW);
    assert!(signers.permits("anna", &anna, Namespace::Catalogue, now));
    assert!(signers.permits("dan", &dan, Namespace::Approval, now));
    assert!(!signers.permits("dan", &dan, Namespace::Catalogue, now));
    assert!(!signers.permits("dan", &anna, Namespace::Approval, now));
    assert!(!signers.permits("anna", &anna, Namespace::Catalogue, at("2027-01-01T00:00:01Z")));
}

#[test]
fn private_keys_come_from_ssh_keygen_and_go_back() {
    let (folder, public) = made(&["-t", "ed25519"]);
    let path = folder.path().join("key");
    let text = fs::read_to_string(&path).expect("the private half");
    let theirs = SigningKey::from_openssh(&text).expect("what ssh-keygen wrote");
    assert_eq!(theirs.public(), public);
    let again = SigningKey::from_openssh(&theirs.to_openssh("x")).expect("what was written");
    assert_eq!(again.public(), public);

    // The file stays one that only its owner can read, which ssh-keygen insists on.
    let ours = key(ANNA);
    fs::write(&path, ours.to_openssh("anna@laptop")).expect("a file");
    let (good, line) = keygen(folder.path(), &["-y", "-f", "key"], b"");
    assert!(good, "{line}");
    assert_eq!(line.parse(), Ok(ours.public()));
}

#[test]
fn a_passphrase_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["-q", "-t", "ed25519", "-N", "secret words", "-f", "key"];
    let (good, said) = keygen(folder.path(), &arguments, b"");
    assert!(good, "{said}");
    let text = fs::read_to_string(folder.path().join("key")).expect("the private half");
    let error = SigningKey::from_openssh(&text).expect_err("it has a passphrase");
    assert!(error.to_string().contains("passphrase"), "{error}");
}

#[test]
fn what_is_signed_in_a_browser_is_verified_by_ssh_keygen() {
    let folder = tempfile::tempdir().expect("a folder");
    let dan = Authenticator::new();
    let armored = dan.sign(Namespace::Approval, MESSAGE, &Ceremony::default());
    let line = format!("dan namespaces=\"befund-approval\" {}\n", dan.public(PARTY));
    fs::write(folder.path().join("allowed"), line).expect("the signers");
    fs::write(folder.path().join("sig"), armored).expect("a signature");
    let verify = |message: &[u8]| {
        let arguments =
            ["-Y", "verify", "-f", "allowed", "-I", "dan", "-n", "befund-approval", "-s", "sig"];
        keygen(folder.path(), &arguments, message)
    };
    let (good, said) = verify(MESSAGE);
    assert!(good, "{said}");
    let (good, said) = verify(b"something else");
    assert!(!good, "{said}");
}
