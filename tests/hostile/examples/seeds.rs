//! Writes the seeds of `tests/fuzz/seeds` that are made rather than found: good inputs, from which a
//! fuzzer goes on.

use std::fs;
use std::path::Path;

use befund_model::Timestamp;
use befund_model::action::Risk;
use befund_model::id::{AgentId, Hash, JobId, SnapshotId, TicketNumber, TokenId};
use befund_model::runbook::FixRef;
use befund_model::snapshot::{Manifest, PrivacyClass, SectionKind, SectionRef, Status, Volatility};
use befund_model::token::{CaPin, EnrollmentToken, Secret};
use befund_proto::v1;
use befund_trust::approval::{self, Act, CatalogueRef, Challenge, RunbookRef, Statement, Step};
use befund_trust::digest::Sha256;
use befund_trust::floor::Number;
use befund_trust::root::{self, Document, Key, Pages, Person, Quorum, Roles, Root};
use befund_trust::signature::Namespace;
use befund_trust::signing::SigningKey;
use befund_trust::{allowed, catalogue};
use prost::Message as _;
use serde_json::json;

fn main() {
    let content = br#"{"cores":4,"model":"Example"}"#.repeat(40);
    let frame = zstd::bulk::compress(&content, 3).expect("a frame");
    let manifest = manifest(&content);
    let manifest = serde_json::to_vec(&manifest).expect("JSON");

    let length = u32::try_from(frame.len()).expect("short").to_be_bytes();
    let size = u32::try_from(content.len()).expect("short").to_be_bytes();
    let head = |encoding: u8| [&[0, encoding], length.as_slice()].concat();
    write("upload", "whole", &records(&[(1, &manifest), (2, &head(1)), (3, &frame)]));
    write("upload", "difference", &records(&[(1, &manifest), (2, &head(2)), (3, &frame)]));
    let open = v1::upload_part::Body::Open(v1::UploadOpen {
        manifest: manifest.clone().into(),
        purpose: json!({"purpose": "scheduled"}).to_string().into(),
        more: false,
    });
    let open = v1::UploadPart { body: Some(open) }.encode_to_vec();
    write("upload", "protobuf", &records(&[(0, &open), (2, &head(1)), (3, &frame)]));
    write("expand", "whole", &[size.as_slice(), &[8], &frame].concat());
    write("manifest", "one", &manifest);

    let hello = v1::agent_message::Body::Hello(v1::Hello {
        facts: Some(v1::Facts {
            host_name: "x1".into(),
            os: "Debian".into(),
            agent_version: "0.1.0".into(),
        }),
        ..v1::Hello::default()
    });
    let hello = v1::AgentMessage { body: Some(hello) }.encode_to_vec();
    let result = br#"{"state":"done","status":"ok","result":{"a":1},"took_us":5}"#;
    let (first, last) = result.split_at(20);
    let part = |number: u8, last: u8, body: &[u8]| [&[1, number, last], body].concat();
    write(
        "session",
        "a-job",
        &records(&[
            (0, &hello),
            (1, &[1, 1]),
            (1, &[1, 2]),
            (2, &part(0, 0, first)),
            (2, &part(1, 1, last)),
            (3, &[2]),
        ]),
    );
    let accepted = v1::agent_message::Body::OrderAccepted(v1::OrderAccepted {
        job: JobId::new(Timestamp::UNIX_EPOCH, [1; 10]).as_bytes().to_vec().into(),
    });
    let accepted = v1::AgentMessage { body: Some(accepted) }.encode_to_vec();
    let check_in = v1::agent_message::Body::CheckIn(v1::CheckIn { root: vec![7; 32].into() });
    let check_in = v1::AgentMessage { body: Some(check_in) }.encode_to_vec();
    write("session", "messages", &records(&[(0, &hello), (0, &accepted), (0, &check_in)]));
    for (at, message) in [&hello, &accepted, &open].into_iter().enumerate() {
        let which = if at == 2 { 2 } else { 0 };
        write("wire", &format!("message-{at}"), &[&[which], message.as_slice()].concat());
    }
    let own = v1::agent_message::Body::OwnJob(v1::OwnJob {
        job: vec![1; 16].into(),
        body: bytes::Bytes::from_static(b"{}"),
        begun_by: "anna".into(),
    });
    let own = v1::AgentMessage { body: Some(own) }.encode_to_vec();
    let trust = v1::TrustState { root_version: 2, pinned: true, ..v1::TrustState::default() };
    let trust = v1::agent_message::Body::Trust(trust);
    let trust = v1::AgentMessage { body: Some(trust) }.encode_to_vec();
    write("session", "runbooks", &records(&[(0, &hello), (0, &trust), (0, &own)]));
    let head = |kind: u8, length: u8, path: &[u8]| [&[kind, length], path].concat();
    let file = v1::catalogue_part::Body::Head(v1::CatalogueHead {
        kind: v1::catalogue_head::Kind::File.into(),
        path: "net/a.yaml".into(),
        length: 1,
    });
    let file = v1::CataloguePart { body: Some(file) }.encode_to_vec();
    write(
        "parts",
        "whole",
        &records(&[
            (1, &head(1, 4, b"")),
            (2, b"root"),
            (1, &head(2, 2, b"")),
            (2, b"by"),
            (1, &head(3, 5, b"")),
            (2, b"mani"),
            (2, b"f"),
            (1, &head(4, 2, b"")),
            (2, b"by"),
            (1, &head(5, 0, b"empty")),
            (0, &file),
            (2, b"x"),
        ]),
    );
    write("wire", "outcome", &[&[0], result.as_slice()].concat());

    let token = EnrollmentToken {
        addresses: vec!["help.example:443".into()],
        ca_pin: CaPin([7; 32]),
        trust_root: None,
        id: TokenId::new(Timestamp::UNIX_EPOCH, [3; 10]),
        secret: Secret([9; 32]),
    };
    let text = token.encode().expect("a good token");
    write("token", "text", text.as_bytes());
    let body = text.trim_start_matches(befund_model::token::PREFIX);
    let bytes = data_encoding::BASE64URL_NOPAD.decode(body.as_bytes()).expect("base64url");
    write("token", "bytes", &bytes[..bytes.len() - 4]);

    let header = json!({"order": {"order": {"job": JobId::new(Timestamp::UNIX_EPOCH, [1; 10]),
        "agent": JobId::new(Timestamp::UNIX_EPOCH, [2; 10]), "work": {"probe": "disk.space"},
        "parameters": {}, "ticket": null, "within_ms": 1000}, "at": "2026-01-01T00:00:00Z"}});
    let header = serde_json::to_vec(&header).expect("JSON");
    let length = u32::try_from(header.len()).expect("short").to_be_bytes();
    write("spool", "order", &[length.as_slice(), &header, b"blob"].concat());

    for (which, name, header) in [
        (0, "ask", json!({"send": {"message": "no sound"}})),
        (2, "collect", json!({"collect": {"up_to": "on_request", "only": null}})),
        (2, "cancel", json!({"cancel": {"job": JobId::new(Timestamp::UNIX_EPOCH, [1; 10])}})),
        (3, "done", json!("done")),
    ] {
        let mut bytes = vec![which];
        befund_runtime::frame::write(&mut bytes, &header, b"blob").expect("written in memory");
        write("frame", name, &bytes);
    }
    let backup = [
        json!({"backup": {"version": 1, "made_at": "2026-01-01T00:00:00Z"}}),
        json!({"file": {"path": "config.toml", "bytes": "YQ=="}}),
        json!({"row": {"table": "tickets", "values": [1, "x", null]}}),
        json!({"end": {"rows": 1}}),
    ]
    .map(|line| format!("{line}\n"))
    .concat();
    for (what, name) in [(0, "flipped"), (0x81, "cut-long"), (2, "inserted"), (3, "longer")] {
        write("backup", name, &[&[what, 0, 0, 0, 40], backup.as_bytes()].concat());
    }
    signed();
}

