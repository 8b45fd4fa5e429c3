//! The runs that are followed, which the executor has, and what is said to them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, info_span, warn};

use befund_executor::door::Unreported;
use befund_executor::door::client::ExecutorError;
use befund_model::id::JobId;
use befund_model::job::{Order, Said};
use befund_runtime::backoff::Backoff;
use befund_runtime::{clock, telemetry};

use super::Core;
use crate::link::note::{Note, Tidings};
use crate::link::runs::{self, Follower, Start, Word};
use crate::link::session::MAX_UNACKNOWLEDGED_BYTES;

/// Words that wait for the executor.
const WORDS: usize = 64;
/// Waits between tries to ask the executor for its runs grow from here...
const BASE: Duration = Duration::from_secs(2);
/// ...to here.
const CAP: Duration = Duration::from_secs(600);

/// What is at hand of runs.
pub(super) struct Runs {
    followed: HashMap<JobId, Followed>,
    generation: u64,
    words: Option<mpsc::Sender<Word>>,
    looking: bool,
    /// Look once more after that: something began meanwhile.
    once_more: bool,
    look_at: Option<Instant>,
    backoff: Backoff,
}

struct Followed {
    generation: u64,
    window: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Runs {
    pub(super) fn new() -> Self {
        Self {
            followed: HashMap::new(),
            generation: 0,
            words: None,
            looking: false,
            once_more: false,
            look_at: None,
            backoff: Backoff::new(BASE, CAP),
        }
    }

    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.look_at.filter(|_| !self.looking)
    }
}

impl Core {
    /// Asks the executor which runs it has not reported.
    pub(super) fn look_for_runs(&mut self) {
        self.runs.look_at = None;
        if std::mem::replace(&mut self.runs.looking, true) {
            self.runs.once_more = true;
            return;
        }
        let (executor, inbox) = (self.parts.executor.clone(), self.parts.inbox.clone());
        self.parts.life.spawn(info_span!("runs"), async move {
            let found = executor.unreported().await;
            // A core that is gone looks when it is back.
            let _ = inbox.send(Note::Unreported(found)).await;
        });
    }

    pub(super) fn found_runs(&mut self, found: Result<Vec<Unreported>, ExecutorError>) {
        self.runs.looking = false;
        let found = match found {
            Ok(found) => found,
            Err(ExecutorError::Declined(why)) => {
                debug!(why, "the executor keeps no runs");
                Vec::new()
            }
            Err(error) => {
                let wait = self.runs.backoff.next(u64::from_be_bytes(clock::random()));
                let why = telemetry::chain(&error);
                warn!(why, wait_ms = wait.as_millis(), "the executor's runs are not known yet");
                self.runs.look_at = Some(Instant::now() + wait);
                return;
            }
        };
        self.runs.backoff.reset();
        let found = found.into_iter().map(|found| (found.order, found.begun_by)).collect();
        let todo = self.session.unreported(found);
        self.act(todo);
        if std::mem::take(&mut self.runs.once_more) {
            self.look_for_runs();
        }
    }

    pub(super) fn runs_tick(&mut self) {
        if self.runs.next_timer().is_some_and(|at| Instant::now() >= at) {
            self.look_for_runs();
        }
    }

    pub(super) fn begin(&mut self, order: Box<Order>) {
        let correction = self.parts.clock.correction_ms();
        self.follow(order.job, Start::Order(order, correction));
    }

    /// Follows a run, in place of whoever does.
    pub(super) fn follow(&mut self, job: JobId, from: Start) {
        self.runs.generation += 1;
        let generation = self.runs.generation;
        let window = Arc::new(Semaphore::new(MAX_UNACKNOWLEDGED_BYTES));
        let stop = self.parts.life.soft().child_token();
        let follower = Follower {
            executor: self.parts.executor.clone(),
            inbox: self.parts.inbox.clone(),
            job,
            generation,
            window: Arc::clone(&window),
            asking: self.parts.asking.clone(),
        };
        let stopped = stop.clone();
        self.parts.life.spawn(info_span!("run", %job), async move {
            stopped.run_until_cancelled(follower.follow(from)).await;
        });
        self.runs.followed.insert(job, Followed { generation, window, stop });
    }

    pub(super) fn tidings(&mut self, job: JobId, generation: u64, tidings: Tidings) {
        // What somebody found out who follows it no longer is found out again.
        if self.runs.followed.get(&job).is_none_or(|known| known.generation != generation) {
            return;
        }
        let todo = match tidings {
            Tidings::Event(weighed) => self.session.run_event(job, weighed),
            Tidings::Ended(outcome) => {
                self.runs.followed.remove(&job);
                self.session.run_ended(job, outcome)
            }
            Tidings::Lost(why) => {
                info!(why, %job, "an order could not be handed over; it waits at the controller");
                self.runs.followed.remove(&job);
                self.session.run_lost(job);
                Vec::new()
            }
        };
        self.act(todo);
    }

    /// There is room for more of a run's events.
    pub(super) fn more(&self, job: JobId, bytes: usize) {
        if let Some(followed) = self.runs.followed.get(&job) {
            followed.window.add_permits(bytes);
        }
    }

    pub(super) fn cancel_run(&self, job: JobId) {
        let executor = self.parts.executor.clone();
        let soft = self.parts.life.soft();
        self.parts.life.spawn(info_span!("cancel", %job), async move {
            soft.run_until_cancelled(runs::cancel(executor, job)).await;
        });
    }

    /// Tells the executor that the controller has all of a run; if that fails, the run is found once more.
    pub(super) fn reported(&self, job: JobId) {
        let (executor, inbox) = (self.parts.executor.clone(), self.parts.inbox.clone());
        self.parts.life.spawn(info_span!("reported", %job), async move {
            if let Err(error) = executor.reported(job).await {
                debug!(error = telemetry::chain(&error), "the executor could not be told yet");
                let _ = inbox.send(Note::NotReported).await;
            }
        });
    }

    pub(super) fn not_reported(&mut self) {
        let wait = self.runs.backoff.next(u64::from_be_bytes(clock::random()));
        self.runs.look_at.get_or_insert(Instant::now() + BASE + wait);
    }

    /// Passes on what is said to a run.
    pub(super) fn pass_on(&mut self, job: JobId, seq: u32, said: Box<Said>) {
        let words = self.runs.words.get_or_insert_with(|| {
            let (words, said) = mpsc::channel(WORDS);
            let (executor, inbox) = (self.parts.executor.clone(), self.parts.inbox.clone());
            let soft = self.parts.life.soft();
            self.parts.life.spawn(info_span!("words"), async move {
                soft.run_until_cancelled(runs::pass_on(executor, inbox, said)).await;
            });
            words
        });
        if words.try_send((job, seq, said)).is_err() {
            // It is said again.
            self.session.not_passed_on(job, seq);
        }
    }

    pub(super) fn passed_on(&mut self, job: JobId, seq: u32, passed: bool) {
        if passed {
            let todo = self.session.passed_on(job, seq);
            self.act(todo);
        } else {
            self.session.not_passed_on(job, seq);
        }
    }
}
