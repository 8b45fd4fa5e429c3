//! Whose certificate is worth what: of another CA, past, revoked, renewed, recovered.

use std::time::Duration;

use befund_controller::bus::Hint;
use befund_controller::store::repository::Agents as _;
use befund_model::id::AgentId;
use befund_proto::v1::agent_message::Body as Said;
use befund_proto::v1::controller_message::Body as Heard;
use befund_proto::v1::goodbye::Reason;
use befund_proto::v1::recover_reply::Step as Reply;
use befund_proto::v1::recover_request::Step as Asked;
use befund_proto::{convert, v1};
use rcgen::{KeyPair, SigningKey as _};
use ring::digest::{SHA256, digest};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use x509_parser::prelude::FromDer as _;

use crate::fixture::{DEADLINE, Machine, TestGate, TestSession, csr};

/// What a machine with this certificate gets for a session.
async fn refusal(gate: &TestGate, machine: &Machine) -> Option<Status> {
    // With TLS 1.3 the client learns of a refused certificate only with its first call.
    match gate.channel(Some(machine.identity())).await {
        Err(error) => Some(Status::unknown(error.to_string())),
        Ok(channel) => {
            let mut link = v1::link_client::LinkClient::new(channel);
            link.renew(v1::RenewRequest { csr: Vec::new().into() }).await.err()
        }
    }
}

#[tokio::test]
async fn only_certificates_of_the_own_ca_that_are_not_past_are_let_in() {
    let gate = TestGate::start().await;
    let other = TestGate::start().await;
    let good = gate.enroll().await;
    let code = |refused: Option<Status>| refused.expect("refused").code();
    // Let in: only its request is wrong.
    assert_eq!(code(refusal(&gate, &good).await), Code::InvalidArgument);

    let foreign = other.forge(good.agent, other.clock.now(), Duration::from_secs(3_600));
    assert_ne!(code(refusal(&gate, &foreign).await), Code::InvalidArgument);

    let long_ago = good.agent;
    let at = befund_model::Timestamp::from_second(gate.clock.now().as_second() - 90_000);
    let past = gate.forge(long_ago, at.expect("a time"), Duration::from_secs(86_400));
    assert_ne!(code(refusal(&gate, &past).await), Code::InvalidArgument);

    let nobody = AgentId::new(gate.clock.now(), [9; 10]);
    let unknown = gate.forge(nobody, gate.clock.now(), Duration::from_secs(3_600));
    let refused = TestSession::open(unknown.link(&gate).await).await.err();
    let refused = refused.expect("refused");
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.metadata().get(befund_proto::REASON).is_none(), "it was not revoked");
    gate.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_revoked_machine_is_shown_out_and_not_let_in_again() {
    let gate = TestGate::start().await;
    let (machine, neighbour) = (gate.enroll().await, gate.enroll().await);
    let session = machine.session(&gate).await;
    let mut link = machine.link(&gate).await;
    // An upload that waits for its machine.
    let (_say, said) = mpsc::channel(1);
    let mut upload = link.upload(ReceiverStream::new(said)).await.expect("begun").into_inner();
    let mut other = neighbour.session(&gate).await;

    gate.store.revoke(machine.agent, &TestGate::by(), gate.clock.now()).await.expect("revoked");
    gate.bus.tell(Hint::Revoked(machine.agent));

    assert_eq!(session.goodbye().await, Reason::Revoked);
    let cut = tokio::time::timeout(DEADLINE, upload.message()).await.expect("cut in time");
    assert!(cut.is_err(), "the upload goes on: {cut:?}");
    let refused = refusal(&gate, &machine).await.expect("refused");
    assert_eq!(refused.code(), Code::PermissionDenied);
    let reason = refused.metadata().get(befund_proto::REASON).expect("a reason");
    assert_eq!(reason, befund_proto::REASON_REVOKED);
    assert!(!gate.live.connected(machine.agent));

    other.say(Said::CheckIn(v1::CheckIn { root: vec![0; 32].into() })).await;
    assert!(matches!(other.next().await, Ok(Some(Heard::CheckIn(_)))));
    gate.stop().await;
}

