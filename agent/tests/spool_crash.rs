//! What a power cut leaves: every prefix of the writes that were not synced yet, the last one torn,
//! at every moment of a history. Whatever is found, no entry is half there and nothing that was
//! acknowledged is lost.

#![expect(clippy::unwrap_used, reason = "a test ends at its first surprise")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use befund_agent::disk::{Disk, Listed};
use befund_agent::link::session::{Kept, without_result};
use befund_agent::spool::{KeptJob, Spool};
use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId, RequestId, SnapshotId};
use befund_model::job::{JobState, Order, Work};
use befund_model::snapshot::{Manifest, Purpose, Request, Status};

/// A change that is not durable by itself.
#[derive(Clone, Debug)]
enum Change {
    /// A name in a folder now means this file.
    Link(PathBuf, u64),
    Unlink(PathBuf),
    /// A file's bytes.
    Data(u64, Vec<u8>),
}

#[derive(Clone, Debug, Default)]
struct State {
    names: BTreeMap<PathBuf, u64>,
    files: BTreeMap<u64, Vec<u8>>,
    folders: BTreeSet<PathBuf>,
}

impl State {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Link(path, file) => {
                self.names.insert(path.clone(), *file);
                self.files.entry(*file).or_default();
            }
            Change::Unlink(path) => {
                self.names.remove(path);
            }
            Change::Data(file, bytes) => {
                self.files.insert(*file, bytes.clone());
            }
        }
    }
}

/// Remembers what is durable, and what came since in which order.
#[derive(Debug, Default)]
struct Recorder {
    durable: State,
    pending: Vec<Change>,
    next_file: u64,
    /// What a power cut might have left at each moment so far.
    seen: Vec<State>,
}

impl Recorder {
    fn happen(&mut self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            self.pending.push(change);
            let crashes = self.crashes();
            self.seen.extend(crashes);
        }
    }

    fn now(&self) -> State {
        let mut state = self.durable.clone();
        self.pending.iter().for_each(|change| state.apply(change));
        state
    }

    fn settle(&mut self, durable: impl Fn(&Change) -> bool) {
        let (settled, pending) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition::<Vec<_>, _>(|change| durable(change));
        settled.iter().for_each(|change| self.durable.apply(change));
        self.pending = pending;
        let crashes = self.crashes();
        self.seen.extend(crashes);
    }

    /// What a power cut may leave now.
    fn crashes(&self) -> Vec<State> {
        let mut crashes = Vec::new();
        for end in 0..=self.pending.len() {
            let mut state = self.durable.clone();
            self.pending[..end].iter().for_each(|change| state.apply(change));
            if let Some(Change::Data(file, bytes)) = self.pending.get(end) {
                let mut torn = state.clone();
                torn.apply(&Change::Data(*file, bytes[..bytes.len() / 2].to_vec()));
                crashes.push(torn);
            }
            // A name may be durable before the bytes are.
            let mut names_only = self.durable.clone();
            self.pending[..end]
                .iter()
                .filter(|change| !matches!(change, Change::Data(..)))
                .for_each(|change| names_only.apply(change));
            crashes.extend([state, names_only]);
        }
        crashes
    }
}

#[derive(Clone, Debug, Default)]
struct RecordingDisk(Rc<RefCell<Recorder>>);

impl RecordingDisk {
    fn after(state: State) -> Self {
        let next_file = state.files.keys().max().map_or(0, |last| last + 1);
        Self(Rc::new(RefCell::new(Recorder { durable: state, next_file, ..Recorder::default() })))
    }

    fn file(&self, path: &Path) -> io::Result<u64> {
        self.0.borrow().now().names.get(path).copied().ok_or(io::ErrorKind::NotFound.into())
    }
}

