//! `befund-agent service`: the agent as services of the system, where the agent itself has to see to
//! that. Linux has units for it, which come with the package.

use std::path::PathBuf;
use std::process::ExitCode;

use befund_runtime::lifecycle::Lifecycle;
use clap::{Args, Subcommand};

use super::screen;
use crate::platform;

/// What a service does until its life ends; it calls what it is handed once it is ready.
pub(crate) type Body = fn(Lifecycle, Box<dyn FnOnce()>) -> anyhow::Result<ExitCode>;

#[derive(Debug, Args)]
pub(super) struct Service {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Install link and executor, or set them up anew; they are not started
    Install(Install),
    /// Start the link, which starts the executor when it needs it
    Start,
    /// Stop both
    Stop,
    /// Stop and remove both; identity, spool, settings and policy stay
    Uninstall,
    /// Say whether they are installed, and what they do
    Status,
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// Where identity and spool are kept
    #[arg(long, default_value_os_t = platform::default_state())]
    pub(crate) state: PathBuf,
    /// What names the local sockets
    #[arg(long, default_value_os_t = platform::default_run())]
    pub(crate) run: PathBuf,
    /// What the machine's owner allows, if it is there
    #[arg(long, default_value_os_t = befund_executor::policy::default_path())]
    pub(crate) policy: PathBuf,
    /// The agent's settings, if they are not where they are by default
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
}

impl Service {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        for line in platform::service::perform(&self.action)? {
            screen::say(&line);
        }
        Ok(ExitCode::SUCCESS)
    }
}
