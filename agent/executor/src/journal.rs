//! The journal: what the executor has taken on, begun, done and told, written ahead and kept through crashes.
//!
//! ```text
//! RECEIVED, sync, acknowledge;  INTENT, sync, execute;  EXIT, sync;  ENDED, sync, tell;  REPORTED, sync
//! ```
//!
//! One file for each job, in a folder that only the executor may write to. It promises, whenever power or the
//! process goes: what was acknowledged is there; a step whose exit was acknowledged is never done again; a
//! step that may have begun is never taken for one that has not; and what it cannot read it says, and makes
//! the job indeterminate. Blocking: call it where waiting for a disk harms nobody. It runs nothing and decides
//! nothing but what [`OpenStep`] says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use befund_model::Timestamp;
use befund_model::id::JobId;

mod entry;
mod error;
mod file;
mod io;
mod known;
mod open;
pub mod record;
mod recovery;
mod undo;

pub use entry::{BootId, ChangeRef, Doing, Entry, Intent, Received, StartedBy};
pub use error::JournalError;
pub use io::{Io, Listed, RealIo};
pub use recovery::{Boot, Interrupted, OpenStep, Recovered};
pub use undo::{Certainty, Tried, Undoable, Whose};

use known::{End, Known, Stage};

/// How much is kept, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most jobs, running and kept.
    pub jobs: u64,
    /// The most bytes of all of them. A running job counts with its whole share.
    pub bytes: u64,
    /// A job's share, in bytes; what ends a step or the job has a place beyond it.
    pub job_bytes: u64,
    /// How long what undoing needs is kept after a job was reported.
    pub kept_for: Duration,
}

impl Default for Bounds {
    /// 2,000 jobs, 512 MiB, 64 MiB of them for one job, 30 days.
    fn default() -> Self {
        Self {
            jobs: 2_000,
            bytes: 512 << 20,
            job_bytes: 64 << 20,
            kept_for: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

/// Whether a job is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Receipt {
    /// It was written now, and is there to stay.
    New,
    /// It is here already: it must not be begun a second time.
    Known,
}

/// The journal of this machine's jobs.
#[derive(Debug)]
pub struct Journal<I> {
    folder: PathBuf,
    io: I,
    bounds: Bounds,
    jobs: BTreeMap<JobId, Known>,
    /// The next change's place among all.
    turn: u64,
}

impl<I: Io> Journal<I> {
    /// Opens the journal, and makes its folder where there is none. What a crash left unfinished is cut off or
    /// put aside here, and everything that is not reported yet is written anew: after a crash, what can be
    /// read is not yet what is on the disk.
    ///
    /// # Errors
    /// If the folder cannot be used or is not the executor's alone, or if a file cannot be written.
    pub fn open(folder: &Path, io: I, bounds: Bounds) -> Result<Self, JournalError> {
        let wrong = |source| JournalError::Folder { folder: folder.to_owned(), source };
        io.make_folder(folder).map_err(wrong)?;
        let mut journal =
            Self { folder: folder.to_owned(), io, bounds, jobs: BTreeMap::new(), turn: 0 };
        journal.take_stock()?;
        Ok(journal)
    }

    /// Takes a job on. Once this returns [`Receipt::New`], the job is there to stay and may be acknowledged.
    ///
    /// # Errors
    /// If there is no place, or it cannot be written: then the job was not taken on.
    pub fn receive(&mut self, received: Received) -> Result<Receipt, JournalError> {
        let job = received.job;
        if self.jobs.contains_key(&job) {
            return Ok(Receipt::Known);
        }
        self.prune(received.at)?;
        self.see_room()?;
        let mut known = Known::new();
        let entry = Entry::Received(Box::new(received));
        known.note(&entry);
        let bytes = file::write(&self.io, &self.folder, job, &[entry]);
        known.bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                // It may have its name already, and nobody was promised anything.
                let _ = self.io.remove(&file::path(&self.folder, job));
                return Err(error);
            }
        };
        known.synced = known.bytes;
        known.number = 1;
        self.jobs.insert(job, known);
        Ok(Receipt::New)
    }

    fn see_room(&self) -> Result<(), JournalError> {
        let jobs = self.jobs.len() as u64;
        let taken: u64 = self.jobs.values().map(|known| self.share(known)).sum();
        if jobs < self.bounds.jobs
            && taken.saturating_add(self.bounds.job_bytes) <= self.bounds.bytes
        {
            return Ok(());
        }
        let days = self.bounds.kept_for.as_secs() / (24 * 3600);
        Err(JournalError::Full { jobs, bytes: taken, days })
    }

