//! Sends one snapshot: the manifest, then the sections that the gate wants, as zstd frames or as
//! differences against what the machine sent before.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use befund_model::id::{Hash, SnapshotId, TicketNumber};
use befund_model::snapshot::Section;
use befund_proto::convert::{InvalidField, id, json};
use befund_proto::v1::link_client::LinkClient;
use befund_proto::v1::section_head::Encoding;
use befund_proto::v1::upload_part::Body as Part;
use befund_proto::v1::upload_reply::Body as Reply;
use befund_proto::{CHUNK_BYTES, v1};

use crate::spool::Spooled;

/// How long the gate may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
/// zstd's effort: 3 is where more of it stops paying for facts of this kind.
const LEVEL: i32 = 3;
/// Parts that wait for the connection.
const QUEUE: usize = 16;

/// The gate has it, durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The ticket that the request opened.
    pub ticket: Option<TicketNumber>,
    /// It had it already.
    pub duplicate: bool,
}

/// Why it is not (known to be) there.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The controller has too much to do.
    #[error("the controller asks to come back in {} s", .0.as_secs())]
    Later(Duration),
    /// The connection broke, or the gate refused.
    #[error("the upload broke off")]
    Broken(#[source] Box<tonic::Status>),
    /// The gate does not want it, now or ever.
    #[error("the controller does not take this snapshot: {0}")]
    Rejected(String),
    /// The gate was silent.
    #[error("the controller did not answer within {} s", PATIENCE.as_secs())]
    Late,
    /// The gate's answer makes no sense.
    #[error("the controller's answer cannot be used")]
    Answer(#[from] InvalidField),
    /// Compression failed.
    #[error("a section could not be compressed")]
    Compress(#[from] std::io::Error),
}

impl From<tonic::Status> for UploadError {
    fn from(status: tonic::Status) -> Self {
        match status.code() {
            // It would be refused for ever.
            tonic::Code::InvalidArgument | tonic::Code::OutOfRange => {
                let text = status.message().chars().filter(|letter| !letter.is_control());
                Self::Rejected(text.collect())
            }
            _ => Self::Broken(Box::new(status)),
        }
    }
}

/// Sends it; `bases` reads the sections that were sent earlier, `progress` is told the
/// payload's bytes sent and all together. Dropping the call gives up; sending again is harmless.
///
/// # Errors
/// As the variants say; after all but `Rejected` it is sent again later.
pub async fn upload(
    channel: Channel,
    snapshot: &Spooled,
    bases: impl Fn() -> Vec<Section>,
    progress: impl Fn(u64, u64),
) -> Result<Receipt, UploadError> {
    let (say, said) = mpsc::channel(QUEUE);
    let manifest = json::write(&snapshot.manifest);
    let purpose = json::write(&snapshot.purpose);
    let opening = async {
        let mut rest = manifest;
        let mut first = true;
        loop {
            let part = rest.split_to(rest.len().min(CHUNK_BYTES));
            let open = v1::UploadOpen {
                manifest: part,
                purpose: if first { purpose.clone() } else { Bytes::new() },
                more: !rest.is_empty(),
            };
            first = false;
            let last = !open.more;
            if put(&say, Part::Open(open)).await.is_err() || last {
                return;
            }
        }
    };
    let mut client = LinkClient::new(channel);
    let call = client.upload(ReceiverStream::new(said));
    let (answer, ()) = timeout(PATIENCE, async { tokio::join!(call, opening) })
        .await
        .map_err(|_| UploadError::Late)?;
    let mut replies = answer?.into_inner();
    loop {
        let reply = timeout(PATIENCE, replies.message()).await.map_err(|_| UploadError::Late)??;
        let missing = || InvalidField { field: "body", problem: "the stream ended early".into() };
        match reply.ok_or_else(missing)?.body {
            None => {}
            Some(Reply::LaterMs(after)) => {
                return Err(UploadError::Later(Duration::from_millis(u64::from(after))));
            }
            Some(Reply::Receipt(receipt)) => return read(snapshot.manifest.id, &receipt),
            Some(Reply::Wanted(wanted)) => {
                let any = wanted.sections.iter().any(|section| !section.base.is_empty());
                let packed = pack(snapshot, &wanted, &if any { bases() } else { Vec::new() })?;
                let sending = send(&say, packed, &progress);
                tokio::pin!(sending);
                // A refusal in the middle must not wait for the rest to be taken.
                tokio::select! {
                    biased;
                    () = &mut sending => {}
                    reply = replies.message() => match reply?.and_then(|reply| reply.body) {
                        Some(Reply::LaterMs(after)) => {
                            return Err(UploadError::Later(Duration::from_millis(after.into())));
                        }
                        Some(Reply::Receipt(receipt)) => {
                            return read(snapshot.manifest.id, &receipt);
                        }
                        Some(Reply::Wanted(_)) | None => return Err(missing().into()),
                    },
                }
            }
        }
    }
}

async fn put(say: &mpsc::Sender<v1::UploadPart>, part: Part) -> Result<(), ()> {
    say.send(v1::UploadPart { body: Some(part) }).await.map_err(|_| ())
}

fn read(sent: SnapshotId, receipt: &v1::UploadReceipt) -> Result<Receipt, UploadError> {
    if id::snapshot("receipt.snapshot", &receipt.snapshot)? != sent {
        let problem = "another snapshot's".to_owned();
        return Err(InvalidField { field: "receipt.snapshot", problem }.into());
    }
    let ticket = (receipt.ticket > 0).then_some(TicketNumber(receipt.ticket));
    Ok(Receipt { ticket, duplicate: receipt.duplicate })
}

/// A section as it travels.
struct Packed {
    head: v1::SectionHead,
    bytes: Bytes,
}

fn pack(
    snapshot: &Spooled,
    wanted: &v1::UploadWanted,
    bases: &[Section],
) -> Result<Vec<Packed>, UploadError> {
    let mut packed = Vec::with_capacity(wanted.sections.len().min(snapshot.sections.len()));
    for wanted in &wanted.sections {
        let at = usize::try_from(wanted.index).unwrap_or(usize::MAX);
        let section = snapshot.sections.get(at).ok_or_else(|| InvalidField {
            field: "wanted.index",
            problem: format!("{at} of {} sections", snapshot.sections.len()),
        })?;
        let base = Hash::from_slice(&wanted.base)
            .and_then(|hash| bases.iter().find(|base| base.line.hash == hash))
            .map(|base| base.bytes.as_slice());
        let (encoding, bytes) = compress(section, base)?;
        let head = v1::SectionHead {
            index: wanted.index,
            encoding: encoding.into(),
            length: bytes.len() as u64,
        };
        packed.push(Packed { head, bytes: bytes.into() });
    }
    Ok(packed)
}

fn compress(section: &Section, base: Option<&[u8]>) -> std::io::Result<(Encoding, Vec<u8>)> {
    let Some(base) = base else {
        return Ok((Encoding::Zstd, zstd::bulk::compress(&section.bytes, LEVEL)?));
    };
    let mut encoder = zstd::stream::write::Encoder::with_ref_prefix(Vec::new(), LEVEL, base)?;
    // The window must span the prefix and the text, or the prefix's beginning is out of reach.
    let span = (base.len() + section.bytes.len()).max(1 << 10);
    encoder.window_log(span.next_power_of_two().ilog2().clamp(10, 27))?;
    encoder.long_distance_matching(span > 1 << 20)?;
    encoder.set_pledged_src_size(Some(section.bytes.len() as u64))?;
    std::io::Write::write_all(&mut encoder, &section.bytes)?;
    Ok((Encoding::ZstdDelta, encoder.finish()?))
}

async fn send(
    say: &mpsc::Sender<v1::UploadPart>,
    packed: Vec<Packed>,
    progress: &impl Fn(u64, u64),
) {
    let total: u64 = packed.iter().map(|section| section.bytes.len() as u64).sum();
    let mut sent = 0;
    progress(sent, total);
    for Packed { head, mut bytes } in packed {
        if put(say, Part::Section(head)).await.is_err() {
            return;
        }
        while !bytes.is_empty() {
            let chunk = bytes.split_to(bytes.len().min(CHUNK_BYTES));
            sent += chunk.len() as u64;
            if put(say, Part::Chunk(chunk)).await.is_err() {
                return;
            }
            progress(sent, total);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use befund_model::snapshot::{PrivacyClass, SectionKind, SectionRef, Status, Volatility};

    fn section(bytes: Vec<u8>) -> Section {
        let line = SectionRef {
            kind: SectionKind::known("packages"),
            status: Status::Ok,
            reason: String::new(),
            hash: Hash::of(&bytes),
            size: bytes.len() as u64,
            class: PrivacyClass::Scheduled,
            volatility: Volatility::Stable,
            redacted: 0,
            took_us: 0,
        };
        Section { line, bytes }
    }

    #[test]
    fn a_difference_is_small_and_expands_with_its_base() {
        let list = |changed: usize| -> Vec<u8> {
            (0..5000)
                .map(|n| {
                    let version = if n == changed { 99 } else { n * 7919 % 31 };
                    format!("{{\"name\":\"package-{n}\",\"version\":\"1.{version}\"}},")
                })
                .collect::<String>()
                .into_bytes()
        };
        let (base, new) = (list(0), section(list(2500)));
        let (encoding, frame) = compress(&new, Some(&base)).expect("compressed");
        assert_eq!(encoding, Encoding::ZstdDelta);
        assert!(frame.len() < 1000, "{} bytes", frame.len());
        let mut expanded = Vec::new();
        let mut decoder =
            zstd::stream::read::Decoder::with_ref_prefix(frame.as_slice(), &base).expect("a frame");
        decoder.window_log_max(27).expect("allowed");
        std::io::Read::read_to_end(&mut decoder, &mut expanded).expect("whole");
        assert_eq!(expanded, new.bytes);
    }
}
