//! The link: the only process of a machine with a connection to the controller. Unprivileged: it
//! reads nothing of the machine itself, and hands orders to the executor, which decides.
//!
//! [`connection`] keeps one session open, [`session`] knows what to say on it, [`core`] does what
//! it says: it alone owns the spool.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tracing::{info, info_span};

use befund_executor::ExecutorClient;
use befund_runtime::clock::Clock;
use befund_runtime::lifecycle::{Drained, Lifecycle, Signals};

use crate::config::AgentConfig;
use crate::disk::RealDisk;
use crate::door;
use crate::door::protocol::Connectivity;
use crate::identity::{IdentityError, IdentityFolder};
use crate::spool::{Spool, SpoolError};

pub(crate) mod asking;
pub mod catalogue;
pub(crate) mod connection;
pub(crate) mod core;
pub mod enrollment;
mod jobs;
mod listening;
pub(crate) mod note;
pub mod proxy;
mod renewal;
mod runs;
pub mod session;
pub mod time;
pub mod transport;
pub mod upload;
pub(crate) mod watching;
pub mod wire;

/// The system's service that runs the link.
pub const SERVICE: &str = "befund-link";
/// Notes that wait for the core.
const INBOX: usize = 64;
/// How long what runs may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// How a link is set up.
#[derive(Debug)]
pub struct Options {
    /// Identity and spool.
    pub state: PathBuf,
    /// The sockets.
    pub run: PathBuf,
    /// The settings.
    pub config: AgentConfig,
    /// Written once the session is welcomed.
    pub ready_file: Option<PathBuf>,
    /// The executor.
    pub executor: ExecutorClient,
    /// The machine's policy, which is the executor's to read.
    pub policy: PathBuf,
}

/// Why the link ended.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No identity.
    #[error("the link cannot start")]
    Identity(#[from] IdentityError),
    /// No spool.
    #[error("the link cannot start")]
    Spool(#[from] SpoolError),
    /// No way out.
    #[error("the link cannot start")]
    Proxy(#[from] proxy::ProxyError),
    /// No door.
    #[error("could not open the door for people in {}; check that the folder is writable", .0.display())]
    Door(PathBuf, #[source] std::io::Error),
    /// No signals.
    #[error("could not listen for signals")]
    Signals(#[source] std::io::Error),
}

/// Runs the link until it is told to stop. `ready` is called once people can ask.
///
/// # Errors
/// If it cannot start.
pub async fn run(
    options: Options,
    clock: Clock,
    life: Lifecycle,
    ready: impl FnOnce(),
) -> Result<Drained, LinkError> {
    let folder = IdentityFolder::new(RealDisk, &options.state);
    let identity = folder.load()?;
    identity.pin()?;
    let proxy =
        proxy::Proxy::choose(options.config.proxy.as_ref(), |name| std::env::var(name).ok())?;
    let limit = u64::from(options.config.spool.megabytes) << 20;
    let (spool, recovered) = Spool::open(RealDisk, &options.state, limit)?;
    let listener = door::serve::bind(&options.run)
        .map_err(|error| LinkError::Door(options.run.clone(), error))?;
    let signals = Signals::catch().map_err(LinkError::Signals)?;
    let executor = options.executor;
    let (inbox, notes) = mpsc::channel(INBOX);
    let (commands, commanded) = mpsc::channel(4);
    let (facts, known) = watch::channel(connection::Known {
        connectivity: Connectivity::Connecting,
        certificate_until: identity.good_until(),
    });
    let (trust, trusted) = watch::channel(None);
    info!(agent = %identity.agent, organisation = identity.organisation, "the link starts");
    let asking = asking::Asking::default();
    let core = core::Core::new(core::Parts {
        identity: identity.clone(),
        spool,
        executor: executor.clone(),
        clock: clock.clone(),
        life: life.clone(),
        inbox: inbox.clone(),
        commands,
        known,
        trust,
        asking: asking.clone(),
        schedule: options.config.schedule.clone(),
        ready_file: options.ready_file,
        policy: options.policy,
    });
    let host = door::serve::Host {
        executor,
        clock: clock.clone(),
        inbox: inbox.clone(),
        organisation: identity.organisation.clone(),
        asking,
    };
    let keeper = connection::Keeper {
        folder,
        identity,
        proxy,
        clock,
        inbox: inbox.clone(),
        commands: commanded,
        facts,
        trust: trusted,
        stop: life.soft(),
        renew_after: None,
    };
    life.spawn(info_span!("core"), core.run(notes, recovered));
    life.spawn(info_span!("door"), door::serve::serve(listener, host, life.clone()));
    life.spawn(info_span!("connection"), keeper.keep());
    if options.config.schedule.watching().is_some() {
        life.spawn(info_span!("listening"), listening::listen(inbox.clone(), life.soft()));
    }
    ready();
    Ok(life.run_until_stopped(signals, GRACE).await)
}
