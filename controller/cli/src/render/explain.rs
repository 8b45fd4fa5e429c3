//! A job in words, for a colleague who goes on from here: what was complained about is on the ticket; here is what was
//! looked at, what it can and cannot be, what was tried, and what is left to do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use befund_model::job::{Job, JobState};
use befund_model::probe::ProbeResult;
use befund_model::runbook::{AttemptEnd, Cause, CauseVerdict, Mode, RULED_OUT, RunbookResult};
use befund_model::snapshot::Status;
use serde::Deserialize as _;
use serde_json::Value;

use crate::render::result::Depth;
use crate::render::timeline::{verdict, work_name};
use crate::render::{job, result, text, value};
use crate::screen::Look;

/// How much of a fact is shown on a line.
const FACT: usize = 160;

/// The job, explained; `machine` is what its machine is called, where that is known.
pub(crate) fn job(look: &Look, job: &Job, machine: Option<&str>) -> String {
    let Some(outcome) = &job.outcome else {
        return job::job(look, job);
    };
    let Ok(found) = RunbookResult::deserialize(&outcome.result) else {
        return job::job(look, job);
    };
    let machine = machine.map_or_else(|| job.agent.to_string(), text::line);
    let ticket = job.ticket.map_or_else(String::new, |ticket| format!(", for ticket #{ticket}"));
    let mut out = format!(
        "{}, version {}, on {machine}{ticket}\nStarted {} by {}",
        look.strong(&work_name(&job.work)),
        found.version,
        look.time(job.created_at),
        text::line(&job.created_by),
    );
    if let Some(ended) = job.ended_at {
        let _ = write!(out, ", ended {}", look.time(ended));
    }
    out.push('\n');
    match found.mode {
        Mode::Run => {}
        Mode::Dry => out.push_str("A dry run: nothing was changed.\n"),
    }
    if outcome.state != JobState::Done || !outcome.reason.is_empty() {
        let word = verdict(look, outcome.state, outcome.status);
        let _ = writeln!(out, "{word}: {}", text::wrapped(look, &outcome.reason, 0));
    }
    // What the run itself says in one sentence, the parts below say one by one.
    match result::end(look, &found) {
        Some(end) => {
            let _ = writeln!(out, "{end}");
        }
        None => {
            let _ = writeln!(out, "{}", text::wrapped(look, &found.conclusion, 0));
        }
    }
    for (title, verdict) in [
        ("Found", CauseVerdict::Found),
        ("Would follow from that", CauseVerdict::Explained),
        ("Could not be told", CauseVerdict::Unknown),
        ("Ruled out", CauseVerdict::Excluded),
    ] {
        section(look, &mut out, title, &causes(look, &found.causes, verdict));
    }
    section(look, &mut out, "Asked", &result::answers(&found.answers, 2));
    let tried = result::attempts(look, &found.attempts, Depth::Whole, 2);
    section(look, &mut out, "Tried, in this order", &tried);
    section(look, &mut out, "Not measured", &missing(look, &found.facts));
    section(look, &mut out, "Changed since it began", &changed(&found.before, &found.facts));
    section(look, &mut out, "What to do next", &next(look, job, &found));
    out
}

fn section(look: &Look, out: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        let _ = write!(out, "\n{}\n{body}", look.strong(title));
    }
}

fn causes(look: &Look, causes: &[Cause], wanted: CauseVerdict) -> String {
    let mut out = String::new();
    for cause in causes.iter().filter(|cause| cause.verdict == wanted) {
        let id = look.faint(&format!("({})", text::line(&cause.id)));
        let _ = writeln!(out, "  {} {id}", text::line(&cause.title));
        // Where it stands says that already.
        if cause.evidence != RULED_OUT {
            let _ = writeln!(out, "    {}", text::wrapped(look, &cause.evidence, 4));
        }
    }
    out
}

/// What is left to do: what the runbook advises about what is still there, and whom it goes to.
fn next(look: &Look, job: &Job, found: &RunbookResult) -> String {
    let mut out = String::new();
    let put_right = |cause: &Cause| {
        let mut attempts = found.attempts.iter().filter(|attempt| attempt.fix.cause == cause.id);
        attempts.any(|attempt| attempt.end == AttemptEnd::Verified)
    };
    let open = found.causes.iter().filter(|cause| cause.verdict == CauseVerdict::Found);
    for cause in open.filter(|cause| !cause.advice.is_empty() && !put_right(cause)) {
        let _ = writeln!(out, "  {}", text::wrapped(look, &cause.advice, 2));
    }
    match (job.ticket, found.escalates()) {
        (Some(ticket), true) => {
            let _ = writeln!(out, "  Hand it on with all of this: befund ticket escalate {ticket}");
        }
        (Some(_) | None, _) => {}
    }
    out
}

fn missing(look: &Look, facts: &BTreeMap<String, ProbeResult>) -> String {
    let mut out = String::new();
    for (name, result) in facts.iter().filter(|(_, result)| result.status != Status::Ok) {
        let reason = text::wrapped(look, &result.reason, 4);
        let _ = writeln!(out, "  {}: {}: {reason}", text::line(name), result.status);
    }
    out
}

/// The facts that are others than before anything was changed.
fn changed(
    before: &BTreeMap<String, ProbeResult>,
    after: &BTreeMap<String, ProbeResult>,
) -> String {
    let mut out = String::new();
    for (name, was) in before {
        let Some(is) = after.get(name) else { continue };
        let (was, is) = (was.facts.as_object(), is.facts.as_object());
        let (Some(was), Some(is)) = (was, is) else { continue };
        for (field, value) in is {
            let old = was.get(field).unwrap_or(&Value::Null);
            if old != value {
                let (name, field) = (text::line(name), text::line(field));
                let _ = writeln!(out, "  {name}.{field}: {} → {}", short(old), short(value));
            }
        }
    }
    out
}

fn short(value: &Value) -> String {
    let text = value::brief(value);
    if text.chars().count() <= FACT {
        return text;
    }
    text.chars().take(FACT).chain("…".chars()).collect()
}