    fn share(&self, known: &Known) -> u64 {
        let promised = match known.stage {
            Stage::Running => self.bounds.job_bytes,
            Stage::Ended | Stage::Reported(_) => 0,
        };
        known.aside + known.bytes.max(promised)
    }

    /// Writes an entry. One that [`Entry::is_synced`] says it of is on the disk once this returns, with all
    /// before it; others are after [`Journal::sync`], or with the next such entry.
    ///
    /// # Errors
    /// If it cannot be written or may not follow what is there: nothing may be done then that it was to come
    /// before. It may be tried again.
    pub fn append(&mut self, job: JobId, mut entry: Entry) -> Result<(), JournalError> {
        let known = self.jobs.get(&job).ok_or(JournalError::Unknown { job })?;
        known.may_follow(&entry).map_err(|why| JournalError::Order { job, why })?;
        if let Entry::Intent(intent) = &mut entry {
            intent.turn = self.turn;
        }
        // All that a job has which changed nothing can be had again: damage to it may pass for a cut.
        let can_be_had_again = matches!(entry, Entry::Ended(_)) && known.has_changed_nothing();
        if known.end == End::Uncertain {
            self.mend(job)?;
        }
        if let Entry::Reported { .. } = entry {
            return self.close(job, entry);
        }
        if entry.is_synced() && !can_be_had_again {
            // So that a record which was synced says so of all before it: see `record`.
            self.sync(job)?;
        }
        let known = self.jobs.get_mut(&job).ok_or(JournalError::Unknown { job })?;
        let record = file::encode(job, known.number, known.synced, &entry)?;
        let length = record.len() as u64;
        let in_share = match entry {
            Entry::Heard { .. } | Entry::News(_) | Entry::Intent(_) => true,
            Entry::Received(_)
            | Entry::Exit { .. }
            | Entry::Ended(_)
            | Entry::Reported { .. }
            | Entry::Damaged { .. } => false,
        };
        if in_share && known.bytes + length > self.bounds.job_bytes {
            return Err(JournalError::JobFull { job, bytes: self.bounds.job_bytes });
        }
        let path = file::path(&self.folder, job);
        let written = self
            .io
            .append(&path, &record)
            .and_then(|()| if entry.is_synced() { self.io.sync(&path) } else { Ok(()) });
        if let Err(source) = written {
            known.end = End::Uncertain;
            return Err(JournalError::Write { path, source });
        }
        known.bytes += length;
        known.number += 1;
        if entry.is_synced() {
            known.synced = known.bytes;
        }
        known.note(&entry);
        match entry {
            Entry::Intent(_) => self.turn += 1,
            Entry::Received(_)
            | Entry::Heard { .. }
            | Entry::Exit { .. }
            | Entry::News(_)
            | Entry::Ended(_)
            | Entry::Reported { .. }
            | Entry::Damaged { .. } => {}
        }
        Ok(())
    }

