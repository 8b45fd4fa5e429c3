//! What a session waits for: each of these ends with a commit, and only then is anything
//! acknowledged. Dropping one half-way drops the acknowledgement, and the machine says it again.

use std::sync::Arc;

use befund_model::id::{AgentId, Hash, JobId};
use befund_model::job::Order;
use befund_proto::convert;
use befund_proto::v1::controller_message::Body;
use befund_proto::v1::{self};
use befund_runtime::telemetry;
use tonic::Status;
use tracing::{error, warn};

use crate::bus::Hint;
use crate::gate::Shared;
use crate::store::repository::{
    Adopted, JobProgress, JobReport, Jobs as _, Runbooks as _, Snapshots as _, StoreError,
};

type Said = Result<Vec<Body>, Status>;

/// Whether this machine's latest snapshot has this root.
pub(super) async fn check_in(shared: Arc<Shared>, agent: AgentId, root: Hash) -> Said {
    let latest = shared.store.latest(agent).await.map_err(|error| failed(agent, &error))?;
    let latest = latest.map(|manifest| manifest.root());
    if let Some(latest) = latest {
        shared.roots.set(agent, latest);
    }
    Ok(vec![Body::CheckIn(v1::CheckInReply { known: latest == Some(root) })])
}

/// A job has heard what was said to it.
pub(super) async fn said_heard(shared: Arc<Shared>, agent: AgentId, job: JobId, seq: u32) -> Said {
    shared.store.heard(agent, job, seq).await.map_err(|error| failed(agent, &error))?;
    Ok(Vec::new())
}

/// A job that was begun at the machine itself is kept before what it tells.
pub(super) async fn adopt(
    shared: Arc<Shared>,
    agent: AgentId,
    order: Box<Order>,
    begun_by: String,
) -> Said {
    let job = order.job;
    let adopted = shared.store.adopt(agent, &order, &begun_by, shared.clock.now()).await;
    match adopted.map_err(|error| failed(agent, &error))? {
        Adopted::New(ticket) => {
            shared.bus.tell(Hint::Job(job));
            if let Some(ticket) = ticket {
                shared.bus.tell(Hint::Ticket(ticket));
            }
        }
        Adopted::Known => {}
        // What it tells is acknowledged and goes nowhere, so that it ends.
        Adopted::Refused(why) => warn!(%agent, %job, why, "a machine's own job is not kept"),
    }
    Ok(Vec::new())
}

/// What was said of jobs is kept, then acknowledged.
pub(super) async fn reports(shared: Arc<Shared>, agent: AgentId, reports: Vec<JobReport>) -> Said {
    let now = shared.clock.now();
    let progress =
        shared.store.report(agent, &reports, now).await.map_err(|error| failed(agent, &error))?;
    let mut said = Vec::new();
    for (report, progress) in reports.iter().zip(progress) {
        let job = report.job;
        let last_said = report.events.last().map(|event| event.seq);
        let durable = match progress {
            Some(progress) => {
                count(report, progress);
                if report.outcome.is_some() && !progress.ended {
                    warn!(%agent, %job, "a result for a job that had one");
                }
                if progress.changed {
                    shared.bus.tell(Hint::Job(job));
                    if let Some(ticket) = progress.ticket {
                        shared.bus.tell(Hint::Ticket(ticket));
                    }
                }
                Some(progress.last_event)
            }
            None => {
                // Not this machine's, or gone: it must not say it for ever.
                warn!(%agent, %job, "news of a job that is not known, or not this machine's");
                last_said
            }
        };
        let job = convert::id::bytes(job.as_bytes());
        if let (Some(_), Some(seq)) = (last_said, durable) {
            said.push(Body::EventAck(v1::EventAck { job: job.clone(), seq }));
        }
        if report.outcome.is_some() {
            said.push(Body::ResultAck(v1::ResultAck { job }));
        }
    }
    Ok(said)
}

fn count(report: &JobReport, progress: JobProgress) {
    metrics::counter!("befund_gate_job_events_total").increment(report.events.len() as u64);
    metrics::counter!("befund_gate_job_results_total").increment(u64::from(progress.ended));
}

/// Nothing is acknowledged: the machine comes back and says it again.
fn failed(agent: AgentId, error: &StoreError) -> Status {
    error!(%agent, error = telemetry::chain(error), "a session ends since the store failed");
    Status::unavailable("the controller cannot write at the moment: come back later")
}
