//! The command line. Exit codes: 0 done; 1 it failed; 2 the command was mistyped; 3 the request is
//! kept on this machine and not delivered yet; 4 the person said no; 5 no agent runs on this machine; 6 a
//! runbook ended and the trouble is not over, or nobody can tell.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tracing::Level;

use befund_executor::activate::{self, Activator, ExecutorCommand};
use befund_executor::{ChildCommand, Config, ExecutorClient};
use befund_runtime::clock::Clock;
use befund_runtime::lifecycle::{Lifecycle, Signals};
use befund_runtime::peer::Account;
use befund_runtime::telemetry::{self, LogFormat};

use crate::config;
use crate::disk::RealDisk;
use crate::identity::IdentityFolder;
use crate::link;
use crate::platform;

mod attend;
mod dialogue;
mod enroll;
mod fix;
mod policy;
mod progress;
mod screen;
mod send;
pub(crate) mod service;
mod status;
mod words;

/// The executor's socket in the run folder.
const EXECUTOR_SOCKET: &str = "executor.sock";
/// Something failed.
const FAILED: u8 = 1;
/// The request waits in the spool.
pub(crate) const WAITING: u8 = 3;
/// The person said no.
pub(crate) const DECLINED: u8 = 4;
/// No link runs here.
pub(crate) const NO_AGENT: u8 = 5;
/// The trouble is not over.
pub(crate) const NOT_ACCEPTED: u8 = 6;

/// The exit codes, for scripts.
const HELP: &str = "\
Exit codes:
  0  done; of `fix`: the trouble is over
  1  it failed, or was refused
  2  the command was mistyped
  3  the request is kept on this machine, and not delivered yet
  4  the person said no
  5  no agent runs on this machine
  6  of `fix`: the trouble is not over, or nobody can tell";

/// Befund on this machine.
#[derive(Debug, Parser)]
#[command(name = "befund-agent", version, about, after_help = HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Enroll this machine with a token from your help desk
    Enroll(enroll::Enroll),
    /// Stay connected to the controller (usually started by the system)
    Link(Link),
    /// Send this machine's diagnostics to your help desk
    Send(send::Send),
    /// Find out what is wrong with this machine and put it right, as far as that may be done here
    Fix(fix::Fix),
    /// Ask whoever works here when the help desk wants to know or change something
    Attend(attend::Attend),
    /// Say how things are with the agent
    Status(status::Status),
    /// Say what this machine's policy allows, or what is wrong with the file
    Policy(policy::Show),
    /// Run the agent as services of this system, where it has no units for that
    Service(service::Service),
    /// The privileged half (started by the system or by the link)
    #[command(hide = true)]
    Executor(Executor),
    /// Reads the machine's state (started by the executor)
    #[command(hide = true)]
    Collect,
    /// Evaluates expressions (started by the executor)
    #[command(hide = true)]
    Judge,
    /// Changes something (started by the executor)
    #[command(hide = true)]
    Act,
}

