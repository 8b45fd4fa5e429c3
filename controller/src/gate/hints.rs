//! What the bus tells, done: orders looked for, cancels handed over, revoked machines shown out.

use befund_proto::v1::{goodbye, wake};
use befund_runtime::telemetry;
use tokio::sync::broadcast::error::RecvError;
use tracing::{info, warn};

use super::mailbox::Letter;
use super::{Shared, catalogue};
use crate::bus::Hint;
use crate::store::repository::Agents as _;

/// Listens until it is dropped.
pub(super) async fn run(shared: &Shared, mut hints: tokio::sync::broadcast::Receiver<Hint>) {
    loop {
        match hints.recv().await {
            Ok(Hint::Catalogue) => look_for_catalogue(shared).await,
            Ok(hint) => act(shared, hint),
            Err(RecvError::Lagged(missed)) => {
                warn!(missed, "hints were missed; looking at the database instead");
                for agent in shared.live.agents() {
                    shared.pickup.later(agent);
                }
                look_for_revoked(shared).await;
                look_for_catalogue(shared).await;
            }
            Err(RecvError::Closed) => return,
        }
    }
}

fn act(shared: &Shared, hint: Hint) {
    match hint {
        Hint::Order(agent, _) | Hint::Said(agent, _) => {
            if shared.live.connected(agent) {
                shared.pickup.now(agent);
            }
        }
        Hint::Cancel(agent, job) => {
            if let Some(mailbox) = shared.live.mailbox(agent) {
                mailbox.post(Letter::Cancel(job));
            }
        }
        Hint::Revoked(agent) => {
            shared.revoked.add(agent);
            show_out(shared, agent);
        }
        Hint::Ticket(_) | Hint::Job(_) | Hint::Machine(_) | Hint::Catalogue => {}
    }
}

/// Revocations that were not told here: by another controller, or a hint that was lost.
pub(super) async fn look_for_revoked(shared: &Shared) {
    match shared.store.revoked().await {
        Ok(revoked) => {
            for agent in shared.revoked.merge(&revoked) {
                show_out(shared, agent);
            }
        }
        Err(error) => {
            warn!(error = telemetry::chain(&error), "could not look for revoked machines");
        }
    }
}

/// Another catalogue or trust root that was not told here. Whoever is connected is told.
pub(super) async fn look_for_catalogue(shared: &Shared) {
    if catalogue::look(shared).await {
        for mailbox in shared.live.mailboxes() {
            mailbox.post(Letter::Wake(wake::Reason::Catalogue));
        }
    }
}

fn show_out(shared: &Shared, agent: befund_model::id::AgentId) {
    info!(%agent, "a machine's identity was revoked");
    shared.connections.end_agent(agent, goodbye::Reason::Revoked, shared.clock.now());
}
