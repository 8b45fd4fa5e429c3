//! Does what the session says: keeps, runs, sends. The one owner of the spool.
//!
//! Files are written in place, on the one thread: an entry of the spool is small, its sync takes a
//! fraction of a millisecond on a healthy disk, and nothing else that the link does is urgent.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tracing::{debug, info, info_span, warn};

use befund_executor::ExecutorClient;
use befund_model::Timestamp;
use befund_model::id::{JobId, SnapshotId};
use befund_model::job::{JobState, Order};
use befund_model::machine::MachineTrust;
use befund_model::snapshot::Status;
use befund_proto::v1;
use befund_runtime::backoff::Backoff;
use befund_runtime::clock::Clock;
use befund_runtime::lifecycle::Lifecycle;
use befund_runtime::telemetry;

use super::asking::Asking;
use super::connection::{Command, Known};
use super::jobs;
use super::note::Note;
use super::runs::Start;
use super::session::{Do, Heard, Kept, Progress, Say, Session, without_result};
use super::wire;
use crate::config::ScheduleConfig;
use crate::disk::RealDisk;
use crate::door::protocol::{Answer, Report};
use crate::identity::StoredIdentity;
use crate::platform;
use crate::spool::{self, KeptJob, Recovered, Spool};

mod rest;
mod runs;
mod sending;
mod shelf;

use rest::Rest;
use runs::Runs;
use sending::Uploads;
use shelf::Shelf;

/// How long an outcome that was said waits for its acknowledgement before it is written: whatever is lost until then is
/// run again, since the order is on the disk.
const KEEP_AFTER: Duration = Duration::from_millis(20);

/// What a core is made of.
pub(crate) struct Parts {
    pub(crate) identity: StoredIdentity,
    pub(crate) spool: Spool<RealDisk>,
    pub(crate) executor: ExecutorClient,
    pub(crate) clock: Clock,
    pub(crate) life: Lifecycle,
    pub(crate) inbox: mpsc::Sender<Note>,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) known: watch::Receiver<Known>,
    /// What the machine trusts, for the next hello.
    pub(crate) trust: watch::Sender<Option<MachineTrust>>,
    /// Told when people are asked.
    pub(crate) asking: Asking,
    pub(crate) schedule: ScheduleConfig,
    pub(crate) ready_file: Option<PathBuf>,
    /// The machine's policy.
    pub(crate) policy: PathBuf,
}

/// The core.
pub(crate) struct Core {
    parts: Parts,
    session: Session,
    line: Option<Line>,
    outbox: VecDeque<v1::AgentMessage>,
    /// Outcomes that are written when their time has come, unless the controller has them by then.
    to_keep: VecDeque<(JobId, Box<Kept>, Instant)>,
    running: HashMap<JobId, CancellationToken>,
    runs: Runs,
    shelf: Shelf,
    uploads: Uploads,
    rest: Rest,
    watchers: BTreeMap<SnapshotId, mpsc::Sender<Answer>>,
    organisation: String,
    last_delivery: Option<Timestamp>,
    /// Which policy the executor was last asked about.
    policy: Option<platform::FileVersion>,
}

/// The open stream, and the channel beside it.
struct Line {
    say: mpsc::Sender<v1::AgentMessage>,
    channel: Channel,
}

