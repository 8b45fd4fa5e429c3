//! Backup and restore: one sealed file with everything that a controller is: its database (as rows,
//! so that it can move from SQLite to PostgreSQL), its configuration, its ledger, its CA.
//!
//! Restoring does not roll back what must not roll back: the ledger that lies in the data folder is
//! merged in. Where that ledger does not reach beyond the backup's (the disk is gone), an epoch is
//! raised: outstanding enrollment tokens are void, ticket numbers jump, and the operator is told
//! from when on revocations must be checked. Browsers' sessions and personal tokens are not in a
//! backup at all: people sign in again.

mod files;
#[doc(hidden)]
pub mod fuzzing;
mod platform;
mod seal;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use befund_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::DataFolder;
use crate::hold::{self, HoldError};
use crate::store::dump::{Epoch, RestoreInto};
use crate::store::holders::Work;
use crate::store::ledger::{self, LedgerError};
use crate::store::repository::StoreError;
use crate::store::{OpenError, Store, StoreOptions};

pub use seal::SealError;

/// The most bytes of one row: a section of 16 MiB as text, with room to spare.
const MOST_LINE: usize = 64 << 20;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// How many rows of the database it has.
    pub rows: u64,
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was made.
    pub made_at: Timestamp,
    /// How many rows came back.
    pub rows: u64,
    /// The epoch that was raised, if the ledger at hand did not reach beyond the backup's: then
    /// revocations and disabled accounts between `made_at` and now must be checked by hand.
    pub epoch: Option<i64>,
    /// Where the backup's configuration was put: beside the one that was there, if there was one.
    pub config: Option<PathBuf>,
}

/// Why there is no backup, or why it was not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file said no.
    #[error("cannot {attempt} {path}")]
    File {
        /// What was attempted.
        attempt: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The backup cannot be opened.
    #[error("cannot restore from {path}")]
    Seal {
        /// The backup.
        path: PathBuf,
        /// Why.
        #[source]
        source: SealError,
    },
    /// The backup is whole, but not understood.
    #[error("the backup {path} is from a newer befund-controller, or is none: {problem}")]
    Contents {
        /// The backup.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The passphrase is too short to protect a CA.
    #[error("the passphrase has {0} characters; a backup holds the CA's key, so take 12 or more")]
    Passphrase(usize),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others work on it.
    #[error(transparent)]
    Held(#[from] HoldError),
    /// What would be replaced was not meant to be.
    #[error("the database is not empty: what it holds would be replaced by the backup")]
    NotEmpty,
}

/// What becomes of what a database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Nothing is restored then.
    Stays,
    /// It is replaced.
    Replaced,
}

/// Files by their place in the data folder.
type Files = Vec<(String, Vec<u8>)>;

/// One line of a backup.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The first.
    Backup { version: u32, made_at: Timestamp },
    /// A file: its place in the data folder and its bytes, as base64.
    File { path: String, bytes: String },
    /// A row of the database.
    Row { table: String, values: Vec<serde_json::Value> },
    /// The last.
    End { rows: u64 },
}

/// Writes a backup. The controller may be at work meanwhile: what it holds is from one moment.
///
/// # Errors
/// If anything cannot be read or written; then there is no file under that name, or the old one.
pub async fn backup(
    store: &Store,
    data: &DataFolder,
    to: &Path,
    passphrase: &str,
    at: Timestamp,
) -> Result<Made, BackupError> {
    let length = passphrase.chars().count();
    if length < 12 {
        return Err(BackupError::Passphrase(length));
    }
    let part = files::part_of(to);
    let written = write_all(store, data, &part, passphrase, at).await;
    let failed =
        |source| BackupError::File { attempt: "write the backup", path: to.into(), source };
    let rows = match written {
        Ok(rows) => rows,
        Err(error) => {
            // What is half-written is of no use to anybody.
            let _ = std::fs::remove_file(&part);
            return Err(error);
        }
    };
    let bytes = std::fs::metadata(&part).map_err(failed)?.len();
    files::put_in_place(&part, to).map_err(failed)?;
    Ok(Made { file: to.to_owned(), bytes, rows })
}

