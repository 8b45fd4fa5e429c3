//! The identities that were revoked: a set in memory, looked at for each call.

use std::collections::HashSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use befund_model::id::AgentId;

/// The set. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Revoked {
    agents: Arc<ArcSwap<HashSet<AgentId>>>,
}

impl Revoked {
    /// Whether this identity was revoked.
    pub(super) fn contains(&self, agent: AgentId) -> bool {
        self.agents.load().contains(&agent)
    }

    /// Adds one; what was added meanwhile is kept.
    pub(super) fn add(&self, agent: AgentId) {
        self.agents.rcu(|agents| {
            let mut agents = HashSet::clone(agents);
            agents.insert(agent);
            agents
        });
    }

    /// Adds what the store says; answers which are new. Nothing is ever taken out: an identity
    /// that was revoked does not come back.
    pub(super) fn merge(&self, stored: &HashSet<AgentId>) -> Vec<AgentId> {
        let known = self.agents.load_full();
        let new: Vec<AgentId> = stored.difference(&known).copied().collect();
        if !new.is_empty() {
            self.agents.rcu(|agents| agents.union(stored).copied().collect::<HashSet<_>>());
        }
        new
    }
}
