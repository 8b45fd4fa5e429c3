//! A job in words, for a colleague who goes on from here: what was complained about is on the ticket; here is what was
//! looked at, what it can and cannot be, what was tried, and what is left to do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use befund_model::action::Command;
use befund_model::job::{Job, JobState};
use befund_model::probe::ProbeResult;
use befund_model::runbook::{Cause, CauseVerdict, RunbookResult};
use befund_model::snapshot::Status;
use serde::Deserialize as _;
use serde_json::Value;

use crate::render::timeline::{verdict, work_name};
use crate::render::{job, result, text, value};
use crate::screen::Look;

/// How much of a fact is shown on a line.
const FACT: usize = 160;

/// The job, explained.
pub(crate) fn job(look: &Look, job: &Job) -> String {
    let Some(outcome) = &job.outcome else {
        return format!("{}{}", job::job(look, job), unfinished(job));
    };
    let Ok(found) = RunbookResult::deserialize(&outcome.result) else {
        return job::job(look, job);
    };
    let mut out = format!(
        "{} {}, on {} by {}: {}\n",
        look.strong(&work_name(&job.work)),
        found.version,
        look.time(job.created_at),
        text::line(&job.created_by),
        verdict(look, outcome.state, outcome.status),
    );
    if !outcome.reason.is_empty() {
        let _ = writeln!(out, "{}", text::block(&outcome.reason, 0));
    }
    let _ = writeln!(out, "{}", text::block(&found.conclusion, 0));
    section(look, &mut out, "Found", &causes(&found.causes, CauseVerdict::Found));
    section(
        look,
        &mut out,
        "Would follow from that",
        &causes(&found.causes, CauseVerdict::Explained),
    );
    section(look, &mut out, "Ruled out", &causes(&found.causes, CauseVerdict::Excluded));
    section(look, &mut out, "Could not be told", &causes(&found.causes, CauseVerdict::Unknown));
    section(look, &mut out, "Asked", &result::answers(&found.answers, 2));
    let mut tried = result::attempts(look, &found.attempts, 2);
    let commands: Vec<&Command> = found
        .attempts
        .iter()
        .flat_map(|attempt| attempt.acted.iter().chain(&attempt.undone))
        .flat_map(|acted| &acted.commands)
        .collect();
    tried.push_str(&ran(&commands));
    section(look, &mut out, "Tried", &tried);
    section(look, &mut out, "Not measured", &missing(&found.facts));
    section(look, &mut out, "Changed since it began", &changed(&found.before, &found.facts));
    if let Some(end) = result::end(look, &found) {
        section(look, &mut out, "In the end", &format!("  {end}\n"));
    }
    out
}

fn section(look: &Look, out: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        let _ = write!(out, "\n{}\n{body}", look.strong(title));
    }
}

fn unfinished(job: &Job) -> String {
    let id = job.id;
    match job.state {
        JobState::Waiting | JobState::Delivered => "\nThe machine has not begun it.\n".to_owned(),
        JobState::Running | JobState::Rebooting => {
            format!("\nIt has not ended. Watch it: befund job watch {id}\n")
        }
        JobState::Asking => format!("\nA person is asked. See what: befund job watch {id}\n"),
        JobState::NeedsApproval => format!("\nIt waits for a signature: befund approve {id}\n"),
        JobState::Done
        | JobState::Failed
        | JobState::Refused
        | JobState::Cancelled
        | JobState::Expired
        | JobState::Indeterminate => "\nIt ended without a result.\n".to_owned(),
    }
}

fn causes(causes: &[Cause], wanted: CauseVerdict) -> String {
    let mut out = String::new();
    for cause in causes.iter().filter(|cause| cause.verdict == wanted) {
        let (title, id) = (text::line(&cause.title), text::line(&cause.id));
        let _ = writeln!(out, "  {title} ({id}): {}", text::block(&cause.evidence, 4));
        if !cause.advice.is_empty() {
            let _ = writeln!(out, "    → {}", text::block(&cause.advice, 6));
        }
    }
    out
}

fn ran(commands: &[&Command]) -> String {
    let mut out = String::new();
    for command in commands {
        let exit = command.exit.map_or_else(|| "killed".to_owned(), |exit| format!("exit {exit}"));
        let line = text::line(&command.line.join(" "));
        let _ = writeln!(out, "  $ {line}  ({exit}, {})", text::took(command.took_us));
        if !command.output.trim().is_empty() {
            let _ = writeln!(out, "    {}", text::block(command.output.trim(), 4));
        }
        if command.cut {
            let _ = writeln!(out, "    (its output was cut)");
        }
    }
    out
}

fn missing(facts: &BTreeMap<String, ProbeResult>) -> String {
    let mut out = String::new();
    for (name, result) in facts.iter().filter(|(_, result)| result.status != Status::Ok) {
        let reason = text::block(&result.reason, 4);
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
