//! Uploads: what is kept, what is asked for, and what is refused.

use befund_controller::store::repository::Snapshots as _;
use befund_model::Timestamp;
use befund_model::id::{Hash, RequestId, SnapshotId};
use befund_model::snapshot::{
    Manifest, PrivacyClass, Purpose, Request, SectionRef, Status, Volatility,
};
use befund_proto::v1::agent_message::Body as Said;
use befund_proto::v1::controller_message::Body as Heard;
use befund_proto::v1::section_head::Encoding;
use befund_proto::v1::upload_part::Body as Part;
use befund_proto::v1::upload_reply::Body as Reply;
use befund_proto::{CHUNK_BYTES, convert, v1};
use befund_runtime::clock;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::fixture::{DEADLINE, Machine, TestGate};

fn manifest(sections: &[(&str, &[u8])]) -> Manifest {
    let line = |(kind, content): &(&str, &[u8])| SectionRef {
        kind: kind.parse().expect("a kind"),
        status: Status::Ok,
        reason: String::new(),
        hash: Hash::of(content),
        size: content.len() as u64,
        class: PrivacyClass::Scheduled,
        volatility: Volatility::Stable,
        redacted: 0,
        took_us: 0,
    };
    Manifest {
        id: SnapshotId::new(Timestamp::UNIX_EPOCH, clock::random()),
        taken_at: Timestamp::UNIX_EPOCH,
        sections: sections.iter().map(line).collect(),
    }
}

struct Upload {
    say: mpsc::Sender<v1::UploadPart>,
    hear: Streaming<v1::UploadReply>,
}

impl Upload {
    async fn open(gate: &TestGate, machine: &Machine, manifest: &[u8], purpose: &Purpose) -> Self {
        let (say, said) = mpsc::channel(16);
        let mut link = machine.link(gate).await;
        let hear = link.upload(ReceiverStream::new(said)).await.expect("begun").into_inner();
        let this = Self { say, hear };
        let mut rest = manifest;
        loop {
            let (part, tail) = rest.split_at(rest.len().min(8_000));
            rest = tail;
            let open = v1::UploadOpen {
                manifest: convert::id::bytes(part),
                purpose: convert::json::write(purpose),
                more: !rest.is_empty(),
            };
            // Once it is refused, nobody listens.
            if !this.say(Part::Open(open)).await || rest.is_empty() {
                return this;
            }
        }
    }

    async fn of(gate: &TestGate, machine: &Machine, manifest: &Manifest) -> Self {
        Self::open(gate, machine, &convert::json::write(manifest), &Purpose::Scheduled).await
    }

    async fn say(&self, part: Part) -> bool {
        self.say.send(v1::UploadPart { body: Some(part) }).await.is_ok()
    }

    async fn next(&mut self) -> Result<Reply, tonic::Status> {
        let reply = tokio::time::timeout(DEADLINE, self.hear.message()).await.expect("in time")?;
        Ok(reply.and_then(|reply| reply.body).expect("a reply"))
    }

    async fn wanted(&mut self) -> Vec<v1::WantedSection> {
        match self.next().await {
            Ok(Reply::Wanted(wanted)) => wanted.sections,
            other => panic!("{other:?} instead of what is wanted"),
        }
    }

    async fn section(&self, index: u32, encoding: Encoding, frame: &[u8]) {
        let length = frame.len() as u64;
        self.say(Part::Section(v1::SectionHead { index, encoding: encoding.into(), length })).await;
        for chunk in frame.chunks(CHUNK_BYTES) {
            self.say(Part::Chunk(convert::id::bytes(chunk))).await;
        }
    }

    async fn receipt(mut self) -> v1::UploadReceipt {
        match self.next().await {
            Ok(Reply::Receipt(receipt)) => receipt,
            other => panic!("{other:?} instead of a receipt"),
        }
    }

    async fn refused(mut self) -> tonic::Status {
        loop {
            match self.next().await {
                Err(status) => return status,
                Ok(Reply::Wanted(_)) => {}
                Ok(other) => panic!("{other:?} instead of a refusal"),
            }
        }
    }
}

fn pack(content: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(content, 3).expect("compressed")
}

