//! `machine …`: who is out there.

use befund_model::api::{MachineQuery, MachineView, Page};
use clap::Subcommand;

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
    /// Show a machine.
    Show {
        /// The machine.
        #[arg(value_name = "ID|NAME")]
        machine: String,
    },
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
