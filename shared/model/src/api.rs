//! The bodies of the REST API that are not domain types themselves: shared by the controller, which
//! serves them, and the command line, which reads them. DESIGN: `/api/v1`, JSON, keyset paging.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::diff::{Between, Change, SnapshotDiff};
use crate::finding::Finding;
use crate::id::{AgentId, CredentialId, SnapshotId, TicketNumber, TokenId};
use crate::job::Work;
use crate::language::Text;
use crate::machine::{Machine, MachineTrust};
use crate::operator::Operator;
use crate::snapshot::{Manifest, SectionKind, SectionRef};
use crate::ticket::{Level, Priority, Ticket, TicketChange, TicketStatus, TimelineEntry};

mod runbooks;

pub use runbooks::{
    AddTrustRoot, AnswerQuestion, ApproveFix, BriefView, CatalogueDocument, CatalogueView,
    CauseEffect, PublishCatalogue, RunbookInfo, StartUndo, TrustRootView,
};

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Pass it as `after` for the next page; none when this was the last.
    pub next: Option<String>,
}

/// What an error looks like: a stable code for programs, words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// One of a closed set, as in `not_found`, `conflict`, `invalid`, `unauthenticated`,
    /// `forbidden`, `too_large`, `unavailable`, `internal`.
    pub code: String,
    /// What was attempted, on what, why it failed and what to do.
    pub message: String,
}

/// `POST /api/v1/login`
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Login {
    /// The account's name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// What the personal token is for, to tell it from others (`befund on PC-9`).
    pub label: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The answer to [`Login`]: a personal token, shown once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LoggedIn {
    /// The token; sent as `Authorization: Bearer …`.
    pub token: String,
    /// Its public half.
    pub credential: CredentialId,
    /// When it ends.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub expires_at: Timestamp,
    /// Whose it is.
    pub operator: Operator,
}

/// `POST /api/v1/tickets`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewTicket {
    /// One line.
    pub subject: String,
    /// What the requester said.
    #[serde(default)]
    pub message: String,
    /// Who asked; the caller if empty.
    #[serde(default)]
    pub requester: String,
    /// The machine: its id or its name.
    #[serde(default)]
    pub machine: Option<String>,
    /// Normal if absent.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// L1 if absent.
    #[serde(default)]
    pub level: Option<Level>,
}

/// `POST /api/v1/tickets/{number}/changes`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChangeTicket {
    /// The version that the caller saw; the change is refused (409) if the ticket moved on. Comments
    /// may leave it out.
    #[serde(default)]
    pub version: Option<i64>,
    /// The change.
    pub change: TicketChange,
}

/// `GET /api/v1/tickets/{number}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TicketView {
    /// The ticket.
    pub ticket: Ticket,
    /// Its machine, if it has one.
    pub machine: Option<Machine>,
    /// Whether that machine's agent is connected now.
    #[serde(default)]
    pub connected: bool,
    /// Its timeline, oldest first.
    pub timeline: Vec<TimelineEntry>,
}

/// The query of `GET /api/v1/tickets`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TicketQuery {
    /// Only this status; all but closed if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TicketStatus>,
    /// All statuses, closed too.
    #[serde(default)]
    pub all: bool,
    /// Only this priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Only this level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Only this assignee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Only this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<AgentId>,
    /// Only this requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// Only subjects that contain this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Where to go on: the last page's `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Rows, 50 if absent, 500 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The query of `GET /api/v1/machines`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MachineQuery {
    /// Only names that contain this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Where to go on: the last page's `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Rows, 50 if absent, 500 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A machine with what the gate knows of it right now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MachineView {
    /// The machine.
    #[serde(flatten)]
    pub machine: Machine,
    /// Whether its agent is connected now.
    pub connected: bool,
    /// What it trusts and keeps, as it last said; absent where it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<MachineTrust>,
}

/// A snapshot as the controller keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SnapshotRecord {
    /// The machine.
    pub agent: AgentId,
    /// When the controller had all of it.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub received_at: Timestamp,
    /// The ticket that it came with.
    pub ticket: Option<TicketNumber>,
    /// What it is made of.
    pub manifest: Manifest,
    /// That somebody calls it good: how this machine should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<GoodMark>,
}

