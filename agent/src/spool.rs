//! What must not be lost between the machine and its controller: snapshots, orders, outcomes.
//!
//! Each entry is one file, written whole, synced and renamed into place before anybody is told that
//! it is kept, and checked by a hash when it is read. It is removed after the controller's receipt.
//! A removal that a power cut undoes makes the entry go out once more, which the controller knows by
//! its id. Bounded: scheduled snapshots give way, oldest first; requests and outcomes never do.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use befund_executor::Redacted;
use befund_model::Timestamp;
use befund_model::id::{Hash, JobId, RequestId, SnapshotId};
use befund_model::job::Order;
use befund_model::snapshot::{Manifest, Purpose, Section};

use crate::disk::{self, Disk, TEMPORARY};

pub mod budget;
pub mod record;

use budget::{Budget, Class};

const SNAPSHOTS: &str = "snapshots";
const JOBS: &str = "jobs";
const SENT: &str = "sent";
const DAMAGED: &str = "damaged";

/// A snapshot as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spooled {
    /// What it is made of.
    pub manifest: Manifest,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The sections, in the manifest's order.
    pub sections: Vec<Section>,
}

/// A snapshot that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The snapshot.
    pub id: SnapshotId,
    /// The person's request that it belongs to.
    pub request: Option<RequestId>,
    /// Bytes on the disk.
    pub size: u64,
}

/// A job as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptJob {
    /// It was accepted; whatever it did is not known.
    Order {
        /// The order.
        order: Box<Order>,
        /// When it came.
        at: Timestamp,
    },
    /// It ended.
    Ended(Box<crate::link::session::Kept>),
}

/// Why something could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The disk's fault.
    #[error("could not {what} in the spool at {}; check that the folder is writable and the disk not full", path.display())]
    Disk {
        /// What was attempted.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// Nothing may give way.
    #[error(
        "the spool is full ({used} of {limit} bytes wait for the controller); it takes more once the controller can be reached"
    )]
    Full {
        /// Bytes that wait.
        used: u64,
        /// Bytes that may.
        limit: u64,
    },
    /// The entry's bytes are not those that were written.
    #[error("an entry of the spool was damaged on the disk and set aside as {}", .0.display())]
    Damaged(PathBuf),
}

/// What was found at the start.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Jobs that were accepted, or ended and not acknowledged.
    pub jobs: Vec<(JobId, KeptJob)>,
    /// Entries that were damaged and set aside.
    pub damaged: usize,
}

/// The spool.
#[derive(Debug)]
pub struct Spool<D> {
    disk: D,
    folder: PathBuf,
    budget: Budget,
    waiting: Vec<Waiting>,
}

impl<D: Disk> Spool<D> {
    /// Opens the spool under an agent's state folder; clears away what a crash left half-written.
    ///
    /// # Errors
    /// If the folder cannot be used.
    pub fn open(disk: D, state: &Path, limit: u64) -> Result<(Self, Recovered), SpoolError> {
        let folder = state.join("spool");
        let mut spool = Self { disk, folder, budget: Budget::new(limit), waiting: Vec::new() };
        let mut recovered = Recovered::default();
        for name in [SNAPSHOTS, JOBS, SENT, DAMAGED] {
            let path = spool.folder.join(name);
            spool.disk.make_folder(&path).map_err(spool.failed("make a folder", &path))?;
        }
        for name in [SNAPSHOTS, JOBS, SENT] {
            spool.clear(name)?;
        }
        for (name, size) in spool.files(JOBS)? {
            let Ok(job) = name.parse::<JobId>() else { continue };
            match spool.read::<KeptJob>(JOBS, &name) {
                Ok((kept, _)) => {
                    spool.budget.add(Class::Job, name, size);
                    recovered.jobs.push((job, kept));
                }
                Err(SpoolError::Damaged(_)) => recovered.damaged += 1,
                Err(error) => return Err(error),
            }
        }
        for (name, size) in spool.files(SNAPSHOTS)? {
            let Ok(id) = name.parse::<SnapshotId>() else { continue };
            match spool.read::<(Manifest, Purpose)>(SNAPSHOTS, &name) {
                Ok(((_, purpose), _)) => spool.list(id, &purpose, size),
                Err(SpoolError::Damaged(_)) => recovered.damaged += 1,
                Err(error) => return Err(error),
            }
        }
        Ok((spool, recovered))
    }

