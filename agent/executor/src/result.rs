//! Fitting a job's result into what may be sent.

use serde::Serialize;
use serde_json::Value;

use befund_model::job::{JobState, MAX_RESULT_BYTES, Outcome};
use befund_model::snapshot::Status;

/// Room for the rest of the outcome around its result.
const AROUND: usize = 4 << 10;

/// An outcome without a result.
pub(crate) fn without(state: JobState, status: Status, reason: impl Into<String>) -> Outcome {
    Outcome { state, status, reason: reason.into(), result: Value::Null, took_us: 0 }
}

/// An outcome with this result. One that is too large is cut: its lists and texts end early, the
/// status becomes partial and the reason says so.
pub(crate) fn with(
    state: JobState,
    status: Status,
    reason: String,
    result: &impl Serialize,
) -> Outcome {
    match serde_json::to_value(result) {
        Err(error) => {
            without(JobState::Failed, Status::Failed, format!("the result is not JSON: {error}"))
        }
        Ok(result) => fit(Outcome { state, status, reason, result, took_us: 0 }, MAX_RESULT_BYTES),
    }
}

fn fit(mut outcome: Outcome, cap: usize) -> Outcome {
    let room = cap.saturating_sub(AROUND);
    let mut keep = 4_096;
    let mut was_cut = false;
    while size(&outcome.result) > room {
        if keep == 0 {
            outcome.result = Value::Null;
        }
        shorten(&mut outcome.result, keep);
        keep /= 2;
        was_cut = true;
    }
    if was_cut {
        let mark = format!("the result was cut to fit into {} KiB: its lists end early", cap >> 10);
        outcome.reason = match outcome.reason.as_str() {
            "" => mark,
            reason => format!("{reason}; {mark}"),
        };
        if outcome.status == Status::Ok {
            outcome.status = Status::Partial;
        }
    }
    outcome.reason = crate::events::cut(&outcome.reason, 1 << 10);
    outcome
}

fn size(value: &Value) -> usize {
    serde_json::to_vec(value).map_or(0, |bytes| bytes.len())
}

/// Keeps `keep` entries of each list and `keep` bytes of each text.
fn shorten(value: &mut Value, keep: usize) {
    match value {
        Value::Array(entries) => {
            entries.truncate(keep);
            entries.iter_mut().for_each(|entry| shorten(entry, keep));
        }
        Value::Object(map) => map.values_mut().for_each(|entry| shorten(entry, keep)),
        Value::String(text) if text.len() > keep.max(64) => {
            *text = crate::events::cut(text, keep.max(64));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_large_result_is_cut_and_says_so() {
        let lines: Vec<_> = (0..20_000).map(|n| format!("line {n} of a long log")).collect();
        let outcome = with(JobState::Done, Status::Ok, String::new(), &json!({ "lines": lines }));
        assert!(size(&outcome.result) <= MAX_RESULT_BYTES);
        assert!(outcome.result["lines"].as_array().expect("a list").len() > 1_000);
        assert_eq!(outcome.status, Status::Partial);
        assert!(outcome.reason.contains("cut to fit"), "{}", outcome.reason);
    }

    #[test]
    fn whatever_it_is_made_of_it_fits() {
        let deep = (0..500)
            .fold(json!("x".repeat(5_000)), |inner, _| json!({ "k": [inner, "y".repeat(900)] }));
        let outcome = with(JobState::Done, Status::Ok, String::new(), &json!([deep]));
        assert!(size(&outcome.result) <= MAX_RESULT_BYTES);
    }

    #[test]
    fn a_small_result_is_untouched() {
        let outcome = with(JobState::Done, Status::Ok, String::new(), &json!({"a": 1}));
        assert_eq!((outcome.result, outcome.status), (json!({"a": 1}), Status::Ok));
    }
}