/// Sends everything, whole; gives how many sections were wanted.
async fn send(gate: &TestGate, machine: &Machine, sections: &[(&str, &[u8])]) -> usize {
    let manifest = manifest(sections);
    let mut upload = Upload::of(gate, machine, &manifest).await;
    let wanted = upload.wanted().await;
    for section in &wanted {
        let content = sections[section.index as usize].1;
        upload.section(section.index, Encoding::Zstd, &pack(content)).await;
    }
    assert!(!upload.receipt().await.duplicate);
    wanted.len()
}

#[tokio::test]
async fn a_snapshot_is_kept_byte_for_byte_and_a_second_time_it_is_a_duplicate() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    // What a newer agent might send: a kind that nobody knows, and members that nobody knows.
    let odd = br#"{"schema": 99,  "spaces":   "kept" }"#.as_slice();
    let sections = [("os", b"{}".as_slice()), ("zz.from_the_future", odd)];
    let manifest = manifest(&sections);
    let mut json: serde_json::Value =
        serde_json::from_slice(&convert::json::write(&manifest)).expect("JSON");
    json["sections"][1]["newer"] = serde_json::json!({ "deep": [1, 2] });
    json["also_newer"] = serde_json::json!(true);
    let json = serde_json::to_vec(&json).expect("JSON");

    let mut upload = Upload::open(&gate, &machine, &json, &Purpose::Scheduled).await;
    assert_eq!(upload.wanted().await.len(), 2);
    for (index, (_, content)) in (0..).zip(&sections) {
        upload.section(index, Encoding::Zstd, &pack(content)).await;
    }
    let receipt = upload.receipt().await;
    assert_eq!(receipt.snapshot, manifest.id.as_bytes().as_slice());
    let stored = gate.store.section(Hash::of(odd)).await.expect("read").expect("there");
    assert_eq!(zstd::bulk::decompress(&stored, 1_000).expect("a frame"), odd);

    let again = Upload::of(&gate, &machine, &manifest).await.receipt().await;
    assert!(again.duplicate);

    // And the session knows its root.
    let mut session = machine.session(&gate).await;
    for (root, known) in [(manifest.root(), true), (Hash::of(b"other"), false)] {
        session.say(Said::CheckIn(v1::CheckIn { root: convert::id::bytes(root.as_bytes()) })).await;
        match session.next().await {
            Ok(Some(Heard::CheckIn(reply))) => assert_eq!(reply.known, known),
            other => panic!("{other:?} instead of an answer"),
        }
    }
    gate.stop().await;
}

#[tokio::test]
async fn only_the_own_sections_count_as_known() {
    let gate = TestGate::start().await;
    let (one, other) = (gate.enroll().await, gate.enroll().await);
    let sections = [("os", b"[1]".as_slice()), ("system", b"[2]".as_slice())];
    assert_eq!(send(&gate, &one, &sections).await, 2);
    assert_eq!(send(&gate, &other, &sections).await, 2);
    let changed = [("os", b"[1]".as_slice()), ("system", b"[3]".as_slice())];
    assert_eq!(send(&gate, &one, &changed).await, 1);
    gate.stop().await;
}

#[tokio::test]
async fn a_request_opens_one_ticket() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let request = Request {
        id: RequestId::new(gate.clock.now(), clock::random()),
        message: "my VPN drops".to_owned(),
        requester: "ada".to_owned(),
        at: gate.clock.now(),
    };
    let manifest = manifest(&[("os", b"{}".as_slice())]);
    let json = convert::json::write(&manifest);
    let purpose = Purpose::Request(request.clone());
    let mut upload = Upload::open(&gate, &machine, &json, &purpose).await;
    upload.wanted().await;
    upload.section(0, Encoding::Zstd, &pack(b"{}")).await;
    let ticket = upload.receipt().await.ticket;
    assert!(ticket > 0);
    let again = Upload::open(&gate, &machine, &json, &purpose).await.receipt().await;
    assert_eq!((again.ticket, again.duplicate), (ticket, true));

    let long = Purpose::Request(Request { message: "x".repeat(9_000), ..request });
    let refused = Upload::open(&gate, &machine, &json, &long).await.refused().await;
    assert_eq!(refused.code(), Code::InvalidArgument);
    gate.stop().await;
}