    /// Keeps a snapshot, durably. A scheduled one replaces those that wait: only the latest counts.
    ///
    /// # Errors
    /// If there is no room or the disk fails; nothing is half-kept then.
    pub fn keep_snapshot(
        &mut self,
        manifest: &Manifest,
        purpose: &Purpose,
        sections: &[Redacted],
    ) -> Result<(), SpoolError> {
        let blobs = sections.iter().map(|section| section.section().bytes.as_slice());
        let bytes = record::encode(&(manifest, purpose), blobs);
        let name = manifest.id.to_string();
        self.make_room(bytes.len() as u64, &name)?;
        self.put(SNAPSHOTS, &name, &bytes)?;
        if *purpose == Purpose::Scheduled {
            for older in self.budget.of(Class::Scheduled) {
                self.drop_snapshot(&older);
            }
        }
        self.list(manifest.id, purpose, bytes.len() as u64);
        Ok(())
    }

    /// The snapshots that wait: requests first, each kind oldest first.
    #[must_use]
    pub fn waiting(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.clone();
        waiting.sort_by_key(|entry| (entry.request.is_none(), entry.id));
        waiting
    }

    /// Reads a snapshot that waits.
    ///
    /// # Errors
    /// If it cannot be read; a damaged one is set aside.
    pub fn load(&mut self, id: SnapshotId) -> Result<Spooled, SpoolError> {
        let name = id.to_string();
        let loaded = self.load_from(SNAPSHOTS, &name);
        if let Err(SpoolError::Damaged(_)) = loaded {
            self.unlist(id);
        }
        loaded
    }

    /// The controller has it: from now on it is what the next is compared with.
    pub fn delivered(&mut self, id: SnapshotId) {
        let Some(entry) = self.waiting.iter().find(|entry| entry.id == id).copied() else { return };
        let kind = if entry.request.is_some() { "request" } else { "scheduled" };
        let from = self.folder.join(SNAPSHOTS).join(id.to_string());
        // Not synced: undone, it goes out once more under its id, which does no harm.
        if let Err(error) = self.disk.rename(&from, &self.folder.join(SENT).join(kind)) {
            tracing::warn!(%error, "a delivered snapshot could not be put away");
            let _ = self.disk.remove(&from);
        }
        self.unlist(id);
    }

    /// The controller will never take it.
    pub fn rejected(&mut self, id: SnapshotId) {
        self.drop_snapshot(&id.to_string());
    }

    /// The root hash of the last scheduled snapshot that the controller has.
    #[must_use]
    pub fn last_root(&self) -> Option<Hash> {
        let ((manifest, _), _) = self.read::<(Manifest, Purpose)>(SENT, "scheduled").ok()?;
        Some(manifest.root())
    }

    /// A reader of what was sent last, which outlives a borrow of the spool.
    pub fn sent(&self) -> Sent<D>
    where
        D: Clone,
    {
        Sent { disk: self.disk.clone(), folder: self.folder.join(SENT) }
    }

    /// Keeps an order, durably.
    ///
    /// # Errors
    /// If there is no room or the disk fails; the order must not be accepted then.
    pub fn keep_order(&mut self, order: &Order, at: Timestamp) -> Result<(), SpoolError> {
        let kept = KeptJob::Order { order: Box::new(order.clone()), at };
        let bytes = record::encode(&kept, []);
        let name = order.job.to_string();
        // Room for its outcome as well.
        self.make_room(bytes.len() as u64 + budget::OUTCOME_RESERVE, &name)?;
        self.put(JOBS, &name, &bytes)?;
        self.budget.add(Class::Job, name, bytes.len() as u64);
        Ok(())
    }

    /// Keeps an outcome, durably, in place of its order.
    ///
    /// # Errors
    /// If the disk fails; the order is still there then.
    pub fn keep_outcome(
        &mut self,
        job: JobId,
        kept: &crate::link::session::Kept,
    ) -> Result<(), SpoolError> {
        let bytes = record::encode(&KeptJob::Ended(Box::new(kept.clone())), []);
        let name = job.to_string();
        let mut written = self.put(JOBS, &name, &bytes);
        while written.is_err()
            && let Some(oldest) = self.budget.of(Class::Scheduled).first().cloned()
        {
            self.drop_snapshot(&oldest);
            written = self.put(JOBS, &name, &bytes);
        }
        written?;
        self.budget.add(Class::Job, name, bytes.len() as u64);
        Ok(())
    }

    /// Forgets a job whose outcome the controller has.
    pub fn forget_job(&mut self, job: JobId) {
        let name = job.to_string();
        // Not synced: undone, the outcome goes out once more, which does no harm.
        if let Err(error) = self.disk.remove(&self.folder.join(JOBS).join(&name)) {
            tracing::warn!(%error, %job, "the outcome of a finished job could not be removed");
        }
        self.budget.remove(&name);
    }

