//! The writer that many uploads share: what waits together is committed together (group commit),
//! and each is answered only after the commit.

use std::time::Duration;

use befund_model::Timestamp;
use befund_runtime::clock::Clock;
use tokio::sync::{mpsc, oneshot};

use super::intake;
use super::open::Store;
use super::repository::{IncomingSnapshot, Ingested, Result, StoreError};

/// How many snapshots may wait; beyond, senders are told to come back.
pub const MOST_WAITING: usize = 1_024;
/// The most snapshots of one commit.
const MOST_BATCH: usize = 256;
/// The most section bytes of one commit; more waits for the next.
const MOST_BATCH_BYTES: usize = 32 << 20;
/// How long a sender waits for its answer at most.
const DEADLINE: Duration = Duration::from_secs(120);

/// Why a snapshot was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Too many wait already: come back later. Nothing was kept.
    #[error("the store has more snapshots waiting than it can take: send it again later")]
    Busy,
    /// The writer has ended; the controller is stopping.
    #[error("the store takes no more snapshots: the controller is stopping")]
    Stopped,
    /// It was not answered in time. It may have been kept; sending it again is harmless.
    #[error("the store did not take the snapshot in time: send it again")]
    Deadline,
    /// The database failed. Nothing was kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Waiting {
    snapshot: IncomingSnapshot,
    answer: oneshot::Sender<Result<Ingested>>,
}

/// The way in for snapshots. Cheap to clone; the writer ends when all clones are gone.
#[derive(Clone, Debug)]
pub struct Ingest {
    queue: mpsc::Sender<Waiting>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Waiting({})", self.snapshot.manifest.id)
    }
}

impl Ingest {
    /// The way in, and the writer, which the caller spawns and joins. It ends after it has committed
    /// everything that waits, once all clones of the way in are dropped.
    pub fn new(store: Store, clock: Clock) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, waiting) = mpsc::channel(MOST_WAITING);
        (Self { queue }, write_all(store, clock, waiting))
    }

    /// Hands a snapshot in and waits until it is durable, waiting for room as well.
    ///
    /// # Errors
    /// If it was not kept, or not in time.
    pub async fn submit(
        &self,
        snapshot: IncomingSnapshot,
    ) -> std::result::Result<Ingested, IngestError> {
        let (answer, answered) = oneshot::channel();
        let both = async {
            self.queue
                .send(Waiting { snapshot, answer })
                .await
                .map_err(|_| IngestError::Stopped)?;
            answered.await.map_err(|_| IngestError::Stopped)?.map_err(IngestError::from)
        };
        tokio::time::timeout(DEADLINE, both).await.unwrap_or(Err(IngestError::Deadline))
    }

    /// Hands a snapshot in if there is room, and waits until it is durable.
    ///
    /// # Errors
    /// [`IngestError::Busy`] at once if there is no room; otherwise as [`submit`](Self::submit).
    pub async fn try_submit(
        &self,
        snapshot: IncomingSnapshot,
    ) -> std::result::Result<Ingested, IngestError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { snapshot, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => IngestError::Busy,
            mpsc::error::TrySendError::Closed(_) => IngestError::Stopped,
        })?;
        match tokio::time::timeout(DEADLINE, answered).await {
            Ok(Ok(answer)) => Ok(answer?),
            Ok(Err(_)) => Err(IngestError::Stopped),
            Err(_) => Err(IngestError::Deadline),
        }
    }

    /// Whether snapshots wait to be committed.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.queue.capacity() < MOST_WAITING
    }

    /// Whether a snapshot that is announced now would find room.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.queue.capacity() > 0
    }
}

async fn write_all(store: Store, clock: Clock, mut waiting: mpsc::Receiver<Waiting>) {
    let mut first = None;
    loop {
        let next = match first.take() {
            Some(next) => next,
            None => match waiting.recv().await {
                Some(next) => next,
                None => return,
            },
        };
        let mut bytes = size(&next.snapshot);
        let (mut batch, mut answers) = (vec![next.snapshot], vec![next.answer]);
        while batch.len() < MOST_BATCH {
            let Ok(next) = waiting.try_recv() else { break };
            bytes += size(&next.snapshot);
            if bytes > MOST_BATCH_BYTES {
                first = Some(next);
                break;
            }
            batch.push(next.snapshot);
            answers.push(next.answer);
        }
        commit(&store, batch, answers, clock.now()).await;
    }
}

async fn commit(
    store: &Store,
    batch: Vec<IncomingSnapshot>,
    answers: Vec<oneshot::Sender<Result<Ingested>>>,
    at: Timestamp,
) {
    match intake::ingest(store, &batch, at).await {
        Ok(ingested) => {
            for (answer, ingested) in answers.into_iter().zip(ingested) {
                // A sender that is gone sends again, and is told that it is here.
                let _ = answer.send(Ok(ingested));
            }
        }
        // One that the database refuses must not keep the others out; one error cannot be shared
        // out either. So each gets an answer of its own.
        Err(error) if batch.len() > 1 && error.is_about_data() => {
            for (one, answer) in batch.iter().zip(answers) {
                let _ = answer.send(alone(store, one, at).await);
            }
        }
        Err(error) => {
            let mut answers = answers.into_iter();
            let first = answers.next();
            for answer in answers {
                let _ = answer.send(Err(error.again()));
            }
            if let Some(first) = first {
                let _ = first.send(Err(error));
            }
        }
    }
}

async fn alone(store: &Store, one: &IncomingSnapshot, at: Timestamp) -> Result<Ingested> {
    let answers = intake::ingest(store, std::slice::from_ref(one), at).await?;
    answers
        .into_iter()
        .next()
        .ok_or_else(|| super::sql::corrupt("a batch of one", "it got no answer"))
}

fn size(snapshot: &IncomingSnapshot) -> usize {
    snapshot.sections.iter().map(|(_, bytes)| bytes.len()).sum()
}

impl StoreError {
    /// The same failure for another of the batch; the cause is in the first one's.
    fn again(&self) -> Self {
        match self {
            Self::Database { operation, source } => Self::Database {
                operation,
                source: sqlx::Error::Io(std::io::Error::other(source.to_string())),
            },
            other => super::sql::corrupt("a batch of snapshots", other.to_string()),
        }
    }
}
