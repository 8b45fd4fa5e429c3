//! What can be asked of the store and what can be changed, by topic. Implemented by
//! `Store`, over either database.

mod findings;
mod people;
mod runbooks;
mod work;

use std::collections::{HashMap, HashSet};
use std::future::Future;

use befund_model::Timestamp;
use befund_model::api::{MachineQuery, Page, SnapshotRecord, TicketQuery};
use befund_model::audit::By;
use befund_model::id::{AgentId, Hash, RequestId, SnapshotId, TicketNumber, TokenId};
use befund_model::machine::{Machine, MachineTrust};
use befund_model::snapshot::{Manifest, Purpose};
use befund_model::ticket::{InvalidChange, Ticket, TicketChange, TicketEvent, TimelineEntry};

pub use findings::{Findings, Judged, Judgement, Unjudged};
pub use people::{CredentialKind, NewCredential, Operators};
pub use runbooks::{Digest, KeptCatalogue, KeptRoot, Runbooks, Unheard};
pub use work::{Adopted, Audit, AuditReceipt, AuditedJob, JobProgress, JobReport, Jobs};

/// What every method may fail with.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed, or did not answer in time.
    #[error("the database could not {operation}")]
    Database {
        /// What was attempted, as in "commit a batch of snapshots".
        operation: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// There is no such thing.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What, as in "ticket".
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// Somebody else was faster.
    #[error("ticket {number} was changed meanwhile by {by}: look at it again, then decide")]
    Conflict {
        /// The ticket.
        number: TicketNumber,
        /// Who changed it last.
        by: String,
    },
    /// It makes no sense for the thing as it stands.
    #[error(transparent)]
    Change(#[from] InvalidChange),
    /// The name is taken.
    #[error("there is already {what} {name:?}")]
    Exists {
        /// What, as in "an account".
        what: &'static str,
        /// The name.
        name: String,
    },
    /// It does not follow on what there is.
    #[error("{what} {name} cannot be taken: it does not follow on what there is")]
    OutOfTurn {
        /// What, as in "trust root".
        what: &'static str,
        /// Which, and after what.
        name: String,
    },
    /// What is stored cannot be read back.
    #[error("what is stored of {what} cannot be understood: {problem}")]
    Corrupt {
        /// Of what.
        what: String,
        /// What is wrong.
        problem: String,
    },
}

/// A new enrollment token; the secret is known only as its hash.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its public half.
    pub id: TokenId,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// How many machines may use it.
    pub uses: u32,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The group that its machines go into; empty for none.
    pub group: String,
    /// Only from this network (CIDR); empty for any.
    pub network: String,
}

/// A token as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its public half.
    pub id: TokenId,
    /// Uses left.
    pub uses_left: u32,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its group.
    pub group: String,
    /// Its network.
    pub network: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// A machine that redeems a token.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// The token.
    pub token: TokenId,
    /// SHA-256 of the secret that was shown.
    pub secret_hash: [u8; 32],
    /// The id that the machine gets, unless the same key redeemed this token before.
    pub agent: AgentId,
    /// The new key's SubjectPublicKeyInfo, DER: the identity is bound to it.
    pub public_key: Vec<u8>,
    /// Host name, operating system, agent version.
    pub facts: MachineFacts,
    /// Where it came from.
    pub source: std::net::IpAddr,
}

/// What a machine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineFacts {
    /// Host name.
    pub name: String,
    /// Operating system, in words.
    pub os: String,
    /// The agent's version.
    pub agent_version: String,
}

/// How a redemption came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// A new identity.
    New(AgentId),
    /// The same key had redeemed the same token: the same identity, once more.
    Again(AgentId),
    /// No such token, or the secret is wrong (callers must not tell which).
    Unknown,
    /// It ended.
    Expired,
    /// It was used up.
    UsedUp,
    /// Not from this network.
    WrongNetwork,
}

/// What the gate must know to judge an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The agent.
    pub agent: AgentId,
    /// The bound key's SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// The last recovery's counter.
    pub recovery_counter: u64,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// What is known of an agent's presence, folded in memory and flushed in batches.
