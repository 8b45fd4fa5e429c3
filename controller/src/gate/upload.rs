//! Takes in one snapshot: the manifest, then what is asked for, then a receipt once everything is
//! durable. Every cap is checked before memory is spent.

use std::sync::Arc;
use std::time::Duration;

use befund_model::id::{AgentId, Hash};
use befund_model::snapshot::{InvalidManifest, Manifest, Purpose};
use befund_proto::convert::{self, InvalidField};
use befund_proto::v1;
use befund_proto::v1::upload_part::Body as Part;
use befund_proto::v1::upload_reply::Body as Reply;
use befund_runtime::telemetry;
use futures_core::Stream;
use tonic::{Status, Streaming};
use tracing::{error, info};

use super::Shared;
use crate::bus::Hint;
use crate::store::ingest::IngestError;
use crate::store::repository::{
    Basis, IncomingSnapshot, Ingested, KnownSections, Snapshots as _, StoreError,
};

mod assembly;
mod expand;
#[doc(hidden)]
pub mod fuzzing;
mod room;
mod wanted;

use assembly::{Opening, Piece, Sections};
use room::Place;
pub(super) use room::Room;
use wanted::Wanted;

/// When an upload that finds no room is told to come back.
const LATER_MS: u32 = 5_000;
/// How long a machine may take for each message.
const DEADLINE: Duration = Duration::from_secs(60);
/// How often missing sections are asked for again.
const ROUNDS: u32 = 3;

/// An upload that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// A field that is no value of the domain.
    #[error(transparent)]
    Field(#[from] InvalidField),
    /// A manifest that breaks a rule.
    #[error(transparent)]
    Manifest(#[from] InvalidManifest),
    /// A manifest over the cap.
    #[error("the manifest has more than {} bytes", befund_proto::MAX_MANIFEST_BYTES)]
    ManifestTooLarge,
    /// A request over its caps.
    #[error("the request's message or requester is longer than allowed")]
    Request,
    /// Something else was expected.
    #[error("the parts of the upload are out of order")]
    Order,
    /// A chunk that is empty or over the cap.
    #[error("a chunk has 1 to {} bytes", befund_proto::CHUNK_BYTES)]
    Chunk,
    /// A compressed length that cannot be.
    #[error("a section's compressed length does not fit its size in the manifest")]
    Length,
    /// It expands beyond reason.
    #[error("a section expands by more than is believable")]
    Ratio,
    /// An encoding that is not known.
    #[error("a section's encoding is not known: send a zstd frame")]
    Encoding,
    /// A difference that nobody offered a base for.
    #[error("a section was sent as a difference without a base")]
    NoBase,
    /// Not zstd, or a window over the cap.
    #[error("a section is not one zstd frame with a window of 8 MiB at most")]
    Damaged,
    /// Bytes after the frame.
    #[error("bytes follow a section's zstd frame")]
    Trailing,
    /// The frame is not whole, or gives too little.
    #[error("a section is shorter than its line of the manifest says")]
    Truncated,
    /// The frame gives too much.
    #[error("a section is larger than its line of the manifest says")]
    Larger,
    /// Other bytes than announced.
    #[error("a section's bytes do not have the hash that the manifest names")]
    Hash,
}

/// An upload under way.
pub(super) struct Upload {
    shared: Arc<Shared>,
    agent: AgentId,
    inbound: Streaming<v1::UploadPart>,
    step: Step,
    rounds: u32,
    place: Option<Place>,
    basis: Option<Basis>,
}

enum Step {
    Open,
    Receive { manifest: Manifest, purpose: Purpose, wanted: Vec<Wanted> },
    Done,
}

/// Why an upload stops.
enum Stop {
    Refused(Refused),
    Later,
    Status(Status),
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        error!(error = telemetry::chain(&error), "an upload failed in the store");
        Self::Status(Status::unavailable(
            "the controller cannot reach its database: try again later",
        ))
    }
}

