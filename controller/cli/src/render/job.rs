//! A job, and what came of it: a probe's facts here, a runbook's result in [`result`].

use std::fmt::Write as _;

use befund_model::job::{Job, JobState, Outcome, Work};
use befund_model::probe::ProbeResult;
use befund_model::runbook::{Mode, RunbookResult};
use serde::Deserialize as _;

use crate::render::timeline::{status_word, verdict, work_name};
use crate::render::{result, text, value};
use crate::screen::Look;

/// A job as `befund job show` prints it.
pub(crate) fn job(look: &Look, job: &Job) -> String {
    let mut out = format!("{}\n", look.strong(&work_name(&job.work)));
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "  {:<10} {value}", name);
    };
    row("job", job.id.to_string());
    row("machine", job.agent.to_string());
    if let Some(ticket) = job.ticket {
        row("ticket", format!("#{ticket}"));
    }
    if job.runbook.as_ref().is_some_and(|order| order.mode == Mode::Dry) {
        row("mode", "dry run: nothing is changed".to_owned());
    }
    if job.parameters.as_object().is_some_and(|object| !object.is_empty()) {
        row("with", text::line(&job.parameters.to_string()));
    }
    row("started", format!("{} by {}", look.time(job.created_at), text::line(&job.created_by)));
    match (job.ended_at, job.state.is_final()) {
        (Some(ended), _) => row("ended", look.time(ended)),
        (None, true) => {}
        (None, false) => row("expires", look.time(job.deadline)),
    }
    match &job.outcome {
        None => {
            row("state", job.state.to_string());
            out.push_str(&unfinished(job));
        }
        Some(outcome) => {
            row(
                "state",
                format!("{}, {}", job.state, verdict(look, outcome.state, outcome.status)),
            );
            out.push('\n');
            out.push_str(&self::outcome(look, &job.work, outcome, None, 2));
        }
    }
    out
}

/// What goes on, and what somebody can do about it.
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

/// What came of a job, each line indented. The headline is left out where it was `told` already.
pub(crate) fn outcome(
    look: &Look,
    work: &Work,
    outcome: &Outcome,
    told: Option<&str>,
    indent: usize,
) -> String {
    let pad = " ".repeat(indent);
    let mut out = String::new();
    if !outcome.reason.is_empty() {
        let reason = text::block(&outcome.reason, indent);
        let _ = writeln!(out, "{pad}{}: {reason}", status_word(look, outcome.status));
    }
    if outcome.result.is_null() {
        return out;
    }
    let typed = match work {
        Work::Runbook(_) | Work::Undo(_) => RunbookResult::deserialize(&outcome.result)
            .map(|result| out.push_str(&result::all(look, &result, told, indent))),
        Work::Probe(_) => ProbeResult::deserialize(&outcome.result)
            .map(|result| out.push_str(&probe(look, &result, told, indent))),
    };
    if typed.is_err() {
        // A newer machine's result: better as it is than not at all.
        out.push_str(&value::tree(&outcome.result, indent));
    }
    out
}

/// The sentence at the top, unless it was told already.
pub(crate) fn headline(look: &Look, text: &str, told: Option<&str>, indent: usize) -> String {
    if told == Some(text) || text.is_empty() {
        return String::new();
    }
    format!("{}{}\n", " ".repeat(indent), look.strong(&text::block(text, indent)))
}

fn probe(look: &Look, result: &ProbeResult, told: Option<&str>, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut out = headline(look, &result.summary, told, indent);
    if !result.reason.is_empty() {
        let _ = writeln!(out, "{pad}{}", text::block(&result.reason, indent));
    }
    if !result.facts.is_null() {
        out.push_str(&value::tree(&result.facts, indent));
    }
    out
}

/// The same look, for a table that stands further in.
pub(crate) fn narrowed(look: &Look, indent: usize) -> Look {
    let indent = u16::try_from(indent).unwrap_or(u16::MAX);
    let width = look.width.map(|width| width.saturating_sub(indent).max(40));
    Look { width, ..look.clone() }
}

/// What `befund run` prints when the job has ended; `told` is what it said last while it ran.
pub(crate) fn ended(look: &Look, job: &Job, told: Option<&str>) -> String {
    match &job.outcome {
        None => format!("  {}\n", verdict(look, job.state, befund_model::snapshot::Status::Failed)),
        Some(outcome) => {
            let mut word = verdict(look, job.state, outcome.status);
            // What was refused took no time.
            if outcome.took_us > 0 {
                let _ = write!(word, ", {}", text::took(outcome.took_us));
            }
            format!("  {word}\n{}", self::outcome(look, &job.work, outcome, told, 2))
        }
    }
}
