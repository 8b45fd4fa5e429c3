//! What the checks say of snapshots: which wait to be judged, what was said, how rare it is.

use std::collections::BTreeMap;
use std::future::Future;

use befund_model::Timestamp;
use befund_model::finding::Finding;
use befund_model::id::{AgentId, Hash, SnapshotId, TicketNumber};
use befund_model::snapshot::Manifest;
use serde::{Deserialize, Serialize};

use super::Result;

/// A snapshot that waits to be judged.
#[derive(Clone, Debug)]
pub struct Unjudged {
    /// The machine.
    pub agent: AgentId,
    /// The snapshot.
    pub manifest: Manifest,
    /// The ticket that it is on.
    pub ticket: Option<TicketNumber>,
}

/// One check's word, with what it was given: the same again gives the same word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The check.
    pub check: String,
    /// The hash of its text and of the sections that it reads.
    pub inputs: Hash,
    /// What it says; nothing where it does not concern the machine.
    pub finding: Option<Finding>,
}

/// A snapshot, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The machine.
    pub agent: AgentId,
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The ticket that it is on.
    pub ticket: Option<TicketNumber>,
    /// The hash of all checks that it was judged by.
    pub checks: Hash,
    /// What each says.
    pub judgements: Vec<Judgement>,
}

/// Findings.
pub trait Findings {
    /// The snapshots that wait to be judged: those on tickets first, then the oldest.
    fn unjudged(&self, limit: u32) -> impl Future<Output = Result<Vec<Unjudged>>> + Send;
    /// Keeps what was said of a snapshot, in the place of what was said before, and tells it on the
    /// ticket the first time. False if the snapshot is gone.
    fn keep_judged(
        &self,
        judged: &Judged,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// What was said of a snapshot.
    fn judged(
        &self,
        agent: AgentId,
        snapshot: SnapshotId,
    ) -> impl Future<Output = Result<Option<Judged>>> + Send;
    /// What was said of the machine last.
    fn last_judged(&self, agent: AgentId) -> impl Future<Output = Result<Option<Judged>>> + Send;
    /// Puts the latest snapshot of each machine back among those that wait, where it was judged by
    /// other checks than these; answers how many.
    fn judge_again(&self, checks: Hash) -> impl Future<Output = Result<u64>> + Send;
    /// On how many machines each check fails or warns now.
    fn troubled(&self) -> impl Future<Output = Result<BTreeMap<String, u64>>> + Send;
}
