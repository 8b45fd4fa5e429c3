//! `runbook …`: what runbooks there are, and the way of one from its author to the machines. What is only about files is
//! done here and needs no controller.

use std::path::PathBuf;
use std::time::Duration;

use befund_model::id::TicketNumber;
use clap::Subcommand;
use serde_json::Value;

use crate::commands::{Desk, run, values};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::signer::With;

mod checked;
mod offered;
mod published;
mod sign;

pub(crate) use checked::Tried;
pub(crate) use published::{Verdict, who};

/// Subcommands of `befund runbook`.
#[derive(Debug, Subcommand)]
pub(crate) enum Runbook {
    /// List the runbooks that there are; for a ticket, those that fit it first, and why.
    List {
        /// The ticket.
        #[arg(long, value_name = "N")]
        ticket: Option<TicketNumber>,
    },
    /// Show what a runbook looks for and does, and how often it helped.
    Show {
        /// Its name, as in net.no-internet.
        name: String,
    },
    /// Read runbooks and tell what is wrong with them, by line and column; needs no controller.
    Lint {
        /// Files, or folders of runbooks.
        #[arg(required = true, value_name = "FILE|FOLDER")]
        paths: Vec<PathBuf>,
    },
    /// Rehearse runbooks on the recorded facts beside them (tests/RUNBOOK/*.yaml); needs no controller.
    Test {
        /// The folder.
        folder: PathBuf,
        /// Only this runbook.
        name: Option<String>,
    },
    /// Run a runbook on a machine without changing anything: measure, judge, and tell what each fix would do.
    DryRun(DryRun),
    /// Print the language of runbooks as a JSON schema, for editors.
    Schema,
    /// Sign a folder of runbooks: lints and rehearses it, writes its manifest, and signs that. The next person signs
    /// the same folder to add their signature.
    Sign(Sign),
    /// Tell whether a folder is signed by enough of the right people, and holds what they signed.
    Verify {
        /// The folder.
        folder: PathBuf,
        /// Whom to trust: a trust root, or an allowed_signers file of OpenSSH.
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
    },
    /// Publish a signed folder: machines are handed it from now on.
    Publish {
        /// The folder.
        folder: PathBuf,
    },
    /// Withdraw whatever was published: signs and publishes an empty catalogue, after which no runbook is run.
    Withdraw(Withdraw),
    /// List the catalogues that were published.
    Catalogues,
}

/// Arguments of `befund runbook dry-run`.
#[derive(Debug, clap::Args)]
pub(crate) struct DryRun {
    /// The runbook.
    name: String,
    /// The machine.
    #[arg(long, value_name = "ID|NAME")]
    on: String,
    /// The ticket that its events go to.
    #[arg(long, value_name = "N")]
    ticket: Option<TicketNumber>,
    /// What may be set, as `befund runbook show` lists it.
    #[arg(value_name = "INPUT=VALUE", value_parser = values::pair)]
    inputs: Vec<(String, String)>,
}

/// Arguments of `befund runbook sign`.
#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    /// The folder.
    folder: PathBuf,
    #[command(flatten)]
    with: With,
    /// The version of the catalogue; one more than that of the manifest that is there, if the folder was changed since.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    version: Option<u64>,
    /// How long machines may take it, as in 30d.
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = values::duration)]
    valid: Duration,
    /// Whose it is, exactly as in the trust root; as in the manifest that is there, if absent.
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
}

/// Arguments of `befund runbook withdraw`.
#[derive(Debug, clap::Args)]
pub(crate) struct Withdraw {
    #[command(flatten)]
    with: With,
    /// Do not publish it, but write it to this new folder, for others to add their signatures with
    /// `befund runbook sign`.
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// How long it may be handed out.
    #[arg(long, value_name = "DURATION", default_value = "1y", value_parser = values::duration)]
    valid: Duration,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

impl Runbook {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
        match self {
            Self::List { ticket } => offered::list(ticket, desk).await,
            Self::Show { name } => offered::show(&name, desk).await,
            Self::Lint { paths } => checked::lint(&paths, desk),
            Self::Test { folder, name } => checked::test(&folder, name.as_deref(), desk),
            Self::DryRun(DryRun { name, on, ticket, inputs }) => {
                run::Run::dry(name, on, ticket, inputs).run(desk).await
            }
            Self::Schema => {
                let schema: Value = befund_runbook::schema();
                desk.screen.json(&schema)?;
                Ok(Exit::Ok)
            }
            Self::Sign(sign) => sign::sign(sign, desk).await,
            Self::Verify { folder, root } => published::verify(&folder, &root, desk),
            Self::Publish { folder } => published::publish(&folder, desk).await,
            Self::Withdraw(withdraw) => sign::withdraw(withdraw, desk).await,
            Self::Catalogues => published::catalogues(desk).await,
        }
    }
}
