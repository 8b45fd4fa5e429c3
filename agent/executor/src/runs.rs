//! The runs of runbooks on this machine: tasks of the executor that outlive the connections which ask for them. What a
//! run told stays here until the controller has all of it; whoever asks may follow it, from where they were.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use data_encoding::BASE64;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info, info_span, warn};

use befund_model::Timestamp;
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::{JobState, Order, Outcome, Said, Work};
use befund_model::runbook::Mode;
use befund_model::snapshot::Status;
use befund_runtime::clock::Clock;
use befund_trust::root::Standing;

use crate::admit::{self, Admitted, Refusal, Refuser};
use crate::confine::{Confinement, Means};
use crate::door::Unreported;
use crate::door::server::Shared;
use crate::drive::scene::wall;
use crate::journal::{JournalError, Receipt, Received, StartedBy};
use crate::keep::{Keep, KeepError};
use crate::policy::Policy;
use crate::result;

pub(crate) mod ledger;
mod log;
mod only;
mod recovery;
mod task;

use ledger::{Ledger, blocking};
use log::Log;
use only::{NotOnly, Only};

/// The most runs at work at a time; those that only wait for people do not count.
const AT_WORK: usize = 4;
/// How much people may say to a run before it listens.
const SAID: usize = 16;

/// All runs of this machine that the controller has not all of.
#[derive(Debug)]
pub(crate) struct Runs {
    pub(crate) ledger: Ledger,
    pub(crate) keep: Arc<Mutex<Keep>>,
    pub(crate) confinement: Confinement,
    /// For the times of events; corrected by what the controller told. What the journal keeps and forgets goes by the
    /// machine's own clock, or whoever owns the controller could have it forget.
    pub(crate) clock: Clock,
    /// What lets one run at a time change something.
    pub(crate) acting: Semaphore,
    pub(crate) slots: Arc<Semaphore>,
    /// The executor ends.
    pub(crate) stop: CancellationToken,
    all: Mutex<BTreeMap<JobId, Arc<Run>>>,
    /// One order at a time is taken on.
    starting: tokio::sync::Mutex<()>,
    /// Held as long as these runs are this executor's.
    _only: Only,
}

/// One run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) order: Order,
    pub(crate) by: StartedBy,
    pub(crate) log: Log,
    pub(crate) cancelled: CancellationToken,
    canceller: OnceLock<String>,
    said: mpsc::Sender<Said>,
}

