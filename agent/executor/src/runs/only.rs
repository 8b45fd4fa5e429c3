//! One executor at a time has the folder with the journal: two that go on with the same runs would do each step twice.
//! Whoever comes second, as after a link that was killed and left its executor behind, waits until the first is gone.
//! What the folder holds is none of this file's business.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use befund_runtime::files;

use super::ledger::blocking;

/// The file that is locked.
const LOCK: &str = "lock";
/// How long is waited between two looks whether the other executor has gone.
const LOOK: Duration = Duration::from_millis(10);

/// The folder is this executor's as long as this is there; the system takes it back from a process that dies.
#[derive(Debug)]
pub(super) struct Only {
    _file: File,
}

/// Why the folder is not this executor's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOnly {
    /// The system's refusal.
    #[error("could not lock {}; check that the folder is writable", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// This executor ends, and another one still has it.
    #[error("another executor has {} for as long as this one was there", .0.display())]
    Another(PathBuf),
}

impl Only {
    /// Waits until no other executor has the folder, which is made where there is none, or until `stop`.
    ///
    /// # Errors
    /// If it cannot be had.
    pub(super) async fn take(folder: &Path, stop: &CancellationToken) -> Result<Self, NotOnly> {
        let path = folder.join(LOCK);
        let wrong = |source| NotOnly::Lock { path: path.clone(), source };
        let (within, opened) = (folder.to_owned(), path.clone());
        let file = blocking(move || {
            if !within.is_dir() {
                files::make_private_folder(&within)?;
            }
            File::options().create(true).append(true).open(&opened)
        });
        let file = file.await.map_err(wrong)?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(wrong(error)),
            }
            if !std::mem::replace(&mut told, true) {
                warn!(folder = %folder.display(), "another executor is still there; waiting for its end");
            }
            if stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
                return Err(NotOnly::Another(folder.to_owned()));
            }
        }
        if told {
            info!("the other executor has gone");
        }
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_executor_waits_for_the_end_of_the_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, second) = (CancellationToken::new(), CancellationToken::new());
        let held = Only::take(folder.path(), &first).await.expect("nobody else is there");

        let waiting = Only::take(folder.path(), &second);
        tokio::pin!(waiting);
        let soon = tokio::time::timeout(LOOK * 5, &mut waiting).await;
        assert!(soon.is_err(), "two executors have one folder");
        drop(held);
        assert!(waiting.await.is_ok());
    }

    #[tokio::test]
    async fn who_is_to_end_waits_no_longer() {
        let folder = tempfile::tempdir().expect("a folder");
        let stop = CancellationToken::new();
        let _held = Only::take(folder.path(), &stop).await.expect("nobody else is there");

        stop.cancel();

        let second = Only::take(folder.path(), &stop).await;
        assert!(matches!(second, Err(NotOnly::Another(_))), "{second:?}");
    }
}
