//! What a rehearsal came to: each expectation, and what was found instead.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use befund_model::runbook::{AttemptEnd, RunbookResult};

use super::{Accepted, Expected, Rehearsal};
use crate::document::Runbook;

/// What a rehearsal came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What it is about.
    pub scenario: String,
    /// Each expectation.
    pub lines: Vec<Line>,
    /// The run's own result.
    pub result: RunbookResult,
}

/// One expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Of what, as in `cause dns-dead`.
    pub of: String,
    /// What was expected, in words.
    pub expected: String,
    /// What was found, in words.
    pub found: String,
    /// Whether that is as expected.
    pub met: bool,
}

impl Report {
    /// Whether everything is as expected.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.lines.iter().all(|line| line.met)
    }

    pub(super) fn of(runbook: &Runbook, rehearsal: &Rehearsal, result: RunbookResult) -> Self {
        let mut lines = strangers(runbook, rehearsal);
        let Expected { causes, attempts, accepted, escalate_to, conclusion } = &rehearsal.expect;
        for (id, expected) in causes {
            let found = result.causes.iter().find(|cause| cause.id == *id);
            let found = found.map_or("not judged".to_owned(), |cause| word(&cause.verdict));
            lines.push(Line::same(format!("cause {id}"), word(expected), found));
        }
        if let Some(attempts) = attempts {
            lines.extend(tried(attempts, &result));
        }
        if let Some(accepted) = accepted {
            let expected = match accepted {
                Accepted::Yes => "true",
                Accepted::No => "false",
                Accepted::Unknown => "unknown",
            };
            let found = result.accepted.map_or("unknown".to_owned(), |over| over.to_string());
            lines.push(Line::same("accepted".to_owned(), expected.to_owned(), found));
        }
        if let Some(group) = escalate_to {
            let group = if group.is_empty() { "nobody" } else { group };
            let found = match (&result.escalate_to, &result.escalate_unknown) {
                (Some(group), _) => group.clone(),
                (None, Some(why)) => format!("unknown ({why})"),
                (None, None) => "nobody".to_owned(),
            };
            lines.push(Line::same("escalate_to".to_owned(), group.to_owned(), found));
        }
        for words in conclusion {
            lines.push(Line {
                of: "conclusion".to_owned(),
                expected: format!("has “{words}” in it"),
                found: result.conclusion.clone(),
                met: result.conclusion.contains(words.as_str()),
            });
        }
        Self { scenario: rehearsal.scenario.clone(), lines, result }
    }
}

impl Line {
    fn same(of: String, expected: String, found: String) -> Self {
        let met = expected == found;
        Self { of, expected, found, met }
    }
}

/// The word that a rehearsal's file has for it.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn tried(expected: &BTreeMap<String, AttemptEnd>, result: &RunbookResult) -> Vec<Line> {
    let found: BTreeMap<String, (String, bool)> = result
        .attempts
        .iter()
        .map(|attempt| {
            let said = match attempt.reason.as_str() {
                "" => word(&attempt.end),
                reason => format!("{} ({reason})", word(&attempt.end)),
            };
            let fix = format!("{}/{}", attempt.fix.cause, attempt.fix.index);
            let met = match expected.get(&fix) {
                Some(end) => *end == attempt.end,
                None => attempt.end == AttemptEnd::Needless,
            };
            (fix, (said, met))
        })
        .collect();
    let mut lines = Vec::new();
    for (fix, end) in expected {
        let (found, met) =
            found.get(fix).cloned().unwrap_or_else(|| ("not tried".to_owned(), false));
        lines.push(Line { of: format!("fix {fix}"), expected: word(end), found, met });
    }
    for (fix, (found, met)) in found {
        if !expected.contains_key(&fix) && !met {
            let expected = "not tried".to_owned();
            lines.push(Line { of: format!("fix {fix}"), expected, found, met });
        }
    }
    lines
}

/// What the rehearsal names and the runbook does not have.
fn strangers(runbook: &Runbook, rehearsal: &Rehearsal) -> Vec<Line> {
    let Rehearsal { facts, inputs, answers, predictions, acts, then, expect, .. } = rehearsal;
    let is_step = |name: &String| runbook.collect.iter().any(|step| step.name == *name);
    let is_cause = |id: &String| runbook.causes.iter().any(|cause| cause.id == *id);
    let is_fix = |name: &String| {
        runbook.causes.iter().any(|cause| {
            (0..cause.fixes.len()).any(|index| *name == format!("{}/{index}", cause.id))
        })
    };
    let is_question = |name: &String| runbook.ask.iter().any(|asked| asked.name == *name);
    let mut lines = Vec::new();
    let mut strange = |of: &str, name: &String, known: bool| {
        if !known {
            lines.push(Line {
                of: format!("{of} {name}"),
                expected: "in the runbook".to_owned(),
                found: "the runbook has none of this name".to_owned(),
                met: false,
            });
        }
    };
    if rehearsal.runbook != runbook.name {
        strange("runbook", &rehearsal.runbook, false);
    }
    let scenes = [facts].into_iter().chain(then.values());
    scenes.flat_map(BTreeMap::keys).for_each(|name| strange("step", name, is_step(name)));
    inputs.keys().for_each(|name| strange("input", name, runbook.inputs.contains_key(name)));
    answers.keys().for_each(|name| strange("question", name, is_question(name)));
    let fixes = predictions.keys().chain(acts.keys()).chain(then.keys());
    let fixes = fixes.chain(expect.attempts.iter().flat_map(BTreeMap::keys));
    fixes.for_each(|name| strange("fix", name, is_fix(name)));
    expect.causes.keys().for_each(|id| strange("cause", id, is_cause(id)));
    for (name, answer) in answers {
        let asked = runbook.ask.iter().find(|asked| asked.name == *name);
        let known = asked.is_none_or(|asked| asked.choice.iter().any(|one| one.value == *answer));
        strange("answer", answer, known);
    }
    lines
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_met() { "ok  " } else { "FAIL" };
        writeln!(f, "{mark} {}", self.scenario)?;
        for Line { of, expected, found, met } in &self.lines {
            if !met {
                writeln!(f, "     {of}: expected {expected}, found {found}")?;
            }
        }
        Ok(())
    }
}
