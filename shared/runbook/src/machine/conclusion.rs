//! The sentence in which a run is told: what was found, what was done about it, whether it helped, or why not.

use befund_model::runbook::{Attempt, AttemptEnd, Cause, CauseVerdict, Mode, RunbookResult};

use super::judging::Held;
use super::lines;

/// The most causes and attempts that are named.
const MAX_NAMED: usize = 4;
/// The most characters of it.
const MAX_CONCLUSION: usize = 1_000;

/// The sentence of a result that has everything else.
pub(super) fn of(
    result: &RunbookResult,
    accepted: &Held,
    early: Option<&str>,
    escalate_to: &Result<Option<String>, String>,
) -> String {
    let mut parts = vec![found(&result.causes)];
    let tried: Vec<_> = result.attempts.iter().map(|attempt| done(attempt, result.mode)).collect();
    if let Some(tried) = several(&tried, "; ") {
        parts.push(tried);
    }
    if let Some(reason) = early {
        parts.push(format!("the run ended early: {reason}"));
    }
    match accepted {
        Held::Yes => parts.push("the trouble is over".to_owned()),
        Held::No => parts.push("the trouble is not over".to_owned()),
        Held::Unknown(_) if early.is_some() => {}
        Held::Unknown(reason) => {
            parts.push(format!("whether the trouble is over is unknown ({reason})"));
        }
    }
    match escalate_to {
        Ok(None) => {}
        Ok(Some(group)) => parts.push(format!("it should go to {group}")),
        Err(reason) => {
            parts.push(format!(
                "it should go on to the next level; to which group could not be told ({reason})"
            ));
        }
    }
    let sentence = lines::cut(&parts.join("; "), MAX_CONCLUSION);
    format!("{sentence}.")
}

fn found(causes: &[Cause]) -> String {
    let of = |verdict| causes.iter().filter(move |cause| cause.verdict == verdict);
    let found: Vec<_> = of(CauseVerdict::Found)
        .map(|cause| format!("“{}” ({})", cause.title, cause.evidence))
        .collect();
    if let Some(found) = several(&found, ", ") {
        return format!("Found: {found}");
    }
    let unknown: Vec<_> = of(CauseVerdict::Unknown)
        .map(|cause| format!("“{}” ({})", cause.title, cause.evidence))
        .collect();
    match (several(&unknown, ", "), causes.len()) {
        (_, 0) => "No cause was judged".to_owned(),
        (Some(unknown), _) => format!("No cause was found, and unknown is {unknown}"),
        (None, 1) => "The one cause that it looks for is excluded".to_owned(),
        (None, count) => format!("All {count} causes that it looks for are excluded"),
    }
}

fn done(attempt: &Attempt, mode: Mode) -> String {
    let act = &attempt.act;
    let how = match attempt.end {
        AttemptEnd::Predicted => match &attempt.prediction {
            Some(prediction) if prediction.known => "was only predicted",
            Some(_) | None => "cannot be predicted",
        },
        AttemptEnd::Needless if mode == Mode::Dry => "would not be done",
        AttemptEnd::Needless => "was not done",
        AttemptEnd::Refused => "was not agreed to",
        AttemptEnd::NotApproved => "was not approved",
        AttemptEnd::Failed => "failed",
        AttemptEnd::Verified => "was done and verified",
        AttemptEnd::NotVerified => "was done and not verified",
        AttemptEnd::Reverted => "was done and undone",
        AttemptEnd::Indeterminate => "may or may not have been done",
    };
    match attempt.reason.as_str() {
        "" => format!("{act} {how}"),
        reason => format!("{act} {how} ({reason})"),
    }
}

fn several(parts: &[String], between: &str) -> Option<String> {
    let more = parts.len().saturating_sub(MAX_NAMED);
    let named = parts[..parts.len() - more].join(between);
    match (parts, more) {
        ([], _) => None,
        (_, 0) => Some(named),
        (_, more) => Some(format!("{named}{between}and {more} more")),
    }
}