/// Who called a snapshot good, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct GoodMark {
    /// The technician's name.
    pub by: String,
    /// When.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub at: Timestamp,
}

/// `POST /api/v1/snapshots/{snapshot}/good`: calls a snapshot good, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallGood {
    /// Whether it is.
    pub good: bool,
}

/// An entry of `GET /api/v1/machines/{machine}/history`: what changed from one snapshot to the next that
/// differs from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HistoryEntry {
    /// The snapshot that shows it first.
    pub snapshot: SnapshotId,
    /// The one before.
    pub before: SnapshotId,
    /// Between which times it happened.
    pub between: Between,
    /// The ticket that the snapshot came with.
    pub ticket: Option<TicketNumber>,
    /// The changes that explain trouble most often.
    pub changes: Vec<KindOfChange>,
    /// How many more there are.
    pub more: u32,
}

/// A change with the section that it is in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct KindOfChange {
    /// The section.
    pub section: SectionKind,
    /// The change.
    #[serde(flatten)]
    pub change: Change,
}

/// A section with its content.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SectionView {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Its line of the manifest.
    pub line: SectionRef,
    /// The content, as the machine sent it.
    pub content: Value,
}

/// `GET /api/v1/snapshots/{snapshot}/findings`: what the checks say of a snapshot, worst and rarest
/// first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FindingsView {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Whether it was judged; until then there are no findings.
    pub judged: bool,
    /// What was found.
    pub findings: Vec<FindingView>,
}

/// `GET /api/v1/snapshots/{snapshot}/changes`: what has changed since the machine was last well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChangesView {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// What it is compared with; absent where nothing came before it.
    pub since: Option<SnapshotRecord>,
    /// Whether that one is good: somebody has called it so, or none of the checks that fail now failed then.
    pub good: bool,
    /// What differs.
    pub diff: SnapshotDiff,
}

/// A finding with what its check says to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FindingView {
    /// The finding.
    pub finding: Finding,
    /// On how many machines this check fails or warns now.
    pub machines: u64,
    /// The check's words; absent for a check that is no longer there.
    pub check: Option<CheckView>,
}

/// A check as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CheckView {
    /// Its id, as in `disk.space`.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// The kind of complaint that it helps with.
    pub category: String,
    /// What it is about.
    pub title: Text,
    /// What the verdict means, for a technician.
    pub explanation: Text,
    /// One sentence for the person at the machine.
    pub user: Text,
    /// What to do.
    pub remedy: Text,
    /// Where to read on.
    pub references: Vec<String>,
}

/// `POST /api/v1/jobs`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewJob {
    /// The machine: its id or its name.
    pub machine: String,
    /// What to run.
    pub work: Work,
    /// Its parameters, a JSON object.
    #[serde(default)]
    pub parameters: Value,
    /// The ticket that its events go to.
    #[serde(default)]
    pub ticket: Option<TicketNumber>,
    /// How long it may wait for the machine; three days if absent.
    #[serde(default)]
    pub deadline_seconds: Option<u64>,
    /// How a runbook is meant.
    #[serde(default)]
    pub mode: crate::runbook::Mode,
}

/// One line of `GET /api/v1/works`: a probe, which can be run on a machine by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WorkInfo {
    /// Its name, as a job names it.
    pub work: Work,
    /// One line.
    pub title: String,
    /// The parameters that it takes, as a JSON schema of an object.
    pub parameters: Value,
}

/// `POST /api/v1/enrollment-tokens`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewEnrollmentToken {
    /// How many machines may use it; 1 if absent.
    #[serde(default)]
    pub uses: Option<u32>,
    /// How long it is valid; 30 minutes if absent.
    #[serde(default)]
    pub valid_seconds: Option<u64>,
    /// The group that its machines go into.
    #[serde(default)]
    pub group: Option<String>,
    /// Only from this network, as in `10.1.0.0/16`.
    #[serde(default)]
    pub network: Option<String>,
}

/// The answer to [`NewEnrollmentToken`]: the token, shown once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EnrollmentTokenMade {
    /// The token, as `befund-agent enroll` takes it.
    pub token: String,
    /// Its public half.
    pub id: TokenId,
    /// When it ends.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub expires_at: Timestamp,
}
