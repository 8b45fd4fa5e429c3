//! One at a time: a controller that serves, and a restore that replaces everything, keep each other
//! out. Within a data folder by a lock on a file, which ends with its process; on a database that
//! several controllers share by a row that counts on.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;
use std::time::Duration;

use befund_runtime::{clock, telemetry};
use tracing::{error, warn};

use crate::config::DataFolder;
use crate::platform;
use crate::store::Store;
use crate::store::holders::{Holder, Work};
use crate::store::repository::StoreError;

/// How often a holder counts on.
const BEAT: Duration = Duration::from_secs(3);
/// How long a row must have stood still for its holder to be gone: several beats.
const GONE: Duration = Duration::from_secs(12);
/// How often rows are looked at meanwhile.
const LOOK: Duration = Duration::from_secs(1);

/// Why it is not this one's turn.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// Another process has the folder.
    #[error(
        "another befund-controller works on {}: it serves, or a restore is under way; stop it first, or wait for its end",
        .0.display()
    )]
    Folder(PathBuf),
    /// The lock's file cannot be used.
    #[error("cannot lock {}: check that this account may write into its folder", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another controller has the database.
    #[error(
        "the controller on {0} serves from this database: stop every controller of it first, then restore"
    )]
    Served(String),
    /// A restore has the database.
    #[error("a restore into this database is under way on {0}: wait for its end")]
    Restored(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The data folder, held until this is dropped or the process ends.
#[derive(Debug)]
pub struct Folder {
    _lock: File,
}

impl Folder {
    /// Takes it.
    ///
    /// # Errors
    /// If another process has it, or its lock cannot be written.
    pub fn take(data: &DataFolder) -> Result<Self, HoldError> {
        let path = data.lock();
        let failed = |source| HoldError::File { path: path.clone(), source };
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = opened.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(HoldError::Folder(data.path().to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// A shared database, held for as long as [`keep`](Self::keep) is polled.
#[derive(Debug)]
pub struct Database {
    store: Store,
    id: [u8; 16],
}

impl Database {
    /// Takes it; `None` for a database that is in the data folder, and held with it. A holder that
    /// was killed delays this by seconds.
    ///
    /// # Errors
    /// If others hold it so that both cannot be, or the database fails.
    pub async fn take(store: &Store, work: Work) -> Result<Option<Self>, HoldError> {
        if !store.is_shared() {
            return Ok(None);
        }
        let host = platform::host_name().unwrap_or_else(|| "another host".to_owned());
        let own = Holder { id: clock::random(), work, host, beat: 0 };
        // Entered before looking: of two that come at once, one sees the other.
        store.enter(&own).await?;
        let this = Self { store: store.clone(), id: own.id };
        let looked = tokio::select! {
            looked = this.look(work) => looked,
            () = this.keep() => Err(HoldError::Restored("another host".to_owned())),
        };
        match looked {
            Ok(()) => Ok(Some(this)),
            Err(error) => {
                this.leave().await;
                Err(error)
            }
        }
    }

    /// Waits until those who are in the way have shown that they live, or are taken for gone.
    async fn look(&self, work: Work) -> Result<(), HoldError> {
        let mut first = self.in_the_way(work).await?;
        let begun = tokio::time::Instant::now();
        while !first.is_empty() {
            if begun.elapsed() >= GONE {
                for holder in &first {
                    warn!(host = holder.host, "a controller was killed; its hold is over");
                    self.store.strike_out(holder).await?;
                }
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
            let now = self.in_the_way(work).await?;
            if let Some(alive) = now.iter().find(|holder| !first.contains(holder)) {
                let host = alive.host.clone();
                return Err(match alive.work {
                    Work::Serving => HoldError::Served(host),
                    Work::Restoring => HoldError::Restored(host),
                });
            }
            first = now;
        }
        Ok(())
    }

    async fn in_the_way(&self, work: Work) -> Result<Vec<Holder>, HoldError> {
        let mut holders = self.store.holders().await?;
        holders.retain(|holder| {
            let both_serve = work == Work::Serving && holder.work == Work::Serving;
            holder.id != self.id && !both_serve
        });
        Ok(holders)
    }

    /// Counts on. Ends only if others have taken this holder for gone: it must not go on then.
    pub async fn keep(&self) {
        let mut tick = tokio::time::interval(BEAT);
        loop {
            tick.tick().await;
            match self.store.beat(self.id).await {
                Ok(true) => {}
                Ok(false) => return error!("the database was taken by a restore meanwhile"),
                Err(error) => {
                    warn!(error = telemetry::chain(&error), "could not hold on to the database");
                }
            }
        }
    }

    /// Lets go. A row that stays is taken for that of one who was killed.
    pub async fn leave(&self) {
        if let Err(error) = self.store.leave(self.id).await {
            warn!(error = telemetry::chain(&error), "could not let go of the database");
        }
    }
}
