//! `agent revoke`: ends a machine's identity.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use befund_model::api::MachineView;
use clap::Subcommand;
use serde_json::json;

use crate::client::read;
use crate::commands::{Desk, machine};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// Subcommands of `befund agent`.
#[derive(Debug, Subcommand)]
pub(crate) enum Agent {
    /// Revoke a machine's identity: its connection ends within seconds, and it has to enroll anew.
    Revoke {
        /// The machine.
        #[arg(value_name = "ID|NAME")]
        machine: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

impl Agent {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<(), Failure> {
        let Self::Revoke { machine, yes } = self;
        let what = format!("revoke {machine}");
        let client = desk.client()?;
        let found = machine::find(&client, &machine).await?;
        if !yes {
            confirm(&what, &found)?;
        }
        // By id: between question and answer the name may have gone to another machine.
        let id = found.machine.id.to_string();
        let raw = client.post(&what, &["machines", &id, "revoke"], &json!({})).await?;
        let view: MachineView = read(&what, &raw)?;
        desk.screen.show(&raw, |look| render::machine::one(look, &view))
    }
}

fn confirm(what: &str, found: &MachineView) -> Result<(), Failure> {
    let refused = |why: &str| Failure::cannot(Exit::Usage, what, why);
    if !std::io::stdin().is_terminal() {
        return Err(refused("nobody is there to confirm it").hint("add --yes"));
    }
    let name = render::text::line(&found.machine.name);
    let _ = write!(
        std::io::stderr(),
        "Revoke {name} ({})? It cannot be undone; the machine has to enroll anew. [y/N] ",
        found.machine.id
    );
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|error| refused(&error.to_string()))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(refused("it was not confirmed"))
    }
}
