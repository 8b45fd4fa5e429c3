//! Follows one run of a runbook, which is the executor's, and tells the core what becomes of it, each thing as
//! the executor numbered it. Reads no more than the core has room for. A connection to the executor that breaks
//! ends nothing: the run is found again from after the last event.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;
use tracing::{debug, info};

use befund_executor::ExecutorClient;
use befund_executor::door::client::{ExecutorError, Job, Told};
use befund_model::id::JobId;
use befund_model::job::{JobState, Order, Outcome, Said};
use befund_model::snapshot::Status;
use befund_runtime::backoff::Backoff;
use befund_runtime::{clock, telemetry};

use super::asking::Asking;
use super::note::{Note, Tidings};
use super::session::{Weighed, without_result};

/// Waits between tries to find a run again grow from here: the executor is on the same machine...
const BASE: Duration = Duration::from_millis(200);
/// ...to here.
const CAP: Duration = Duration::from_secs(60);
/// How often a wish to cancel is brought before the executor.
const CANCEL_TRIES: usize = 20;
/// The wait between those.
const CANCEL_WAIT: Duration = Duration::from_millis(500);

/// Where a run begins to be followed.
pub(super) enum Start {
    /// The executor does not have it yet.
    Order(Box<Order>, i64),
    /// It has; from after this event.
    After(u32),
}

/// What following takes.
pub(super) struct Follower {
    pub(super) executor: ExecutorClient,
    pub(super) inbox: mpsc::Sender<Note>,
    /// The run.
    pub(super) job: JobId,
    /// Whom of those that followed it this is.
    pub(super) generation: u64,
    /// The bytes that there is room for.
    pub(super) window: Arc<Semaphore>,
    /// Told when people are asked.
    pub(super) asking: Asking,
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.asking.over(self.job);
    }
}

impl Follower {
    /// To its end, or until it is dropped.
    pub(super) async fn follow(self, from: Start) {
        let tidings = match from {
            Start::After(last) => self.attached(None, last).await,
            Start::Order(order, clock_offset_ms) => {
                match self.hand_over(*order, clock_offset_ms).await {
                    Ok(opened) => self.attached(Some(opened), 0).await,
                    // It was not journaled: this is all that there is of it.
                    Err(ExecutorError::Declined(why)) => {
                        Tidings::Ended(without_result(JobState::Failed, Status::Failed, why))
                    }
                    Err(error) => Tidings::Lost(telemetry::chain(&error)),
                }
            }
        };
        self.tell(tidings).await;
    }

    async fn tell(&self, tidings: Tidings) {
        // A core that is gone finds the run in the executor's journal when it is back.
        let _ = self.inbox.send(Note::Run(self.job, self.generation, tidings)).await;
    }

    /// Gives the order to the executor; where that has it already, since the word of it was lost, this is following it
    /// from its beginning. Ends with its first event.
    async fn hand_over(&self, order: Order, clock_offset_ms: i64) -> Result<Begun, ExecutorError> {
        let mut job = self.executor.run(order, clock_offset_ms).await?;
        let first = job.next().await?;
        Ok(Begun { job, first })
    }

    async fn known(&self) -> Result<bool, ExecutorError> {
        Ok(self.executor.unreported().await?.iter().any(|found| found.order.job == self.job))
    }

    /// Follows a run that the executor has; how it ended.
    async fn attached(&self, mut begun: Option<Begun>, mut last: u32) -> Tidings {
        let mut backoff = Backoff::new(BASE, CAP);
        loop {
            let before = last;
            let error = match self.read(begun.take(), &mut last).await {
                Ok(outcome) => return Tidings::Ended(outcome),
                Err(error) => error,
            };
            if let (ExecutorError::Declined(why), Ok(false)) = (&error, self.known().await) {
                let reason = format!("the executor has lost it: {why}");
                return Tidings::Ended(without_result(
                    JobState::Indeterminate,
                    Status::Failed,
                    reason,
                ));
            }
            if last > before {
                backoff.reset();
            }
            let wait = backoff.next(u64::from_be_bytes(clock::random()));
            let error = telemetry::chain(&error);
            info!(error, wait_ms = wait.as_millis(), "a run is looked for again");
            sleep(wait).await;
        }
    }

    async fn read(&self, begun: Option<Begun>, last: &mut u32) -> Result<Outcome, ExecutorError> {
        let (mut job, mut told) = match begun {
            Some(Begun { job, first }) => (job, first),
            None => {
                let mut job = self.executor.attach(self.job, *last).await?;
                let first = job.next().await?;
                (job, first)
            }
        };
        loop {
            match told {
                Told::Outcome(outcome) => return Ok(outcome),
                Told::Event(event) => {
                    *last = event.seq.max(*last);
                    self.asking.hear(self.job, &event.what);
                    let weighed = Weighed::new(event);
                    let bytes = u32::try_from(weighed.bytes).unwrap_or(u32::MAX);
                    match self.window.acquire_many(bytes).await {
                        Ok(room) => room.forget(),
                        // Nobody closes it.
                        Err(_) => return Err(ExecutorError::Closed),
                    }
                    self.tell(Tidings::Event(weighed)).await;
                }
            }
            told = job.next().await?;
        }
    }
}

/// A run that began to tell.
struct Begun {
    job: Job,
    first: Told,
}

/// Something that is said to a run.
pub(super) type Word = (JobId, u32, Box<Said>);

/// Passes words on, one after the other, as they were said.
pub(super) async fn pass_on(
    executor: ExecutorClient,
    inbox: mpsc::Sender<Note>,
    mut words: mpsc::Receiver<Word>,
) {
    while let Some((job, seq, said)) = words.recv().await {
        let passed = executor.say(job, *said).await;
        if let Err(error) = &passed {
            debug!(error = telemetry::chain(error), %job, seq, "a word could not be passed on");
        }
        if inbox.send(Note::PassedOn(job, seq, passed.is_ok())).await.is_err() {
            return;
        }
    }
}

/// Brings a wish to cancel before the executor; the run's outcome says what came of it.
pub(super) async fn cancel(executor: ExecutorClient, job: JobId) {
    for _ in 0..CANCEL_TRIES {
        match executor.cancel(job).await {
            Ok(()) => return,
            Err(error) => {
                debug!(error = telemetry::chain(&error), %job, "the cancel could not be passed on");
            }
        }
        sleep(CANCEL_WAIT).await;
    }
}