/// Why the runs of this machine cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("this executor runs no runbooks: its folder is not its own")]
    Only(#[from] NotOnly),
    #[error("this executor runs no runbooks: its journal cannot be used")]
    Journal(#[from] JournalError),
    #[error("this executor runs no runbooks: what it trusts cannot be read")]
    Keep(#[from] KeepError),
}

/// Where within the folder of the executor's own its journal and what it trusts are.
pub(crate) const JOURNAL: &str = "journal";
pub(crate) const TRUST: &str = "trust";

/// When this program was built.
fn built() -> Timestamp {
    let seconds = env!("BEFUND_BUILT").parse().unwrap_or_default();
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Runs {
    /// Opens what the executor keeps, and goes on with every run that has not ended.
    ///
    /// # Errors
    /// If it cannot be used: then nothing is run.
    pub(crate) async fn open(shared: &Arc<Shared>) -> Result<Arc<Self>, OpenError> {
        let folder = shared.config.keep.clone();
        // Another executor may still be at work on these very runs.
        let only = Only::take(&folder, &shared.stop).await?;
        let opened = blocking(move || open(&folder)).await;
        let (ledger, keep) = opened?;
        let runs = Arc::new(Self {
            ledger,
            keep: Arc::new(Mutex::new(keep)),
            confinement: Confinement::find(Means::Best),
            clock: Clock::system(),
            acting: Semaphore::new(1),
            slots: Arc::new(Semaphore::new(AT_WORK)),
            stop: shared.stop.clone(),
            all: Mutex::default(),
            starting: tokio::sync::Mutex::default(),
            _only: only,
        });
        recovery::recover(shared, &runs).await?;
        runs.forget_catalogues().await;
        Ok(runs)
    }

    /// Takes an order on and starts it; or the run that is it already. What is not taken on has its outcome at once, and
    /// leaves no trace.
    pub(crate) async fn start(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        order: Order,
        by: StartedBy,
    ) -> Result<Arc<Run>, Outcome> {
        let _one = self.starting.lock().await;
        let refused = |refusal: Refusal| {
            info!(job = %order.job, %refusal, "an order was refused");
            result::without(JobState::Refused, Status::Denied, refusal.to_string())
        };
        admit::look_at(&order, shared.config.agent).map_err(refused)?;
        if let Some(run) = self.find(order.job) {
            // Handed over twice, as after a lost connection: what it was taken on for stays.
            return Ok(run);
        }
        let policy = Policy::load(&shared.config.policy)
            .map_err(|error| refused(Refusal { by: Refuser::Policy, why: crate::told(&error) }))?;
        let admitted = match &order.work {
            Work::Undo(ticket) if self.is_at_work(*ticket) => {
                let why = format!("a runbook of ticket {ticket} is at work; cancel it first");
                return Err(refused(Refusal { by: Refuser::Machine, why }));
            }
            Work::Undo(_) => None,
            Work::Runbook(_) | Work::Probe(_) => {
                let keep = lock(&self.keep);
                let admitted = admit::admit(&order, &by, &keep, wall(), &policy);
                Some(admitted.map_err(refused)?)
            }
        };
        if admitted.is_some() {
            // Children start while the disk is waited for.
            shared.be_ready();
        }
        let received = self.received(&order, by.clone(), admitted.as_ref());
        match self.ledger.with(move |journal| journal.receive(received)).await {
            Ok(Receipt::New) => {}
            Ok(Receipt::Known) => return Err(refused(admit::seen(&order))),
            Err(error) => {
                let reason = crate::told(&error);
                return Err(result::without(JobState::Failed, Status::Failed, reason));
            }
        }
        let (run, said) = Run::new(order, by, Log::new(Vec::new(), None));
        self.enter(&run);
        let deadline = Instant::now() + Duration::from_millis(run.order.within_ms);
        let task = match admitted {
            Some(Admitted { book, inputs }) => {
                let mode = run.mode();
                task::of_book(shared, self, &run, book, deadline).begin(inputs, mode, said)
            }
            None => task::of_undo(shared, self, &run, deadline).undo(None),
        };
        self.spawn(shared, &run, task);
        Ok(run)
    }

    /// Follows a task to its end, and writes that down before it is told.
    fn spawn(
        self: &Arc<Self>,
        shared: &Shared,
        run: &Arc<Run>,
        task: impl Future<Output = crate::drive::Left> + Send + 'static,
    ) {
        let span = info_span!("run", job = %run.order.job, work = run.order.work.name());
        let ended = task::to_the_end(Arc::clone(self), Arc::clone(run), task);
        shared.tasks.spawn(ended.instrument(span));
    }

    fn received(&self, order: &Order, by: StartedBy, admitted: Option<&Admitted>) -> Received {
        let runbook = order.runbook.as_ref();
        Received {
            job: order.job,
            work: order.work.clone(),
            catalogue: runbook.map(|runbook| runbook.catalogue.clone()),
            mode: runbook.map_or(Mode::Run, |runbook| runbook.mode),
            inputs: admitted.map_or(serde_json::Value::Null, |admitted| {
                serde_json::Value::Object(admitted.inputs.clone().into_iter().collect())
            }),
            ticket: order.ticket,
            at: wall(),
            within: Duration::from_millis(order.within_ms),
            by,
            order: BASE64.encode(&serde_json::to_vec(order).unwrap_or_default()),
        }
    }

    /// The run of this job, if the controller has not all of it.
    pub(crate) fn find(&self, job: JobId) -> Option<Arc<Run>> {
        lock(&self.all).get(&job).cloned()
    }

    fn enter(&self, run: &Arc<Run>) {
        lock(&self.all).insert(run.order.job, Arc::clone(run));
    }

    fn is_at_work(&self, ticket: TicketNumber) -> bool {
        let all = lock(&self.all);
        all.values().any(|run| run.order.ticket == Some(ticket) && !run.log.has_ended())
    }

    /// Whose machine this is, by a trust root that somebody vouched for.
    pub(crate) fn organisation(&self) -> Option<String> {
        let keep = lock(&self.keep);
        let root = keep.root().filter(|root| root.standing() == Standing::Pinned)?;
        Some(root.root().organisation().to_owned())
    }

    /// The jobs that were not reported.
    pub(crate) fn unreported(&self) -> Vec<Unreported> {
        let all = lock(&self.all);
        let unreported = |run: &Arc<Run>| Unreported {
            order: run.order.clone(),
            begun_by: match &run.by {
                StartedBy::Afar => None,
                StartedBy::Here { account } => Some(account.clone()),
            },
        };
        all.values().map(unreported).collect()
    }

    /// The controller has all of a job. One that is not known was reported before.
    ///
    /// # Errors
    /// If it has not ended, or that cannot be written.
    pub(crate) async fn reported(&self, job: JobId) -> Result<(), String> {
        let Some(run) = self.find(job) else { return Ok(()) };
        if !run.log.has_ended() {
            return Err(format!("job {job} has not ended, so it cannot have been reported"));
        }
        let entry = crate::journal::Entry::Reported { at: wall() };
        self.ledger.append(job, entry).await.map_err(|error| crate::told(&error))?;
        lock(&self.all).remove(&job);
        Ok(())
    }

    /// Forgets the catalogues before the one that is here with which no run began that has not ended, and of which no
    /// script undoes what the journal knows of.
    pub(crate) async fn forget_catalogues(&self) {
        // Whatever is being taken on has its place among the runs before this looks.
        let _one = self.starting.lock().await;
        let mut wanted: BTreeSet<String> = {
            let all = lock(&self.all);
            let at_work = all.values().filter(|run| !run.log.has_ended());
            at_work.filter_map(|run| Some(run.order.runbook.as_ref()?.catalogue.clone())).collect()
        };
        // After the runs at work: what those that have ended since did is in the journal.
        match self.ledger.with(|journal| Ok(journal.undone_by())).await {
            Ok(undone_by) => wanted.extend(undone_by),
            Err(error) => {
                return warn!(
                    error = &error as &dyn std::error::Error,
                    "no catalogue is forgotten"
                );
            }
        }
        if let Err(error) = self.with_keep(move |keep| keep.forget_former(&wanted)).await {
            // They are forgotten at the next end of a run.
            warn!(error = &error as &dyn std::error::Error, "old catalogues could not be removed");
        }
    }

    /// Does something with what this machine trusts, on a thread of its own.
    pub(crate) async fn with_keep<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Keep) -> T + Send + 'static,
    ) -> T {
        let keep = Arc::clone(&self.keep);
        blocking(move || act(&mut lock(&keep))).await
    }
}

impl Run {
    fn new(order: Order, by: StartedBy, log: Log) -> (Arc<Self>, mpsc::Receiver<Said>) {
        let (said, heard) = mpsc::channel(SAID);
        let cancelled = CancellationToken::new();
        let run = Self { order, by, log, cancelled, canceller: OnceLock::new(), said };
        (Arc::new(run), heard)
    }

    /// Passes on what a person says; what comes too late is left.
    ///
    /// # Errors
    /// If more was said than the run has listened to: it may be said again.
    pub(crate) fn say(&self, said: Said) -> Result<(), String> {
        match self.said.try_send(said) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(_)) => {
                info!(job = %self.order.job, "nobody heard what was said to the run");
                Ok(())
            }
            Err(TrySendError::Full(_)) => {
                Err(format!("job {} has not listened yet to what was said to it", self.order.job))
            }
        }
    }

    /// Cancels it, if nobody has yet.
    pub(crate) fn cancel(&self, by: &str) {
        // The first one stays.
        let _ = self.canceller.set(by.to_owned());
        self.cancelled.cancel();
    }

    /// Whether somebody has.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    /// Who cancelled it.
    pub(crate) fn canceller(&self) -> String {
        self.canceller.get().cloned().unwrap_or_default()
    }

    fn mode(&self) -> Mode {
        self.order.runbook.as_ref().map_or(Mode::Run, |runbook| runbook.mode)
    }
}

fn open(folder: &Path) -> Result<(Ledger, Keep), OpenError> {
    let keep = Keep::open(&folder.join(TRUST), built())?;
    let ledger = Ledger::open(&folder.join(JOURNAL))?;
    Ok((ledger, keep))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
