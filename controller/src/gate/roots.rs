//! The root of each machine's latest snapshot, as far as it was asked for: 48 bytes each.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use befund_model::id::{AgentId, Hash};

/// Roots by machine.
#[derive(Debug, Default)]
pub(super) struct Roots {
    latest: Mutex<HashMap<AgentId, Hash>>,
}

impl Roots {
    /// Whether the machine's latest root is this one; `None` if it must be looked up.
    pub(super) fn known(&self, agent: AgentId, root: Hash) -> Option<bool> {
        self.lock().get(&agent).map(|latest| *latest == root)
    }

    /// Keeps the root of a snapshot that is durable.
    pub(super) fn set(&self, agent: AgentId, root: Hash) {
        self.lock().insert(agent, root);
    }

    /// Forgets it: a machine that comes back may have been elsewhere meanwhile.
    pub(super) fn forget(&self, agent: AgentId) {
        self.lock().remove(&agent);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, Hash>> {
        // Nothing under this lock panics half-way through a change.
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
