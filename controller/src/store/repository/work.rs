//! Jobs, and the audit record that they are handed out against.

use std::future::Future;

use befund_model::Timestamp;
use befund_model::audit::{AuditEntry, By};
use befund_model::id::{AgentId, AuditId, JobId};
use befund_model::job::{Job, JobEvent, Outcome};

use super::Result;

/// The proof that an action stands in the audit record, durably. Only the store makes one, and a
/// job is handed to a machine only against one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditReceipt {
    pub(in crate::store) entry: AuditId,
}

impl AuditReceipt {
    /// The entry.
    #[must_use]
    pub const fn entry(&self) -> AuditId {
        self.entry
    }
}

/// A job whose start stands in the audit record.
#[derive(Clone, Debug)]
pub struct AuditedJob {
    /// The job.
    pub job: Job,
    /// The proof.
    pub receipt: AuditReceipt,
}

/// Jobs, their events and their results.
pub trait Jobs {
    /// Keeps a new job (state `waiting`), with its timeline event and its audit entry.
    fn start(
        &self,
        job: &Job,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<AuditedJob>> + Send;
    /// A job.
    fn job(&self, id: JobId) -> impl Future<Output = Result<Option<Job>>> + Send;
    /// The jobs of a machine that wait to be delivered and have not expired, oldest first.
    fn waiting(
        &self,
        agents: &[AgentId],
        at: Timestamp,
    ) -> impl Future<Output = Result<Vec<AuditedJob>>> + Send;
    /// The machine has the order durably. False: the job has moved on or is not this agent's.
    fn delivered(
        &self,
        agent: AgentId,
        job: JobId,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Keeps events that come in order from the machine, each once; answers the highest sequence
    /// number that is durable. Tells them on the job's ticket too.
    fn events(
        &self,
        agent: AgentId,
        job: JobId,
        events: &[JobEvent],
        at: Timestamp,
    ) -> impl Future<Output = Result<u32>> + Send;
    /// Keeps the outcome, exactly once (false: it had one, or is not this agent's), and tells it on
    /// the ticket.
    fn finish(
        &self,
        agent: AgentId,
        job: JobId,
        outcome: &Outcome,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Ends a job that nobody has begun; true if it ended here, false if the machine must be asked.
    fn cancel(
        &self,
        job: JobId,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Ends the jobs whose deadline has passed; answers which.
    fn expire(&self, at: Timestamp) -> impl Future<Output = Result<Vec<JobId>>> + Send;
    /// A job's events from after this one on.
    fn job_events(
        &self,
        job: JobId,
        after: u32,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<JobEvent>>> + Send;
}

/// The audit record.
pub trait Audit {
    /// Writes an entry of its own, for what changes nothing in the store (a sign-in that failed).
    fn record(
        &self,
        action: &str,
        object: &str,
        detail: &serde_json::Value,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<AuditReceipt>> + Send;
    /// Gives entries that have none their place in the log, in batches; answers how many.
    fn sequence(&self) -> impl Future<Output = Result<u64>> + Send;
    /// Entries by place, from after this one on.
    fn audit(&self, after: i64, limit: u32)
    -> impl Future<Output = Result<Vec<AuditEntry>>> + Send;
}
