//! Who is connected to this controller right now, and the mailbox of each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use befund_model::id::AgentId;
use befund_proto::v1::wake;

use super::mailbox::{Letter, Mailbox};

/// The sessions that are open. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Live {
    sessions: Arc<Mutex<HashMap<AgentId, Arc<Mailbox>>>>,
}

impl Live {
    /// Whether this machine has a session here.
    #[must_use]
    pub fn connected(&self, agent: AgentId) -> bool {
        self.lock().contains_key(&agent)
    }

    /// How many machines have one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Asks a connected machine to take and send a snapshot now; false if it is not connected here.
    #[must_use]
    pub fn ask_for_snapshot(&self, agent: AgentId) -> bool {
        let mailbox = self.lock().get(&agent).cloned();
        mailbox.is_some_and(|mailbox| mailbox.post(Letter::Wake(wake::Reason::Snapshot)))
    }

    /// Takes in a session; answers the one that it takes the place of.
    pub(super) fn enter(&self, agent: AgentId, mailbox: Arc<Mailbox>) -> Option<Arc<Mailbox>> {
        self.lock().insert(agent, mailbox)
    }

    /// Strikes out a session, unless another has taken its place; true if it was struck out.
    pub(super) fn leave(&self, agent: AgentId, mailbox: &Arc<Mailbox>) -> bool {
        match self.lock().entry(agent) {
            Entry::Occupied(entry) if Arc::ptr_eq(entry.get(), mailbox) => {
                entry.remove();
                true
            }
            Entry::Occupied(_) | Entry::Vacant(_) => false,
        }
    }

    /// The mailbox of a machine.
    pub(super) fn mailbox(&self, agent: AgentId) -> Option<Arc<Mailbox>> {
        self.lock().get(&agent).cloned()
    }

    /// All of them.
    pub(super) fn agents(&self) -> Vec<AgentId> {
        self.lock().keys().copied().collect()
    }

    /// All mailboxes.
    pub(super) fn mailboxes(&self) -> Vec<Arc<Mailbox>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, Arc<Mailbox>>> {
        // Nothing under this lock panics half-way through a change.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