async fn write_all(
    store: &Store,
    data: &DataFolder,
    part: &Path,
    passphrase: &str,
    at: Timestamp,
) -> Result<u64, BackupError> {
    let failed =
        |source| BackupError::File { attempt: "write the backup", path: part.into(), source };
    let file = platform::create_private(part).map_err(failed)?;
    let sealed = seal::Writer::new(file, passphrase).map_err(failed)?;
    let mut out = zstd::Encoder::new(sealed, 3).map_err(failed)?;
    let mut put = |line: &Line| -> std::io::Result<()> {
        serde_json::to_writer(&mut out, line)?;
        out.write_all(b"\n")
    };
    put(&Line::Backup { version: 1, made_at: at }).map_err(failed)?;
    // Before the rows: a ledger that is older than they are is merged into, one that is younger
    // would pass for the one at hand.
    for (path, bytes) in files::of(data)? {
        let bytes = data_encoding::BASE64.encode(&bytes);
        put(&Line::File { path, bytes }).map_err(failed)?;
    }
    let mut rows = 0;
    let mut broken = None;
    store
        .dump(|table, values| {
            rows += 1;
            match put(&Line::Row { table: table.to_owned(), values }) {
                Ok(()) => true,
                Err(error) => {
                    broken = Some(error);
                    false
                }
            }
        })
        .await?;
    if let Some(error) = broken {
        return Err(failed(error));
    }
    put(&Line::End { rows }).map_err(failed)?;
    out.finish().and_then(seal::Writer::finish).map_err(failed)?;
    Ok(rows)
}

/// Restores a backup into a data folder and a database, in one transaction. The folder must be held;
/// of a shared database this sees to it that no controller serves from it.
///
/// # Errors
/// If the database holds something that must stay, the passphrase is wrong, the file was cut off or altered, or anything cannot be written; then
/// the database and the files are as they were.
pub async fn restore(
    from: &Path,
    data: &DataFolder,
    database: &str,
    passphrase: &str,
    existing: Existing,
    at: Timestamp,
) -> Result<Restored, BackupError> {
    // Everything is read once to its end before anything is written.
    let (made_at, kept) = read(from, passphrase, |_, _| Ok(()))?;
    let backup = Backup { from, passphrase, made_at, kept };
    std::fs::create_dir_all(data.path()).map_err(|source| BackupError::File {
        attempt: "make the data folder",
        path: data.path().to_owned(),
        source,
    })?;
    let store = Store::open(database, StoreOptions::default()).await?;
    let held = hold::Database::take(&store, Work::Restoring).await?;
    let replacing = async {
        if existing == Existing::Stays && store.holds_anything().await? {
            return Err(BackupError::NotEmpty);
        }
        replace(&backup, data, &store, at).await
    };
    let restored = match &held {
        None => replacing.await,
        Some(held) => tokio::select! {
            restored = replacing => restored,
            () = held.keep() => Err(HoldError::Served("another host".to_owned()).into()),
        },
    };
    if let Some(held) = held {
        held.leave().await;
    }
    store.close().await;
    restored
}

/// A backup that was read to its end once.
struct Backup<'a> {
    from: &'a Path,
    passphrase: &'a str,
    made_at: Timestamp,
    kept: Files,
}

async fn replace(
    backup: &Backup<'_>,
    data: &DataFolder,
    store: &Store,
    at: Timestamp,
) -> Result<Restored, BackupError> {
    let Backup { from, passphrase, made_at, kept } = backup;
    let (from, made_at) = (*from, *made_at);
    let Merged { bytes: there, told, raised, later } = merge_ledger(data, kept, at)?;
    let staged = files::stage(data, kept, &there)?;
    let epoch = if later { Epoch::Raised } else { Epoch::Same };
    let mut into = store.restore(told.clone(), epoch, made_at, at).await?;
    let (sender, mut receiver) = tokio::sync::mpsc::channel(256);
    let (path, secret) = (from.to_owned(), (*passphrase).to_owned());
    let reader = tokio::task::spawn_blocking(move || {
        read(&path, &secret, |table, values| {
            sender.blocking_send((table, values)).map_err(|_| std::io::ErrorKind::BrokenPipe.into())
        })
    });
    let filled = fill(&mut into, &mut receiver).await;
    drop(receiver);
    let reread = reader.await.map_err(|error| BackupError::File {
        attempt: "read the backup",
        path: from.to_owned(),
        source: std::io::Error::other(error),
    })?;
    let rows = filled?;
    reread?;
    // The ledger first: should the rest fail, it only tells of more than there is.
    staged.ledger(data)?;
    into.commit().await?;
    let config = staged.rest(data)?;
    Ok(Restored { made_at, rows, epoch: raised.then_some(told.epoch), config })
}

/// The configuration that a backup holds, if it holds one. Reads the backup to its end.
///
/// # Errors
/// If the passphrase is wrong, or the file was cut off or altered.
pub fn configuration(from: &Path, passphrase: &str) -> Result<Option<String>, BackupError> {
    let (_, files) = read(from, passphrase, |_, _| Ok(()))?;
    let bytes = files.into_iter().find(|(name, _)| name == "config.toml").map(|(_, bytes)| bytes);
    bytes
        .map(|bytes| {
            String::from_utf8(bytes).map_err(|_| BackupError::Contents {
                path: from.to_owned(),
                problem: "its configuration is not text".to_owned(),
            })
        })
        .transpose()
}

