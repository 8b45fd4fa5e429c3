//! A check's verdict over a snapshot's facts.

use befund_model::finding::{Evidence, Finding};
use befund_model::probe::Verdict;
use cel::Value;

use crate::check::Check;
use crate::facts::Facts;

/// The most entries of a list that are shown as evidence.
const MOST_SHOWN: usize = 5;
/// The most characters of one line of evidence.
const MOST_LONG: usize = 300;

/// Judges; `None` for a check that does not concern this machine. A fact that is missing makes the
/// verdict unknown, never a pass.
#[must_use]
pub fn judge(check: &Check, facts: &Facts) -> Option<Finding> {
    for name in check.sections() {
        if let Some((status, reason)) = facts.lacking(name) {
            let section = name.replace('_', ".");
            let colon = if reason.is_empty() { "" } else { ": " };
            return Some(unknown(check, format!("{section} is {status}{colon}{reason}")));
        }
    }
    match check.applies.as_ref().map(|applies| applies.holds(facts.scope())) {
        Some(Ok(false)) => return None,
        Some(Err(reason)) => return Some(unknown(check, reason)),
        Some(Ok(true)) | None => {}
    }
    for (condition, verdict) in [(&check.fail, Verdict::Fail), (&check.warn, Verdict::Warn)] {
        match condition.as_ref().map(|condition| condition.holds(facts.scope())) {
            Some(Ok(true)) => return Some(finding(check, facts, verdict)),
            Some(Err(reason)) => return Some(unknown(check, reason)),
            Some(Ok(false)) | None => {}
        }
    }
    // Nobody asks what a pass rests on, and to show it would take as long again.
    let (check, version) = (check.id.clone(), check.version);
    let (verdict, reason, evidence) = (Verdict::Pass, String::new(), Vec::new());
    Some(Finding { check, version, verdict, reason, evidence })
}

fn finding(check: &Check, facts: &Facts, verdict: Verdict) -> Finding {
    let evidence = check
        .evidence
        .iter()
        .filter_map(|shown| {
            let value = shown.value.value(facts.scope()).ok().and_then(|value| text(&value))?;
            Some(Evidence { label: shown.label.clone(), value })
        })
        .collect();
    Finding {
        check: check.id.clone(),
        version: check.version,
        verdict,
        reason: String::new(),
        evidence,
    }
}

fn unknown(check: &Check, reason: String) -> Finding {
    let verdict = Verdict::Unknown;
    let evidence = Vec::new();
    Finding { check: check.id.clone(), version: check.version, verdict, reason, evidence }
}

/// A fact in words; nothing for what says nothing.
fn text(value: &Value) -> Option<String> {
    let words = match value {
        Value::List(items) => {
            let shown: Vec<String> = items.iter().take(MOST_SHOWN).filter_map(text).collect();
            let more = items.len().saturating_sub(MOST_SHOWN);
            let rest = if more > 0 { format!(", +{more}") } else { String::new() };
            format!("{}{rest}", shown.join(", "))
        }
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => format!("{number:.1}"),
        Value::String(text) => text.as_ref().clone(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    let words: String = words.chars().take(MOST_LONG).collect();
    (!words.is_empty()).then_some(words)
}
