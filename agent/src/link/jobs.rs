//! Runs one job through the executor and tells the core what becomes of it.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use befund_executor::ExecutorClient;
use befund_executor::door::client::{ExecutorError, Told};
use befund_model::id::JobId;
use befund_model::job::{JobState, Order, Outcome};
use befund_model::snapshot::Status;
use befund_runtime::telemetry;

use super::note::Note;
use super::session::without_result;

/// How long a job may take to end after it was cancelled.
const GRACE: Duration = Duration::from_secs(10);

/// What running takes.
#[derive(Clone)]
pub(super) struct Runner {
    pub(super) executor: ExecutorClient,
    pub(super) inbox: mpsc::Sender<Note>,
    pub(super) clock_offset_ms: i64,
}

/// Runs it to its end.
pub(super) async fn run(runner: Runner, order: Order, cancel: CancellationToken) {
    let job = order.job;
    let outcome = match follow(&runner, order, &cancel).await {
        Ok(outcome) => outcome,
        Err(error) => {
            let reason = telemetry::chain(&error);
            without_result(JobState::Failed, Status::Failed, reason)
        }
    };
    // A core that is gone finds the order in the spool when it is back.
    let _ = runner.inbox.send(Note::Ended(job, outcome)).await;
}

async fn follow(
    runner: &Runner,
    order: Order,
    cancel: &CancellationToken,
) -> Result<Outcome, ExecutorError> {
    let id = order.job;
    if cancel.is_cancelled() {
        return Ok(cancelled());
    }
    let handed_over = Note::HandedOver(Box::new(order.clone()));
    let begun = runner.executor.run(order, runner.clock_offset_ms).await;
    if runner.inbox.send(handed_over).await.is_err() {
        return Err(ExecutorError::Closed);
    }
    let mut job = begun?;
    let stopping = stop(&runner.executor, id, cancel);
    tokio::pin!(stopping);
    loop {
        // `next` is not cancel-safe, but the job is dropped when the other branch wins.
        tokio::select! {
            told = job.next() => match told? {
                Told::Event(event) => {
                    if runner.inbox.send(Note::Event(id, event)).await.is_err() {
                        return Err(ExecutorError::Closed);
                    }
                }
                Told::Outcome(outcome) => return Ok(outcome),
            },
            () = &mut stopping => return Ok(cancelled()),
        }
    }
}

/// Waits for the wish to cancel, passes it on, and ends if the job then does not.
async fn stop(executor: &ExecutorClient, job: JobId, cancel: &CancellationToken) {
    cancel.cancelled().await;
    let until = Instant::now() + GRACE;
    loop {
        if let Err(error) = executor.cancel(job).await {
            debug!(error = telemetry::chain(&error), %job, "the cancel could not be passed on");
        }
        // Again, since the executor may not have known the job yet.
        tokio::time::sleep(Duration::from_millis(500)).await;
        if timeout_at(until, std::future::ready(())).await.is_err() || Instant::now() >= until {
            return;
        }
    }
}

fn cancelled() -> Outcome {
    let reason = "it was cancelled".to_owned();
    without_result(JobState::Cancelled, Status::Failed, reason)
}