async fn fill(
    into: &mut RestoreInto,
    receiver: &mut tokio::sync::mpsc::Receiver<(String, Vec<serde_json::Value>)>,
) -> Result<u64, BackupError> {
    let mut rows = 0;
    while let Some((table, values)) = receiver.recv().await {
        into.row(&table, values).await?;
        rows += 1;
    }
    Ok(rows)
}

/// The ledger as it will be.
struct Merged {
    bytes: Vec<u8>,
    told: ledger::Told,
    /// An epoch was raised just now.
    raised: bool,
    /// The epoch is a later one than the backup's: what was outstanding then is void.
    later: bool,
}

fn merge_ledger(
    data: &DataFolder,
    kept: &[(String, Vec<u8>)],
    at: Timestamp,
) -> Result<Merged, BackupError> {
    let path = data.ledger();
    let there = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(BackupError::File { attempt: "read", path, source }),
    };
    ledger::read(&path, &there)?;
    let backed_up = kept.iter().find(|(name, _)| name == "ledger").map(|(_, bytes)| &bytes[..]);
    let backed_up = ledger::whole_lines(backed_up.unwrap_or_default());
    let reaches_on = !backed_up.is_empty() && there.starts_with(backed_up);
    let mut merged = ledger::merged(backed_up, &there);
    let mut told = ledger::read(&path, &merged)?;
    if !reaches_on {
        told.epoch += 1;
        told.tickets += ledger::EPOCH_STEP;
        if merged.is_empty() {
            merged = ledger::first_line().into_bytes();
        }
        merged.extend_from_slice(ledger::epoch_line(told.epoch, at).as_bytes());
    }
    let later = told.epoch > ledger::read(&path, backed_up)?.epoch;
    Ok(Merged { bytes: merged, told, raised: !reaches_on, later })
}

/// Reads a backup to its end: when it was made, and its files; rows go to the callback.
fn read(
    from: &Path,
    passphrase: &str,
    row: impl FnMut(String, Vec<serde_json::Value>) -> std::io::Result<()>,
) -> Result<(Timestamp, Files), BackupError> {
    let failed = |source| unreadable(from, source);
    let file = std::fs::File::open(from).map_err(failed)?;
    let sealed = seal::Reader::open(BufReader::new(file), passphrase).map_err(failed)?;
    read_opened(from, sealed, row)
}

fn unreadable(from: &Path, source: std::io::Error) -> BackupError {
    match source.downcast::<SealError>() {
        Ok(source) => BackupError::Seal { path: from.to_owned(), source },
        Err(source) => BackupError::File { attempt: "read", path: from.to_owned(), source },
    }
}

/// Reads what the seal held; `from` is for the errors.
fn read_opened(
    from: &Path,
    opened: impl std::io::Read,
    mut row: impl FnMut(String, Vec<serde_json::Value>) -> std::io::Result<()>,
) -> Result<(Timestamp, Files), BackupError> {
    let contents = |problem: &str| BackupError::Contents {
        path: from.to_owned(),
        problem: problem.to_owned(),
    };
    let failed = |source| unreadable(from, source);
    let mut lines = BufReader::new(zstd::Decoder::new(opened).map_err(failed)?);
    let (mut made, mut files, mut rows) = (None, Vec::new(), 0);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let mut limited = std::io::Read::take(&mut lines, MOST_LINE as u64);
        if limited.read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
            return Err(contents("it has no end"));
        }
        let line = serde_json::from_slice(&bytes)
            .map_err(|_| contents("it has a line that this program does not know"))?;
        match (line, made) {
            (Line::Backup { version: 1, made_at }, None) => made = Some(made_at),
            (Line::Backup { .. }, _) => return Err(contents("its version is unknown")),
            (_, None) => return Err(contents("it does not begin as a backup does")),
            (Line::File { path, bytes }, Some(_)) => {
                let bytes = data_encoding::BASE64
                    .decode(bytes.as_bytes())
                    .map_err(|_| contents("one of its files is not base64"))?;
                files.push((path, bytes));
            }
            (Line::Row { table, values }, Some(_)) => {
                rows += 1;
                row(table, values).map_err(failed)?;
            }
            (Line::End { rows: expected }, Some(made_at)) => {
                return if rows == expected {
                    Ok((made_at, files))
                } else {
                    Err(contents("rows are missing"))
                };
            }
        }
    }
}
