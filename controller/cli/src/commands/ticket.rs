//! `ticket …`: the queue, a ticket, and everything that is done to one.

use std::collections::HashMap;

use befund_model::api::{NewTicket, Page, StartUndo, TicketQuery, TicketView};
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::Job;
use befund_model::ticket::{Level, Priority, Ticket as Row, TicketEvent, TicketStatus};
use clap::Subcommand;

use crate::client::{Client, read};
use crate::commands::watch::Sitting;
use crate::commands::{Desk, change, machine, values, watch};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::render::ticket::Lines;

mod escalate;

/// The most jobs whose results are read for one ticket, the latest first.
const MAX_RESULTS: usize = 20;

/// Subcommands of `befund ticket`.
#[derive(Debug, Subcommand)]
pub(crate) enum Ticket {
    /// List tickets: all but the closed ones, unless asked otherwise.
    List(List),
    /// Show a ticket with its timeline and the results of its jobs.
    Show(Show),
    /// Open a ticket.
    New(New),
    /// Undo all that the runbooks of a ticket changed on its machine, last first, and watch it.
    Undo {
        #[command(flatten)]
        one: One,
        /// On this machine; on the ticket's own, if absent.
        #[arg(long, value_name = "ID|NAME")]
        on: Option<String>,
    },
    /// Hand a ticket on to the next level, with a brief of what its run found and tried.
    Escalate(escalate::Escalate),
    #[command(flatten)]
    Change(change::Change),
}

/// A ticket.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// The ticket's number.
    #[arg(value_name = "N")]
    pub(crate) number: TicketNumber,
}

/// Arguments of `befund ticket show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    one: One,
    /// Also every line that a job said while it ran.
    #[arg(long)]
    all: bool,
}

/// Arguments of `befund ticket list`.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only tickets with this status.
    #[arg(long, value_parser = status)]
    status: Option<TicketStatus>,
    /// Closed ones too.
    #[arg(long)]
    all: bool,
    /// Only tickets with this priority.
    #[arg(long, value_parser = priority)]
    priority: Option<Priority>,
    /// Only tickets at this level.
    #[arg(long, value_parser = level)]
    level: Option<Level>,
    /// Only those that are assigned to me.
    #[arg(long, conflicts_with = "assignee")]
    mine: bool,
    /// Only those that are assigned to this account.
    #[arg(long, value_name = "NAME")]
    assignee: Option<String>,
    /// Only those about this machine.
    #[arg(long, value_name = "ID|NAME")]
    machine: Option<String>,
    /// Only those that this account asked for.
    #[arg(long, value_name = "NAME")]
    requester: Option<String>,
    /// Only those whose subject contains this.
    #[arg(short = 'q', long = "search", value_name = "TEXT")]
    q: Option<String>,
    /// At most this many rows.
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: Option<u32>,
    /// Go on where the last page ended.
    #[arg(long, value_name = "NEXT")]
    after: Option<String>,
}

/// Arguments of `befund ticket new`.
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// One line.
    #[arg(long)]
    subject: String,
    /// What the requester said; `-` reads standard input.
    #[arg(short, long, default_value = "")]
    message: String,
    /// Who asked; you if absent.
    #[arg(long, value_name = "NAME", default_value = "")]
    requester: String,
    /// The machine that it is about.
    #[arg(long, value_name = "ID|NAME")]
    machine: Option<String>,
    /// low, normal, high or urgent.
    #[arg(long, value_parser = priority)]
    priority: Option<Priority>,
    /// L1, L2 or L3.
    #[arg(long, value_parser = level)]
    level: Option<Level>,
}

/// Reads a status.
pub(crate) fn status(text: &str) -> Result<TicketStatus, String> {
    values::word(text, TicketStatus::ALL, TicketStatus::as_str)
}

/// Reads a priority.
pub(crate) fn priority(text: &str) -> Result<Priority, String> {
    values::word(text, Priority::ALL, Priority::as_str)
}

