//! A rehearsal: a runbook tried on recorded facts, with what is expected of it. As data, so that whoever writes a
//! runbook writes its tests in the same way.
//!
//! ```yaml
//! runbook: net.no-internet
//! scenario: dead DNS
//! facts:                            # what each collecting step measures; one that is not named fails
//!   link: {interfaces: [{name: eth0, physical: true}]}
//!   web: {status: timeout, reason: no answer within 10 s}
//!   addr: {status: ok, verdict: fail, facts: {ipv4: []}}
//! now: 2026-11-26T12:00:00Z         # when it is judged, for facts with times in them
//! inputs: {site: intranet.example}  # defaults for what is not named
//! mode: run                         # or dry
//! answers: {scope: "no"}            # nobody answers what is not named
//! consent: yes                      # or no
//! approval: yes                     # or no
//! predictions: {dns-dead/0: nothing}      # changes (unless told otherwise), nothing, or unknown
//! acts: {dns-dead/1: {status: failed, reason: access denied}}     # ok unless told otherwise
//! then:                             # what is measured once a fix was done; what is not named stays
//!   dns-dead/0: {dns: {servers: [{answered: true}]}}
//! expect:
//!   causes: {dns-dead: found, link-down: excluded}
//!   attempts: {dns-dead/0: verified}      # if it is there, no other may be tried, but for needless ones
//!   accepted: true                  # or false, or unknown
//!   escalate_to: L2-network         # "" for nobody
//!   conclusion: [verified, "is over"]     # words in it
//! ```
//!
//! Facts stand for `ok` with these facts and the verdict `pass`, unless there is a `status`: then it is a result, with
//! `status`, `reason`, `verdict` and `facts` (facts with a `status` of their own are always written so). Without facts
//! the verdict is `unknown`. Keys that are not named here are refused; so, as expectations that are not met, are
//! steps, fixes and causes that the runbook does not have. No time passes but while the run waits.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use befund_model::Timestamp;
use befund_model::probe::Verdict;
use befund_model::runbook::{AttemptEnd, CauseVerdict, Mode};
use befund_model::snapshot::Status;

use crate::document::Runbook;

mod play;
mod report;
mod text;

#[cfg(test)]
mod tests;

pub use play::rehearse;
pub use report::{Line, Report};
pub use text::{Unread, read};

/// Rehearses the runbook with the expressions' real meaning, at the rehearsal's time or, where it has none, at `now`.
#[must_use]
pub fn rehearse_at(runbook: &Runbook, rehearsal: &Rehearsal, now: Timestamp) -> Report {
    let now = rehearsal.now.unwrap_or(now);
    rehearse(runbook, rehearsal, |expressions, scope, missing| {
        befund_expression::evaluate(expressions, scope, missing, now)
    })
}

/// A rehearsal, as it is written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// The runbook's name.
    pub runbook: String,
    /// What it is about, in a few words.
    pub scenario: String,
    /// What is measured at first.
    pub facts: Scene,
    /// What `now` is in expressions.
    #[serde(default)]
    pub now: Option<Timestamp>,
    /// What whoever starts it sets.
    #[serde(default)]
    pub inputs: BTreeMap<String, Value>,
    /// How it is meant.
    #[serde(default)]
    pub mode: Mode,
    /// What people answer, by the question's name.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// Whether people agree to fixes.
    #[serde(default)]
    pub consent: Assent,
    /// Whether fixes are signed.
    #[serde(default)]
    pub approval: Assent,
    /// What fixes say they would change, by `CAUSE/INDEX`.
    #[serde(default)]
    pub predictions: BTreeMap<String, Foretold>,
    /// How fixes come out, by `CAUSE/INDEX`.
    #[serde(default)]
    pub acts: BTreeMap<String, Played>,
    /// What is measured once a fix was done, by `CAUSE/INDEX`.
    #[serde(default)]
    pub then: BTreeMap<String, Scene>,
    /// What is expected of the run.
    pub expect: Expected,
}

/// What is measured, by the name of the collecting step.
pub type Scene = BTreeMap<String, Recorded>;

/// What one step measures.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Recorded {
    /// How it comes out.
    pub status: Status,
    /// Why it is not `ok`.
    pub reason: String,
    /// What it says of the machine.
    pub verdict: Verdict,
    /// The facts; null for none.
    pub facts: Value,
}

/// Whether somebody agrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Value")]
pub enum Assent {
    /// Yes.
    #[default]
    Yes,
    /// No.
    No,
}

/// What a fix says it would change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Foretold {
    /// Something.
    #[default]
    Changes,
    /// Nothing: the machine is so already.
    Nothing,
    /// It cannot say.
    Unknown,
}

/// How a fix comes out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Played {
    /// How.
    pub status: Status,
    /// Why it is not `ok`.
    #[serde(default)]
    pub reason: String,
}

/// What is expected of the run. What is not named is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The causes' verdicts, by id; of one that was put right, that it was found.
    #[serde(default)]
    pub causes: BTreeMap<String, CauseVerdict>,
    /// The fixes that are tried, by `CAUSE/INDEX`, and how far they go. No others may be, but for needless ones.
    #[serde(default)]
    pub attempts: Option<BTreeMap<String, AttemptEnd>>,
    /// Whether the trouble is over.
    #[serde(default)]
    pub accepted: Option<Accepted>,
    /// The group that the ticket goes to; empty for none.
    #[serde(default)]
    pub escalate_to: Option<String>,
    /// What the conclusion has in it.
    #[serde(default)]
    pub conclusion: Vec<String>,
}

/// Whether the trouble is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Value")]
pub enum Accepted {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It cannot be told.
    Unknown,
}

impl TryFrom<Value> for Recorded {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            status: Status,
            #[serde(default)]
            reason: String,
            verdict: Option<Verdict>,
            #[serde(default)]
            facts: Value,
        }

        if !value.is_object() {
            return Err(format!("facts are written as an object; this is {value}"));
        }
        if value.get("status").is_none() {
            let (status, verdict) = (Status::Ok, Verdict::Pass);
            return Ok(Self { status, reason: String::new(), verdict, facts: value });
        }
        let Whole { status, reason, verdict, facts } =
            Whole::deserialize(&value).map_err(|error| {
                format!("{error}; facts with a `status` of their own stand under `facts`, beside the measurement's `status`")
            })?;
        let usual = if facts.is_null() { Verdict::Unknown } else { Verdict::Pass };
        Ok(Self { status, reason, verdict: verdict.unwrap_or(usual), facts })
    }
}

// `yes` is a word in one version of YAML, and a truth in another.
impl TryFrom<Value> for Assent {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match (value.as_bool(), value.as_str()) {
            (Some(true), _) | (_, Some("yes")) => Ok(Self::Yes),
            (Some(false), _) | (_, Some("no")) => Ok(Self::No),
            _ => Err(format!("{value} is neither yes nor no")),
        }
    }
}

impl TryFrom<Value> for Accepted {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match (value.as_bool(), value.as_str()) {
            (Some(true), _) | (_, Some("yes")) => Ok(Self::Yes),
            (Some(false), _) | (_, Some("no")) => Ok(Self::No),
            (_, Some("unknown")) => Ok(Self::Unknown),
            _ => Err(format!("{value} is neither true, false nor unknown")),
        }
    }
}