/// A key of WebAuthn for console.example.org; nobody has its private half.
const PAGE_KEY: &str = "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAA\
    AIbmlzdHAyNTYAAABBBAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8AAAAT\
    Y29uc29sZS5leGFtcGxlLm9yZw==";

/// What people sign, and their signatures.
fn signed() {
    let key = SigningKey::from_seed([1; 32]);
    let armored = key.sign(Namespace::Approval, b"what was agreed");
    write("signature", "armored", armored.as_bytes());
    let body: String = armored.lines().filter(|line| !line.starts_with('-')).collect();
    let bytes = data_encoding::BASE64.decode(body.as_bytes()).expect("base64");
    write("signature", "bytes", &bytes);
    write("signature", "key", &key.public().to_bytes());
    write("signature", "line", key.public().to_string().as_bytes());

    let start = Timestamp::UNIX_EPOCH;
    let end = start + catalogue::DEFAULT_LIFE;
    let anna = || Quorum { people: vec!["anna".into()], threshold: 1 };
    let document = Document {
        format: root::Format::V1,
        organisation: "Example Ltd".into(),
        version: 1,
        expires: end,
        people: vec![Person { id: "anna".into(), name: "Anna".into(), contact: "-".into() }],
        keys: vec![Key {
            id: "a".into(),
            person: "anna".into(),
            key: key.public().to_string(),
            webauthn: false,
            credential: None,
        }],
        webauthn: None,
        roles: Roles { root: anna(), catalogue: anna(), change: anna(), disruptive: anna() },
    };
    write("root", "one", &document.bytes());
    let mut pages = document.clone();
    pages.keys.push(Key {
        id: "page".into(),
        person: "anna".into(),
        key: PAGE_KEY.into(),
        webauthn: true,
        credential: Some("q83vASNFZ4k".into()),
    });
    pages.webauthn = Some(Pages {
        relying_party: "console.example.org".into(),
        origins: vec!["https://console.example.org".into()],
    });
    Root::parse(&pages.bytes()).expect("a root");
    write("root", "pages", &pages.bytes());
    let root = Root::parse(&document.bytes()).expect("a root");
    write("signature", "allowed", allowed::of_root(&root).as_bytes());

    let files = [("net/a.yaml", &b"x"[..]), ("scripts/a.sh", b"y")];
    let life = catalogue::DEFAULT_LIFE;
    let manifest = catalogue::Manifest::of("Example Ltd", 1, start, life, files);
    write("catalogue", "two", &manifest.expect("a manifest").bytes());
    write("catalogue", "path", b"scripts/a-b_c.1.sh");

    let digest = Sha256([2; 32]);
    let step = Step {
        agent: AgentId::new(start, [1; 10]),
        job: JobId::new(start, [2; 10]),
        ticket: Some(TicketNumber(42)),
        catalogue: CatalogueRef { version: 1, digest },
        runbook: RunbookRef { name: "net.no-internet".into(), version: 3, digest },
        fix: FixRef { cause: "no-lease".into(), index: 0 },
        act: Act::Action("net.dhcp_renew".into()),
        parameters: json!({"interface": "eth0", "list": [1, 2.5, null]}),
        risk: Risk::Change,
    };
    let statement = Statement {
        format: approval::Format::V1,
        organisation: "Example Ltd".into(),
        machine: "anna-pc".into(),
        step: Step { act: Act::Script { path: "scripts/a.sh".into(), sha256: digest }, ..step },
        prediction: vec!["eth0 gets another address".into()],
        number: Number([3; 16]),
        not_before: start,
        expires: end,
        challenge: Challenge([4; 32]),
    };
    write("approval", "statement", &statement.seal().expect("a statement"));
}

fn manifest(content: &[u8]) -> Manifest {
    let line = |kind: &'static str, volatility| SectionRef {
        kind: SectionKind::known(kind),
        status: Status::Ok,
        reason: String::new(),
        hash: Hash::of(content),
        size: content.len() as u64,
        class: PrivacyClass::Scheduled,
        volatility,
        redacted: 0,
        took_us: 10,
    };
    let sections = vec![line("cpu", Volatility::Stable), line("uptime", Volatility::Volatile)];
    let id = SnapshotId::new(Timestamp::UNIX_EPOCH, [1; 10]);
    Manifest { id, taken_at: Timestamp::UNIX_EPOCH, sections }
}

fn records(parts: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (tag, part) in parts {
        bytes.push(*tag);
        bytes.extend_from_slice(&u16::try_from(part.len()).expect("short").to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    fs::create_dir_all(&folder).expect("a folder for the seeds");
    fs::write(folder.join(name), bytes).expect("a seed");
}
