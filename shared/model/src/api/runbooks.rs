//! Runbooks over the REST API: catalogues, trust roots, what fits a ticket, and what is said to a job.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::action::Risk;
use crate::id::JobId;
use crate::language::Text;
use crate::ticket::Level;

/// The body of `POST /api/v1/catalogues`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PublishCatalogue {
    /// The manifest, exactly as it was signed.
    pub manifest: String,
    /// Its signatures, each as `ssh-keygen -Y sign -n befund-catalogue` writes it.
    pub signatures: Vec<String>,
    /// The files that it names: path and content.
    pub files: BTreeMap<String, String>,
}

/// A catalogue that was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CatalogueView {
    /// Its version.
    pub version: u64,
    /// The SHA-256 of its manifest, 64 hexadecimal digits.
    pub sha256: String,
    /// When it was published.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub published_at: Timestamp,
    /// By whom.
    pub published_by: String,
    /// From when on no machine takes it.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub expires: Timestamp,
    /// The files that it has; none in one that withdraws whatever was before.
    pub files: Vec<String>,
    /// Whether it is the one that machines are handed.
    pub current: bool,
}

/// A catalogue's manifest with its signatures, for those who verify them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CatalogueDocument {
    /// The manifest, exactly as it was signed.
    pub manifest: String,
    /// Its signatures.
    pub signatures: Vec<String>,
}

/// The body of `POST /api/v1/trust-roots`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AddTrustRoot {
    /// The root, exactly as it was signed.
    pub root: String,
    /// Its signatures, each as `ssh-keygen -Y sign -n befund-root` writes it.
    pub signatures: Vec<String>,
}

/// A trust root that machines are handed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TrustRootView {
    /// Its version.
    pub version: u64,
    /// Its SHA-256, 64 hexadecimal digits: what machines are pinned to.
    pub sha256: String,
    /// From when on it is not good.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub expires: Timestamp,
    /// The root, exactly as it was signed.
    pub root: String,
    /// Its signatures.
    pub signatures: Vec<String>,
}

/// A runbook of the current catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunbookInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// What it is for.
    pub title: Text,
    /// What it does.
    pub about: Text,
    /// The systems that it is for: `linux`, `windows`, `macos`; all if empty.
    pub systems: Vec<String>,
    /// The most that any of its fixes may do.
    pub risk: Risk,
    /// What may be set, as a JSON schema of an object.
    pub inputs: Value,
    /// How well it fits what was asked for: more is better, 0 for not at all.
    pub fit: u32,
    /// Why it fits, for people: the failing checks and words.
    pub reasons: Vec<String>,
    /// How often each of its causes and fixes came up, and what became of them.
    pub effects: Vec<CauseEffect>,
}

/// The body of `POST /api/v1/tickets/{number}/undo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartUndo {
    /// The machine: its id or its name; that of the ticket if absent.
    #[serde(default)]
    pub machine: Option<String>,
}

/// How often a cause, or a fix for it, came up and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CauseEffect {
    /// The runbook.
    pub runbook: String,
    /// The cause.
    pub cause: String,
    /// The fix's place among those of the cause, from 0; absent for the cause itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<u32>,
    /// What the fix does; empty for the cause itself.
    pub act: String,
    /// What the cause, or the fix, is called in the current catalogue; absent if it has none of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// In how many runs the cause was found, or the fix was up.
    pub came_up: u64,
    /// In how many the fix was done.
    pub done: u64,
    /// In how many the cause was gone afterwards.
    pub verified: u64,
    /// How many of the tickets of those runs were opened again afterwards; of a fix, of those runs in which the cause
    /// was gone after it.
    pub came_back: u64,
}

/// The body of `POST /api/v1/jobs/{job}/answer`: an answer to a question that the job asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerQuestion {
    /// The question's name.
    pub question: String,
    /// The choice.
    pub answer: String,
    /// Whether it is given for the user, as on the phone; it is recorded so.
    #[serde(default)]
    pub for_user: bool,
}

/// The body of `POST /api/v1/jobs/{job}/approval`: signatures under the statement that a job asks to have
/// signed, or the word that it will not be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApproveFix {
    /// Which fix.
    pub fix: crate::runbook::FixRef,
    /// The signatures, each as `ssh-keygen -Y sign` writes it; none to decline.
    pub signatures: Vec<String>,
}

/// What whoever takes a ticket over has to know: the answer of `GET /api/v1/tickets/{number}/brief`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BriefView {
    /// The run that it tells of.
    pub job: JobId,
    /// The ticket's version.
    pub version: i64,
    /// The level that the ticket would go to.
    pub level: Level,
    /// The brief, plain text.
    pub text: String,
}
