//! What shows that each step really happened: ticket, job and machine, as the controller tells them to a program.

use serde_json::Value;

/// What the ticket has to show.
pub(crate) struct Wanted<'a> {
    /// The machine.
    pub(crate) agent: &'a str,
    /// The user's words.
    pub(crate) message: &'a str,
    /// What was run.
    pub(crate) runbook: &'a str,
}

/// Checks the ticket; the runbook's job, and what was found, in words.
///
/// # Errors
/// What is missing.
pub(crate) fn of_ticket(
    view: &Value,
    &Wanted { agent, message, runbook }: &Wanted<'_>,
) -> Result<(String, String), String> {
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
        [result] if result.get("state").and_then(Value::as_str) == Some("done") => {
            let job = job.as_str().ok_or_else(|| missing("the job's number"))?;
            let found = format!(
                "a snapshot of {sections} sections, {live} live events of the runbook, and its result"
            );
            Ok((job.to_owned(), found))
        }
        [_] => Err(missing("that the runbook was done")),
        [] => Err(missing("the runbook's result")),
        _ => Err(missing("the runbook's result exactly once")),
    }
}

/// Checks that a job ran the runbook of this catalogue, on a machine that trusts whoever signed it, and that it changed
/// nothing; what was found, in words.
///
/// # Errors
/// What is missing.
pub(crate) fn of_run(job: &Value, machine: &Value, catalogue: &str) -> Result<String, String> {
    let order = job.get("runbook").ok_or_else(|| format!("the job names no catalogue: {job:#}"))?;
    let told = |of: &Value| of.get("catalogue").and_then(Value::as_str).map(str::to_owned);
    if told(order).as_deref() != Some(catalogue) {
        return Err(format!("the job ran another catalogue than {catalogue}: {job:#}"));
    }
    let trust = machine.get("trust").unwrap_or(&Value::Null);
    if told(trust).as_deref() != Some(catalogue) {
        return Err(format!("the machine has not the catalogue {catalogue}: {machine:#}"));
    }
    if trust.get("pinned") != Some(&Value::Bool(true)) {
        return Err(format!("nobody vouched for the machine's trust root: {machine:#}"));
    }
    let result = job.pointer("/outcome/result").unwrap_or(&Value::Null);
    if result.get("mode").and_then(Value::as_str) != Some("dry") {
        return Err(format!("it was not run dry: {job:#}"));
    }
    let attempts = result.get("attempts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if attempts.iter().any(|attempt| attempt.get("acted").is_some_and(|acted| !acted.is_null())) {
        return Err(format!("something was done to the machine: {job:#}"));
    }
    let causes = result.get("causes").and_then(Value::as_array).map_or(0, Vec::len);
    Ok(format!(
        "catalogue {}… by the pinned root, {causes} causes judged; fixes foreseen: {}, done: none",
        catalogue.get(..12).unwrap_or(catalogue),
        attempts.len()
    ))
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

    fn check(view: &Value, agent: &str, message: &str, runbook: &str) -> Result<String, String> {
        let (job, found) = of_ticket(view, &Wanted { agent, message, runbook })?;
        assert_eq!(job, "j");
        Ok(found)
    }

    #[test]
    fn a_whole_ticket_is_evidence() {
        let found = check(&view(), "a", "m", "r").expect("all there");
        assert!(found.contains("20 sections"), "{found}");
    }

    #[test]
    fn a_run_is_of_the_catalogue_that_the_machine_trusts_and_changed_nothing() {
        let job = json!({
            "runbook": { "mode": "dry", "catalogue": "c" },
            "outcome": { "result": {
                "mode": "dry", "causes": [{}, {}], "attempts": [{ "end": "predicted" }],
            }},
        });
        let machine = json!({ "trust": { "pinned": true, "catalogue": "c" } });
        let found = of_run(&job, &machine, "c").expect("all there");
        assert!(found.contains("2 causes judged; fixes foreseen: 1"), "{found}");

        let without = |at: &str, value: Value| {
            let mut both = json!({ "job": job.clone(), "machine": machine.clone() });
            *both.pointer_mut(at).expect("it is there") = value;
            of_run(&both["job"], &both["machine"], "c")
        };
        for (at, value) in [
            ("/job/runbook", Value::Null),
            ("/job/runbook/catalogue", json!("d")),
            ("/machine/trust/catalogue", json!("d")),
            ("/machine/trust/pinned", json!(false)),
            ("/job/outcome/result/mode", json!("run")),
            ("/job/outcome/result/attempts", json!([{ "acted": { "done": true } }])),
        ] {
            assert!(without(at, value).is_err(), "{at}");
        }
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
