//! Runbooks: what a run of one comes to. What one is, and how it runs, is `befund-runbook`'s.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::{Acted, Prediction, Risk};
use crate::probe::ProbeResult;

/// What a detector says of a cause. A detector whose facts are missing says `Unknown`, never
/// `Excluded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CauseVerdict {
    /// The facts show it.
    Found,
    /// The facts rule it out.
    Excluded,
    /// The facts needed are missing.
    Unknown,
    /// It would follow from another cause that was found.
    Explained,
}

/// The evidence of a cause that was ruled out where its runbook names none: what the verdict says already.
pub const RULED_OUT: &str = "ruled out by the facts";

/// One cause, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Cause {
    /// Its id within the runbook, as in `dns-dead`.
    pub id: String,
    /// What it says of the machine, for a technician.
    pub title: String,
    /// The verdict.
    pub verdict: CauseVerdict,
    /// The evidence, or what was missing; one line.
    pub evidence: String,
    /// What to do about it; empty unless it was found.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advice: String,
}

/// What a runbook came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunbookResult {
    /// Its name, as in `net.no-internet`.
    pub runbook: String,
    /// Its version.
    pub version: u32,
    /// One sentence for a technician.
    pub conclusion: String,
    /// The causes, in the runbook's order.
    pub causes: Vec<Cause>,
    /// What each collecting step measured last, by the step's name.
    pub facts: BTreeMap<String, ProbeResult>,
    /// What they measured before anything was changed; empty where nothing was.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub before: BTreeMap<String, ProbeResult>,
    /// How it was meant.
    #[serde(default)]
    pub mode: Mode,
    /// What people answered, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// The fixes that were tried, or would be, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// Whether the trouble is over; absent where that was not asked or could not be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    /// The group that it should go to next; absent where it need not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<String>,
    /// Why it cannot be told to which group it should go, where it should go on: then to the ticket's next level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_unknown: Option<String>,
}

impl RunbookResult {
    /// Whether the runbook says that the ticket should go on, to whomever.
    #[must_use]
    pub const fn escalates(&self) -> bool {
        self.escalate_to.is_some() || self.escalate_unknown.is_some()
    }
}

/// How a run is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// For real.
    #[default]
    Run,
    /// Measure and judge, and tell what each fix would change.
    Dry,
}

/// A person's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Answer {
    /// The question's name.
    pub question: String,
    /// What is taken as answered.
    pub answer: String,
    /// Who answered, as in `the user (anna)`, or `nobody` where the default is taken.
    pub by: String,
}

/// Which fix of a runbook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FixRef {
    /// The cause that it is for.
    pub cause: String,
    /// Its place among that cause's fixes, from 0.
    pub index: u32,
}

/// A fix that was tried, as far as it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// Which.
    pub fix: FixRef,
    /// The action's name, or the script's path in the catalogue.
    pub act: String,
    /// Its parameters, an object.
    pub parameters: Value,
    /// Its risk.
    pub risk: Risk,
    /// What it would change, as told before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Prediction>,
    /// Who agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    /// Who signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acted: Option<Acted>,
    /// What came of undoing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Acted>,
    /// How far it went.
    pub end: AttemptEnd,
    /// Why it went no further; empty where it was verified.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// How far a fix went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// A dry run: it was only predicted.
    Predicted,
    /// Its condition does not hold, or it would change nothing.
    Needless,
    /// A person or the policy did not agree.
    Refused,
    /// Nobody signed it.
    NotApproved,
    /// It failed.
    Failed,
    /// It was done, and the cause is gone.
    Verified,
    /// It was done, and the cause is still there.
    NotVerified,
    /// It was done, and what had to hold afterwards did not, so that it was undone.
    Reverted,
    /// Nobody can tell whether it was done.
    Indeterminate,
}

/// The facts of a runbook's steps, by the step's name.
pub type Facts = BTreeMap<String, ProbeResult>;
