//! `machine …`: who is out there.

use befund_model::api::{HistoryEntry, MachineQuery, MachineView, Page};
use clap::Subcommand;
use serde::Serialize;

use crate::client::{Client, read};
use crate::commands::Desk;
use crate::failure::Failure;
use crate::render;

/// Subcommands of `befund machine`.
#[derive(Debug, Subcommand)]
pub(crate) enum Machine {
    /// List machines.
    List {
        /// Only those whose name contains this.
        #[arg(short = 'q', long = "search", value_name = "TEXT")]
        q: Option<String>,
        /// At most this many rows.
        #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: Option<u32>,
        /// Go on where the last page ended.
        #[arg(long, value_name = "NEXT")]
        after: Option<String>,
    },
    /// Show what changed on a machine when, the latest first.
    History {
        /// The machine.
        #[arg(value_name = "ID|NAME")]
        machine: String,
        /// Look at this many snapshots at most.
        #[arg(long, value_name = "SNAPSHOTS", value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: Option<u32>,
        /// Go on where the last page ended.
        #[arg(long, value_name = "NEXT")]
        after: Option<String>,
    },
    /// Show a machine.
    Show {
        /// The machine.
        #[arg(value_name = "ID|NAME")]
        machine: String,
    },
}

/// Which page of a list.
#[derive(Debug, Serialize)]
struct Further {
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
}

impl Machine {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<(), Failure> {
        let client = desk.client()?;
        match self {
            Self::List { q, limit, after } => {
                let what = "list machines";
                let query = MachineQuery { q, after, limit };
                let raw = client.get_with(what, &["machines"], &query).await?;
                let page: Page<MachineView> = read(what, &raw)?;
                desk.screen.show(&raw, |look| render::machine::list(look, &page.items))?;
                if let Some(next) = page.next {
                    let next = render::text::line(&next);
                    desk.screen.note(&format!("There are more: add --after {next}"));
                }
                Ok(())
            }
            Self::History { machine, limit, after } => {
                let what = format!("show what changed on machine {machine}");
                let query = Further { after, limit };
                let raw =
                    client.get_with(&what, &["machines", &machine, "history"], &query).await?;
                let page: Page<HistoryEntry> = read(&what, &raw)?;
                desk.screen.show(&raw, |look| render::snapshot::history(look, &page.items))?;
                if let Some(next) = page.next {
                    let next = render::text::line(&next);
                    desk.screen.note(&format!("Further back: add --after {next}"));
                }
                Ok(())
            }
            Self::Show { machine } => {
                let what = format!("show machine {machine}");
                let raw = client.get(&what, &["machines", &machine]).await?;
                let view: MachineView = read(&what, &raw)?;
                desk.screen.show(&raw, |look| render::machine::one(look, &view))
            }
        }
    }
}

/// The machine with this id or name.
///
/// # Errors
/// If there is none.
pub(crate) async fn find(client: &Client, machine: &str) -> Result<MachineView, Failure> {
    let what = format!("find machine {machine}");
    let raw = client.get(&what, &["machines", machine]).await?;
    read(&what, &raw)
}
