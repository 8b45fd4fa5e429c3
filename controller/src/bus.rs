//! Hints between the parts of a controller (and, later, between controllers): what changed, never
//! the change itself. The database is the truth, so a lost hint costs time and nothing else.

use befund_model::id::{AgentId, JobId, TicketNumber};
use tokio::sync::broadcast;

/// How many hints a slow listener may lag behind before it must look at the database.
const CAPACITY: usize = 4_096;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A ticket or its timeline.
    Ticket(TicketNumber),
    /// A job: its state or its events.
    Job(JobId),
    /// An order waits for this machine.
    Order(AgentId, JobId),
    /// Somebody wants this job stopped.
    Cancel(AgentId, JobId),
    /// Something was said to this job of this machine.
    Said(AgentId, JobId),
    /// Another catalogue or trust root is current.
    Catalogue,
    /// This identity was revoked.
    Revoked(AgentId),
    /// This machine came, went, or sent a snapshot.
    Machine(AgentId),
}

/// Tells hints to whoever listens, within this process.
#[derive(Clone, Debug)]
pub struct Bus {
    hints: broadcast::Sender<Hint>,
}

impl Default for Bus {
    fn default() -> Self {
        Self { hints: broadcast::channel(CAPACITY).0 }
    }
}

impl Bus {
    /// Tells a hint; nobody listening is fine.
    pub fn tell(&self, hint: Hint) {
        let _ = self.hints.send(hint);
    }

    /// Listens from now on. `RecvError::Lagged` means: look at the database.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Hint> {
        self.hints.subscribe()
    }
}