impl Upload {
    /// The replies to a machine that uploads.
    pub(super) fn begin(
        shared: Arc<Shared>,
        agent: AgentId,
        inbound: Streaming<v1::UploadPart>,
    ) -> impl Stream<Item = Result<v1::UploadReply, Status>> + Send {
        let this =
            Self { shared, agent, inbound, step: Step::Open, rounds: 0, place: None, basis: None };
        futures_util::stream::try_unfold(this, Self::next)
    }

    async fn next(mut self) -> Result<Option<(v1::UploadReply, Self)>, Status> {
        let reply = match std::mem::replace(&mut self.step, Step::Done) {
            Step::Done => return Ok(None),
            Step::Open => self.open().await,
            Step::Receive { manifest, purpose, wanted } => {
                self.receive(manifest, purpose, wanted).await
            }
        };
        let body = match reply {
            Ok(body) => body,
            Err(Stop::Later) => {
                metrics::counter!("befund_gate_uploads_total", "result" => "later").increment(1);
                Reply::LaterMs(LATER_MS)
            }
            Err(Stop::Status(status)) => return Err(status),
            Err(Stop::Refused(refused)) => {
                metrics::counter!("befund_gate_uploads_total", "result" => "refused").increment(1);
                info!(agent = %self.agent, reason = telemetry::chain(&refused), "a snapshot was refused");
                return Err(Status::invalid_argument(refused.to_string()));
            }
        };
        Ok(Some((v1::UploadReply { body: Some(body) }, self)))
    }

    async fn open(&mut self) -> Result<Reply, Stop> {
        self.place = Some(self.shared.room.enter(self.agent).await.ok_or(Stop::Later)?);
        let mut opening = Opening::default();
        let (manifest, purpose) = loop {
            let Part::Open(part) = self.hear().await? else { return Err(Refused::Order.into()) };
            if let Some(whole) = opening.take(&part)? {
                break whole;
            }
        };
        let hashes: Vec<Hash> = manifest.sections.iter().map(|line| line.hash).collect();
        let KnownSections { latest, own } =
            self.shared.store.known_sections(self.agent, &hashes).await?;
        let wanted = wanted::choose(&manifest, &own, latest.as_ref());
        self.basis = latest.map(|latest| Basis {
            snapshot: latest.id,
            sections: latest.sections.iter().map(|line| line.hash).collect(),
        });
        self.ask(manifest, purpose, wanted).await
    }

    /// Asks for what is wanted; what needs nothing is committed.
    async fn ask(
        &mut self,
        manifest: Manifest,
        purpose: Purpose,
        wanted: Vec<Wanted>,
    ) -> Result<Reply, Stop> {
        if wanted.is_empty() {
            return self.commit(manifest, purpose, Vec::new()).await;
        }
        let sections = wanted.iter().map(|wanted| v1::WantedSection {
            index: u32::try_from(wanted.index).unwrap_or(u32::MAX),
            base: wanted
                .base
                .map_or_else(bytes::Bytes::new, |(base, _)| convert::id::bytes(base.as_bytes())),
        });
        let reply = Reply::Wanted(v1::UploadWanted { sections: sections.collect() });
        self.step = Step::Receive { manifest, purpose, wanted };
        Ok(reply)
    }

    async fn receive(
        &mut self,
        manifest: Manifest,
        purpose: Purpose,
        wanted: Vec<Wanted>,
    ) -> Result<Reply, Stop> {
        let mut sections = Sections::new(wanted);
        let mut whole = Vec::new();
        while !sections.is_complete() {
            match self.hear().await? {
                Part::Open(_) => return Err(Refused::Order.into()),
                Part::Section(head) => {
                    let length = sections.head(&head, &manifest)?;
                    let place = self.place.as_mut().ok_or(Stop::Later)?;
                    place.hold(length).await.ok_or(Stop::Later)?;
                }
                Part::Chunk(chunk) => {
                    metrics::counter!("befund_gate_upload_bytes_total")
                        .increment(chunk.len() as u64);
                    if let Some((index, piece)) = sections.chunk(&chunk)? {
                        let line = manifest.sections.get(index).ok_or(Refused::Order)?;
                        let frame = match piece {
                            Piece::Frame(frame) => frame,
                            Piece::Difference { base, bytes } => {
                                self.apply(base, bytes, line.size, line.hash).await?
                            }
                        };
                        whole.push((line.hash, frame));
                    }
                }
            }
        }
        self.commit(manifest, purpose, whole).await
    }

