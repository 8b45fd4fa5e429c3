//! What an order for a probe comes to: checked, run in a collect child, told as it happens, ended. Runbooks go the
//! way of [`crate::runs`].

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span};

use befund_model::id::JobId;
use befund_model::job::{JobNews, JobState, Order, Outcome, Work};
use befund_model::probe::ProbeResult;
use befund_model::probe::spec::{self, Spec};
use befund_model::snapshot::Status;
use befund_runtime::clock::Clock;
use befund_runtime::frame::FrameError;

use crate::child::{ChildWork, Step, Told};
use crate::door::Reply;
use crate::door::connection::Replies;
use crate::door::server::Shared;
use crate::events::Events;
use crate::policy::Policy;
use crate::result;
use crate::supervise::Next;

/// What a running child needs beyond its probes' own time: its start and its last word.
const MARGIN: Duration = Duration::from_millis(500);

/// Runs an order to its outcome, which is always the last reply.
pub(crate) async fn run(
    order: Order,
    clock_offset_ms: i64,
    shared: &Shared,
    replies: &mut Replies,
    cancel: &CancellationToken,
) -> Result<(), FrameError> {
    let started = Instant::now();
    let span = info_span!("job", id = %order.job, work = order.work.name());
    async {
        let clock = Clock::system();
        clock.correct_by(clock_offset_ms);
        let mut events = Events::new(replies, clock);
        let mut outcome = match Entry::enter(shared, order.job, cancel) {
            None => result::without(
                JobState::Failed,
                Status::Failed,
                format!("job {} already runs on this machine", order.job),
            ),
            Some(_entry) => match admit(&order, shared) {
                Err(refusal) => result::without(JobState::Refused, Status::Denied, refusal),
                Ok((spec, policy)) => {
                    let job = Job {
                        order: &order,
                        clock_offset_ms,
                        spec,
                        policy,
                        shared,
                        cancel,
                        started,
                    };
                    job.run(&mut events).await?
                }
            },
        };
        outcome.took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let (state, status, took_us) = (outcome.state, outcome.status, outcome.took_us);
        let sent = events.replies().send(&Reply::Outcome(Box::new(outcome)), &[]).await;
        // After it was sent: writing the log takes as long as some probes do.
        info!(%state, %status, took_us, "job ended");
        sent
    }
    .instrument(span)
    .await
}

/// The checks before anything runs; the refusal in words.
fn admit(order: &Order, shared: &Shared) -> Result<(&'static Spec, Policy), String> {
    match shared.config.agent {
        None => {
            return Err(
                "this machine is not enrolled, so it runs no orders; run befund-agent enroll"
                    .to_owned(),
            );
        }
        Some(agent) if agent != order.agent => {
            return Err(format!("the order is for agent {}, this machine is {agent}", order.agent));
        }
        Some(_) => {}
    }
    let name = order.work.name();
    let spec = match &order.work {
        Work::Probe(name) => spec::probe(name),
        Work::Runbook(_) | Work::Undo(_) => None,
    };
    let Some(spec) = spec else {
        return Err(format!(
            "this agent has no probe {name:?}; `befund works` lists what there is"
        ));
    };
    let policy = Policy::load(&shared.config.policy).map_err(|error| crate::told(&error))?;
    if !policy.allows(spec.name) {
        return Err(format!(
            "the policy of this machine ({}) does not allow {name}",
            policy.shown_source()
        ));
    }
    spec.check(&order.parameters, |list| policy.targets.names(list))
        .map_err(|error| error.to_string())?;
    Ok((spec, policy))
}

/// A job's entry among those that run, through which others can cancel it.
struct Entry<'a> {
    running: &'a Mutex<HashMap<JobId, CancellationToken>>,
    job: JobId,
}

impl<'a> Entry<'a> {
    fn enter(shared: &'a Shared, job: JobId, cancel: &CancellationToken) -> Option<Self> {
        let mut running = lock(&shared.running);
        if running.contains_key(&job) {
            return None;
        }
        running.insert(job, cancel.clone());
        Some(Self { running: &shared.running, job })
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        lock(self.running).remove(&self.job);
    }
}