#[derive(Debug, Args)]
struct Link {
    /// Where identity and spool are kept
    #[arg(long, default_value_os_t = platform::default_state(), env = "BEFUND_STATE")]
    state: PathBuf,
    /// Where the sockets are
    #[arg(long, default_value_os_t = platform::default_run(), env = "BEFUND_RUN")]
    run: PathBuf,
    /// What the machine's owner allows [default: /etc/befund/policy.toml, on Windows
    /// %ProgramData%\Befund\policy.toml, if it is there]
    #[arg(long)]
    policy: Option<PathBuf>,
    /// The agent's settings [default: agent.toml where the policy is, if it is there]
    #[arg(long)]
    config: Option<PathBuf>,
    /// The executor's own folder: what it trusts, and the journal of its runs [default:
    /// /var/lib/befund-executor for the system's agent, else `executor` within the state]
    #[arg(long)]
    keep: Option<PathBuf>,
    /// The tree that is read, in place of the machine's own
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
    /// Use an executor that the system starts, at RUN/executor.sock, in place of starting one
    #[arg(long)]
    system_executor: bool,
    /// Written once the controller has said welcome
    #[arg(long)]
    ready_file: Option<PathBuf>,
    /// Started by the system's service manager
    #[arg(long, hide = true)]
    service: bool,
    /// Where the log goes, in place of standard error
    #[arg(long, hide = true)]
    log_file: Option<PathBuf>,
    /// What log lines look like: human or json
    #[arg(long, default_value = "human")]
    log_format: LogFormat,
    /// Log more
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Debug, Args)]
struct Executor {
    /// Where the identity is kept
    #[arg(long, default_value_os_t = platform::default_state(), env = "BEFUND_STATE")]
    state: PathBuf,
    /// Where the sockets are, on systems where none is handed over
    #[arg(long, default_value_os_t = platform::default_run(), env = "BEFUND_RUN")]
    run: PathBuf,
    /// What the machine's owner allows
    #[arg(long)]
    policy: Option<PathBuf>,
    /// The executor's own folder: what it trusts, and the journal of its runs [default:
    /// /var/lib/befund-executor for the system's agent, else `executor` within the state]
    #[arg(long)]
    keep: Option<PathBuf>,
    /// The tree that is read, in place of the machine's own
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
    /// An account, beside root or administrators and one's own, that may ask: its number, or its
    /// security identifier on Windows; may be given more than once
    #[arg(long, alias = "allow-uid")]
    allow_account: Vec<Account>,
    /// Started by the system's service manager
    #[arg(long, hide = true)]
    service: bool,
    /// Where the log goes, in place of standard error
    #[arg(long, hide = true)]
    log_file: Option<PathBuf>,
    /// What log lines look like: human or json
    #[arg(long, default_value = "human")]
    log_format: LogFormat,
    /// Log more
    #[arg(long, short)]
    verbose: bool,
}

/// The program, from the command line to the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.part {
        Part::Collect => return befund_executor::child::main(),
        Part::Judge => {
            return befund_executor::judge::main(befund_executor::judge::cel);
        }
        Part::Act => return befund_act::child::main(),
        Part::Link(Link { service: true, .. }) => platform::service::host(link::SERVICE, serve),
        Part::Executor(Executor { service: true, .. }) => {
            platform::service::host(befund_executor::SERVICE, serve)
        }
        Part::Enroll(enroll) => run(enroll.run()),
        Part::Link(link) => run(link.run(Lifecycle::new(), platform::ready)),
        Part::Send(send) => run(send.run()),
        Part::Fix(fix) => run(fix.run()),
        Part::Attend(attend) => run(attend.run()),
        Part::Status(status) => run(status.run()),
        Part::Policy(policy) => policy.run(),
        Part::Service(service) => service.run(),
        Part::Executor(executor) => run(executor.run(Lifecycle::new(), || {})),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            screen::complain(&telemetry::chain(error.as_ref()));
            ExitCode::from(FAILED)
        }
    }
}

/// What the process of a service does until its life ends; `ready` is called once it is there.
fn serve(life: Lifecycle, ready: Box<dyn FnOnce()>) -> anyhow::Result<ExitCode> {
    match Cli::parse().part {
        Part::Link(link) => run(link.run(life, ready)),
        Part::Executor(executor) => run(executor.run(life, ready)),
        _ => anyhow::bail!("only the link and the executor are services"),
    }
}

fn run(part: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(part)
}

impl Link {
    async fn run(self, life: Lifecycle, ready: impl FnOnce()) -> anyhow::Result<ExitCode> {
        platform::keep_heap_small();
        log_to(self.log_file.as_deref())?;
        telemetry::init(self.log_format, if self.verbose { Level::DEBUG } else { Level::INFO });
        let settings = config::load(self.config.as_deref())?;
        let socket = self.run.join(EXECUTOR_SOCKET);
        let _only = (only_one(&self.state)?, only_one(&self.run)?);
        let executor = if self.system_executor {
            ExecutorClient::new(&socket)
        } else {
            // Held by the executor of a link that was killed, if at all: that one ends by itself
            // once it is idle, and nobody asks it any more.
            let _ = std::fs::remove_file(&socket);
            let activator = Activator::bind(&socket, self.executor()?).map_err(|error| {
                anyhow::Error::new(error).context(format!(
                    "could not open the executor's socket {}; check that the folder is writable and no other agent runs, or use --run",
                    socket.display()
                ))
            })?;
            let client = activator.client();
            life.spawn(tracing::info_span!("activator"), activator.serve(life.soft()));
            client
        };
        let options = link::Options {
            state: self.state,
            run: self.run,
            config: settings,
            ready_file: self.ready_file.as_deref().map(absolute).transpose()?,
            executor,
            policy: self.policy.unwrap_or_else(befund_executor::policy::default_path),
        };
        link::run(options, Clock::system(), life, ready).await?;
        Ok(ExitCode::SUCCESS)
    }