    /// Makes everything of a job durable that was written so far.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn sync(&mut self, job: JobId) -> Result<(), JournalError> {
        let known = self.jobs.get(&job).ok_or(JournalError::Unknown { job })?;
        if known.end == End::Uncertain {
            return self.mend(job);
        }
        if known.synced == known.bytes {
            return Ok(());
        }
        let path = file::path(&self.folder, job);
        let synced = self.io.sync(&path);
        let known = self.jobs.get_mut(&job).ok_or(JournalError::Unknown { job })?;
        match synced {
            Ok(()) => {
                known.synced = known.bytes;
                Ok(())
            }
            Err(source) => {
                known.end = End::Uncertain;
                Err(JournalError::Write { path, source })
            }
        }
    }

    /// Writes a job's file anew as far as it was acknowledged: after a failed sync, another one proves nothing.
    fn mend(&mut self, job: JobId) -> Result<(), JournalError> {
        let known = self.jobs.get_mut(&job).ok_or(JournalError::Unknown { job })?;
        let mut contents = file::read(&self.io, &self.folder, job, open::most(self.bounds))?;
        let keep = usize::try_from(known.bytes).unwrap_or(usize::MAX);
        contents.bytes.truncate(keep);
        let contents = file::understand(job, contents.bytes);
        if contents.entries.len() as u64 != known.number {
            let why = "what was written to it before cannot be read any more".to_owned();
            return Err(JournalError::Order { job, why });
        }
        known.bytes = file::write(&self.io, &self.folder, job, &contents.entries)?;
        known.synced = known.bytes;
        known.end = End::Clean;
        Ok(())
    }

    /// Writes that a job was reported, and leaves of it what undoing needs: the file is written anew, in one step. Where
    /// that fails, either file may be there, and it can be tried again.
    fn close(&mut self, job: JobId, reported: Entry) -> Result<(), JournalError> {
        let contents = file::read(&self.io, &self.folder, job, open::most(self.bounds))?;
        let mut kept = contents.entries;
        kept.retain(|entry| match entry {
            // Of a try before this one.
            Entry::Reported { .. } => false,
            entry => entry.is_kept(),
        });
        kept.push(reported);
        let bytes = file::write(&self.io, &self.folder, job, &kept)?;
        let known = self.jobs.get_mut(&job).ok_or(JournalError::Unknown { job })?;
        (known.bytes, known.synced, known.number) = (bytes, bytes, kept.len() as u64);
        if let Some(reported) = kept.last() {
            known.note(reported);
        }
        Ok(())
    }

    /// Every job that the controller has not all of, in the order of their ids. `now` is the run of the system
    /// that is going on.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn recover(&self, now: Option<&BootId>) -> Result<Vec<Recovered>, JournalError> {
        let unreported = self.jobs.iter().filter(|(_, known)| match known.stage {
            Stage::Running | Stage::Ended => true,
            Stage::Reported(_) => false,
        });
        unreported
            .map(|(job, known)| Ok(recovery::judge(*job, self.entries(*job)?, known.torn, now)))
            .collect()
    }

    /// What a ticket, or a job, changed on this machine and what was not undone, the last change first.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn undoable(&self, whose: Whose) -> Result<Vec<Undoable>, JournalError> {
        let within: BTreeSet<JobId> = self
            .jobs
            .iter()
            .filter(|(job, known)| match whose {
                Whose::Ticket(ticket) => known.ticket == Some(ticket),
                Whose::Job(wanted) => **job == wanted,
            })
            .map(|(job, _)| *job)
            .collect();
        let journals: Vec<_> = self
            .jobs
            .iter()
            .filter(|(job, known)| within.contains(job) || !known.undoes.is_disjoint(&within))
            .map(|(job, _)| Ok((*job, self.entries(*job)?)))
            .collect::<Result<_, JournalError>>()?;
        let mut changes = undo::changes(&journals);
        changes.retain(|undoable| within.contains(&undoable.change.job));
        Ok(changes)
    }

    /// The digests of the catalogues of which a script undoes what a job changed, as long as that job is here.
    #[must_use]
    pub fn undone_by(&self) -> BTreeSet<String> {
        self.jobs.values().filter_map(|known| known.undone_by.clone()).collect()
    }

    /// A job's entries as far as they were acknowledged.
    ///
    /// # Errors
    /// If the job is not here or cannot be read.
    pub fn entries(&self, job: JobId) -> Result<Vec<Entry>, JournalError> {
        let known = self.jobs.get(&job).ok_or(JournalError::Unknown { job })?;
        let mut contents = file::read(&self.io, &self.folder, job, open::most(self.bounds))?;
        if known.end == End::Uncertain {
            contents.bytes.truncate(usize::try_from(known.bytes).unwrap_or(usize::MAX));
            contents = file::understand(job, contents.bytes);
        }
        Ok(contents.entries)
    }

    /// Forgets the jobs that were reported longer ago than they are kept. [`Journal::receive`] does it as well.
    ///
    /// # Errors
    /// If a file cannot be removed; the others are all the same.
    pub fn prune(&mut self, now: Timestamp) -> Result<(), JournalError> {
        let mut failed = Ok(());
        let (folder, io, kept_for) = (&self.folder, &self.io, self.bounds.kept_for);
        self.jobs.retain(|job, known| {
            let Stage::Reported(at) = known.stage else { return true };
            if !is_past(at, kept_for, now) {
                return true;
            }
            let path = file::path(folder, *job);
            let aside = folder.join(format!("{job}{}", file::ASIDE));
            match io.remove(&aside).and_then(|()| io.remove(&path)) {
                Ok(()) => false,
                Err(source) => {
                    failed = Err(JournalError::Write { path, source });
                    true
                }
            }
        });
        failed
    }
}

/// Whether a time is at least so long ago.
fn is_past(at: Timestamp, lasting: Duration, now: Timestamp) -> bool {
    let passed = now.duration_since(at);
    Duration::try_from(passed).is_ok_and(|passed| passed >= lasting)
}
