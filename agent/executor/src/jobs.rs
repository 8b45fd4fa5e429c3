//! What an order comes to: checked, run in a collect child, told as it happens, ended.

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
use crate::supervise::Next;
use crate::{result, runbook};

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
    let Some(spec) = spec::work(&order.work) else {
        let kind = match order.work {
            Work::Probe(_) => "probe",
            Work::Runbook(_) | Work::Undo(_) => "runbook",
        };
        return Err(format!(
            "this agent has no {kind} {name:?}; `befund works` lists what there is"
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
    /// Every step has its result.
    Complete,
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
        let steps = match self.order.work {
            Work::Probe(_) => vec![self.step(self.spec.name, self.spec, until)],
            Work::Runbook(_) | Work::Undo(_) => runbook::steps(self.spec.name)
                .iter()
                .filter_map(|step| Some(self.step(step.name, spec::probe(step.probe)?, until)))
                .collect(),
        };
        let mut results: Vec<(Step, Option<ProbeResult>)> =
            steps.into_iter().map(|step| (step, None)).collect();
        let end = self.measure(&mut results, until, events).await?;
        match self.order.work {
            Work::Probe(_) => Ok(self.probe_outcome(results, end)),
            Work::Runbook(_) | Work::Undo(_) => {
                let reason = match &end {
                    ChildEnd::Complete | ChildEnd::Cancelled => String::new(),
                    ChildEnd::Late => late(within),
                    ChildEnd::Broken(reason) => reason.clone(),
                };
                let cancelled = matches!(end, ChildEnd::Cancelled);
                runbook::conclude(self.spec, results, cancelled, &reason, events).await
            }
        }
    }

    fn step(&self, name: &str, spec: &Spec, until: Instant) -> Step {
        let left = until.saturating_duration_since(Instant::now()).saturating_sub(MARGIN / 2);
        let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        Step {
            name: name.to_owned(),
            probe: spec.name.to_owned(),
            parameters: match self.order.work {
                Work::Probe(_) => self.order.parameters.clone(),
                Work::Runbook(_) | Work::Undo(_) => serde_json::Value::Null,
            },
            within_ms: spec.within_ms.min(left),
        }
    }

    fn probe_outcome(&self, results: Vec<(Step, Option<ProbeResult>)>, end: ChildEnd) -> Outcome {
        if let Some(result) = results.into_iter().find_map(|(_, result)| result) {
            return result::with(JobState::Done, result.status, result.reason.clone(), &result);
        }
        let (state, status, reason) = match end {
            ChildEnd::Cancelled => {
                (JobState::Cancelled, Status::Failed, "cancelled before it had measured".to_owned())
            }
            ChildEnd::Late => {
                let within = Duration::from_millis(self.order.within_ms);
                (JobState::Failed, Status::Timeout, late(within.min(self.spec.within())))
            }
            ChildEnd::Broken(reason) => (JobState::Failed, Status::Failed, reason),
            ChildEnd::Complete => {
                (JobState::Failed, Status::Failed, "it ended without a result".to_owned())
            }
        };
        let result = ProbeResult::without_facts(self.spec, status, reason.clone());
        result::with(state, status, reason, &result)
    }

    /// Runs the steps in one child and fills in their results as they come.
    async fn measure(
        &self,
        results: &mut [(Step, Option<ProbeResult>)],
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
        let runbook = matches!(self.order.work, Work::Runbook(_));
        let work = ChildWork::Probe {
            steps: results.iter().map(|(step, _)| step.clone()).collect(),
            targets: Box::new(self.policy.targets.clone()),
            clock_offset_ms: self.clock_offset_ms,
        };
        let mut child = match self.shared.child(work).await {
            Ok(child) => child,
            Err(error) => return Ok(ChildEnd::Broken(crate::told(&error))),
        };
        if runbook {
            for (step, _) in results.iter() {
                events.tell(JobNews::StepStarted { step: step.name.clone() }).await?;
            }
        }
        let end = loop {
            if results.iter().all(|(_, result)| result.is_some()) {
                break ChildEnd::Complete;
            }
            match child.next::<Told>(until, self.cancel).await {
                Next::Frame(frame) => match frame.header {
                    Told::Output { step, line } if runbook => {
                        events.line(&format!("{step}: {line}")).await?;
                    }
                    Told::Output { line, .. } => events.line(&line).await?,
                    Told::Ended { step, result } => {
                        if runbook {
                            let (status, summary) = (result.status, result.summary.clone());
                            let step = step.clone();
                            events.tell(JobNews::StepEnded { step, status, summary }).await?;
                        }
                        if let Some(entry) =
                            results.iter_mut().find(|(known, _)| known.name == step)
                        {
                            entry.1 = Some(*result);
                        }
                    }
                },
                Next::Late => break ChildEnd::Late,
                Next::Cancelled => break ChildEnd::Cancelled,
                Next::Garbled => {
                    break ChildEnd::Broken(
                        "the collect child told something that is no message".to_owned(),
                    );
                }
                Next::Closed => {
                    let why = child.end().await;
                    let why = why
                        .unwrap_or_else(|| "the collect child ended without a result".to_owned());
                    return Ok(ChildEnd::Broken(why));
                }
            }
        };
        // Kills whatever is left of the group, as the child goes out of scope.
        drop(child);
        Ok(end)
    }
}

fn late(within: Duration) -> String {
    format!("it did not end within {} ms and was killed", within.as_millis())
}
