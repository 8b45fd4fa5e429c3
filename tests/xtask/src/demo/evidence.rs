//! What shows that each step really happened: the ticket, as the controller tells it to a program.

use serde_json::Value;

/// Checks the ticket; what was found, in words.
///
/// # Errors
/// What is missing.
pub(crate) fn check(
    view: &Value,
    agent: &str,
    message: &str,
    runbook: &str,
) -> Result<String, String> {
    let missing = |what: &str| format!("the ticket does not show {what}: {view:#}");
    let ticket = view.get("ticket").ok_or_else(|| missing("itself"))?;
    if ticket.get("machine").and_then(Value::as_str) != Some(agent) {
        return Err(missing("this machine's certified identity"));
    }
    let timeline = view.get("timeline").and_then(Value::as_array);
    let events: Vec<&Value> =
        timeline.into_iter().flatten().filter_map(|entry| entry.get("event")).collect();
    let of_kind = |kind: &'static str| {
        events
            .iter()
            .copied()
            .filter(move |event| event.get("kind").and_then(Value::as_str) == Some(kind))
    };

    if !of_kind("opened").any(|event| event.get("message").and_then(Value::as_str) == Some(message))
    {
        return Err(missing("the user's words"));
    }
    let sections = of_kind("snapshot_attached")
        .next()
        .and_then(|event| event.get("sections")?.as_u64())
        .filter(|sections| *sections > 0)
        .ok_or_else(|| missing("a snapshot with sections"))?;

    let is_ours = |event: &&Value| {
        let name = event.get("work").and_then(|work| work.get("runbook")?.as_str());
        name == Some(runbook)
    };
    let job = of_kind("job_started")
        .find(is_ours)
        .and_then(|event| event.get("job"))
        .ok_or_else(|| missing("that the runbook was started"))?;
    let live = of_kind("output").filter(|event| event.get("job") == Some(job)).count();
    if live == 0 {
        return Err(missing("what the runbook said while it ran"));
    }
    let results: Vec<&Value> =
        of_kind("result").filter(is_ours).filter(|event| event.get("job") == Some(job)).collect();
    match results[..] {
        [result] if result.get("state").and_then(Value::as_str) == Some("done") => Ok(format!(
            "a snapshot of {sections} sections, {live} live events of the runbook, and its result"
        )),
        [_] => Err(missing("that the runbook was done")),
        [] => Err(missing("the runbook's result")),
        _ => Err(missing("the runbook's result exactly once")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn view() -> Value {
        let work = json!({ "runbook": "r" });
        json!({ "ticket": { "machine": "a" }, "timeline": [
            { "event": { "kind": "opened", "message": "m" } },
            { "event": { "kind": "snapshot_attached", "sections": 20 } },
            { "event": { "kind": "job_started", "job": "j", "work": work } },
            { "event": { "kind": "output", "job": "j", "news": "started" } },
            { "event": { "kind": "result", "job": "j", "work": work, "state": "done" } },
        ]})
    }

    #[test]
    fn a_whole_ticket_is_evidence() {
        let found = check(&view(), "a", "m", "r").expect("all there");
        assert!(found.contains("20 sections"), "{found}");
    }

    #[test]
    fn each_missing_piece_is_noticed() {
        for at in 0..5 {
            let mut view = view();
            view["timeline"].as_array_mut().expect("a list").remove(at);
            assert!(check(&view, "a", "m", "r").is_err(), "without entry {at}");
        }
        let mut failed = view();
        failed["timeline"][4]["event"]["state"] = json!("failed");
        let mut empty = view();
        empty["timeline"][1]["event"]["sections"] = json!(0);
        let mut twice = view();
        let result = twice["timeline"][4].clone();
        twice["timeline"].as_array_mut().expect("a list").push(result);
        let mut other = view();
        other["timeline"][3]["event"]["job"] = json!("k");
        for bad in [failed, empty, twice, other] {
            assert!(check(&bad, "a", "m", "r").is_err(), "{bad}");
        }
        assert!(check(&view(), "b", "m", "r").is_err());
        assert!(check(&view(), "a", "n", "r").is_err());
        assert!(check(&view(), "a", "m", "s").is_err());
    }
}
