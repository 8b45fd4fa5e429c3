//! Tokens: what each kind of wrong one gets, and what a good one gives.

use befund_controller::store::repository::Agents as _;
use rcgen::KeyPair;
use tonic::Code;

use crate::fixture::{Machine, TestGate, enroll_request};

#[tokio::test]
async fn a_token_gives_an_identity_once_and_the_same_one_to_the_same_key() {
    let gate = TestGate::start().await;
    let (id, secret) = gate.token(1, 600).await;
    let key = KeyPair::generate().expect("a key");
    let mut stranger = gate.stranger().await;
    let first = stranger.enroll(enroll_request(id, secret, &key)).await.expect("enrolled");
    let again = stranger.enroll(enroll_request(id, secret, &key)).await.expect("once more");
    assert_eq!(first.get_ref().agent_id, again.get_ref().agent_id);
    assert_eq!(first.get_ref().chain.len(), 3);
    assert_eq!(first.get_ref().organisation, "Example");

    let other = KeyPair::generate().expect("a key");
    let used = stranger.enroll(enroll_request(id, secret, &other)).await.expect_err("used up");
    assert_eq!(used.code(), Code::FailedPrecondition);
    assert!(used.message().contains("used up"), "{}", used.message());

    let machine = Machine::new(key, first.get_ref());
    let found = gate.store.machine(machine.agent).await.expect("read").expect("there");
    assert_eq!(found.name, "pc-1");
    machine.session(&gate).await;
    gate.stop().await;
}

#[tokio::test]
async fn expired_wrong_and_malformed_tokens_are_told_apart_only_as_far_as_is_safe() {
    let gate = TestGate::start().await;
    let key = KeyPair::generate().expect("a key");
    let (id, secret) = gate.token(1, 600).await;
    let mut stranger = gate.stranger().await;

    let wrong = stranger.enroll(enroll_request(id, [0; 32], &key)).await.expect_err("wrong");
    let (nowhere, _) = TestGate::start().await.token(1, 600).await;
    let unknown = stranger.enroll(enroll_request(nowhere, secret, &key)).await.expect_err("none");
    assert_eq!((wrong.code(), wrong.message()), (unknown.code(), unknown.message()));
    assert_eq!(wrong.code(), Code::PermissionDenied);

    let mut short = enroll_request(id, secret, &key);
    short.token_secret = vec![0; 31].into();
    let short = stranger.enroll(short).await.expect_err("short");
    assert_eq!(short.code(), Code::InvalidArgument);

    let mut unproven = enroll_request(id, secret, &key);
    let mut csr = unproven.csr.to_vec();
    if let Some(last) = csr.last_mut() {
        *last ^= 1;
    }
    unproven.csr = csr.into();
    let unproven = stranger.enroll(unproven).await.expect_err("unproven");
    assert_eq!(unproven.code(), Code::InvalidArgument);

    let mut large = enroll_request(id, secret, &key);
    large.csr = vec![0; 70_000].into();
    let large = stranger.enroll(large).await.expect_err("large");
    assert_eq!(large.code(), Code::OutOfRange);

    // None of these used the token up.
    gate.clock.correct_by(601_000);
    let expired = stranger.enroll(enroll_request(id, secret, &key)).await.expect_err("expired");
    assert_eq!(expired.code(), Code::FailedPrecondition);
    assert!(expired.message().contains("expired"), "{}", expired.message());
    gate.clock.correct_by(0);
    stranger.enroll(enroll_request(id, secret, &key)).await.expect("still good");
    gate.stop().await;
}

#[tokio::test]
async fn who_fails_too_often_has_to_wait() {
    let gate = TestGate::start().await;
    let key = KeyPair::generate().expect("a key");
    let (id, secret) = gate.token(1, 6_000).await;
    let mut stranger = gate.stranger().await;
    let mut last = Code::Ok;
    for _ in 0..40 {
        let refused = stranger.enroll(enroll_request(id, [0; 32], &key)).await.expect_err("wrong");
        last = refused.code();
    }
    assert_eq!(last, Code::ResourceExhausted);
    gate.clock.correct_by(120_000);
    // On a connection of its own: strangers stay for two minutes.
    let mut stranger = gate.stranger().await;
    stranger.enroll(enroll_request(id, secret, &key)).await.expect("after a while");
    gate.stop().await;
}
