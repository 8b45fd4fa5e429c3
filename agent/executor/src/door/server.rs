//! The executor's end of the door: takes connections, checks who asks, and goes when idle.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, debug, info, info_span, warn};

use befund_model::id::{AgentId, JobId};
use befund_runtime::clock::random;
use befund_runtime::files;
use befund_runtime::local::{self, Callers};
use befund_runtime::peer::Account;

use super::connection;
use crate::ChildCommand;
use crate::activate::Listeners;
use crate::child::ChildWork;
use crate::people::door::Host;
use crate::people::signed_in::{Sessions, SignedIn};
use crate::people::{self, NoRuns, People};
use crate::platform;
use crate::spare::Spare;
use crate::supervise::{Running, StartError};

/// How long what runs may take to end after a stop.
const GRACE: Duration = Duration::from_secs(2);
/// The most connections at a time; more wait in the socket's queue.
const MAX_CONNECTIONS: usize = 32;
/// The most collect children at a time; more wait, within their own deadlines.
pub(crate) const MAX_CHILDREN: usize = 4;

/// How an executor is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The identity of this machine; orders for another are refused, and all of them before it is
    /// enrolled.
    pub agent: Option<AgentId>,
    /// The accounts that may ask, beside root or administrators: the link's.
    pub allow: Vec<Account>,
    /// The policy file; the defaults apply where there is none.
    pub policy: PathBuf,
    /// How the collect child is started.
    pub child: ChildCommand,
    /// The tree that collectors and probes read: `/`, or a recorded one.
    pub root: PathBuf,
    /// How long to stay without a connection.
    pub idle: Duration,
    /// When the collect child of a snapshot is killed.
    pub collect_within: Duration,
    /// With whom this machine is enrolled, as people are told; empty before it is.
    pub organisation: String,
    /// How it is known who is signed in. Only tests say anything else than [`SignedIn::System`].
    pub signed_in: SignedIn,
}

impl Config {
    /// What a machine has by default: reads `/`, allows only root and the executor's own account,
    /// stays for 30 s.
    #[must_use]
    pub fn new(child: ChildCommand) -> Self {
        Self {
            agent: None,
            allow: vec![Account::own()],
            policy: crate::policy::default_path(),
            child,
            root: PathBuf::from("/"),
            idle: Duration::from_secs(30),
            collect_within: Duration::from_secs(12),
            organisation: String::new(),
            signed_in: SignedIn::System,
        }
    }
}

impl Config {
    /// Lets the account that owns this folder ask: the link's, if it is the link's state. Nothing
    /// changes where there is no such folder.
    pub fn allow_owner_of(&mut self, folder: &std::path::Path) {
        self.allow.extend(files::owner_of(folder));
    }
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) running: Mutex<HashMap<JobId, CancellationToken>>,
    pub(crate) children: Semaphore,
    pub(crate) spare: Spare,
}

impl Shared {
    /// A child with this order.
    pub(crate) async fn child(&self, work: ChildWork) -> Result<Running, StartError> {
        self.spare.take()?.obey(self.config.root.clone(), work).await
    }
}

/// Why the executor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nobody asked for a while.
    Idle,
    /// It was told to stop.
    Stopped,
}

/// Serves until nobody has asked for [`Config::idle`], or until `stop`.
///
/// # Errors
/// If the listener cannot be used.
pub async fn run(
    listeners: impl Into<Listeners>,
    config: Config,
    stop: CancellationToken,
) -> std::io::Result<Ended> {
    let Listeners { link, people: peoples } = listeners.into();
    let mut listener = platform::listen(link, Callers::Only(config.allow.clone()))?;
    let sessions = Sessions::new(config.signed_in.clone(), &config.allow);
    let first = u64::from_be_bytes(random());
    let people = People::new(config.organisation.clone(), sessions, first);
    let tasks = TaskTracker::new();
    let idle = config.idle;
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let shared = Arc::new(Shared {
        spare: Spare::new(config.child.clone()),
        config,
        running: Mutex::default(),
        children: Semaphore::new(MAX_CHILDREN),
    });
    // Ends what runs when the executor is told to stop.
    let ending = stop.child_token();
    let visits = TaskTracker::new();
    if let Some(peoples) = peoples {
        let host = Host { people: people.clone(), runs: Arc::new(NoRuns) };
        match platform::listen(peoples, Callers::Everybody) {
            Ok(door) => {
                let (tasks, ending) = (visits.clone(), ending.clone());
                visits.spawn(people::door::serve(door, host, tasks, ending));
            }
            // Somebody else may hold its name. Nobody can be asked then, and the rest goes on.
            Err(error) => warn!(%error, "could not open the people's door"),
        }
    }
    info!("the executor is ready");
    let ended = loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break Ended::Stopped,
            accepted = timeout(idle, accept(&mut listener, &slots)) => accepted,
        };
        match accepted {
            Err(_) if tasks.is_empty() && !people.is_busy() => break Ended::Idle,
            Err(_) => {}
            Ok((stream, slot)) => {
                let (shared, ending) = (Arc::clone(&shared), ending.clone());
                let span = info_span!("connection");
                tasks.spawn(
                    async move {
                        let _slot = slot;
                        admit(stream, &shared, ending).await;
                    }
                    .instrument(span),
                );
            }
        }
    };
    tasks.close();
    // Those who only waited to be asked.
    visits.close();
    let ended_well = async {
        tasks.wait().await;
        ending.cancel();
        visits.wait().await;
    };
    if timeout(GRACE, ended_well).await.is_err() {
        warn!("some connections did not end in time");
    }
    debug!(?ended, "the executor ends");
    Ok(ended)
}

async fn accept(
    listener: &mut local::Listener,
    slots: &Arc<Semaphore>,
) -> (local::Stream, Option<tokio::sync::OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok(stream) => return (stream, slot),
            Err(error) => {
                // Out of descriptors, most likely; they come back as connections end.
                warn!(%error, "could not take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn admit(mut stream: local::Stream, shared: &Shared, ending: CancellationToken) {
    let peer = match local::credentials(&mut stream).await {
        Ok(peer) => peer,
        Err(error) => {
            warn!(%error, "could not ask who is at the other end; connection refused");
            return;
        }
    };
    let allowed = peer.administrator || shared.config.allow.contains(&peer.account);
    if allowed {
        connection::serve(stream, shared, ending).await;
    } else {
        warn!(account = %peer.account, pid = peer.pid, "an account that may not ask was refused");
        connection::refuse(
            stream,
            format!(
                "user {} may not use the executor; only {} and the account that the agent's link runs as may",
                peer.account,
                platform::MASTERS
            ),
        )
        .await;
    }
}
