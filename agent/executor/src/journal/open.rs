//! Opening the journal: what is there, what a crash left unfinished, and what cannot be read any more.

use befund_model::id::JobId;

use super::entry::Entry;
use super::error::JournalError;
use super::file::{self, Contents};
use super::io::{Io, Listed};
use super::known::{Known, Stage};
use super::record::{MAX_PAYLOAD_BYTES, Tail};
use super::{Bounds, Journal};

/// The most bytes of a file that are read: a job's share, and what has a place beyond it.
pub(super) const fn most(bounds: Bounds) -> u64 {
    bounds.job_bytes.saturating_add(4 * MAX_PAYLOAD_BYTES as u64)
}

impl<I: Io> Journal<I> {
    /// Looks through the folder.
    pub(super) fn take_stock(&mut self) -> Result<(), JournalError> {
        let wrong = |source| JournalError::Folder { folder: self.folder.clone(), source };
        let files = self.io.list(&self.folder).map_err(wrong)?;
        for Listed { name, .. } in &files {
            if name.ends_with(file::UNFINISHED) {
                self.io.remove(&self.folder.join(name)).map_err(wrong)?;
            }
        }
        for (job, _) in named(&files, file::SUFFIX) {
            let known = self.take_in(job)?;
            self.jobs.insert(job, known);
        }
        for (job, size) in named(&files, file::ASIDE) {
            if !self.jobs.contains_key(&job) {
                // Put aside, and then interrupted.
                let known = self.restart(job, Vec::new(), size, "it could not be read")?;
                self.jobs.insert(job, known);
            }
            if let Some(known) = self.jobs.get_mut(&job) {
                known.aside = size;
            }
        }
        Ok(())
    }

    /// Reads a job's file, and writes it anew where it is not reported yet.
    fn take_in(&mut self, job: JobId) -> Result<Known, JournalError> {
        let contents = match file::read(&self.io, &self.folder, job, most(self.bounds)) {
            Ok(contents) => contents,
            Err(error) => return self.give_up(job, &error),
        };
        let Contents { entries, whole, tail, bytes } = contents;
        match tail {
            Tail::Damaged { at, why } => {
                // A copy first, so that at no time neither is there.
                file::put(&self.io, &self.folder, &format!("{job}{}", file::ASIDE), &bytes)?;
                let lost = (bytes.len() as u64).saturating_sub(at);
                self.restart(job, entries, lost, why)
            }
            Tail::Whole | Tail::Torn { .. } => {
                let torn = match tail {
                    Tail::Torn { bytes } => bytes,
                    Tail::Whole | Tail::Damaged { .. } => 0,
                };
                let mut known = self.learn(&entries);
                known.bytes = match known.stage {
                    // What can be read may be in the system's memory alone, also after a failed sync.
                    Stage::Running | Stage::Ended => {
                        file::write(&self.io, &self.folder, job, &entries)?
                    }
                    Stage::Reported(_) => whole,
                };
                known.synced = known.bytes;
                known.torn = torn;
                Ok(known)
            }
        }
    }

    /// Begins a file anew that cannot even be read.
    fn give_up(&mut self, job: JobId, error: &JournalError) -> Result<Known, JournalError> {
        let path = file::path(&self.folder, job);
        let aside = self.folder.join(format!("{job}{}", file::ASIDE));
        self.io
            .rename(&path, &aside)
            .map_err(|source| JournalError::Write { path: aside, source })?;
        self.restart(job, Vec::new(), 0, &crate::told(error))
    }

    /// Writes a damaged job's file anew: what can be read of it, and that there was more.
    fn restart(
        &mut self,
        job: JobId,
        mut entries: Vec<Entry>,
        bytes: u64,
        why: &str,
    ) -> Result<Known, JournalError> {
        // What ended it before may not have been the end, and is told anew.
        entries.retain(|entry| match entry {
            Entry::Ended(_) | Entry::Reported { .. } => false,
            Entry::Received(_)
            | Entry::Heard { .. }
            | Entry::Intent(_)
            | Entry::Exit { .. }
            | Entry::News(_)
            | Entry::Damaged { .. } => true,
        });
        entries.push(Entry::Damaged { bytes, why: why.to_owned() });
        let mut known = self.learn(&entries);
        known.bytes = file::write(&self.io, &self.folder, job, &entries)?;
        known.synced = known.bytes;
        Ok(known)
    }

    fn learn(&mut self, entries: &[Entry]) -> Known {
        let mut known = Known::new();
        for entry in entries {
            known.note(entry);
            if let Entry::Intent(intent) = entry {
                self.turn = self.turn.max(intent.turn.saturating_add(1));
            }
        }
        known.number = entries.len() as u64;
        known
    }
}

/// The jobs that have a file of this kind, and its bytes.
fn named(files: &[Listed], suffix: &str) -> Vec<(JobId, u64)> {
    let job = |file: &Listed| Some((file.name.strip_suffix(suffix)?.parse().ok()?, file.size));
    files.iter().filter_map(job).collect()
}
