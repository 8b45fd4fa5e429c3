//! What the commands do: each reads its arguments, asks the controller, shows the answer.

pub(crate) mod agent;
pub(crate) mod approve;
pub(crate) mod audit;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod enroll;
pub(crate) mod job;
pub(crate) mod login;
pub(crate) mod machine;
pub(crate) mod run;
pub(crate) mod runbook;
pub(crate) mod snapshot;
pub(crate) mod ticket;
pub(crate) mod trust;
pub(crate) mod values;
pub(crate) mod watch;

use std::io::Write as _;

use clap::CommandFactory as _;

use crate::args::{Args, Command};
use crate::client::{Client, address};
use crate::config::{ConfigFile, SignIn};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pins::PinFile;
use crate::screen::Screen;

/// What a command works with.
pub(crate) struct Desk<'a> {
    config: ConfigFile,
    /// Where it prints to.
    pub(crate) screen: &'a mut Screen,
}

impl Desk<'_> {
    /// The stored sign-in, and a client that uses it.
    ///
    /// # Errors
    /// If nobody is signed in.
    pub(crate) fn signed_in(&self) -> Result<(SignIn, Client), Failure> {
        let Some(sign_in) = self.config.load()? else {
            let why = format!("nobody is signed in ({} is missing)", self.config.path().display());
            return Err(Failure::cannot(Exit::Forbidden, "ask the controller", why)
                .hint("sign in: befund login URL --pin sha256:…"));
        };
        let url = address(&sign_in.url).map_err(|why| {
            Failure::cannot(Exit::Failed, "use the stored sign-in", why)
                .hint("sign in again: befund login URL --pin sha256:…")
        })?;
        let client = Client::new(url, sign_in.ca_pin()?, Some(sign_in.token.clone()))?;
        Ok((sign_in, client))
    }

    /// The stored sign-in, if there is one.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn sign_in(&self) -> Result<Option<SignIn>, Failure> {
        self.config.load()
    }

    /// The trust roots that this technician vouches for.
    pub(crate) fn pins(&self) -> PinFile {
        PinFile::beside(self.config.path())
    }

    /// A client for the controller that we are signed in at.
    ///
    /// # Errors
    /// If nobody is signed in.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        self.signed_in().map(|(_, client)| client)
    }
}

/// Does what was asked for, until Ctrl-C.
///
/// # Errors
/// If it could not be done.
pub(crate) async fn run(args: Args, screen: &mut Screen) -> Result<Exit, Failure> {
    let desk = Desk { config: ConfigFile::find(args.config)?, screen };
    tokio::select! {
        ended = dispatch(args.command, desk) => ended,
        // A job goes on at the machine, and a change is done or not: there is nothing to undo.
        _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
    }
}

async fn dispatch(command: Command, mut desk: Desk<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Login(login) => login.run(&mut desk).await?,
        Command::Logout => login::logout(&mut desk).await?,
        Command::Whoami => login::whoami(&mut desk).await?,
        Command::Ticket(ticket) => return ticket.run(&mut desk).await,
        Command::Machine(machine) => machine.run(&mut desk).await?,
        Command::Snapshot(snapshot) => snapshot.run(&mut desk).await?,
        Command::Check(check) => return check.run(&mut desk).await,
        Command::Run(run) => return run.run(&mut desk).await,
        Command::Watch(one) => watch::run(one.number, &mut desk).await?,
        Command::Job(job) => return job.run(&mut desk).await,
        Command::Approve(approve) => return approve.run(&mut desk).await,
        Command::Decline { job } => approve::decline(job, &mut desk).await?,
        Command::Runbook(runbook) => return runbook.run(&mut desk).await,
        Command::Trust(trust) => return trust.run(&mut desk).await,
        Command::Works => job::works(&mut desk).await?,
        Command::Enroll(enroll) => enroll.run(&mut desk).await?,
        Command::Agent(agent) => agent.run(&mut desk).await?,
        Command::Audit(audit) => audit.run(&mut desk).await?,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "befund", &mut script);
            std::io::stdout().write_all(&script).map_err(|_| Failure::OutputClosed)?;
        }
    }
    Ok(Exit::Ok)
}