impl Disk for RecordingDisk {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.0.borrow_mut().durable.folders.insert(path.to_owned());
        Ok(())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut recorder = self.0.borrow_mut();
        let file = recorder.next_file;
        recorder.next_file += 1;
        recorder.happen([Change::Link(path.to_owned(), file), Change::Data(file, bytes.to_vec())]);
        Ok(())
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        let file = self.file(path)?;
        self.0
            .borrow_mut()
            .settle(|change| matches!(change, Change::Data(other, _) if *other == file));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let file = self.file(from)?;
        let mut recorder = self.0.borrow_mut();
        // One change to whoever looks, since a rename is atomic; the order keeps the new name.
        recorder.happen([Change::Link(to.to_owned(), file), Change::Unlink(from.to_owned())]);
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.0.borrow_mut().settle(|change| match change {
            Change::Link(path, _) | Change::Unlink(path) => path.parent() == Some(folder),
            Change::Data(..) => false,
        });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.borrow_mut().happen([Change::Unlink(path.to_owned())]);
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.file(path)?;
        Ok(self.0.borrow().now().files[&file].clone())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let state = self.0.borrow().now();
        if !state.folders.contains(folder) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let within = state.names.iter().filter(|(path, _)| path.parent() == Some(folder));
        Ok(within
            .map(|(path, file)| Listed {
                name: path.file_name().unwrap().to_string_lossy().into_owned(),
                size: state.files[file].len() as u64,
            })
            .collect())
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

fn order(n: u8) -> Order {
    Order {
        job: JobId::new(at(i64::from(n)), [n; 10]),
        agent: AgentId::new(at(0), [0; 10]),
        work: Work::Probe("net.dns".into()),
        parameters: serde_json::json!({ "long": "x".repeat(500) }),
        ticket: None,
        within_ms: 60_000,
        runbook: None,
    }
}

fn ended() -> Kept {
    let outcome = without_result(JobState::Done, Status::Ok, String::new());
    Kept { outcome, events: Vec::new() }
}

fn snapshot(n: u8, request: bool) -> (Manifest, Purpose) {
    let id = SnapshotId::new(at(i64::from(n)), [n; 10]);
    let manifest = Manifest { id, taken_at: at(0), sections: Vec::new() };
    let purpose = if request {
        Purpose::Request(Request {
            id: RequestId::new(at(i64::from(n)), [n; 10]),
            message: "my VPN drops every hour".into(),
            requester: "ada".into(),
            at: at(0),
        })
    } else {
        Purpose::Scheduled
    };
    (manifest, purpose)
}

/// What the history has promised so far: kept, and may be gone because the controller has it.
#[derive(Clone, Default)]
struct Promised {
    requests: BTreeSet<SnapshotId>,
    orders: BTreeSet<JobId>,
    outcomes: BTreeSet<JobId>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Order(u8),
    Outcome(u8),
    Forget(u8),
    Request(u8),
    Scheduled(u8),
    Delivered(u8),
}

const HISTORY: [Step; 14] = [
    Step::Order(1),
    Step::Scheduled(1),
    Step::Outcome(1),
    Step::Request(2),
    Step::Order(2),
    Step::Scheduled(3),
    Step::Forget(1),
    Step::Delivered(2),
    Step::Outcome(2),
    Step::Request(4),
    Step::Delivered(3),
    Step::Order(3),
    Step::Forget(2),
    Step::Scheduled(5),
];

fn check(crash: State, promised: &Promised, step: Step) {
    let (mut spool, recovered) =
        Spool::open(RecordingDisk::after(crash), Path::new("/s"), 1 << 20).expect("opens");
    assert_eq!(recovered.damaged, 0, "a half entry after {step:?}");
    let jobs: BTreeMap<JobId, &KeptJob> =
        recovered.jobs.iter().map(|(job, kept)| (*job, kept)).collect();
    for job in &promised.orders {
        assert!(jobs.contains_key(job), "an accepted order is lost after {step:?}");
    }
    for job in &promised.outcomes {
        assert!(
            matches!(jobs.get(job), Some(KeptJob::Ended(_))),
            "an outcome is lost after {step:?}"
        );
    }
    let waiting: BTreeSet<SnapshotId> = spool.waiting().iter().map(|entry| entry.id).collect();
    for id in &promised.requests {
        assert!(waiting.contains(id), "a kept request is lost after {step:?}");
    }
    for id in waiting {
        spool.load(id).expect("whole");
    }
}

#[test]
fn no_power_cut_loses_or_halves_what_was_acknowledged() {
    let disk = RecordingDisk::default();
    let (mut spool, _) = Spool::open(disk.clone(), Path::new("/s"), 1 << 20).expect("opens");
    let mut promised = Promised::default();
    let mut checked = 0;
    for step in HISTORY {
        // What is promised after the step holds after it; before and within, only what was before.
        let before = promised.clone();
        let after = &mut promised;
        match step {
            Step::Order(n) => {
                spool.keep_order(&order(n), at(0)).expect("kept");
                after.orders.insert(order(n).job);
            }
            Step::Outcome(n) => {
                spool.keep_outcome(order(n).job, &ended()).expect("kept");
                after.orders.remove(&order(n).job);
                after.outcomes.insert(order(n).job);
            }
            Step::Forget(n) => {
                spool.forget_job(order(n).job);
                after.outcomes.remove(&order(n).job);
            }
            Step::Request(n) | Step::Scheduled(n) => {
                let (manifest, purpose) = snapshot(n, matches!(step, Step::Request(_)));
                spool.keep_snapshot(&manifest, &purpose, &[]).expect("kept");
                if matches!(step, Step::Request(_)) {
                    after.requests.insert(manifest.id);
                }
            }
            Step::Delivered(n) => {
                let id = snapshot(n, false).0.id;
                spool.delivered(id);
                after.requests.remove(&id);
            }
        }
        let mut both = before;
        both.requests.retain(|id| promised.requests.contains(id));
        both.outcomes.retain(|job| promised.outcomes.contains(job));
        both.orders.retain(|job| promised.orders.contains(job) || promised.outcomes.contains(job));
        let seen = std::mem::take(&mut disk.0.borrow_mut().seen);
        for crash in seen {
            check(crash, &both, step);
            checked += 1;
        }
        let crashes = disk.0.borrow().crashes();
        for crash in crashes {
            check(crash, &promised, step);
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} crashes were looked at");
}
