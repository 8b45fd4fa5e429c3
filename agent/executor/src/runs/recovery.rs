//! At the executor's start: every run that the journal has and the controller has not, ended or not.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use serde_json::Value;
use tokio::time::Instant;
use tracing::error;

use befund_model::Timestamp;
use befund_model::job::{JobState, Order, Work};
use befund_model::snapshot::Status;
use befund_runbook::machine::Interruption;
use befund_runtime::files;

use super::ledger::blocking;
use super::log::Log;
use super::task::{self, Driving};
use super::{OpenError, Run, Runs, lock};
use crate::admit;
use crate::door::server::Shared;
use crate::drive::Left;
use crate::drive::scene::wall;
use crate::journal::{BootId, Entry, OpenStep, Received, Recovered, StartedBy};
use crate::result;

/// The file that has the run of the system in which the executor was last.
const BOOT: &str = "boot";

/// Goes on with every run that has not ended.
pub(super) async fn recover(shared: &Arc<Shared>, runs: &Arc<Runs>) -> Result<(), OpenError> {
    let boot = shared.config.boot.clone();
    let now = boot.clone();
    let recovered = runs.ledger.with(move |journal| journal.recover(now.as_ref())).await?;
    let folder = shared.config.keep.clone();
    let was = blocking(move || swap_boot(&folder, boot.as_ref())).await;
    for mut one in recovered {
        let job = one.job;
        let Some((order, received)) = order_of(&mut one) else {
            give_up(shared, runs, one);
            continue;
        };
        let log = Log::new(std::mem::take(&mut one.news), one.ended.take());
        let over = log.has_ended();
        // What was told of a start is not told twice: such a run is resumed.
        let untold = log.last(1).is_empty();
        let (run, said) = Run::new(order, received.by.clone(), log);
        runs.enter(&run);
        if over {
            continue;
        }
        let damaged = runs.ledger.with(move |journal| Ok(is_damaged(&journal.entries(job)?)));
        let deadline = deadline(&received, wall());
        let driving: Driving = if damaged.await? {
            let why = "the journal of this run was damaged, so nobody can tell what it has done";
            ended(JobState::Indeterminate, why)
        } else {
            match &run.order.work {
                Work::Undo(_) => task::of_undo(shared, runs, &run, deadline).undo(Some(one)),
                Work::Probe(_) => ended(JobState::Failed, "a probe is not resumed"),
                Work::Runbook(name) => {
                    let catalogue = received.catalogue.clone().unwrap_or_default();
                    let book = admit::begun(&lock(&runs.keep), name, &catalogue, wall());
                    let inputs = match received.inputs {
                        Value::Object(inputs) => inputs.into_iter().collect(),
                        Value::Null
                        | Value::Bool(_)
                        | Value::Number(_)
                        | Value::String(_)
                        | Value::Array(_) => std::collections::BTreeMap::new(),
                    };
                    match book {
                        Err(refusal) => {
                            let why = format!("it was interrupted and cannot go on: {refusal}");
                            ended(unfinished(&one.open), &why)
                        }
                        Ok(book) => {
                            let mode = run.mode();
                            let task = task::of_book(shared, runs, &run, Arc::new(book), deadline);
                            match one.open {
                                OpenStep::NotStarted if untold => task.begin(inputs, mode, said),
                                OpenStep::NotStarted
                                | OpenStep::None
                                | OpenStep::Done { .. }
                                | OpenStep::Again(_)
                                | OpenStep::Probe(_)
                                | OpenStep::Indeterminate { .. } => {
                                    task.resume(inputs, one, was, said)
                                }
                            }
                        }
                    }
                }
            }
        };
        runs.spawn(shared, &run, driving);
    }
    Ok(())
}

/// Ends a run whose order was damaged, so that whoever waits for it hears of it.
fn give_up(shared: &Arc<Shared>, runs: &Arc<Runs>, recovered: Recovered) {
    let job = recovered.job;
    let Some(agent) = shared.config.agent else { return };
    error!(%job, "the order of a run was damaged");
    let order = Order {
        job,
        agent,
        work: Work::Runbook("damaged".to_owned()),
        parameters: Value::Null,
        ticket: None,
        within_ms: 0,
        runbook: None,
    };
    let log = Log::new(recovered.news, recovered.ended);
    let over = log.has_ended();
    let (run, _) = Run::new(order, StartedBy::Afar, log);
    runs.enter(&run);
    if !over {
        let why = "the journal of this run was damaged, so nobody can tell what it has done";
        runs.spawn(shared, &run, ended(JobState::Indeterminate, why));
    }
}

/// A run that goes no further.
fn ended(state: JobState, why: &str) -> Driving {
    let outcome = result::without(state, Status::Failed, why);
    Box::pin(async move { Left::Ended(Box::new(outcome)) })
}

/// What a run comes to that cannot go on, by the step that was open.
fn unfinished(open: &OpenStep) -> JobState {
    match open {
        OpenStep::None | OpenStep::NotStarted | OpenStep::Done { .. } => JobState::Failed,
        OpenStep::Again(_) | OpenStep::Probe(_) | OpenStep::Indeterminate { .. } => {
            JobState::Indeterminate
        }
    }
}

/// The order as it came.
fn order_of(recovered: &mut Recovered) -> Option<(Order, Received)> {
    let received = recovered.order.take()?;
    let bytes = BASE64.decode(received.order.as_bytes()).ok()?;
    Some((serde_json::from_slice(&bytes).ok()?, received))
}

fn is_damaged(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| matches!(entry, Entry::Damaged { .. }))
}

/// Until when people are waited for, of what is left of the order's time.
fn deadline(received: &Received, now: Timestamp) -> Instant {
    let until = received.at.checked_add(received.within).unwrap_or(Timestamp::MAX);
    let left = Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO);
    Instant::now() + left.min(received.within)
}

/// What came between, by the run of the system in which the executor was last; notes the one that is going on.
fn swap_boot(folder: &Path, now: Option<&BootId>) -> Interruption {
    let path = folder.join(BOOT);
    let before = std::fs::read_to_string(&path).ok();
    if let Some(BootId(now)) = now
        && before.as_deref() != Some(now)
    {
        // Not known at the next start, it is taken for a restart of the agent.
        let _ = files::create_private(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, now.as_bytes()));
    }
    match (before, now) {
        (Some(before), Some(BootId(now))) if before != *now => Interruption::Reboot,
        (Some(_) | None, Some(_) | None) => Interruption::AgentRestart,
    }
}
