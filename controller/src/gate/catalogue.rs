//! Handing out the current catalogue: the roots that follow the machine's, the manifest, its signatures, and
//! the files that the machine lacks. All of it is bytes to the controller; each machine verifies them by its own
//! trust root.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use befund_proto::CHUNK_BYTES;
use befund_proto::v1::{self, catalogue_head::Kind, catalogue_part::Body};
use befund_runtime::telemetry;
use befund_trust::catalogue::Manifest;
use bytes::Bytes;
use futures_core::Stream;
use futures_util::stream;
use tonic::Status;
use tracing::{error, warn};

use super::Shared;
use crate::store::repository::{Digest, KeptCatalogue, Runbooks as _, StoreError};

/// The most files that a machine may name as its own: twice what a catalogue has.
const MOST_NAMED: usize = 4_000;

/// What is current, told in each welcome.
#[derive(Debug, Default)]
pub(super) struct Current {
    state: Mutex<(Option<Digest>, u32)>,
}

impl Current {
    /// The current catalogue's digest, empty without one, and the newest root's version.
    pub(super) fn told(&self) -> (Bytes, u32) {
        let (digest, root) = *self.lock();
        (digest.map_or_else(Bytes::new, |digest| Bytes::copy_from_slice(&digest)), root)
    }

    /// True if something else was current until now.
    fn replace(&self, now: (Option<Digest>, u32)) -> bool {
        std::mem::replace(&mut *self.lock(), now) != now
    }

    fn lock(&self) -> MutexGuard<'_, (Option<Digest>, u32)> {
        // Nothing under this lock panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks up what is current; true if it is something else than before.
pub(super) async fn look(shared: &Shared) -> bool {
    match current(shared).await {
        Ok(now) => shared.current.replace(now),
        Err(error) => {
            warn!(error = telemetry::chain(&error), "could not look for the current catalogue");
            false
        }
    }
}

async fn current(shared: &Shared) -> Result<(Option<Digest>, u32), StoreError> {
    let catalogue = shared.store.catalogue().await?.map(|catalogue| catalogue.digest);
    let root = shared.store.roots(0).await?.last().map_or(0, |root| root.version);
    Ok((catalogue, root))
}

/// What is sent, one after the other.
enum Item {
    Ready(Kind, Vec<u8>),
    File(String, Digest),
}

/// A thing being sent, and what comes after it.
struct Sending {
    shared: Arc<Shared>,
    items: VecDeque<Item>,
    chunks: VecDeque<Bytes>,
}

/// The parts that answer a request.
///
/// # Errors
/// If the request makes no sense, or the store fails.
pub(super) async fn answer(
    shared: Arc<Shared>,
    request: v1::CatalogueRequest,
) -> Result<impl Stream<Item = Result<v1::CataloguePart, Status>> + Send, Status> {
    if request.files.len() > MOST_NAMED {
        return Err(Status::invalid_argument("more files are named than a machine may have"));
    }
    let mut items = VecDeque::new();
    for root in shared.store.roots(request.root_version).await.map_err(|e| failed(&e))? {
        items.push_back(Item::Ready(Kind::Root, root.bytes));
        let signed = root.signatures.into_iter().map(String::into_bytes);
        items.extend(signed.map(|bytes| Item::Ready(Kind::RootSignature, bytes)));
    }
    if let Some(catalogue) = shared.store.catalogue().await.map_err(|e| failed(&e))?
        && catalogue.digest[..] != request.catalogue[..]
    {
        let has: HashSet<&[u8]> = request.files.iter().map(|digest| &digest[..]).collect();
        let files = files(&catalogue);
        items.push_back(Item::Ready(Kind::Manifest, catalogue.manifest));
        let signed = catalogue.signatures.into_iter().map(String::into_bytes);
        items.extend(signed.map(|bytes| Item::Ready(Kind::Signature, bytes)));
        let lacking = files.into_iter().filter(|(_, digest)| !has.contains(&digest[..]));
        items.extend(lacking.map(|(path, digest)| Item::File(path, digest)));
    }
    let sending = Sending { shared, items, chunks: VecDeque::new() };
    Ok(stream::try_unfold(sending, |mut sending| async move {
        let body = sending.next().await?;
        Ok(body.map(|body| (v1::CataloguePart { body: Some(body) }, sending)))
    }))
}

/// The files that a manifest names. It was read when it was published.
fn files(catalogue: &KeptCatalogue) -> Vec<(String, Digest)> {
    Manifest::parse(&catalogue.manifest).map_or_else(
        |error| {
            error!(error = telemetry::chain(&error), "the current catalogue cannot be read");
            Vec::new()
        },
        |manifest| manifest.files.into_iter().map(|(path, file)| (path, file.sha256.0)).collect(),
    )
}

impl Sending {
    async fn next(&mut self) -> Result<Option<Body>, Status> {
        if let Some(chunk) = self.chunks.pop_front() {
            return Ok(Some(Body::Chunk(chunk)));
        }
        let Some(item) = self.items.pop_front() else { return Ok(None) };
        let (kind, path, bytes) = match item {
            Item::Ready(kind, bytes) => (kind, String::new(), bytes),
            Item::File(path, digest) => {
                let found = self.shared.store.catalogue_file(digest).await;
                let bytes = found.map_err(|error| failed(&error))?.ok_or_else(|| {
                    error!(path, "a file of the current catalogue is not there");
                    Status::data_loss("a file of the catalogue is not there")
                })?;
                (Kind::File, path, bytes)
            }
        };
        let length = u32::try_from(bytes.len()).map_err(|_| Status::data_loss("too large"))?;
        let mut rest = Bytes::from(bytes);
        while !rest.is_empty() {
            self.chunks.push_back(rest.split_to(rest.len().min(CHUNK_BYTES)));
        }
        Ok(Some(Body::Head(v1::CatalogueHead { kind: kind.into(), path, length })))
    }
}

fn failed(error: &StoreError) -> Status {
    error!(error = telemetry::chain(error), "the store failed for a catalogue");
    Status::unavailable("the controller cannot reach its database: try again later")
}
