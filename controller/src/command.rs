//! The commands, a file each.

use befund_runtime::telemetry::{self, LogFormat};
use clap::{Parser, Subcommand};
use tracing::Level;

mod backup;
mod doctor;
mod init;
mod local;
mod restore;
mod serve;
mod token;
mod user;

/// Befund's controller: takes in what agents report, and serves the console and the API.
#[derive(Debug, Parser)]
#[command(name = "befund-controller", version, about, propagate_version = true)]
pub(crate) struct Command {
    /// What log lines look like: human or json.
    #[arg(long, global = true, default_value = "human")]
    log_format: LogFormat,
    /// Log more.
    #[arg(short, long, global = true)]
    verbose: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a controller: its folder, CA, configuration and first administrator.
    Init(init::Init),
    /// Serve.
    Serve(serve::Serve),
    /// Make an enrollment token.
    Token(token::Token),
    /// Make, switch off and list people's accounts.
    User(user::User),
    /// Look for what is wrong, and say what to do.
    Doctor(doctor::Doctor),
    /// Save everything that this controller is in one sealed file; it may be serving meanwhile.
    Backup(backup::Backup),
    /// Bring back what a backup holds; the controller must not be serving.
    Restore(restore::Restore),
}

impl Command {
    /// Does it.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        telemetry::init(self.log_format, if self.verbose { Level::DEBUG } else { Level::INFO });
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            match self.action {
                Action::Init(init) => init.run().await,
                Action::Serve(serve) => serve.run().await,
                Action::Token(token) => token.run().await,
                Action::User(user) => user.run().await,
                Action::Doctor(doctor) => doctor.run().await,
                Action::Backup(backup) => backup.run().await,
                Action::Restore(restore) => restore.run().await,
            }
        })
    }
}
