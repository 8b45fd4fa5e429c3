//! What a session waits for: each of these ends with a commit, and only then is anything
//! acknowledged. Dropping one half-way drops the acknowledgement, and the machine says it again.

use std::sync::Arc;

use befund_model::id::{AgentId, Hash, JobId};
use befund_model::job::{JobEvent, Outcome};
use befund_proto::convert;
use befund_proto::v1::controller_message::Body;
use befund_proto::v1::{self};
use befund_runtime::telemetry;
use tonic::Status;
use tracing::{error, warn};

use crate::bus::Hint;
use crate::gate::Shared;
use crate::store::repository::{Jobs as _, Snapshots as _, StoreError};

type Said = Result<Option<Body>, Status>;

/// Whether this machine's latest snapshot has this root.
pub(super) async fn check_in(shared: Arc<Shared>, agent: AgentId, root: Hash) -> Said {
    let latest = shared.store.latest(agent).await.map_err(|error| failed(agent, &error))?;
    let latest = latest.map(|manifest| manifest.root());
    if let Some(latest) = latest {
        shared.roots.set(agent, latest);
    }
    Ok(Some(Body::CheckIn(v1::CheckInReply { known: latest == Some(root) })))
}

/// The machine has the order durably.
pub(super) async fn accepted(shared: Arc<Shared>, agent: AgentId, job: JobId) -> Said {
    let now = shared.clock.now();
    let delivered =
        shared.store.delivered(agent, job, now).await.map_err(|error| failed(agent, &error))?;
    if delivered {
        shared.bus.tell(Hint::Job(job));
    }
    Ok(None)
}

/// Events are kept, then acknowledged.
pub(super) async fn events(
    shared: Arc<Shared>,
    agent: AgentId,
    job: JobId,
    events: Vec<JobEvent>,
) -> Said {
    let now = shared.clock.now();
    let last = events.last().map_or(0, |event| event.seq);
    let seq = match shared.store.events(agent, job, &events, now).await {
        Ok(seq) => {
            tell(&shared, job).await;
            seq
        }
        Err(error @ StoreError::NotFound { .. }) => {
            // Not this machine's, or gone: it must not send them for ever.
            warn!(%agent, %job, error = telemetry::chain(&error), "events of a job that is not this machine's");
            last
        }
        Err(error) => return Err(failed(agent, &error)),
    };
    metrics::counter!("befund_gate_job_events_total").increment(events.len() as u64);
    Ok(Some(Body::EventAck(v1::EventAck { job: convert::id::bytes(job.as_bytes()), seq })))
}

/// The outcome is kept, then acknowledged.
pub(super) async fn finished(
    shared: Arc<Shared>,
    agent: AgentId,
    job: JobId,
    outcome: Box<Outcome>,
) -> Said {
    let now = shared.clock.now();
    match shared.store.finish(agent, job, &outcome, now).await {
        Ok(true) => {
            metrics::counter!("befund_gate_job_results_total").increment(1);
            tell(&shared, job).await;
        }
        Ok(false) => {
            warn!(%agent, %job, "a result for a job that had one, or is not this machine's");
        }
        Err(StoreError::NotFound { .. }) => {
            warn!(%agent, %job, "a result for a job that is not known");
        }
        Err(error) => return Err(failed(agent, &error)),
    }
    Ok(Some(Body::ResultAck(v1::ResultAck { job: convert::id::bytes(job.as_bytes()) })))
}

async fn tell(shared: &Shared, job: JobId) {
    shared.bus.tell(Hint::Job(job));
    // A hint that is not told costs time, never work.
    if let Ok(Some(job)) = shared.store.job(job).await
        && let Some(ticket) = job.ticket
    {
        shared.bus.tell(Hint::Ticket(ticket));
    }
}

/// Nothing is acknowledged: the machine comes back and says it again.
fn failed(agent: AgentId, error: &StoreError) -> Status {
    error!(%agent, error = telemetry::chain(error), "a session ends since the store failed");
    Status::unavailable("the controller cannot write at the moment: come back later")
}
