//! Jobs, and the audit record that they are handed out against.

use std::future::Future;

use befund_model::Timestamp;
use befund_model::audit::{AuditEntry, By};
use befund_model::id::{AgentId, AuditId, JobId, TicketNumber};
use befund_model::job::{Job, JobEvent, JobState, Order, Outcome};

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

/// What a machine tells of one of its jobs, as far as it came together.
#[derive(Clone, Debug, PartialEq)]
pub struct JobReport {
    /// The job.
    pub job: JobId,
    /// The machine has the order durably.
    pub delivered: bool,
    /// What happened, in order.
    pub events: Vec<JobEvent>,
    /// How it ended.
    pub outcome: Option<Box<Outcome>>,
}

impl JobReport {
    /// A report that tells nothing yet.
    #[must_use]
    pub const fn new(job: JobId) -> Self {
        Self { job, delivered: false, events: Vec::new(), outcome: None }
    }
}

/// What became of a [`JobReport`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobProgress {
    /// The ticket that the job belongs to.
    pub ticket: Option<TicketNumber>,
    /// The job's last event that is durable; 0 before the first.
    pub last_event: u32,
    /// Whether the outcome is kept: false if there was none, or another before it.
    pub ended: bool,
    /// Whether anything in the report was new.
    pub changed: bool,
}

/// What became of a machine's own job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adopted {
    /// It is kept, on this ticket.
    New(Option<TicketNumber>),
    /// It was kept before.
    Known,
    /// It is not kept: why.
    Refused(&'static str),
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
    /// The jobs that stand so, oldest first.
    fn jobs_in(&self, state: JobState, limit: u32)
    -> impl Future<Output = Result<Vec<Job>>> + Send;
    /// The jobs of a machine that wait to be delivered and have not expired, oldest first.
    fn waiting(
        &self,
        agents: &[AgentId],
        at: Timestamp,
    ) -> impl Future<Output = Result<Vec<AuditedJob>>> + Send;
    /// Keeps what a machine tells of its jobs, in one commit: orders taken, events in order and each
    /// once, outcomes exactly once; tells it on the jobs' tickets. An answer for each report, in
    /// order; `None` for a job that is not known, or not this machine's.
    fn report(
        &self,
        agent: AgentId,
        reports: &[JobReport],
        at: Timestamp,
    ) -> impl Future<Output = Result<Vec<Option<JobProgress>>>> + Send;
    /// Keeps a job that was begun at the machine itself (state `delivered`), with its audit entry, and its
    /// timeline event where it names a ticket of this machine. Said twice, it counts once.
    fn adopt(
        &self,
        agent: AgentId,
        order: &Order,
        begun_by: &str,
        at: Timestamp,
    ) -> impl Future<Output = Result<Adopted>> + Send;
    /// Ends a job that nobody has begun; true if it ended here, false if the machine must be asked,
    /// which [`to_cancel`](Self::to_cancel) tells until the job has ended.
    fn cancel(
        &self,
        job: JobId,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// The jobs of these tickets that have not ended, oldest first.
    fn unended(
        &self,
        tickets: &[TicketNumber],
    ) -> impl Future<Output = Result<Vec<(TicketNumber, JobId, JobState)>>> + Send;
    /// The jobs of these machines that somebody wants stopped and that have not ended.
    fn to_cancel(
        &self,
        agents: &[AgentId],
    ) -> impl Future<Output = Result<Vec<(AgentId, JobId)>>> + Send;
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
