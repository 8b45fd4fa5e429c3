//! What changes a ticket: the ticket is read, the change is sent with the version that was read,
//! and if somebody else was faster, it is told who did what.

use befund_model::api::{ChangeTicket, TicketView};
use befund_model::id::TicketNumber;
use befund_model::ticket::{Level, Priority, TicketChange, TicketStatus, TimelineEntry};
use clap::{Args, Subcommand};

use crate::client::{Client, read};
use crate::commands::{Desk, ticket, values};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::screen::{Colours, Look};

/// The subcommands of `befund ticket` that change one.
#[derive(Debug, Subcommand)]
pub(crate) enum Change {
    /// Assign a ticket to yourself.
    Take(On),
    /// Assign a ticket to somebody, or to nobody.
    Assign {
        #[command(flatten)]
        on: On,
        /// The account; leave it out with --nobody.
        #[arg(required_unless_present = "nobody")]
        name: Option<String>,
        /// Take it away from whoever has it.
        #[arg(long, conflicts_with = "name")]
        nobody: bool,
    },
    /// Write something onto the timeline.
    Comment {
        #[command(flatten)]
        on: On,
        /// What; `-` reads standard input.
        text: String,
    },
    /// Hand a ticket to a level: L1, L2 or L3.
    Level {
        #[command(flatten)]
        on: On,
        /// L1, L2 or L3.
        #[arg(value_parser = ticket::level)]
        level: Level,
    },
    /// Set the priority: low, normal, high or urgent.
    Priority {
        #[command(flatten)]
        on: On,
        /// low, normal, high or urgent.
        #[arg(value_parser = ticket::priority)]
        priority: Priority,
    },
    /// Set the status: open, waiting-for-user or resolved.
    Status {
        #[command(flatten)]
        on: On,
        /// open, waiting-for-user or resolved.
        #[arg(value_parser = ticket::status)]
        status: TicketStatus,
    },
    /// Close a ticket, with what solved it.
    Close {
        #[command(flatten)]
        on: On,
        /// What solved it; `-` reads standard input.
        #[arg(short, long)]
        solution: String,
    },
    /// Take up a closed or resolved ticket again.
    Reopen {
        #[command(flatten)]
        on: On,
        /// Why; `-` reads standard input.
        #[arg(short, long)]
        reason: String,
    },
}

/// Which ticket, and how it has to stand.
#[derive(Debug, Args)]
pub(crate) struct On {
    /// The ticket's number.
    #[arg(value_name = "N")]
    number: TicketNumber,
    /// Only if the ticket still has this version, as `ticket show` printed it.
    #[arg(long, value_name = "VERSION")]
    if_version: Option<i64>,
}

impl Change {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<(), Failure> {
        let client = desk.client()?;
        let (on, change) = match self {
            Self::Take(on) => (on, TicketChange::Assign(Some(desk.me(&client).await?))),
            Self::Assign { on, name, .. } => (on, TicketChange::Assign(name)),
            Self::Comment { on, text } => {
                let text = values::text("comment", text)?;
                (on, TicketChange::Comment(text))
            }
            Self::Level { on, level } => (on, TicketChange::Level(level)),
            Self::Priority { on, priority } => (on, TicketChange::Priority(priority)),
            Self::Status { on, status } => (on, TicketChange::Status(status)),
            Self::Close { on, solution } => {
                let solution = values::text("close the ticket", solution)?;
                (on, TicketChange::Close { solution })
            }
            Self::Reopen { on, reason } => {
                let reason = values::text("reopen the ticket", reason)?;
                (on, TicketChange::Reopen { reason })
            }
        };
        apply(&client, on, change, desk).await
    }
}

async fn apply(
    client: &Client,
    on: On,
    change: TicketChange,
    desk: &mut Desk<'_>,
) -> Result<(), Failure> {
    let number = on.number.to_string();
    let what = format!("change ticket {number}");
    let path = ["tickets", number.as_str()];
    let before: TicketView = read(&what, &client.get(&what, &path).await?)?;
    let version = match (&change, on.if_version) {
        // A comment fits whatever the ticket became meanwhile.
        (TicketChange::Comment(_), None) => None,
        (_, Some(version)) => Some(version),
        (_, None) => Some(before.ticket.version),
    };
    let body = ChangeTicket { version, change };
    let changed = client.post(&what, &["tickets", &number, "changes"], &body).await;
    let raw = match changed {
        Ok(raw) => raw,
        Err(failure) if failure.exit() == Exit::Conflict => {
            return Err(conflict(client, failure, version, &before, desk.screen.look()).await);
        }
        Err(failure) => return Err(failure),
    };
    let after: TicketView = read(&what, &raw)?;
    let seen = before.timeline.last().map_or(0, |entry| entry.seq);
    desk.screen.show(&raw, |look| {
        let mut out = render::ticket::header(look, &after);
        for entry in after.timeline.iter().filter(|entry| entry.seq > seen) {
            out.push_str(&render::timeline::entry(look, entry));
            out.push('\n');
        }
        out
    })
}

/// The controller's refusal, with who changed what in between.
async fn conflict(
    client: &Client,
    failure: Failure,
    version: Option<i64>,
    before: &TicketView,
    look: &Look,
) -> Failure {
    let number = before.ticket.number.to_string();
    let what = format!("read ticket {number}");
    let now = match client.get(&what, &["tickets", &number]).await {
        Ok(raw) => read::<TicketView>(&what, &raw).ok(),
        Err(_) => None,
    };
    match now {
        // It stands as we saw it: the change itself made no sense, and the refusal says why.
        Some(now) if version.is_none_or(|version| version == now.ticket.version) => failure,
        Some(now) => failure.hint(told(look, before, version, &now)),
        None => failure.hint(format!("look at it again: befund ticket show {number}")),
    }
}

fn told(look: &Look, before: &TicketView, version: Option<i64>, now: &TicketView) -> String {
    let number = now.ticket.number;
    let seen = before.timeline.last().map_or(0, |entry| entry.seq);
    let stale = version != Some(before.ticket.version);
    let newer: Vec<&TimelineEntry> =
        now.timeline.iter().rev().filter(|entry| stale || entry.seq > seen).take(3).collect();
    let plain = Look { colours: Colours::Off, ..look.clone() };
    let entries: Vec<String> = newer
        .iter()
        .rev()
        .map(|entry| render::timeline::entry(&plain, entry).trim().to_owned())
        .collect();
    format!(
        "it now has version {} ({}, {}); last: {}. Look at it (befund ticket show {number}) and \
         decide again",
        now.ticket.version,
        now.ticket.status,
        now.ticket
            .assignee
            .as_deref()
            .map_or("assigned to nobody".to_owned(), |name| format!("assigned to {name}")),
        if entries.is_empty() { "nothing on its timeline".to_owned() } else { entries.join("; ") },
    )
}
