//! The journal as tasks use it: what waits for the disk waits on threads of its own; what is only written, into the
//! system's memory, is written at once where nobody else is at it, since the way to another thread takes longer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use befund_model::id::JobId;

use crate::journal::{Bounds, Entry, Journal, JournalError, RealIo};

/// A handle on the journal; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Ledger(Arc<Mutex<Journal<RealIo>>>);

impl Ledger {
    /// Opens the journal in this folder. Blocking.
    pub(crate) fn open(folder: &Path) -> Result<Self, JournalError> {
        let journal = Journal::open(folder, RealIo, Bounds::default())?;
        Ok(Self(Arc::new(Mutex::new(journal))))
    }

    /// Does something with it.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Journal<RealIo>) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let journal = Arc::clone(&self.0);
        let done =
            blocking(move || act(&mut journal.lock().unwrap_or_else(PoisonError::into_inner)));
        done.await
    }

    /// Writes an entry: see [`Journal::append`].
    pub(crate) async fn append(&self, job: JobId, entry: Entry) -> Result<(), JournalError> {
        if !entry.is_synced()
            && let Ok(mut journal) = self.0.try_lock()
        {
            return journal.append(job, entry);
        }
        self.with(move |journal| journal.append(job, entry)).await
    }

    /// Writes entries until one cannot be written: how many were, and why not all.
    pub(crate) async fn append_all(
        &self,
        job: JobId,
        entries: Vec<Entry>,
    ) -> (usize, Option<JournalError>) {
        if !entries.iter().any(Entry::is_synced)
            && let Ok(mut journal) = self.0.try_lock()
        {
            return write_all(&mut journal, job, entries);
        }
        let written = self.with(move |journal| Ok(write_all(journal, job, entries)));
        written.await.unwrap_or_else(|error| (0, Some(error)))
    }
}

fn write_all(
    journal: &mut Journal<RealIo>,
    job: JobId,
    entries: Vec<Entry>,
) -> (usize, Option<JournalError>) {
    let all = entries.len();
    for (written, entry) in entries.into_iter().enumerate() {
        if let Err(error) = journal.append(job, entry) {
            return (written, Some(error));
        }
    }
    (all, None)
}

/// Does something that waits for a disk, on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(act).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and with it whoever waits here.
            Err(_) => std::future::pending().await,
        },
    }
}