#[derive(Clone, Debug)]
pub struct Presence {
    /// The agent.
    pub agent: AgentId,
    /// When it was last heard of.
    pub seen_at: Timestamp,
    /// What it said at the start of its stream, if it began one since the last flush.
    pub facts: Option<MachineFacts>,
    /// Its clock minus ours, milliseconds, if it was measured since the last flush.
    pub clock_offset_ms: Option<i64>,
    /// What it trusts, if it said so since the last flush.
    pub trust: Option<MachineTrust>,
}

/// What came of a certificate's first use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebound {
    /// The identity is bound to its key.
    Bound,
    /// Its successor was used before: it is out of use.
    Stale,
}

/// Tokens and the machines' identities.
pub trait Agents {
    /// Keeps a new token.
    fn create_token(
        &self,
        token: NewToken,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
    /// All tokens that can still be used.
    fn tokens(&self, at: Timestamp) -> impl Future<Output = Result<Vec<TokenRecord>>> + Send;
    /// Uses a token: gives exactly as many identities as it has uses, however many ask at once.
    fn redeem(
        &self,
        redemption: Redemption,
        at: Timestamp,
    ) -> impl Future<Output = Result<Redeemed>> + Send;
    /// What an identity is bound to.
    fn binding(&self, agent: AgentId) -> impl Future<Output = Result<Option<Binding>>> + Send;
    /// Binds an identity to the key that it now uses (the first use of a renewed certificate), unless
    /// a certificate that is good for longer than this one, until `until`, has been used before.
    fn rebind(
        &self,
        agent: AgentId,
        public_key: &[u8],
        until: Timestamp,
    ) -> impl Future<Output = Result<Rebound>> + Send;
    /// Takes a recovery's counter if it exceeds the last; false if it does not.
    fn recover(
        &self,
        agent: AgentId,
        counter: u64,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Revokes an identity.
    fn revoke(
        &self,
        agent: AgentId,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<Machine>> + Send;
    /// Every revoked identity.
    fn revoked(&self) -> impl Future<Output = Result<HashSet<AgentId>>> + Send;
    /// Flushes what was folded.
    fn flush_presence(&self, presence: &[Presence]) -> impl Future<Output = Result<()>> + Send;
    /// What these machines trust, as they last said; those that never did are not in it.
    fn trusted(
        &self,
        agents: &[AgentId],
    ) -> impl Future<Output = Result<HashMap<AgentId, MachineTrust>>> + Send;
    /// A machine by its id.
    fn machine(&self, agent: AgentId) -> impl Future<Output = Result<Option<Machine>>> + Send;
    /// A machine by its id or its name (the one last seen, if several have it).
    fn find_machine(
        &self,
        id_or_name: &str,
    ) -> impl Future<Output = Result<Option<Machine>>> + Send;
    /// Machines by name.
    fn machines(&self, query: &MachineQuery) -> impl Future<Output = Result<Page<Machine>>> + Send;
}

/// A snapshot that came in whole.
#[derive(Clone, Debug)]
pub struct IncomingSnapshot {
    /// The machine.
    pub agent: AgentId,
    /// What it is made of.
    pub manifest: Manifest,
    /// Why it was sent; a request opens a ticket in the same transaction.
    pub purpose: Purpose,
    /// The sections that were sent: exact bytes, zstd-compressed. The others are said to be here.
    pub sections: Vec<(Hash, Vec<u8>)>,
    /// The machine's latest snapshot when they were said to be here, if it had one.
    pub basis: Option<Basis>,
}

/// A snapshot whose sections need not be looked up one by one: a machine owns those of its latest
/// snapshot for as long as that is the latest, since retention leaves it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// What it is made of.
    pub sections: HashSet<Hash>,
}

/// What a machine that offers a snapshot has sent before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownSections {
    /// Its latest snapshot: what it may send differences against.
    pub latest: Option<Manifest>,
    /// Those of the offered sections that it has sent before.
    pub own: HashSet<Hash>,
}

/// What came of an [`IncomingSnapshot`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ingested {
    /// Everything is durable.
    Stored {
        /// The ticket that the request opened.
        ticket: Option<TicketNumber>,
    },
    /// It had been taken earlier.
    Duplicate {
        /// The ticket that the request opened then.
        ticket: Option<TicketNumber>,
    },
    /// These sections are said to be here and are not (any more): send them.
    Missing(Vec<Hash>),
}

