//! Why the journal did not do what was asked of it.

use std::io;
use std::path::PathBuf;

use befund_model::id::JobId;

/// Why the journal did not do what was asked of it. After any error, nothing was promised.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder.
    #[error("could not use the folder of the jobs' journal, {}", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Reading.
    #[error("could not read the journal {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Writing or syncing; nothing is done that it was to come before.
    #[error("could not write the journal {}; see whether its disk is full or failing", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// No place for another job.
    #[error(
        "the jobs' journal is full ({jobs} jobs, {bytes} bytes): it keeps what has not been reported yet and, \
         for {days} days, what undoing needs"
    )]
    Full {
        /// How many jobs it keeps.
        jobs: u64,
        /// How many bytes are taken or promised.
        bytes: u64,
        /// How long.
        days: u64,
    },
    /// A job that told more than a job may.
    #[error(
        "the journal of job {job} has reached its {bytes} bytes; what ends the job still has a place"
    )]
    JobFull {
        /// Which.
        job: JobId,
        /// Its share.
        bytes: u64,
    },
    /// An entry above the cap.
    #[error("an entry of {bytes} bytes is more than the journal of job {job} takes")]
    TooLarge {
        /// Whose.
        job: JobId,
        /// How long it is.
        bytes: u64,
    },
    /// An entry that could not be read again, as JSON that is nested too deep.
    #[error("an entry for the journal of job {job} could not be read again, so it is not written")]
    Unreadable {
        /// Whose.
        job: JobId,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A job that is not there.
    #[error(
        "there is no journal of job {job}: it was not taken on, or it has been reported long since"
    )]
    Unknown {
        /// Which.
        job: JobId,
    },
    /// An entry that cannot follow what is there.
    #[error("the journal of job {job} cannot go on so: {why}")]
    Order {
        /// Whose.
        job: JobId,
        /// Why not.
        why: String,
    },
}