#[tokio::test]
async fn a_revocation_that_nobody_told_is_found() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let session = machine.session(&gate).await;
    gate.store.revoke(machine.agent, &TestGate::by(), gate.clock.now()).await.expect("revoked");
    assert_eq!(session.goodbye().await, Reason::Revoked);
    gate.stop().await;
}

#[tokio::test]
async fn a_session_ends_with_its_certificate() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let session = machine.session(&gate).await;
    gate.clock.correct_by(25 * 3_600 * 1_000);
    assert_eq!(session.goodbye().await, Reason::Expired);
    gate.stop().await;
}

#[tokio::test]
async fn a_renewed_key_takes_over_once_it_is_used() {
    let gate = TestGate::start().await;
    let old = gate.enroll().await;
    let session = old.session(&gate).await;
    // Certificates tell their age in whole seconds.
    gate.clock.correct_by(5_000);

    let same = v1::RenewRequest { csr: csr(&old.key).into() };
    let refused = old.link(&gate).await.renew(same).await.expect_err("the same key");
    assert_eq!(refused.code(), Code::InvalidArgument);

    let key = KeyPair::generate().expect("a key");
    let request = v1::RenewRequest { csr: csr(&key).into() };
    let renewed = old.link(&gate).await.renew(request).await.expect("renewed").into_inner();
    let new = Machine::new(key, &renewed);
    assert_eq!(new.agent, old.agent);

    // The old one is good until the new one was used.
    let again = old.session(&gate).await;
    assert_eq!(session.goodbye().await, Reason::Replaced);
    let now = new.session(&gate).await;
    assert_eq!(again.goodbye().await, Reason::Replaced);
    let refused = TestSession::open(old.link(&gate).await).await.err().expect("refused");
    assert_eq!(refused.code(), Code::Unauthenticated);
    let bound = gate.store.binding(new.agent).await.expect("read").expect("bound");
    assert_eq!(
        bound.public_key,
        befund_runtime::tls::peer_of(&new.chain[0]).expect("a peer").public_key
    );
    drop(now);

    // Nor at a controller that has seen neither: another one, or the same after a restart.
    let neighbour = gate.neighbour().await;
    let refused = TestSession::open(old.link(&neighbour).await).await.err().expect("refused");
    assert_eq!(refused.code(), Code::Unauthenticated);
    new.session(&neighbour).await;
    neighbour.stop().await;
    gate.stop().await;
}

async fn recover(
    gate: &TestGate,
    agent: AgentId,
    signer: &KeyPair,
    key: &KeyPair,
    counter: u64,
) -> Result<v1::Certificate, Status> {
    let (say, said) = mpsc::channel(2);
    let ask = |step| v1::RecoverRequest { step: Some(step) };
    let begin = v1::RecoverBegin { agent_id: convert::id::bytes(agent.as_bytes()) };
    say.send(ask(Asked::Begin(begin))).await.expect("said");
    let mut replies = gate.stranger().await.recover(ReceiverStream::new(said)).await?.into_inner();
    let Some(Reply::Challenge(challenge)) = replies.message().await?.and_then(|reply| reply.step)
    else {
        panic!("no challenge");
    };
    let csr = csr(key);
    let request = digest(&SHA256, &csr);
    let message = [
        b"befund-recover-v1\0".as_slice(),
        agent.as_bytes(),
        &challenge.nonce,
        &counter.to_be_bytes(),
        request.as_ref(),
    ]
    .concat();
    let signature = signer.sign(&message).expect("signed").into();
    let proof = v1::RecoverProof { csr: csr.into(), counter, signature };
    say.send(ask(Asked::Proof(proof))).await.expect("said");
    match replies.message().await?.and_then(|reply| reply.step) {
        Some(Reply::Certificate(certificate)) => Ok(certificate),
        other => panic!("{other:?} instead of a certificate"),
    }
}