impl Core {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            policy: platform::version_of(&parts.policy),
            session: Session::new(parts.identity.agent),
            organisation: parts.identity.organisation.clone(),
            uploads: Uploads::new(parts.schedule.watching()),
            parts,
            line: None,
            outbox: VecDeque::new(),
            to_keep: VecDeque::new(),
            running: HashMap::new(),
            runs: Runs::new(),
            shelf: Shelf::new(),
            rest: Rest::new(),
            watchers: BTreeMap::new(),
            last_delivery: None,
        }
    }

    /// Until the agent stops.
    pub(crate) async fn run(mut self, mut notes: mpsc::Receiver<Note>, recovered: Recovered) {
        self.take_up(recovered);
        self.look_for_runs();
        let stop = self.parts.life.soft();
        loop {
            self.flush();
            let timer = self.next_timer();
            let timer = async move {
                match timer {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let room = room(self.line.as_ref(), self.outbox.is_empty());
            tokio::select! {
                () = stop.cancelled() => return self.keep_outcomes(None),
                note = notes.recv() => match note {
                    Some(note) => self.note(note),
                    None => return self.keep_outcomes(None),
                },
                () = timer => self.tick(),
                () = room => {}
            }
        }
    }

    fn take_up(&mut self, recovered: Recovered) {
        if recovered.damaged > 0 {
            warn!(entries = recovered.damaged, "entries of the spool were damaged and set aside");
        }
        for (job, kept) in recovered.jobs {
            match kept {
                KeptJob::Ended(kept) => self.session.resume_outcome(job, *kept),
                KeptJob::Order { order, at } => self.resume(*order, at),
            }
        }
    }

    fn resume(&mut self, mut order: Order, came: Timestamp) {
        let job = order.job;
        let left = spool::time_left(&order, came, self.parts.clock.now());
        info!(%job, "taking up a job that a stop interrupted");
        match left {
            Some(left) => {
                order.within_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
                let todo = self.session.resume_order(order);
                self.act(todo);
            }
            None => {
                // Its run is over before it began.
                drop(self.session.resume_order(order));
                let reason = "the agent was stopped while it ran, and its time is over".to_owned();
                let outcome = without_result(JobState::Expired, Status::Timeout, reason);
                let todo = self.session.ended(job, outcome);
                self.act(todo);
            }
        }
    }

    fn note(&mut self, note: Note) {
        // To hear of a change is no work after which there is memory to give back.
        if !matches!(note, Note::Changed) {
            self.rest.worked(Instant::now());
        }
        match note {
            Note::Opened { say, channel, trust_told } => {
                self.line = Some(Line { say, channel });
                self.session.connecting(trust_told);
            }
            Note::Closed => {
                self.line = None;
                self.outbox.clear();
                self.session.disconnected();
            }
            Note::Heard(heard) => self.heard(heard),
            Note::HandedOver(order) => {
                let todo = self.session.handed_over(order);
                self.act(todo);
            }
            Note::Event(job, event) => {
                let todo = self.session.event(job, event);
                self.act(todo);
            }
            Note::Ended(job, outcome) => {
                self.running.remove(&job);
                let todo = self.session.ended(job, outcome);
                self.act(todo);
            }
            Note::Run(job, generation, tidings) => self.tidings(job, generation, tidings),
            Note::Unreported(found) => self.found_runs(found),
            Note::RunBegun => self.look_for_runs(),
            Note::NotReported => self.not_reported(),
            Note::PassedOn(job, seq, passed) => self.passed_on(job, seq, passed),
            Note::Brought(brought) => self.brought(*brought),
            Note::Changed => self.changed(),
            Note::Taken(taken) => self.taken(taken),
            Note::Progress(id, sent, total) => self.progress(id, sent, total),
            Note::Uploaded(id, result) => self.uploaded(id, result),
            Note::Send(to_send) => self.send(*to_send),
            Note::Status(tell) => {
                // Whoever asked may have left.
                let _ = tell.send(self.report());
            }
        }
    }

    fn heard(&mut self, heard: Heard) {
        let welcome = match &heard {
            Heard::Welcome { organisation, .. } => {
                self.organisation.clone_from(organisation);
                true
            }
            _ => false,
        };
        let todo = self.session.heard(heard, Instant::now().into_std());
        self.act(todo);
        if welcome {
            self.look_at_policy();
            self.announce();
            self.schedule_at_start();
            self.send_next();
        }
    }

    fn tick(&mut self) {
        let todo = self.session.tick(Instant::now().into_std());
        if todo.contains(&Do::Say(Say::Heartbeat)) {
            self.look_at_policy();
        }
        self.act(todo);
        self.keep_outcomes(Some(Instant::now()));
        self.schedule_tick();
        self.runs_tick();
        self.shelf_tick();
        self.send_next();
        self.rest.tick(Instant::now());
    }

    fn next_timer(&self) -> Option<Instant> {
        let session = self.session.next_tick().map(Instant::from_std);
        let uploads = self.uploads.next_timer(self.line.is_some());
        let (runs, shelf) = (self.runs.next_timer(), self.shelf.next_timer(self.line.is_some()));
        let keep = self.to_keep.iter().map(|(.., due)| *due).min();
        let others = runs.into_iter().chain(shelf).chain(self.rest.next()).chain(keep);
        session.into_iter().chain(uploads).chain(others).min()
    }

    fn act(&mut self, todo: Vec<Do>) {
        let mut todo = VecDeque::from(todo);
        while let Some(next) = todo.pop_front() {
            match next {
                Do::Say(say) => {
                    self.outbox.extend(wire::write(&say));
                    self.flush();
                }
                Do::KeepOrder(order) => {
                    match self.parts.spool.keep_order(&order, self.parts.clock.now()) {
                        Ok(()) => todo.extend(self.session.order_kept(order.job)),
                        Err(error) => {
                            let error = telemetry::chain(&error);
                            warn!(error, job = %order.job, "an order could not be kept; it waits at the controller");
                            todo.extend(self.session.order_lost(order.job));
                        }
                    }
                }
                Do::Run(order) => self.start(*order),
                Do::Stop(job) => {
                    if let Some(cancel) = self.running.get(&job) {
                        cancel.cancel();
                    }
                }
                Do::KeepOutcome(job, kept, progress) => {
                    let wait = match progress {
                        Progress::Said => KEEP_AFTER,
                        Progress::Unsaid => Duration::ZERO,
                    };
                    self.to_keep.push_back((job, kept, Instant::now() + wait));
                }
                Do::Forget(job) => {
                    self.to_keep.retain(|(waiting, ..)| *waiting != job);
                    self.parts.spool.forget_job(job);
                }
                Do::Begin(order) => self.begin_with_catalogue(order),
                Do::Follow(job, after) => self.follow(job, Start::After(after)),
                Do::More(job, bytes) => self.more(job, bytes),
                Do::CancelRun(job) => self.cancel_run(job),
                Do::Reported(job) => self.reported(job),
                Do::LookForRuns => self.look_for_runs(),
                Do::PassOn(job, seq, said) => self.pass_on(job, seq, said),
                Do::LookForCatalogue(current) => self.look_for_catalogue(current),
                Do::Snapshot => self.take_scheduled(),
                Do::Renew => self.command(Command::Renew),
                Do::Reconnect => self.command(Command::Reconnect),
                Do::End(why) => debug!(?why, "the session ends"),
            }
        }
    }

    /// Writes the outcomes that are due by then; all of them, if no time is given.
    fn keep_outcomes(&mut self, due_by: Option<Instant>) {
        let is_due = |due: Instant| due_by.is_none_or(|now| due <= now);
        let waiting = std::mem::take(&mut self.to_keep);
        let (due, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(.., due)| is_due(*due));
        self.to_keep = rest.into();
        for (job, kept, _) in due {
            if let Err(error) = self.parts.spool.keep_outcome(job, &kept) {
                let error = telemetry::chain(&error);
                warn!(error, %job, "an outcome could not be kept here; it is sent nevertheless");
            }
            let todo = self.session.outcome_kept(job);
            self.act(todo);
        }
    }

    fn start(&mut self, order: Order) {
        let cancel = CancellationToken::new();
        self.running.insert(order.job, cancel.clone());
        let runner = jobs::Runner {
            executor: self.parts.executor.clone(),
            inbox: self.parts.inbox.clone(),
            clock_offset_ms: self.parts.clock.correction_ms(),
        };
        let span = info_span!("job", job = %order.job);
        self.parts.life.spawn(span, jobs::run(runner, order, cancel));
    }

    /// Puts as much of what is to be said on the stream as it takes now.
    fn flush(&mut self) {
        let Some(line) = &self.line else { return };
        while !self.outbox.is_empty() {
            let Ok(place) = line.say.try_reserve() else { return };
            if let Some(message) = self.outbox.pop_front() {
                place.send(message);
            }
        }
    }

    fn command(&self, command: Command) {
        if self.parts.commands.try_send(command).is_err() {
            debug!(?command, "the connection has enough to do");
        }
    }

    fn announce(&mut self) {
        let Some(path) = self.parts.ready_file.take() else { return };
        let ready = serde_json::json!({
            "connected": true,
            "agent": self.parts.identity.agent,
            "pid": std::process::id(),
        });
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return };
        let written = crate::disk::put(
            &RealDisk,
            folder,
            &name.to_string_lossy(),
            ready.to_string().as_bytes(),
        );
        if let Err(error) = written {
            warn!(%error, path = %path.display(), "the ready file could not be written");
        }
    }

    fn report(&self) -> Report {
        let known = self.parts.known.borrow().clone();
        let waiting = self.parts.spool.waiting();
        Report {
            agent: self.parts.identity.agent,
            organisation: self.organisation.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            connection: known.connectivity,
            certificate_until: known.certificate_until,
            clock_correction_ms: self.parts.clock.correction_ms(),
            requests_waiting: waiting.iter().filter_map(|entry| entry.request).collect(),
            snapshots_waiting: waiting.iter().filter(|entry| entry.request.is_none()).count(),
            jobs: self.session.jobs(),
            spool_bytes: self.parts.spool.used(),
            last_delivery: self.last_delivery,
        }
    }
}

/// Waits until the stream takes another message, if there is one to say.
fn room(line: Option<&Line>, nothing_to_say: bool) -> impl Future<Output = ()> + use<> {
    let say = line.filter(|_| !nothing_to_say).map(|line| line.say.clone());
    async move {
        match say {
            // A closed stream is told by its reader.
            Some(say) => match say.reserve().await {
                Ok(_) => {}
                Err(_) => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    }
}

/// The wait before the next try of an upload.
fn upload_backoff() -> Backoff {
    Backoff::new(Duration::from_secs(2), Duration::from_secs(300))
}
