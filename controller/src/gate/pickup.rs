//! Looks for the orders that wait and the jobs to cancel, for many machines in one query: those that
//! somebody woke at once, those that sent a heartbeat together twice a second.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use befund_model::id::AgentId;
use befund_proto::{convert, v1};
use befund_runtime::telemetry;
use tokio::sync::Notify;
use tracing::warn;

use super::Shared;
use super::dispatch::Dispatch;
use super::mailbox::Letter;
use crate::store::repository::{Jobs as _, Runbooks as _};

/// The most machines in one query.
const BATCH: usize = 500;
/// How long a heartbeat's look may wait for company.
const COMPANY: Duration = Duration::from_millis(500);

/// The machines to look for.
#[derive(Debug, Default)]
pub(super) struct Pickup {
    asked: Mutex<HashSet<AgentId>>,
    hurry: Notify,
}

impl Pickup {
    /// Look soon.
    pub(super) fn later(&self, agent: AgentId) {
        self.lock().insert(agent);
    }

    /// Look now.
    pub(super) fn now(&self, agent: AgentId) {
        self.later(agent);
        self.hurry.notify_one();
    }

    fn take(&self) -> Vec<AgentId> {
        std::mem::take(&mut *self.lock()).into_iter().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<AgentId>> {
        // Nothing under this lock panics half-way through a change.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks, until it is dropped.
pub(super) async fn run(shared: &Shared) {
    loop {
        // A timeout is the other reason to look.
        let _ = tokio::time::timeout(COMPANY, shared.pickup.hurry.notified()).await;
        let agents = shared.pickup.take();
        for batch in agents.chunks(BATCH) {
            look(shared, batch).await;
        }
    }
}

async fn look(shared: &Shared, agents: &[AgentId]) {
    let now = shared.clock.now();
    let waiting = match shared.store.waiting(agents, now).await {
        Ok(waiting) => waiting,
        Err(error) => {
            // Each machine asks again with its next heartbeat.
            warn!(error = telemetry::chain(&error), "could not look for waiting jobs");
            return;
        }
    };
    for job in &waiting {
        let Some(order) = Dispatch::new(job, now) else { continue };
        if let Some(mailbox) = shared.live.mailbox(order.agent()) {
            mailbox.post(Letter::Order(order));
            metrics::counter!("befund_gate_orders_total").increment(1);
        }
    }
    let to_cancel = match shared.store.to_cancel(agents).await {
        Ok(to_cancel) => to_cancel,
        Err(error) => {
            warn!(error = telemetry::chain(&error), "could not look for jobs to cancel");
            return;
        }
    };
    for (agent, job) in to_cancel {
        if let Some(mailbox) = shared.live.mailbox(agent) {
            mailbox.post(Letter::Cancel(job));
        }
    }
    let unheard = match shared.store.unheard(agents).await {
        Ok(unheard) => unheard,
        Err(error) => {
            warn!(error = telemetry::chain(&error), "could not look for what is said to jobs");
            return;
        }
    };
    for word in unheard {
        if let Some(mailbox) = shared.live.mailbox(word.agent) {
            let (job, body) =
                (convert::id::bytes(word.job.as_bytes()), convert::json::write(&word.said));
            mailbox.post(Letter::Said(v1::Said { job, seq: word.seq, body }));
        }
    }
}