#[tokio::test]
async fn a_machine_recovers_by_its_bound_key_after_its_certificate_ran_out() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    gate.clock.correct_by(30 * 24 * 3_600 * 1_000 / 2);
    let key = KeyPair::generate().expect("a key");
    let stranger = KeyPair::generate().expect("a key");

    let forged = recover(&gate, machine.agent, &stranger, &key, 1).await.expect_err("forged");
    let nobody = AgentId::new(gate.clock.now(), [1; 10]);
    let unknown = recover(&gate, nobody, &stranger, &key, 1).await.expect_err("unknown");
    assert_eq!((forged.code(), forged.message()), (unknown.code(), unknown.message()));
    assert_eq!(forged.code(), Code::PermissionDenied);

    let certificate =
        recover(&gate, machine.agent, &machine.key, &key, 1).await.expect("recovered");
    assert_eq!(certificate.recovery_counter, 1);
    let again = recover(&gate, machine.agent, &machine.key, &key, 1).await.expect_err("replayed");
    assert_eq!(again.code(), Code::FailedPrecondition);
    let recovered = Machine::new(key, &certificate);
    assert_eq!(recovered.agent, machine.agent);
    recovered.session(&gate).await;

    gate.store.revoke(machine.agent, &TestGate::by(), gate.clock.now()).await.expect("revoked");
    let key = KeyPair::generate().expect("a key");
    let revoked =
        recover(&gate, machine.agent, &recovered.key, &key, 2).await.expect_err("revoked");
    assert_eq!(revoked.code(), Code::PermissionDenied);
    assert!(revoked.message().contains("revoked"));
    gate.stop().await;
}

#[tokio::test]
async fn the_time_is_signed_for_the_nonce_by_a_chain_to_the_pinned_root() {
    let gate = TestGate::start().await;
    let nonce = [5; 32];
    let request = v1::TimeRequest { nonce: nonce.to_vec().into() };
    let reply = gate.stranger().await.time(request).await.expect("the time").into_inner();
    let message = [b"befund-time-v1\0".as_slice(), &nonce, &reply.now.to_be_bytes()].concat();
    let (_, intermediate) =
        x509_parser::certificate::X509Certificate::from_der(&reply.chain[0]).expect("DER");
    let (_, root) =
        x509_parser::certificate::X509Certificate::from_der(&reply.chain[1]).expect("DER");
    intermediate.verify_signature(Some(root.public_key())).expect("signed by the root");
    assert_eq!(
        befund_runtime::tls::pin_of(&reply.chain[1].to_vec().into()).expect("a pin"),
        gate.ca.pin()
    );
    let point = &intermediate.public_key().subject_public_key.data;
    let key =
        ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_ASN1, point);
    key.verify(&message, &reply.signature).expect("signed by the intermediate");
    assert!(key.verify(&message[1..], &reply.signature).is_err());
    let apart = reply.now - gate.clock.now().as_millisecond();
    assert!(apart.abs() < 60_000, "{apart}");

    let short = v1::TimeRequest { nonce: vec![5; 31].into() };
    let refused = gate.stranger().await.time(short).await.expect_err("short");
    assert_eq!(refused.code(), Code::InvalidArgument);
    gate.stop().await;
}

#[tokio::test]
async fn the_gates_certificate_is_exchanged_while_sessions_go_on() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let mut session = machine.session(&gate).await;
    // Past the end of the first certificate: nobody could connect with it any more.
    gate.clock.correct_by(40 * 24 * 3_600 * 1_000);
    assert!(gate.channel(None).await.is_err());
    gate.certificates.renew().expect("renewed");
    assert!(gate.channel(None).await.is_ok());
    gate.clock.correct_by(0);
    session.say(Said::CheckIn(v1::CheckIn { root: vec![0; 32].into() })).await;
    // Its own certificate may have been found past its end meanwhile; the stream itself was not cut.
    assert!(matches!(session.next().await, Ok(Some(Heard::CheckIn(_) | Heard::Goodbye(_)))));
    gate.stop().await;
}
