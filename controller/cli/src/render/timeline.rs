//! The events of a ticket's timeline and of a job, one line or a short block each.

use befund_model::action::Acted;
use befund_model::job::{JobEvent, JobNews, JobState, Work};
use befund_model::runbook::{CauseVerdict, RULED_OUT};
use befund_model::snapshot::Status;
use befund_model::ticket::{TicketEvent, TimelineEntry};

use crate::render::text;
use crate::screen::Look;

/// Where the text of an entry begins: after two blanks, the time and two blanks.
pub(crate) const INDENT: usize = 12;

/// An entry of a ticket's timeline.
pub(crate) fn entry(look: &Look, entry: &TimelineEntry) -> String {
    let time = look.faint(&look.clock(entry.at));
    let event = event(look, &entry.event);
    match entry.event {
        // What a job says, it says itself.
        TicketEvent::Output { .. } | TicketEvent::Result { .. } => format!("  {time}  {event}"),
        _ => format!("  {time}  {} {event}", look.strong(&text::line(&entry.by))),
    }
}

fn event(look: &Look, event: &TicketEvent) -> String {
    match event {
        TicketEvent::Opened { message } => said("opened the ticket", message),
        TicketEvent::Commented { text } => said("wrote", text),
        TicketEvent::SnapshotAttached { snapshot, sections, incomplete } => {
            let sections = text::count(*sections as usize, "section");
            match incomplete {
                0 => format!("sent snapshot {snapshot}: {sections}, all complete"),
                some => format!("sent snapshot {snapshot}: {sections}, {some} incomplete"),
            }
        }
        TicketEvent::Judged { failed, warned, unknown, .. } => {
            let words: Vec<String> = [(failed, "fail"), (warned, "warn"), (unknown, "unknown")]
                .into_iter()
                .filter(|(count, _)| **count > 0)
                .map(|(count, word)| format!("{count} {word}"))
                .collect();
            match words.as_slice() {
                [] => "checked the snapshot: nothing is wrong".to_owned(),
                words => format!("checked the snapshot: {}", words.join(", ")),
            }
        }
        TicketEvent::JobStarted { job, work } => {
            let job = look.faint(&format!("job {job}"));
            format!("started {} ({job})", work_name(work))
        }
        TicketEvent::Output { news, .. } => news_text(look, news),
        TicketEvent::Result { work, state, status, summary, .. } => {
            let word = verdict(look, *state, *status);
            format!("{} ended: {word}: {}", work_name(work), text::block(summary, INDENT))
        }
        TicketEvent::Escalated { from, to } => format!("escalated it from {from} to {to}"),
        TicketEvent::Changed { field, from, to } => {
            let (field, from, to) = (text::line(field), text::line(from), text::line(to));
            format!("changed {field}: {from} → {to}")
        }
        TicketEvent::Solved { solution } => said("closed it, solved by", solution),
        TicketEvent::Reopened { reason } => said("reopened it", reason),
    }
}

fn said(verb: &str, words: &str) -> String {
    if words.trim().is_empty() {
        verb.to_owned()
    } else {
        format!("{verb}: {}", text::block(words.trim(), INDENT))
    }
}

/// An event of a job, as `befund run` shows it live.
pub(crate) fn job_event(look: &Look, event: &JobEvent) -> String {
    format!("  {}  {}", look.faint(&look.clock(event.at)), news_text(look, &event.what))
}

