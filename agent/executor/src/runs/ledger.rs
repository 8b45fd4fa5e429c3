//! The journal as tasks use it: what waits for the disk waits on threads of its own.

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
        self.with(move |journal| journal.append(job, entry)).await
    }

    /// Writes entries until one cannot be written: how many were, and why not all.
    pub(crate) async fn append_all(
        &self,
        job: JobId,
        entries: Vec<Entry>,
    ) -> (usize, Option<JournalError>) {
        let all = entries.len();
        let written = self.with(move |journal| {
            for (written, entry) in entries.into_iter().enumerate() {
                if let Err(error) = journal.append(job, entry) {
                    return Ok((written, Some(error)));
                }
            }
            Ok((all, None))
        });
        written.await.unwrap_or_else(|error| (0, Some(error)))
    }
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
