//! Tickets: the queue, and one of them as a technician reads it.

use std::collections::HashMap;
use std::fmt::Write as _;

use befund_model::api::TicketView;
use befund_model::id::JobId;
use befund_model::job::{Job, Work};
use befund_model::ticket::{Priority, Ticket, TicketEvent, TicketStatus, TimelineEntry};

use crate::render::table::{Tone, cell, table, toned};
use crate::render::{job, machine, table as tables, text, timeline};
use crate::screen::Look;

/// The queue.
pub(crate) fn list(look: &Look, tickets: &[Ticket]) -> String {
    if tickets.is_empty() {
        return "No tickets here.".to_owned();
    }
    let columns =
        ["no", "status", "priority", "level", "subject", "requester", "assignee", "updated"];
    let mut rows = table(look, &columns);
    for ticket in tickets {
        rows.add_row(vec![
            cell(ticket.number.to_string()),
            toned(words(ticket.status), status_tone(ticket.status)),
            toned(ticket.priority.as_str(), priority_tone(ticket.priority)),
            cell(ticket.level.as_str()),
            cell(&ticket.subject),
            cell(&ticket.requester),
            cell(ticket.assignee.as_deref().unwrap_or("–")),
            toned(look.time(ticket.updated_at), Tone::Faint),
        ]);
    }
    tables::text(&rows, 0)
}

const fn words(status: TicketStatus) -> &'static str {
    match status {
        TicketStatus::New => "new",
        TicketStatus::Open => "open",
        TicketStatus::WaitingForUser => "waiting for user",
        TicketStatus::Resolved => "resolved",
        TicketStatus::Closed => "closed",
    }
}

const fn status_tone(status: TicketStatus) -> Tone {
    match status {
        TicketStatus::New => Tone::Bad,
        TicketStatus::Open | TicketStatus::WaitingForUser => Tone::Plain,
        TicketStatus::Resolved => Tone::Good,
        TicketStatus::Closed => Tone::Faint,
    }
}

const fn priority_tone(priority: Priority) -> Tone {
    match priority {
        Priority::Low => Tone::Faint,
        Priority::Normal => Tone::Plain,
        Priority::High | Priority::Urgent => Tone::Bad,
    }
}

/// What stands above the timeline.
pub(crate) fn header(look: &Look, view: &TicketView) -> String {
    let ticket = &view.ticket;
    let title = format!("#{}  {}", ticket.number, text::line(&ticket.subject));
    let mut out = format!("{}\n", look.strong(&title));
    let _ = writeln!(
        out,
        "  {} · priority {} · {} · {}",
        words(ticket.status),
        ticket.priority,
        ticket.level,
        match &ticket.assignee {
            Some(name) => format!("assigned to {}", text::line(name)),
            None => "assigned to nobody".to_owned(),
        }
    );
    let requester = text::line(&ticket.requester);
    let _ = writeln!(out, "  asked by {requester}, {}", look.time(ticket.opened_at));
    if let Some(machine) = &view.machine {
        let _ = writeln!(out, "  machine {}", machine::brief(look, machine, view.connected));
    }
    if let Some(solution) = &ticket.solution {
        let _ = writeln!(out, "  solved by: {}", text::block(solution, 4));
    }
    let changed = format!("version {}, changed {}", ticket.version, look.time(ticket.updated_at));
    let _ = writeln!(out, "  {}", look.faint(&changed));
    out
}

/// How much of what jobs said while they ran is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Those of jobs that still run; of the others, how many there are.
    Running,
    /// All.
    All,
}

/// All of a ticket; `jobs` are those of its jobs whose results could be read.
pub(crate) fn one(
    look: &Look,
    view: &TicketView,
    jobs: &HashMap<JobId, Job>,
    lines: Lines,
) -> String {
    let mut out = header(look, view);
    let mut day = String::new();
    let hidden = match lines {
        Lines::Running => said_by_ended(&view.timeline),
        Lines::All => HashMap::new(),
    };
    for entry in &view.timeline {
        if matches!(&entry.event, TicketEvent::Output { job, .. } if hidden.contains_key(job)) {
            continue;
        }
        let today = look.day(entry.at);
        if today != day {
            let _ = write!(out, "\n  {}\n", look.faint(&today));
            day = today;
        }
        let _ = writeln!(out, "{}", timeline_entry(look, entry, jobs, lines));
        if let TicketEvent::Result { job, .. } = &entry.event
            && let Some(count) = hidden.get(job).filter(|count| **count > 0)
        {
            let (pad, said) = (" ".repeat(timeline::INDENT), text::count(*count, "live line"));
            let verb = if *count == 1 { "shows it" } else { "shows them" };
            let _ = writeln!(out, "{pad}{}", look.faint(&format!("{said}, --all {verb}")));
        }
    }
    out
}

/// How many lines each job that has ended said while it ran.
fn said_by_ended(timeline: &[TimelineEntry]) -> HashMap<JobId, usize> {
    let mut counts: HashMap<JobId, usize> = HashMap::new();
    for entry in timeline {
        if let TicketEvent::Result { job, .. } = &entry.event {
            counts.insert(*job, 0);
        }
    }
    for entry in timeline {
        if let TicketEvent::Output { job, .. } = &entry.event
            && let Some(count) = counts.get_mut(job)
        {
            *count += 1;
        }
    }
    counts
}

/// An entry, with the typed result of its job below it if that is known.
/// The facts of a probe are long, and its summary tells them: they are shown with all else.
fn timeline_entry(
    look: &Look,
    entry: &TimelineEntry,
    jobs: &HashMap<JobId, Job>,
    lines: Lines,
) -> String {
    let mut out = timeline::entry(look, entry);
    if let TicketEvent::Result { job: id, work, summary, .. } = &entry.event
        && (lines == Lines::All || matches!(work, Work::Runbook(_)))
        && let Some(Job { work, outcome: Some(outcome), .. }) = jobs.get(id)
    {
        let details = job::outcome(look, work, outcome, Some(summary), timeline::INDENT + 2);
        if !details.is_empty() {
            out.push('\n');
            out.push_str(details.trim_end());
        }
    }
    out
}