    fn executor(&self) -> std::io::Result<ExecutorCommand> {
        let mut arguments =
            vec!["executor".into(), "--state".into(), absolute(&self.state)?.into()];
        arguments.extend(["--run".into(), absolute(&self.run)?.into()]);
        let keep = keep(self.keep.as_deref(), &self.state);
        arguments.extend(["--keep".into(), absolute(&keep)?.into()]);
        for (name, path) in [("--policy", &self.policy), ("--root", &self.root)] {
            if let Some(path) = path {
                arguments.extend([name.into(), absolute(path)?.into()]);
            }
        }
        if self.verbose {
            arguments.push("--verbose".into());
        }
        if self.log_format == LogFormat::Json {
            arguments.extend(["--log-format".into(), "json".into()]);
        }
        Ok(ExecutorCommand { program: std::env::current_exe()?, arguments })
    }
}

fn log_to(file: Option<&Path>) -> anyhow::Result<()> {
    file.map_or(Ok(()), platform::service::log_to)
}

/// Makes sure that no other link uses this folder, as long as the file is held.
fn only_one(folder: &Path) -> anyhow::Result<std::fs::File> {
    let path = folder.join("link.lock");
    let open = || {
        std::fs::create_dir_all(folder)?;
        std::fs::File::options().create(true).append(true).open(&path)
    };
    let file = open().map_err(|error| {
        anyhow::Error::new(error).context(format!(
            "could not write to the folder {}; run as the account that owns it, or choose another with --state and --run",
            folder.display()
        ))
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => anyhow::bail!(
            "another befund-agent link runs already (it holds {}); stop that one first",
            path.display()
        ),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(anyhow::Error::new(error).context(format!("could not lock {}", path.display())))
        }
    }
}

/// Where the executor of this state keeps what is its own. The system's executor has a folder that no other account
/// may enter; one that the link starts is of the link's account, as its state is.
fn keep(given: Option<&Path>, state: &Path) -> PathBuf {
    match given {
        Some(given) => given.to_owned(),
        None if state == platform::default_state() && befund_executor::is_master() => {
            befund_executor::default_keep()
        }
        None => state.join("executor"),
    }
}

fn absolute(path: &Path) -> std::io::Result<PathBuf> {
    std::path::absolute(path)
}

impl Executor {
    async fn run(self, life: Lifecycle, ready: impl FnOnce()) -> anyhow::Result<ExitCode> {
        log_to(self.log_file.as_deref())?;
        telemetry::init(self.log_format, if self.verbose { Level::DEBUG } else { Level::INFO });
        let listener = activate::handed(&self.run.join(EXECUTOR_SOCKET))?;
        let mut config = Config::new(ChildCommand::own()?);
        // Without an identity every order is refused, and snapshots are still taken.
        if let Ok(identity) = IdentityFolder::new(RealDisk, &self.state).load() {
            config.agent = Some(identity.agent);
            config.organisation = identity.organisation;
        }
        config.allow.extend(self.allow_account);
        config.allow_owner_of(&self.state);
        config.keep = keep(self.keep.as_deref(), &self.state);
        // The link owns the identity, and could have this machine taken for another.
        match befund_executor::whose(&config.keep) {
            Ok(None) => {}
            Ok(Some(agent)) => config.agent = Some(agent),
            Err(error) => {
                tracing::error!(%error, "no orders are run: nobody knows which machine this is");
                config.agent = None;
            }
        }
        if let Some(policy) = self.policy {
            config.policy = policy;
        }
        if let Some(root) = self.root {
            config.root = root;
        }
        let signals = Signals::catch()?;
        let stop = life.soft();
        let watched = life.clone();
        if !self.service {
            let (left, own) = (activate::starter_left(), life.clone());
            tokio::spawn(async move {
                left.await;
                own.stop();
            });
        }
        let serving = life.spawn(tracing::Span::none(), async move {
            let ended = befund_executor::run(listener, config, stop).await;
            watched.stop();
            ended
        });
        ready();
        life.run_until_stopped(signals, std::time::Duration::from_secs(5)).await;
        if let Ok(Some(ended)) = serving.await {
            ended?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
