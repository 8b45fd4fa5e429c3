//! A job on its way to its machine. Made only from a job whose start stands in the audit record.

use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId};
use befund_model::job::Order;
use befund_proto::convert;
use befund_proto::v1;
use bytes::Bytes;

use crate::store::repository::AuditedJob;

/// The most bytes of an order's JSON.
const MAX_ORDER_BYTES: usize = 12 << 10;

/// An order, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Dispatch {
    agent: AgentId,
    job: JobId,
    body: Bytes,
}

impl Dispatch {
    /// Writes the order down; `None` if its deadline has passed or it is larger than an order may be.
    pub(super) fn new(audited: &AuditedJob, now: Timestamp) -> Option<Self> {
        let job = &audited.job;
        let left = job.deadline.as_millisecond().checked_sub(now.as_millisecond())?;
        let order = Order {
            job: job.id,
            agent: job.agent,
            work: job.work.clone(),
            parameters: job.parameters.clone(),
            ticket: job.ticket,
            within_ms: u64::try_from(left).ok().filter(|left| *left > 0)?,
            runbook: job.runbook.clone(),
        };
        let body = convert::json::write(&order);
        (body.len() <= MAX_ORDER_BYTES).then_some(Self { agent: job.agent, job: job.id, body })
    }

    /// Whom it is for.
    pub(super) const fn agent(&self) -> AgentId {
        self.agent
    }

    /// The message.
    pub(super) fn into_message(self) -> v1::Order {
        v1::Order { job: convert::id::bytes(self.job.as_bytes()), body: self.body }
    }
}
