//! The executor's end of the door: takes connections, checks who asks, and goes when idle.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OnceCell, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, debug, error, info, info_span, warn};

use befund_model::id::{AgentId, JobId};
use befund_runtime::clock::random;
use befund_runtime::files;
use befund_runtime::local::{self, Callers};
use befund_runtime::peer::Account;

use super::connection;
use crate::ChildCommand;
use crate::activate::Listeners;
use crate::child::ChildWork;
use crate::drive::person::{Nobody, Person};
use crate::journal::BootId;
use crate::people::door::Host;
use crate::people::own::Own;
use crate::people::signed_in::{Sessions, SignedIn};
use crate::people::{self, People};
use crate::platform;
use crate::runs::Runs;
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
    /// How the child is started that changes something.
    pub act: ChildCommand,
    /// How the child is started that evaluates expressions.
    pub judge: ChildCommand,
    /// The executor's own folder, where only it may write: the journal of its runs, and what it trusts.
    pub keep: PathBuf,
    /// The machine's name, for people.
    pub machine: String,
    /// How whoever sits at the machine is reached.
    pub person: Arc<dyn Person>,
    /// What restarts the machine.
    pub restart: ChildCommand,
    /// Which run of the system this is; absent where that cannot be told.
    pub boot: Option<BootId>,
}

impl Config {
    /// What a machine has by default: reads `/`, allows only root and the executor's own account,
    /// stays for 30 s.
    #[must_use]
    pub fn new(child: ChildCommand) -> Self {
        let (program, arguments) = platform::restart();
        let arguments = arguments.iter().map(Into::into).collect();
        Self {
            agent: None,
            allow: vec![Account::own()],
            policy: crate::policy::default_path(),
            act: child.sibling("act"),
            judge: child.sibling("judge"),
            keep: platform::default_keep(),
            machine: platform::host_name(),
            person: Arc::new(Nobody),
            restart: ChildCommand { program, arguments },
            boot: BootId::now(),
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
    /// Judging children for runs.
    pub(crate) judges: Spare,
    /// All that is at work; the executor stays as long as there is any.
    pub(crate) tasks: TaskTracker,
    /// The executor is to end.
    pub(crate) stop: CancellationToken,
    people: People,
    runs: OnceCell<Result<Arc<Runs>, String>>,
}

impl Shared {
    /// The runs of runbooks; opened when they are first wanted.
    ///
    /// # Errors
    /// Why there are none: what the executor keeps cannot be used.
    pub(crate) async fn runs(self: &Arc<Self>) -> Result<&Arc<Runs>, String> {
        let opened = self.runs.get_or_init(|| async {
            let opened = Runs::open(self).await.map_err(|error| {
                error!(error = &error as &dyn std::error::Error, "no runbooks can be run");
                crate::told(&error)
            });
            // Whom somebody vouched for is believed more than what the link says.
            if let Some(organisation) = opened.as_ref().ok().and_then(|runs| runs.organisation()) {
                self.people.is_of(organisation);
            }
            opened
        });
        opened.await.as_ref().map_err(Clone::clone)
    }

    /// Starts what the next run will need and is not there yet.
    pub(crate) fn be_ready(&self) {
        self.spare.refill();
        self.judges.refill();
    }

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
    mut config: Config,
    stop: CancellationToken,
) -> std::io::Result<Ended> {
    let Listeners { link, people: peoples } = listeners.into();
    let mut listener = platform::listen(link, Callers::Only(config.allow.clone()))?;
    let sessions = Sessions::new(config.signed_in.clone(), &config.allow);
    let first = u64::from_be_bytes(random());
    let people = People::new(config.organisation.clone(), sessions, first);
    let door = peoples.and_then(|door| match platform::listen(door, Callers::Everybody) {
        Ok(door) => Some(door),
        Err(error) => {
            // Somebody else may hold its name. Nobody can be asked then, and the rest goes on.
            warn!(%error, "could not open the people's door");
            None
        }
    });
    if door.is_some() {
        config.person = Arc::new(people.clone());
    }
    let tasks = TaskTracker::new();
    let idle = config.idle;
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let shared = Arc::new(Shared {
        spare: Spare::new(config.child.clone()),
        judges: Spare::new(config.judge.clone()),
        config,
        running: Mutex::default(),
        children: Semaphore::new(MAX_CHILDREN),
        tasks: tasks.clone(),
        stop: stop.child_token(),
        people: people.clone(),
        runs: OnceCell::new(),
    });
    // Ends what runs when the executor is told to stop.
    let ending = stop.child_token();
    if shared.config.keep.is_dir() {
        // What was interrupted goes on, whether somebody asks for it or not.
        let shared = Arc::clone(&shared);
        tasks.spawn(async move { drop(shared.runs().await) });
    }
    let visits = TaskTracker::new();
    if let Some(door) = door {
        let host = Host { people: people.clone(), runs: Arc::new(Own::new(&shared)) };
        visits.spawn(people::door::serve(door, host, visits.clone(), ending.clone()));
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
    shared.stop.cancel();
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

async fn admit(mut stream: local::Stream, shared: &Arc<Shared>, ending: CancellationToken) {
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
