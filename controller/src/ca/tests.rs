//! The CA's certificates, looked at with another library than the one that made them.

use befund_model::Timestamp;
use befund_model::id::AgentId;
use befund_runtime::tls;
use rcgen::{CertificateParams, KeyPair};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::*;

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).expect("a time")
}

fn ca(folder: &std::path::Path) -> Ca {
    Ca::create(folder, "Example", now()).expect("a CA")
}

fn request(names: &[&str]) -> Vec<u8> {
    let key = KeyPair::generate().expect("a key");
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.serialize_request(&key).expect("a request").der().to_vec()
}

#[test]
fn an_agents_certificate_says_what_the_ca_decided_and_nothing_that_was_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = ca(folder.path());
    let agent = AgentId::new(now(), [7; 10]);
    let key = RequestedKey::from_request(&request(&["admin.example", "10.0.0.1"])).expect("a key");

    let issued = ca.issue(agent, &key, now()).expect("a certificate");

    let peer = tls::peer_of(&issued.chain[0]).expect("an agent's certificate");
    assert_eq!(peer.agent, agent);
    assert_eq!(peer.public_key, key.der());
    assert_eq!(peer.serial.len(), 16);
    let (_, leaf) = X509Certificate::from_der(&issued.chain[0]).expect("DER");
    let (_, intermediate) = X509Certificate::from_der(&issued.chain[1]).expect("DER");
    let (_, root) = X509Certificate::from_der(&issued.chain[2]).expect("DER");
    let names = leaf.subject_alternative_name().expect("readable").expect("there");
    assert!(matches!(names.value.general_names.as_slice(), [GeneralName::URI(_)]));
    assert!(!leaf.is_ca() && intermediate.is_ca() && root.is_ca());
    let usage = leaf.extended_key_usage().expect("readable").expect("there").value;
    assert!(usage.client_auth && !usage.server_auth && !usage.any);
    assert_eq!(leaf.validity().not_before.timestamp(), now().as_second() - 3_600);
    assert_eq!(leaf.validity().not_after.timestamp(), now().as_second() + 24 * 3_600);
    leaf.verify_signature(Some(intermediate.public_key())).expect("signed by the intermediate");
    intermediate.verify_signature(Some(root.public_key())).expect("signed by the root");
}

#[test]
fn a_loaded_ca_is_the_one_that_was_made_and_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = ca(folder.path());
    let loaded = Ca::load(folder.path()).expect("the CA");
    assert_eq!(loaded.pin(), made.pin());
    assert_eq!(loaded.authorities(), made.authorities());
    let again = Ca::create(folder.path(), "Example", now());
    assert!(matches!(again, Err(CaError::File { .. })), "{again:?}");
    assert_eq!(Ca::load(folder.path()).expect("the CA").pin(), made.pin());
}

#[test]
fn a_request_must_be_signed_by_its_own_key() {
    let good = request(&[]);
    assert!(RequestedKey::from_request(&good).is_ok());
    let mut forged = good.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(RequestedKey::from_request(&forged).err(), Some(InvalidRequest::Unproven));
    assert!(RequestedKey::from_request(&good[..good.len() - 1]).is_err());
    assert_eq!(
        RequestedKey::from_request(&vec![0; MAX_REQUEST_BYTES + 1]).err(),
        Some(InvalidRequest::TooLarge)
    );
}

#[test]
fn a_leaf_never_outlives_its_issuer() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = ca(folder.path());
    let key = RequestedKey::from_request(&request(&[])).expect("a key");
    let late = Timestamp::from_second(ca.issuing_ends().as_second() - 60).expect("a time");
    let issued = ca.issue(AgentId::new(late, [1; 10]), &key, late).expect("a certificate");
    assert_eq!(issued.not_after, ca.issuing_ends());
}

#[test]
fn a_name_that_is_none_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = ca(folder.path()).server(&["no name".to_owned()], now()).err();
    assert!(matches!(error, Some(CaError::Name(name)) if name == "no name"));
}