    /// Bytes that wait.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.budget.used()
    }

    fn make_room(&mut self, size: u64, name: &str) -> Result<(), SpoolError> {
        let evicted = self
            .budget
            .make_room(size, name)
            .map_err(|full| SpoolError::Full { used: full.used, limit: full.limit })?;
        for name in evicted {
            tracing::warn!(
                snapshot = name,
                "the spool is full; dropping the oldest scheduled snapshot"
            );
            self.drop_snapshot(&name);
        }
        Ok(())
    }

    fn drop_snapshot(&mut self, name: &str) {
        let _ = self.disk.remove(&self.folder.join(SNAPSHOTS).join(name));
        if let Ok(id) = name.parse() {
            self.unlist(id);
        }
    }

    fn list(&mut self, id: SnapshotId, purpose: &Purpose, size: u64) {
        let (class, request) = match purpose {
            Purpose::Scheduled => (Class::Scheduled, None),
            Purpose::Request(request) => (Class::Request, Some(request.id)),
        };
        self.budget.add(class, id.to_string(), size);
        self.waiting.push(Waiting { id, request, size });
    }

    fn unlist(&mut self, id: SnapshotId) {
        self.budget.remove(&id.to_string());
        self.waiting.retain(|entry| entry.id != id);
    }

    fn load_from(&self, folder: &'static str, name: &str) -> Result<Spooled, SpoolError> {
        let ((manifest, purpose), blobs) = self.read::<(Manifest, Purpose)>(folder, name)?;
        let sections =
            sections_of(&manifest, &blobs).ok_or_else(|| self.set_aside(folder, name))?;
        Ok(Spooled { manifest, purpose, sections })
    }

    fn clear(&self, folder: &'static str) -> Result<(), SpoolError> {
        for (name, _) in self.files(folder)? {
            if name.ends_with(TEMPORARY) {
                let path = self.folder.join(folder).join(&name);
                self.disk.remove(&path).map_err(self.failed("clear up", &path))?;
            }
        }
        Ok(())
    }

    fn files(&self, folder: &'static str) -> Result<Vec<(String, u64)>, SpoolError> {
        let path = self.folder.join(folder);
        let files = self.disk.list(&path).map_err(self.failed("list", &path))?;
        Ok(files.into_iter().map(|file| (file.name, file.size)).collect())
    }

    fn read<T: serde::de::DeserializeOwned>(
        &self,
        folder: &'static str,
        name: &str,
    ) -> Result<(T, Vec<u8>), SpoolError> {
        let path = self.folder.join(folder).join(name);
        let bytes = self.disk.read(&path).map_err(self.failed("read", &path))?;
        record::decode(bytes).ok_or_else(|| self.set_aside(folder, name))
    }

    fn set_aside(&self, folder: &'static str, name: &str) -> SpoolError {
        let aside = self.folder.join(DAMAGED).join(name);
        if self.disk.rename(&self.folder.join(folder).join(name), &aside).is_err() {
            tracing::warn!(name, "a damaged entry of the spool could not be set aside");
        }
        SpoolError::Damaged(aside)
    }

    fn put(&self, folder: &'static str, name: &str, bytes: &[u8]) -> Result<(), SpoolError> {
        let path = self.folder.join(folder);
        disk::put(&self.disk, &path, name, bytes).map_err(self.failed("write", &path.join(name)))
    }

    fn failed(
        &self,
        what: &'static str,
        path: &Path,
    ) -> impl FnOnce(io::Error) -> SpoolError + use<D> {
        let path = path.to_owned();
        move |source| SpoolError::Disk { what, path, source }
    }
}

/// Reads what was sent last.
#[derive(Clone, Debug)]
pub struct Sent<D> {
    disk: D,
    folder: PathBuf,
}

impl<D: Disk> Sent<D> {
    /// The sections that the controller has got from here last, to send differences against; those
    /// that cannot be read are not there.
    #[must_use]
    pub fn sections(&self) -> Vec<Section> {
        ["scheduled", "request"]
            .iter()
            .filter_map(|kind| {
                let bytes = self.disk.read(&self.folder.join(kind)).ok()?;
                let ((manifest, _), blobs) = record::decode::<(Manifest, Purpose)>(bytes)?;
                sections_of(&manifest, &blobs)
            })
            .flatten()
            .collect()
    }
}

fn sections_of(manifest: &Manifest, mut blobs: &[u8]) -> Option<Vec<Section>> {
    let mut sections = Vec::with_capacity(manifest.sections.len());
    for line in &manifest.sections {
        let (bytes, rest) = blobs.split_at_checked(usize::try_from(line.size).ok()?)?;
        sections.push(Section { line: line.clone(), bytes: bytes.to_vec() });
        blobs = rest;
    }
    Some(sections)
}

/// What is left of an order's time after a restart; `None` once it has run out.
#[must_use]
pub fn time_left(order: &Order, came: Timestamp, now: Timestamp) -> Option<Duration> {
    let within = Duration::from_millis(order.within_ms);
    let gone = now.duration_since(came);
    // A clock that went back says nothing; the order then has all of its time.
    let gone = Duration::try_from(gone).unwrap_or(Duration::ZERO);
    within.checked_sub(gone).filter(|left| !left.is_zero())
}