    async fn apply(
        &self,
        (base, base_size): (Hash, u64),
        bytes: Vec<u8>,
        size: u64,
        hash: Hash,
    ) -> Result<Vec<u8>, Stop> {
        let stored = self.shared.store.section(base).await?;
        // Retention was faster: the machine sends it again, whole.
        let Some(stored) = stored else { return Err(Stop::Later) };
        let applied = tokio::task::spawn_blocking(move || {
            expand::apply(&stored, base_size, &bytes, size, hash)
        });
        Ok(applied.await.map_err(super::enrollment::internal)??)
    }

    async fn commit(
        &mut self,
        manifest: Manifest,
        purpose: Purpose,
        sections: Vec<(Hash, Vec<u8>)>,
    ) -> Result<Reply, Stop> {
        let (id, root) = (manifest.id, manifest.root());
        let again = (manifest.clone(), purpose.clone());
        let sent: Vec<Hash> = sections.iter().map(|(hash, _)| *hash).collect();
        let basis = self.basis.take();
        let snapshot = IncomingSnapshot { agent: self.agent, manifest, purpose, sections, basis };
        let (ticket, duplicate) = match self.shared.ingest.try_submit(snapshot).await {
            Ok(Ingested::Stored { ticket }) => (ticket, false),
            Ok(Ingested::Duplicate { ticket }) => (ticket, true),
            Ok(Ingested::Missing(missing)) => return self.again(again, &sent, &missing).await,
            Err(IngestError::Busy | IngestError::Stopped | IngestError::Deadline) => {
                return Err(Stop::Later);
            }
            Err(IngestError::Store(error)) => return Err(error.into()),
        };
        self.place = None;
        if !duplicate {
            self.shared.roots.set(self.agent, root);
            self.shared.bus.tell(Hint::Machine(self.agent));
            if let Some(ticket) = ticket {
                self.shared.bus.tell(Hint::Ticket(ticket));
            }
        }
        let result = if duplicate { "duplicate" } else { "stored" };
        metrics::counter!("befund_gate_uploads_total", "result" => result).increment(1);
        Ok(Reply::Receipt(v1::UploadReceipt {
            snapshot: convert::id::bytes(id.as_bytes()),
            ticket: ticket.map_or(0, |ticket| ticket.0),
            duplicate,
        }))
    }

    /// Something that was said to be here went meanwhile: asks for it, and for what came in vain.
    async fn again(
        &mut self,
        (manifest, purpose): (Manifest, Purpose),
        sent: &[Hash],
        missing: &[Hash],
    ) -> Result<Reply, Stop> {
        self.rounds += 1;
        if let Some(place) = &mut self.place {
            place.release();
        }
        let lacking = |hash: &Hash| sent.contains(hash) || missing.contains(hash);
        let own = manifest.sections.iter().map(|line| line.hash).filter(|hash| !lacking(hash));
        let wanted = wanted::choose(&manifest, &own.collect(), None);
        if self.rounds > ROUNDS || wanted.is_empty() {
            return Err(Stop::Later);
        }
        Box::pin(self.ask(manifest, purpose, wanted)).await
    }

    async fn hear(&mut self) -> Result<Part, Stop> {
        let message = tokio::time::timeout(DEADLINE, self.inbound.message())
            .await
            .map_err(|_| Status::deadline_exceeded("the upload paused for too long: begin again"))?
            .map_err(Stop::Status)?;
        match message {
            Some(v1::UploadPart { body: Some(part) }) => Ok(part),
            Some(v1::UploadPart { body: None }) => Err(Refused::Order.into()),
            None => Err(Stop::Status(Status::cancelled("the upload was broken off"))),
        }
    }
}