/// Reads a level.
pub(crate) fn level(text: &str) -> Result<Level, String> {
    values::word(text, Level::ALL, Level::as_str)
}

impl Ticket {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
        match self {
            Self::List(arguments) => list(arguments, desk).await?,
            Self::Show(Show { one: One { number }, all }) => {
                let lines = if all { Lines::All } else { Lines::Running };
                show(number, lines, desk).await?;
            }
            Self::New(arguments) => new(arguments, desk).await?,
            Self::Undo { one, on } => return undo(one.number, on, desk).await,
            Self::Escalate(escalate) => escalate.run(desk).await?,
            Self::Change(change) => change.run(desk).await?,
        }
        Ok(Exit::Ok)
    }
}

async fn undo(
    number: TicketNumber,
    machine: Option<String>,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let what = format!("undo what the runbooks of ticket {number} changed");
    let client = desk.client()?;
    let path = ["tickets", &number.to_string(), "undo"];
    let raw = client.post(&what, &path, &StartUndo { machine }).await?;
    let job: Job = read(&what, &raw)?;
    if desk.for_people() {
        desk.screen.print(&format!(
            "{}: job {}",
            render::timeline::work_name(&job.work),
            job.id
        ))?;
    }
    let sitting = Sitting::of(desk, None);
    watch::job(&client, &what, &job, &sitting, desk).await
}

async fn list(arguments: List, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = "list tickets";
    let client = desk.client()?;
    let assignee = match (arguments.mine, arguments.assignee) {
        (true, _) => Some(desk.me(&client).await?),
        (false, name) => name,
    };
    let machine = match arguments.machine {
        Some(name) => Some(machine::find(&client, &name).await?.machine.id),
        None => None,
    };
    let query = TicketQuery {
        status: arguments.status,
        all: arguments.all,
        priority: arguments.priority,
        level: arguments.level,
        assignee,
        machine,
        requester: arguments.requester,
        q: arguments.q,
        after: arguments.after,
        limit: arguments.limit,
    };
    let raw = client.get_with(what, &["tickets"], &query).await?;
    let page: Page<Row> = read(what, &raw)?;
    desk.screen.show(&raw, |look| render::ticket::list(look, &page.items))?;
    if let Some(next) = page.next {
        desk.screen.note(&format!("There are more: add --after {}", render::text::line(&next)));
    }
    Ok(())
}

async fn show(number: TicketNumber, lines: Lines, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = format!("show ticket {number}");
    let client = desk.client()?;
    let raw = client.get(&what, &["tickets", &number.to_string()]).await?;
    let view: TicketView = read(&what, &raw)?;
    let jobs = if desk.for_people() { results(&client, &view).await } else { HashMap::new() };
    desk.screen.show(&raw, |look| render::ticket::one(look, &view, &jobs, lines))
}

/// The ended jobs of a ticket. One that cannot be read is left out: its summary is on the timeline.
async fn results(client: &Client, view: &TicketView) -> HashMap<JobId, Job> {
    let ended = view.timeline.iter().rev().filter_map(|entry| match &entry.event {
        TicketEvent::Result { job, .. } => Some(*job),
        _ => None,
    });
    let mut jobs = HashMap::new();
    for id in ended.take(MAX_RESULTS) {
        let what = "read a job";
        if let Ok(raw) = client.get(what, &["jobs", &id.to_string()]).await
            && let Ok(job) = read::<Job>(what, &raw)
        {
            jobs.insert(id, job);
        }
    }
    jobs
}

async fn new(arguments: New, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = "open a ticket";
    let message = values::text(what, arguments.message)?;
    let client = desk.client()?;
    let body = NewTicket {
        subject: arguments.subject,
        message,
        requester: arguments.requester,
        machine: arguments.machine,
        priority: arguments.priority,
        level: arguments.level,
    };
    let raw = client.post(what, &["tickets"], &body).await?;
    let view: TicketView = read(what, &raw)?;
    desk.screen.show(&raw, |look| format!("Opened.\n{}", render::ticket::header(look, &view)))
}