/// How long snapshots are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Snapshots taken before this are removed, unless they are a machine's latest or on a ticket.
    pub before: Timestamp,
}

/// What retention removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Snapshots.
    pub snapshots: u64,
    /// Sections that nothing referred to any more.
    pub sections: u64,
}

/// Snapshots and their sections.
pub trait Snapshots {
    /// The latest manifest of this machine.
    fn latest(&self, agent: AgentId) -> impl Future<Output = Result<Option<Manifest>>> + Send;
    /// Which of these sections this same machine has sent before, and its latest manifest.
    fn known_sections(
        &self,
        agent: AgentId,
        hashes: &[Hash],
    ) -> impl Future<Output = Result<KnownSections>> + Send;
    /// Commits a batch in one transaction (group commit); an answer for each, in order.
    fn ingest(
        &self,
        batch: Vec<IncomingSnapshot>,
        at: Timestamp,
    ) -> impl Future<Output = Result<Vec<Ingested>>> + Send;
    /// A section's stored bytes: one zstd frame.
    fn section(&self, hash: Hash) -> impl Future<Output = Result<Option<Vec<u8>>>> + Send;
    /// A snapshot.
    fn snapshot(
        &self,
        id: SnapshotId,
    ) -> impl Future<Output = Result<Option<SnapshotRecord>>> + Send;
    /// A machine's snapshots, latest first.
    fn snapshots(
        &self,
        agent: AgentId,
        after: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = Result<Page<SnapshotRecord>>> + Send;
    /// The machine's snapshots before this one, latest first.
    fn before(
        &self,
        record: &SnapshotRecord,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<SnapshotRecord>>> + Send;
    /// The last snapshot before this one that somebody calls good, however long ago.
    fn last_good(
        &self,
        record: &SnapshotRecord,
    ) -> impl Future<Output = Result<Option<SnapshotRecord>>> + Send;
    /// Calls a snapshot good, or no longer, if it is there.
    fn call_good(
        &self,
        id: SnapshotId,
        good: bool,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<Option<SnapshotRecord>>> + Send;
    /// Removes old snapshots but those of a ticket and those called good, and the sections that nothing refers to any more; safe beside uploads.
    fn retain(
        &self,
        retention: Retention,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<Removed>> + Send;
}

/// A ticket to be opened by a person at the controller.
#[derive(Clone, Debug)]
pub struct OpenTicket {
    /// One line.
    pub subject: String,
    /// What the requester said.
    pub message: String,
    /// Who asked.
    pub requester: String,
    /// The machine.
    pub machine: Option<AgentId>,
    /// How urgent.
    pub priority: befund_model::ticket::Priority,
    /// Which level.
    pub level: befund_model::ticket::Level,
}

/// Tickets and their timelines.
pub trait Tickets {
    /// Opens one.
    fn open(
        &self,
        ticket: OpenTicket,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<Ticket>> + Send;
    /// Changes one, if it still has this version (`None`: whatever its version).
    fn change(
        &self,
        number: TicketNumber,
        version: Option<i64>,
        change: &TicketChange,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<Ticket>> + Send;
    /// Writes an event that is no change of the ticket onto its timeline.
    fn tell(
        &self,
        number: TicketNumber,
        event: &TicketEvent,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<TimelineEntry>> + Send;
    /// A ticket.
    fn ticket(&self, number: TicketNumber) -> impl Future<Output = Result<Option<Ticket>>> + Send;
    /// The ticket that a request at a machine opened.
    fn ticket_of_request(
        &self,
        agent: AgentId,
        request: RequestId,
    ) -> impl Future<Output = Result<Option<TicketNumber>>> + Send;
    /// Tickets, urgent and old first.
    fn tickets(&self, query: &TicketQuery) -> impl Future<Output = Result<Page<Ticket>>> + Send;
    /// A timeline from after this entry on, oldest first.
    fn timeline(
        &self,
        number: TicketNumber,
        after: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<TimelineEntry>>> + Send;
}