/// The lock, also after a panic elsewhere: the map is always whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How the child's part of a job ended.
enum ChildEnd {
    /// With what was measured.
    Complete(Box<ProbeResult>),
    /// Time was over.
    Late,
    /// Somebody cancelled.
    Cancelled,
    /// The child could not be started or broke down.
    Broken(String),
}

struct Job<'a> {
    order: &'a Order,
    clock_offset_ms: i64,
    spec: &'static Spec,
    policy: Policy,
    shared: &'a Shared,
    cancel: &'a CancellationToken,
    started: Instant,
}

impl Job<'_> {
    async fn run(self, events: &mut Events<'_>) -> Result<Outcome, FrameError> {
        let within = Duration::from_millis(self.order.within_ms);
        let until = self.started + within.min(self.spec.within() + MARGIN);
        events.tell(JobNews::Started).await?;
        let end = self.measure(until, events).await?;
        Ok(self.outcome(end))
    }

    fn step(&self, until: Instant) -> Step {
        let left = until.saturating_duration_since(Instant::now()).saturating_sub(MARGIN / 2);
        let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        Step {
            name: self.spec.name.to_owned(),
            probe: self.spec.name.to_owned(),
            parameters: self.order.parameters.clone(),
            within_ms: self.spec.within_ms.min(left),
        }
    }

    fn outcome(&self, end: ChildEnd) -> Outcome {
        let (state, status, reason) = match end {
            ChildEnd::Complete(result) => {
                return result::with(JobState::Done, result.status, result.reason.clone(), &result);
            }
            ChildEnd::Cancelled => {
                (JobState::Cancelled, Status::Failed, "cancelled before it had measured".to_owned())
            }
            ChildEnd::Late => {
                let within = Duration::from_millis(self.order.within_ms);
                (JobState::Failed, Status::Timeout, late(within.min(self.spec.within())))
            }
            ChildEnd::Broken(reason) => (JobState::Failed, Status::Failed, reason),
        };
        let result = ProbeResult::without_facts(self.spec, status, reason.clone());
        result::with(state, status, reason, &result)
    }

    /// Runs the probe in a child, and tells what it says as it comes.
    async fn measure(
        &self,
        until: Instant,
        events: &mut Events<'_>,
    ) -> Result<ChildEnd, FrameError> {
        let permit =
            self.cancel.run_until_cancelled(timeout_at(until, self.shared.children.acquire()));
        let _permit = match permit.await {
            None => return Ok(ChildEnd::Cancelled),
            Some(Err(_)) => return Ok(ChildEnd::Late),
            Some(Ok(permit)) => permit,
        };
        let work = ChildWork::Probe {
            steps: vec![self.step(until)],
            targets: Box::new(self.policy.targets.clone()),
            clock_offset_ms: self.clock_offset_ms,
        };
        // As it goes out of scope, whatever is left of its group is killed.
        let mut child = match self.shared.child(work).await {
            Ok(child) => child,
            Err(error) => return Ok(ChildEnd::Broken(crate::told(&error))),
        };
        loop {
            match child.next::<Told>(until, self.cancel).await {
                Next::Frame(frame) => match frame.header {
                    Told::Output { line, .. } => events.line(&line).await?,
                    Told::Ended { result, .. } => {
                        self.shared.spare.keep(child.done());
                        return Ok(ChildEnd::Complete(result));
                    }
                },
                Next::Late => return Ok(ChildEnd::Late),
                Next::Cancelled => return Ok(ChildEnd::Cancelled),
                Next::Garbled => {
                    let why = "the collect child told something that is no message".to_owned();
                    return Ok(ChildEnd::Broken(why));
                }
                Next::Closed => {
                    let why = child.end().await;
                    let why = why
                        .unwrap_or_else(|| "the collect child ended without a result".to_owned());
                    return Ok(ChildEnd::Broken(why));
                }
            }
        }
    }
}

fn late(within: Duration) -> String {
    format!("it did not end within {} ms and was killed", within.as_millis())
}
