//! `ticket escalate`: the ticket goes to a higher level with a brief of what is known, shown before it is sent.

use befund_model::api::{BriefView, ChangeTicket, TicketView};
use befund_model::id::JobId;
use befund_model::ticket::{Level, TicketChange};
use serde::Serialize;

use super::One;
use crate::ask::{Answer, Lines};
use crate::client::read;
use crate::commands::{Desk, values};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// Arguments of `befund ticket escalate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Escalate {
    #[command(flatten)]
    one: One,
    /// The run that the brief tells of; the one that ended last, if absent.
    #[arg(long, value_name = "JOB")]
    run: Option<JobId>,
    /// L2 or L3; the next level, if absent.
    #[arg(long, value_name = "LEVEL", value_parser = super::level)]
    to: Option<Level>,
    /// What you know besides; it stands before the brief. `-` reads standard input.
    #[arg(short, long, default_value = "")]
    message: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// The query of `GET /api/v1/tickets/{number}/brief`.
#[derive(Serialize)]
struct After {
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobId>,
}

impl Escalate {
    /// Does it.
    pub(super) async fn run(self, desk: &mut Desk<'_>) -> Result<(), Failure> {
        let number = self.one.number.to_string();
        let what = format!("hand ticket {number} on");
        let message = values::text(&what, self.message)?;
        let client = desk.client()?;
        let path = ["tickets", &number, "brief"];
        let raw = client.get_with(&what, &path, &After { job: self.run }).await?;
        let BriefView { version, level, text, .. } = read(&what, &raw)?;
        let level = self.to.unwrap_or(level);
        let text = match message.trim() {
            "" => text,
            message => format!("{message}\n\n{text}"),
        };
        if desk.for_people() {
            desk.screen.print(&render::text::block(&text, 0))?;
        }
        if !self.yes {
            let question = format!("Hand ticket {number} on to {level} with this?");
            let hint = "add --yes";
            match Lines::default().confirm(&what, &question).await.map_err(|f| f.hint(hint))? {
                Answer::Yes => {}
                Answer::No => {
                    let why = "it was not confirmed, and nothing was changed";
                    return Err(Failure::cannot(Exit::Usage, &*what, why));
                }
            }
        }
        let path = ["tickets", &number, "changes"];
        let before: TicketView = read(&what, &client.get(&what, &["tickets", &number]).await?)?;
        // The level first: if somebody was faster, nothing is written.
        if before.ticket.level != level {
            let body = ChangeTicket { version: Some(version), change: TicketChange::Level(level) };
            client.post(&what, &path, &body).await.map_err(|failure| {
                failure.hint(format!("look at it again: befund ticket show {number}"))
            })?;
        }
        let body = ChangeTicket { version: None, change: TicketChange::Comment(text) };
        let raw = client.post(&what, &path, &body).await?;
        let after: TicketView = read(&what, &raw)?;
        desk.screen.show(&raw, |look| {
            format!("Handed on to {level}.\n{}", render::ticket::header(look, &after))
        })
    }
}
