//! Holds the code against what version 1 of the wire is: its numbered fields, and recorded messages.
//!
//! `recorded/v1.fields` lists every field, enumerated value and call that was ever released; they may
//! be added to, never changed. `recorded/v1.messages` holds messages as bytes. After an addition, run
//! with `BEFUND_RECORD=1` to append what is new; nothing that stands there is rewritten.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use befund_proto::v1::{
    self, agent_message, catalogue_part, controller_message, recover_reply, recover_request,
    section_head, upload_part, upload_reply,
};
use bytes::Bytes;
use prost::Message;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded").join(name)
}

fn lines(name: &str) -> BTreeSet<String> {
    fs::read_to_string(recorded(name)).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn record(name: &str, all: &BTreeSet<String>) {
    let text: String = all.iter().map(|line| format!("{line}\n")).collect();
    fs::write(recorded(name), text).unwrap();
}

fn recording() -> bool {
    std::env::var_os("BEFUND_RECORD").is_some()
}

/// Every field, value and call of the compiled descriptors, a line each.
fn described() -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(befund_proto::DESCRIPTORS).unwrap();
    let mut lines = BTreeSet::new();
    for file in set.file.iter().filter(|file| file.package() == "befund.v1") {
        for message in &file.message_type {
            describe(message, message.name(), &mut lines);
        }
        for service in &file.service {
            for method in &service.method {
                lines.insert(format!(
                    "call {}.{} {}{} -> {}{}",
                    service.name(),
                    method.name(),
                    if method.client_streaming() { "stream " } else { "" },
                    method.input_type(),
                    if method.server_streaming() { "stream " } else { "" },
                    method.output_type(),
                ));
            }
        }
    }
    lines
}

fn describe(message: &DescriptorProto, name: &str, lines: &mut BTreeSet<String>) {
    for field in &message.field {
        let kind = match field.r#type() {
            Type::Message | Type::Enum => field.type_name().to_owned(),
            scalar => format!("{scalar:?}").to_lowercase(),
        };
        let label = format!("{:?}", field.label()).to_lowercase();
        lines.insert(format!("field {name}.{} = {} {label} {kind}", field.name(), field.number()));
    }
    for list in &message.enum_type {
        for value in &list.value {
            lines.insert(format!(
                "value {name}.{}.{} = {}",
                list.name(),
                value.name(),
                value.number()
            ));
        }
    }
    for inner in &message.nested_type {
        describe(inner, &format!("{name}.{}", inner.name()), lines);
    }
}

#[test]
fn nothing_of_version_1_was_changed_or_removed() {
    let now = described();
    let then = lines("v1.fields");
    let gone: Vec<&String> = then.difference(&now).collect();
    assert!(gone.is_empty(), "an older peer still speaks these: {gone:#?}");
    if recording() {
        record("v1.fields", &now);
    } else {
        let new: Vec<&String> = now.difference(&then).collect();
        assert!(new.is_empty(), "additions that are not recorded yet (BEFUND_RECORD=1): {new:#?}");
    }
}

fn bytes(fill: u8, length: usize) -> Bytes {
    vec![fill; length].into()
}

