//! What the door answers about runbooks: runs that outlive their connections, what people say to them, and what this
//! machine trusts. It decides nothing: that is [`crate::admit`]'s and [`crate::keep`]'s.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use befund_model::id::JobId;
use befund_model::job::{Order, Work};
use befund_runtime::frame::FrameError;

use super::connection::Replies;
use super::server::Shared;
use super::{Reply, Request};
use crate::drive::scene::wall;
use crate::journal::StartedBy;
use crate::keep::KeepError;
use crate::policy::Policy;
use crate::runs::{Run, Runs};

/// Whether an order goes the way of signed runbooks.
pub(super) const fn is_one(order: &Order) -> bool {
    match order.work {
        Work::Probe(_) => false,
        Work::Runbook(_) | Work::Undo(_) => true,
    }
}

/// Takes an order on, and follows its run.
pub(super) async fn run(
    order: Order,
    clock_offset_ms: i64,
    shared: &Arc<Shared>,
    replies: &mut Replies,
    cancel: &CancellationToken,
) -> Result<(), FrameError> {
    let runs = match shared.runs().await {
        Ok(runs) => runs,
        Err(message) => return replies.send(&Reply::Error { message }, &[]).await,
    };
    runs.clock.correct_by(clock_offset_ms);
    match runs.start(shared, order, StartedBy::Afar).await {
        Ok(run) => follow(&run, 0, replies, cancel).await,
        Err(outcome) => replies.send(&Reply::Outcome(Box::new(outcome)), &[]).await,
    }
}

/// Follows a run that is there.
pub(super) async fn attach(
    job: JobId,
    after: u32,
    shared: &Arc<Shared>,
    replies: &mut Replies,
    cancel: &CancellationToken,
) -> Result<(), FrameError> {
    let found = shared.runs().await.map(|runs| runs.find(job));
    let message = match found {
        Ok(Some(run)) => return follow(&run, after, replies, cancel).await,
        Ok(None) => format!("there is no run of job {job} on this machine that was not reported"),
        Err(message) => message,
    };
    replies.send(&Reply::Error { message }, &[]).await
}

/// Sends what a run tells after an event, as it comes, and its outcome. It goes on whoever listens.
async fn follow(
    run: &Arc<Run>,
    after: u32,
    replies: &mut Replies,
    cancel: &CancellationToken,
) -> Result<(), FrameError> {
    let mut after = after;
    let mut changes = run.log.changes();
    loop {
        changes.mark_unchanged();
        let (events, outcome) = run.log.after(after);
        let more = !events.is_empty();
        for event in events {
            after = event.seq;
            replies.send(&Reply::Event(event), &[]).await?;
        }
        if let Some(outcome) = outcome {
            return replies.send(&Reply::Outcome(Box::new(outcome)), &[]).await;
        }
        if more {
            continue;
        }
        // The run holds the other end.
        match cancel.run_until_cancelled(changes.changed()).await {
            Some(Ok(())) => {}
            Some(Err(_)) | None => return Ok(()),
        }
    }
}

/// Cancels a run, if there is one.
pub(super) async fn cancel(job: JobId, shared: &Arc<Shared>) {
    if let Ok(runs) = shared.runs().await
        && let Some(run) = runs.find(job)
    {
        run.cancel("the help desk");
    }
}

/// What is answered at once.
///
/// # Errors
/// Why it cannot be answered.
pub(super) async fn answer(
    request: Request,
    blob: Vec<u8>,
    shared: &Arc<Shared>,
) -> Result<Reply, String> {
    let runs = shared.runs().await?;
    let told = |error: KeepError| crate::told(&error);
    match request {
        Request::Say { job, said } => {
            if let Some(run) = runs.find(job) {
                run.say(said)?;
            }
            Ok(Reply::Done)
        }
        Request::Unreported => Ok(Reply::Unreported(runs.unreported())),
        Request::Reported { job } => runs.reported(job).await.map(|()| Reply::Done),
        Request::Trust => {
            let mut report = runs.with_keep(|keep| keep.report()).await;
            let policy = shared.config.policy.clone();
            match tokio::task::spawn_blocking(move || Policy::load(&policy)).await {
                Ok(Ok(policy)) => report.policy = policy.digest.unwrap_or_default(),
                Ok(Err(error)) => report.policy_refusal = Some(crate::told(&error)),
                Err(_) => report.policy_refusal = Some("reading it broke down".to_owned()),
            }
            Ok(Reply::Trust(Box::new(report)))
        }
        Request::OfferRoot { signatures } => {
            let taken = runs.with_keep(move |keep| keep.offer_root(&blob, &signatures, wall()));
            taken.await.map_err(told).map(|()| Reply::Done)
        }
        Request::OfferCatalogue { signatures } => {
            let taken = runs.with_keep(move |keep| {
                let wanted = keep.offer_catalogue(blob, signatures, wall());
                (wanted, keep.is_whole())
            });
            settled(runs, taken.await).await.map_err(told).map(|paths| Reply::Wanted { paths })
        }
        Request::OfferFile { path } => {
            let taken = runs.with_keep(move |keep| {
                let taken = keep.offer_file(&path, &blob, wall());
                (taken, keep.is_whole())
            });
            settled(runs, taken.await).await.map_err(told).map(|()| Reply::Done)
        }
        Request::Collect { .. }
        | Request::Run { .. }
        | Request::Cancel { .. }
        | Request::Describe
        | Request::Attach { .. } => Err("that is answered elsewhere".to_owned()),
    }
}

/// What came of an offer; once a catalogue is whole, those before it are forgotten that nobody needs.
async fn settled<T>(runs: &Runs, (taken, whole): (T, bool)) -> T {
    if whole {
        runs.forget_catalogues().await;
    }
    taken
}
