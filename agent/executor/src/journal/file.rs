//! One job's file: its name, its entries, and writing it anew. Which entry may follow which is
//! [`super::Journal`]'s to say.

use std::path::{Path, PathBuf};

use befund_model::id::JobId;

use super::entry::Entry;
use super::error::JournalError;
use super::io::Io;
use super::record::{self, Tail};

/// What a job's file is called behind its id.
pub(super) const SUFFIX: &str = ".journal";
/// What is behind the name of a file that is not whole yet.
pub(super) const UNFINISHED: &str = ".new";
/// What is behind the id in the name of what was put aside because it was damaged.
pub(super) const ASIDE: &str = ".damaged";

/// Where a job's journal is.
pub(super) fn path(folder: &Path, job: JobId) -> PathBuf {
    folder.join(format!("{job}{SUFFIX}"))
}

/// A file that was read.
pub(super) struct Contents {
    /// Its entries, up to the first place that is none.
    pub(super) entries: Vec<Entry>,
    /// How long they are together, in bytes.
    pub(super) whole: u64,
    /// What comes after them.
    pub(super) tail: Tail,
    /// The file, byte for byte.
    pub(super) bytes: Vec<u8>,
}

/// Reads a job's file.
pub(super) fn read(
    io: &impl Io,
    folder: &Path,
    job: JobId,
    most: u64,
) -> Result<Contents, JournalError> {
    let path = path(folder, job);
    let bytes = io.read(&path, most).map_err(|source| JournalError::Read { path, source })?;
    Ok(understand(job, bytes))
}

/// What a file's bytes say. An entry that this version does not know ends it like damage: what was written
/// by a newer one must not be taken for less than it is.
pub(super) fn understand(job: JobId, bytes: Vec<u8>) -> Contents {
    let record::Contents { records, mut whole, mut tail } = record::read(job, &bytes);
    let mut entries = Vec::with_capacity(records.len());
    for record in records {
        let start = record.payload.start.saturating_sub(record::HEAD_BYTES) as u64;
        let why = match serde_json::from_slice::<Entry>(&bytes[record.payload]) {
            Err(_) => "it holds an entry that this version of the agent does not understand",
            Ok(Entry::Received(received)) if received.job != job => "it is another job's",
            Ok(entry) if !may_follow(&entries, &entry) => {
                "it does not begin with what was taken on, or does so twice"
            }
            Ok(entry) => {
                entries.push(entry);
                continue;
            }
        };
        whole = start;
        tail = Tail::Damaged { at: start, why };
        break;
    }
    Contents { entries, whole, tail, bytes }
}

/// Whether an entry can stand here. A file whose beginning was lost begins with that.
const fn may_follow(before: &[Entry], entry: &Entry) -> bool {
    match entry {
        Entry::Received(_) => before.is_empty(),
        Entry::Damaged { .. } => true,
        Entry::Heard { .. }
        | Entry::Intent(_)
        | Entry::Exit { .. }
        | Entry::News(_)
        | Entry::Ended(_)
        | Entry::Reported { .. } => !before.is_empty(),
    }
}

/// A record for an entry. What could not be read again is refused.
pub(super) fn encode(
    job: JobId,
    number: u64,
    synced: u64,
    entry: &Entry,
) -> Result<Vec<u8>, JournalError> {
    let payload =
        serde_json::to_vec(entry).map_err(|source| JournalError::Unreadable { job, source })?;
    if payload.len() > record::MAX_PAYLOAD_BYTES {
        return Err(JournalError::TooLarge { job, bytes: payload.len() as u64 });
    }
    // JSON can be written deeper than it can be read.
    serde_json::from_slice::<Entry>(&payload)
        .map_err(|source| JournalError::Unreadable { job, source })?;
    Ok(record::encode(job, number, synced, &payload))
}

/// Writes a job's file with these entries so that a crash leaves either the old one or the new one, and the
/// new one is there to stay once this returns. Gives its length.
pub(super) fn write(
    io: &impl Io,
    folder: &Path,
    job: JobId,
    entries: &[Entry],
) -> Result<u64, JournalError> {
    let mut bytes = Vec::new();
    for (number, entry) in (0..).zip(entries) {
        let record = encode(job, number, bytes.len() as u64, entry)?;
        bytes.extend_from_slice(&record);
    }
    put(io, folder, &format!("{job}{SUFFIX}"), &bytes)?;
    Ok(bytes.len() as u64)
}

/// Writes a file in place of what bears its name, in one step.
pub(super) fn put(
    io: &impl Io,
    folder: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<(), JournalError> {
    let path = folder.join(name);
    let unfinished = folder.join(format!("{name}{UNFINISHED}"));
    let written = io
        .create(&unfinished)
        .and_then(|()| io.append(&unfinished, bytes))
        .and_then(|()| io.sync(&unfinished))
        .and_then(|()| io.rename(&unfinished, &path));
    if let Err(source) = written {
        // The first error is the one to tell; what is left is removed when the journal is next opened.
        let _ = io.remove(&unfinished);
        return Err(JournalError::Write { path, source });
    }
    io.sync_folder(folder).map_err(|source| JournalError::Write { path, source })
}