fn news_text(look: &Look, news: &JobNews) -> String {
    match news {
        JobNews::Started => "began".to_owned(),
        JobNews::Output(line) => look.faint("| ") + &text::block(line, INDENT),
        JobNews::StepStarted { step } => format!("step {} …", text::line(step)),
        JobNews::StepEnded { step, status, summary } => {
            let word = status_word(look, *status);
            format!("step {}: {word}: {}", text::line(step), text::block(summary, INDENT))
        }
        JobNews::Cause { cause, verdict, summary } => {
            let word = cause_word(look, *verdict);
            // The word says that already.
            let shorter = summary.strip_suffix(RULED_OUT);
            let summary =
                shorter.map_or(summary.as_str(), |title| title.trim_end_matches([':', ' ']));
            format!("{word} ({}): {}", text::line(cause), text::block(summary, INDENT))
        }
        JobNews::State(state) => verdict(look, *state, Status::Ok),
        JobNews::Asked(question) => {
            let whom = if question.user { "the user" } else { "the technician" };
            format!("asked {whom}: {}", text::block(&question.text.en, INDENT))
        }
        JobNews::Answered(answer) => {
            format!("answered by {}: {}", text::line(&answer.by), text::line(&answer.answer))
        }
        JobNews::Predicted { fix, act, risk, prediction } => format!(
            "{} ({}, for {}) would: {}",
            text::line(act),
            risk.as_str(),
            text::line(&fix.cause),
            text::block(&prediction.lines.join("; "), INDENT)
        ),
        JobNews::Consent { given: true, by, .. } => {
            format!("{}: {}", look.good("agreed"), text::line(by))
        }
        JobNews::Consent { given: false, by, .. } => {
            format!("{}: {}", look.bad("not agreed"), text::line(by))
        }
        JobNews::ApprovalAsked { fix, people, .. } => {
            let whose = match people {
                0 | 1 => "a signature".to_owned(),
                people => format!("the signatures of {people} different people"),
            };
            format!("the fix for {} waits for {whose}: befund approve", text::line(&fix.cause))
        }
        JobNews::Signed { by, people, .. } => format!(
            "signed by {}: {} of {people}, waiting for another person",
            text::line(&by.join(", ")),
            by.len()
        ),
        JobNews::Approved { by, .. } => format!("approved by {}", text::line(by)),
        JobNews::Acting { fix, act } => {
            format!("{} for {} …", text::line(act), text::line(&fix.cause))
        }
        JobNews::Acted { acted, .. } => acted_text(look, acted),
        JobNews::Verified { gone, summary, .. } => {
            let word = match gone {
                Some(true) => look.good("put right"),
                Some(false) => look.bad("still there"),
                None => "cannot be told".to_owned(),
            };
            format!("{word}: {}", text::block(summary, INDENT))
        }
        JobNews::Undone { acted, .. } => format!("undone: {}", acted_text(look, acted)),
        JobNews::Resumed { after } => format!("goes on after {}", text::line(after)),
    }
}

/// What came of a change.
pub(crate) fn acted_text(look: &Look, acted: &Acted) -> String {
    let word = status_word(look, acted.status);
    let said = if acted.reason.is_empty() { &acted.summary } else { &acted.reason };
    format!("{word}: {}", text::block(said, INDENT))
}

/// A probe or a runbook by its kind and name.
pub(crate) fn work_name(work: &Work) -> String {
    match work {
        Work::Probe(name) => format!("probe {}", text::line(name)),
        Work::Runbook(name) => format!("runbook {}", text::line(name)),
        Work::Undo(ticket) => format!("undo of ticket {ticket}"),
    }
}

/// How a job came out, in one word: the state, or what was measured if it was done.
pub(crate) fn verdict(look: &Look, state: JobState, status: Status) -> String {
    match state {
        JobState::Done => status_word(look, status),
        JobState::Waiting
        | JobState::Delivered
        | JobState::Running
        | JobState::Asking
        | JobState::NeedsApproval
        | JobState::Rebooting => state.to_string(),
        JobState::Failed
        | JobState::Refused
        | JobState::Cancelled
        | JobState::Expired
        | JobState::Indeterminate => look.bad(state.as_str()),
    }
}

/// How a measurement came out.
pub(crate) fn status_word(look: &Look, status: Status) -> String {
    match status {
        Status::Ok => look.good(status.as_str()),
        Status::Partial | Status::Unsupported => status.to_string(),
        Status::Denied | Status::Timeout | Status::Failed => look.bad(status.as_str()),
    }
}

/// What was judged of a cause.
pub(crate) fn cause_word(look: &Look, verdict: CauseVerdict) -> String {
    match verdict {
        CauseVerdict::Found => look.bad("found"),
        CauseVerdict::Excluded => look.good("ruled out"),
        CauseVerdict::Unknown => "unknown".to_owned(),
        CauseVerdict::Explained => "explained by another".to_owned(),
    }
}