#[tokio::test]
async fn a_changed_section_travels_as_a_difference_against_the_own_base() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let old: Vec<u8> = (0..20_000u32).flat_map(|n| n.wrapping_mul(7919).to_be_bytes()).collect();
    let mut new = old.clone();
    new[5_000] ^= 1;
    send(&gate, &machine, &[("packages", &old)]).await;

    let difference = {
        let mut encoder =
            zstd::stream::Encoder::with_ref_prefix(Vec::new(), 3, &old).expect("an encoder");
        std::io::Write::write_all(&mut encoder, &new).expect("written");
        encoder.finish().expect("a frame")
    };
    assert!(difference.len() < 500, "{}", difference.len());
    let manifest = manifest(&[("packages", &new)]);
    let mut upload = Upload::of(&gate, &machine, &manifest).await;
    let wanted = upload.wanted().await;
    assert_eq!(wanted[0].base, Hash::of(&old).as_bytes().as_slice());
    upload.section(0, Encoding::ZstdDelta, &difference).await;
    upload.receipt().await;
    let stored = gate.store.section(Hash::of(&new)).await.expect("read").expect("there");
    assert_eq!(zstd::bulk::decompress(&stored, new.len()).expect("a frame"), new);
    gate.stop().await;
}

#[tokio::test]
async fn what_is_too_large_damaged_or_not_what_it_says_is_refused() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let content = vec![b'x'; 50_000];
    let line = manifest(&[("os", &content)]);
    let frame = pack(&content);

    let truncated = &frame[..frame.len() - 3];
    let other = pack(&vec![b'y'; 50_000]);
    let longer = pack(&vec![b'x'; 50_001]);
    let twice = [frame.clone(), frame.clone()].concat();
    let junk = vec![0x55; 300];
    for bad in [truncated, &other, &longer, &twice, &junk] {
        let mut upload = Upload::of(&gate, &machine, &line).await;
        upload.wanted().await;
        upload.section(0, Encoding::Zstd, bad).await;
        assert_eq!(upload.refused().await.code(), Code::InvalidArgument);
    }

    let mut unasked = Upload::of(&gate, &machine, &line).await;
    unasked.wanted().await;
    unasked.section(1, Encoding::Zstd, &frame).await;
    assert_eq!(unasked.refused().await.code(), Code::InvalidArgument);

    let mut no_base = Upload::of(&gate, &machine, &line).await;
    assert!(no_base.wanted().await[0].base.is_empty());
    no_base.section(0, Encoding::ZstdDelta, &frame).await;
    assert_eq!(no_base.refused().await.code(), Code::InvalidArgument);

    let unsorted = manifest(&[("os", b"1".as_slice()), ("cpu", b"2".as_slice())]);
    let refused = Upload::of(&gate, &machine, &unsorted).await.refused().await;
    assert!(refused.message().contains("cpu"), "{}", refused.message());

    let endless = vec![b' '; 200_000];
    let refused =
        Upload::open(&gate, &machine, &endless, &Purpose::Scheduled).await.refused().await;
    assert!(refused.message().contains("manifest"), "{}", refused.message());

    // None of it was kept, and the machine is still welcome.
    assert!(gate.store.latest(machine.agent).await.expect("read").is_none());
    assert_eq!(send(&gate, &machine, &[("os", &content)]).await, 1);
    gate.stop().await;
}

#[tokio::test]
async fn a_gibibyte_from_a_mebibyte_is_refused() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let bomb = {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).expect("an encoder");
        let zeros = std::io::Read::take(std::io::repeat(0), 1 << 30);
        std::io::copy(&mut std::io::BufReader::new(zeros), &mut encoder).expect("zeros");
        encoder.finish().expect("a frame")
    };
    // It claims to be as large as a section may be, and as compressed as one may be.
    let mut manifest = manifest(&[("os", b"?".as_slice())]);
    manifest.sections[0].size = 16 << 20;
    let mut upload = Upload::of(&gate, &machine, &manifest).await;
    upload.wanted().await;
    upload.section(0, Encoding::Zstd, &bomb).await;
    assert_eq!(upload.refused().await.code(), Code::InvalidArgument);
    gate.stop().await;
}