/// One message of each kind, every field set.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let facts = v1::Facts {
        host_name: "PC-17".into(),
        os: "Debian GNU/Linux 12 (bookworm)".into(),
        agent_version: "0.1.0".into(),
    };
    let certificate = v1::Certificate {
        agent_id: bytes(1, 16),
        chain: vec![bytes(2, 40), bytes(3, 40), bytes(4, 40)],
        not_before: 1_763_856_000_000,
        not_after: 1_763_942_400_000,
        organisation: "Example Works".into(),
        recovery_counter: 7,
    };
    let trust = v1::TrustState {
        root_version: 4,
        pinned: true,
        catalogue_version: 12,
        catalogue: bytes(15, 32),
        refusal: "the catalogue is not taken".into(),
        ..Default::default()
    };
    let refusing = v1::TrustState {
        policy: bytes(16, 32),
        policy_refusal: "the policy is not a file of the administrator's".into(),
        executor_refusal: "the executor does not start".into(),
        ..trust.clone()
    };
    let agent = |body| v1::AgentMessage { body: Some(body) }.encode_to_vec();
    let controller = |body| v1::ControllerMessage { body: Some(body) }.encode_to_vec();
    let part = |body| v1::UploadPart { body: Some(body) }.encode_to_vec();
    let reply = |body| v1::UploadReply { body: Some(body) }.encode_to_vec();
    vec![
        (
            "EnrollRequest",
            v1::EnrollRequest {
                token_id: bytes(5, 16),
                token_secret: bytes(6, 32),
                csr: bytes(7, 50),
                facts: Some(facts.clone()),
            }
            .encode_to_vec(),
        ),
        ("Certificate", certificate.encode_to_vec()),
        (
            "RecoverRequest/begin",
            v1::RecoverRequest {
                step: Some(recover_request::Step::Begin(v1::RecoverBegin {
                    agent_id: bytes(1, 16),
                })),
            }
            .encode_to_vec(),
        ),
        (
            "RecoverRequest/proof",
            v1::RecoverRequest {
                step: Some(recover_request::Step::Proof(v1::RecoverProof {
                    csr: bytes(7, 50),
                    counter: 8,
                    signature: bytes(8, 70),
                })),
            }
            .encode_to_vec(),
        ),
        (
            "RecoverReply/challenge",
            v1::RecoverReply {
                step: Some(recover_reply::Step::Challenge(v1::RecoverChallenge {
                    nonce: bytes(9, 32),
                })),
            }
            .encode_to_vec(),
        ),
        (
            "RecoverReply/certificate",
            v1::RecoverReply { step: Some(recover_reply::Step::Certificate(certificate)) }
                .encode_to_vec(),
        ),
        ("TimeRequest", v1::TimeRequest { nonce: bytes(9, 32) }.encode_to_vec()),
        (
            "TimeReply",
            v1::TimeReply {
                now: 1_763_856_000_000,
                signature: bytes(8, 70),
                chain: vec![bytes(3, 40), bytes(4, 40)],
            }
            .encode_to_vec(),
        ),
        ("RenewRequest", v1::RenewRequest { csr: bytes(7, 50) }.encode_to_vec()),
        (
            "AgentMessage/hello",
            agent(agent_message::Body::Hello(v1::Hello {
                facts: Some(facts),
                capabilities: vec!["delta".into(), "runbook".into()],
                clock: 1_763_856_000_123,
                clock_correction: -42,
                trust: None,
            })),
        ),
        (
            "AgentMessage/hello_with_trust",
            agent(agent_message::Body::Hello(v1::Hello {
                trust: Some(trust.clone()),
                ..Default::default()
            })),
        ),
        ("AgentMessage/trust", agent(agent_message::Body::Trust(trust))),
        ("AgentMessage/trust_with_policy", agent(agent_message::Body::Trust(refusing))),
        (
            "AgentMessage/own_job",
            agent(agent_message::Body::OwnJob(v1::OwnJob {
                job: bytes(11, 16),
                body: Bytes::from_static(br#"{"work":{"runbook":"net.no-internet"}}"#),
                begun_by: "anna".into(),
            })),
        ),
        ("AgentMessage/heartbeat", agent(agent_message::Body::Heartbeat(v1::Heartbeat {}))),
        (
            "AgentMessage/check_in",
            agent(agent_message::Body::CheckIn(v1::CheckIn { root: bytes(10, 32) })),
        ),
        (
            "AgentMessage/order_accepted",
            agent(agent_message::Body::OrderAccepted(v1::OrderAccepted { job: bytes(11, 16) })),
        ),
        (
            "AgentMessage/event",
            agent(agent_message::Body::Event(v1::Event {
                job: bytes(11, 16),
                seq: 3,
                body: Bytes::from_static(
                    br#"{"seq":3,"at":"2026-01-02T03:04:05Z","what":"started"}"#,
                ),
            })),
        ),
        (
            "AgentMessage/result",
            agent(agent_message::Body::Result(v1::ResultPart {
                job: bytes(11, 16),
                part: 2,
                last: true,
                body: Bytes::from_static(br#"{"state":"done","status":"ok"}"#),
            })),
        ),
        (
            "ControllerMessage/welcome",
            controller(controller_message::Body::Welcome(v1::Welcome {
                controller_version: "0.1.0".into(),
                capabilities: vec!["delta".into()],
                organisation: "Example Works".into(),
                heartbeat_seconds: 30,
                clock: 1_763_856_000_123,
                ..Default::default()
            })),
        ),
        (
            "ControllerMessage/welcome_with_catalogue",
            controller(controller_message::Body::Welcome(v1::Welcome {
                catalogue: bytes(15, 32),
                root_version: 4,
                ..Default::default()
            })),
        ),
        (
            "ControllerMessage/said",
            controller(controller_message::Body::Said(v1::Said {
                job: bytes(11, 16),
                seq: 2,
                body: Bytes::from_static(
                    br#"{"answer":{"question":"scope","answer":"no","by":"tina"}}"#,
                ),
            })),
        ),
        (
            "AgentMessage/said_ack",
            agent(agent_message::Body::SaidAck(v1::SaidAck { job: bytes(11, 16), seq: 2 })),
        ),
        (
            "CatalogueRequest/some",
            v1::CatalogueRequest {
                root_version: 4,
                catalogue: bytes(15, 32),
                files: vec![bytes(16, 32)],
            }
            .encode_to_vec(),
        ),
        (
            "CataloguePart/head",
            v1::CataloguePart {
                body: Some(catalogue_part::Body::Head(v1::CatalogueHead {
                    kind: v1::catalogue_head::Kind::File.into(),
                    path: "net.no-internet.yaml".into(),
                    length: 5_000,
                })),
            }
            .encode_to_vec(),
        ),
        (
            "CataloguePart/chunk",
            v1::CataloguePart { body: Some(catalogue_part::Body::Chunk(bytes(17, 8))) }
                .encode_to_vec(),
        ),
        (
            "ControllerMessage/check_in",
            controller(controller_message::Body::CheckIn(v1::CheckInReply { known: true })),
        ),
        (
            "ControllerMessage/order",
            controller(controller_message::Body::Order(v1::Order {
                job: bytes(11, 16),
                body: Bytes::from_static(br#"{"work":{"probe":"net.dns"}}"#),
            })),
        ),
        (
            "ControllerMessage/cancel",
            controller(controller_message::Body::Cancel(v1::Cancel { job: bytes(11, 16) })),
        ),
        (
            "ControllerMessage/event_ack",
            controller(controller_message::Body::EventAck(v1::EventAck {
                job: bytes(11, 16),
                seq: 3,
            })),
        ),
        (
            "ControllerMessage/result_ack",
            controller(controller_message::Body::ResultAck(v1::ResultAck { job: bytes(11, 16) })),
        ),
        (
            "ControllerMessage/wake",
            controller(controller_message::Body::Wake(v1::Wake {
                reason: v1::wake::Reason::Snapshot.into(),
            })),
        ),
        (
            "ControllerMessage/goodbye",
            controller(controller_message::Body::Goodbye(v1::Goodbye {
                reason: v1::goodbye::Reason::Revoked.into(),
            })),
        ),
        (
            "UploadPart/open",
            part(upload_part::Body::Open(v1::UploadOpen {
                manifest: Bytes::from_static(b"{}"),
                purpose: Bytes::from_static(br#"{"purpose":"scheduled"}"#),
                more: true,
            })),
        ),
        (
            "UploadPart/section",
            part(upload_part::Body::Section(v1::SectionHead {
                index: 4,
                encoding: section_head::Encoding::ZstdDelta.into(),
                length: 87,
            })),
        ),
        ("UploadPart/chunk", part(upload_part::Body::Chunk(bytes(12, 87)))),
        (
            "UploadReply/wanted",
            reply(upload_reply::Body::Wanted(v1::UploadWanted {
                sections: vec![v1::WantedSection { index: 4, base: bytes(13, 32) }],
            })),
        ),
        (
            "UploadReply/receipt",
            reply(upload_reply::Body::Receipt(v1::UploadReceipt {
                snapshot: bytes(14, 16),
                ticket: 42,
                duplicate: true,
            })),
        ),
        ("UploadReply/later", reply(upload_reply::Body::LaterMs(1_500))),
    ]
}

#[test]
fn messages_are_encoded_as_they_were_recorded() {
    let now: BTreeSet<String> = samples()
        .into_iter()
        .map(|(name, bytes)| format!("{name} {}", data_encoding::HEXLOWER.encode(&bytes)))
        .collect();
    let then = lines("v1.messages");
    let changed: Vec<&String> = then.difference(&now).collect();
    assert!(changed.is_empty(), "these were recorded and are encoded otherwise now: {changed:#?}");
    if recording() {
        record("v1.messages", &now);
    }
    assert_eq!(then.len(), now.len(), "a message is not recorded yet (BEFUND_RECORD=1)");
}

/// Decodes as the kind that the name says, and encodes again.
fn again(name: &str, bytes: &[u8]) -> Result<Vec<u8>, prost::DecodeError> {
    fn through<M: Message + Default>(bytes: &[u8]) -> Result<Vec<u8>, prost::DecodeError> {
        M::decode(bytes).map(|message| message.encode_to_vec())
    }
    match name.split('/').next().unwrap() {
        "EnrollRequest" => through::<v1::EnrollRequest>(bytes),
        "Certificate" => through::<v1::Certificate>(bytes),
        "RecoverRequest" => through::<v1::RecoverRequest>(bytes),
        "RecoverReply" => through::<v1::RecoverReply>(bytes),
        "TimeRequest" => through::<v1::TimeRequest>(bytes),
        "TimeReply" => through::<v1::TimeReply>(bytes),
        "RenewRequest" => through::<v1::RenewRequest>(bytes),
        "AgentMessage" => through::<v1::AgentMessage>(bytes),
        "ControllerMessage" => through::<v1::ControllerMessage>(bytes),
        "UploadPart" => through::<v1::UploadPart>(bytes),
        "UploadReply" => through::<v1::UploadReply>(bytes),
        "CatalogueRequest" => through::<v1::CatalogueRequest>(bytes),
        "CataloguePart" => through::<v1::CataloguePart>(bytes),
        other => panic!("{other} is not handled here"),
    }
}

#[test]
fn recorded_messages_and_ones_from_a_newer_peer_are_understood() {
    // Field 1000, length-delimited: what a newer peer might add.
    let newer = [0xc2, 0x3e, 3, b'n', b'e', b'w'];
    for line in lines("v1.messages") {
        let (name, hex) = line.split_once(' ').unwrap();
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        assert_eq!(again(name, &bytes).unwrap(), bytes, "{name}");
        let longer = [bytes.as_slice(), &newer].concat();
        assert_eq!(again(name, &longer).unwrap(), bytes, "{name} with a field more");
        // What an unset body is: a peer that knows fewer kinds sees an empty message.
        assert!(again(name, &newer).is_ok(), "{name} of an unknown kind");
    }
}
