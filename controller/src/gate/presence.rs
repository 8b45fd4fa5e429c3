//! When machines were last heard of: folded in memory, written in batches.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use befund_model::Timestamp;
use befund_model::id::AgentId;
use befund_model::machine::MachineTrust;

use crate::store::repository::{MachineFacts, Presence};

/// What was heard since the last flush.
#[derive(Debug, Default)]
pub(super) struct Heard {
    folded: Mutex<HashMap<AgentId, Presence>>,
}

impl Heard {
    /// A machine was heard of.
    pub(super) fn beat(&self, agent: AgentId, at: Timestamp) {
        self.note(agent, at, |_| {});
    }

    /// A machine said what it is.
    pub(super) fn hello(&self, agent: AgentId, at: Timestamp, facts: MachineFacts, offset: i64) {
        self.note(agent, at, |presence| {
            presence.facts = Some(facts);
            presence.clock_offset_ms = Some(offset);
        });
    }

    /// A machine said what it trusts.
    pub(super) fn trusts(&self, agent: AgentId, at: Timestamp, trust: MachineTrust) {
        self.note(agent, at, |presence| presence.trust = Some(trust));
    }

    /// Takes out what is to be written.
    pub(super) fn take(&self) -> Vec<Presence> {
        std::mem::take(&mut *self.lock()).into_values().collect()
    }

    /// Puts back what could not be written, below what was heard meanwhile.
    pub(super) fn give_back(&self, presence: Vec<Presence>) {
        let mut folded = self.lock();
        for old in presence {
            folded
                .entry(old.agent)
                .and_modify(|new| {
                    if new.facts.is_none() {
                        new.facts.clone_from(&old.facts);
                        new.clock_offset_ms = old.clock_offset_ms;
                    }
                    if new.trust.is_none() {
                        new.trust.clone_from(&old.trust);
                    }
                })
                .or_insert(old);
        }
    }

    fn note(&self, agent: AgentId, at: Timestamp, change: impl FnOnce(&mut Presence)) {
        let mut folded = self.lock();
        let presence = folded.entry(agent).or_insert(Presence {
            agent,
            seen_at: at,
            facts: None,
            clock_offset_ms: None,
            trust: None,
        });
        presence.seen_at = at;
        change(presence);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, Presence>> {
        // Nothing under this lock panics half-way through a change.
        self.folded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
