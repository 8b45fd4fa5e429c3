//! Being started on demand, and starting on demand.
//!
//! Under systemd, `befund-executor.socket` and `befund-people.socket` hold the listeners; on Windows, the service manager starts
//! the executor when the link asks it to. Where neither does, the link plays that part with
//! [`Activator`]: it waits until somebody knocks, starts the executor, and does so again once that
//! one has gone.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use befund_runtime::clock::random;

use crate::door::client::ExecutorClient;
use crate::platform;
pub use crate::platform::Listening;

/// How long an executor may take to end once it was told to.
const GRACE: Duration = Duration::from_secs(3);
/// The wait after an executor that failed, doubled each time up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LAST_WAIT: Duration = Duration::from_secs(30);

/// Where an executor listens.
#[derive(Debug)]
pub struct Listeners {
    /// For the link.
    pub link: Listening,
    /// For people; absent where whoever starts the executor knows of no such door.
    pub people: Option<Listening>,
}

impl From<Listening> for Listeners {
    fn from(link: Listening) -> Self {
        Self { link, people: None }
    }
}

/// The listeners that the starter handed to this process; on Windows, where listeners are not handed
/// over, the one at this path and the people's beside it. Call it first and once.
///
/// # Errors
/// If what was handed over is not a listening socket, or nothing was.
pub fn handed(path: &Path) -> io::Result<Listeners> {
    platform::handed(path)
}

/// Comes when whoever started this process lets go of it, on systems where that is how a child is
/// asked to end. Not for services.
pub fn starter_left() -> impl Future<Output = ()> + Send {
    platform::starter_left()
}

/// How the executor is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorCommand {
    /// The program, an absolute path.
    pub program: PathBuf,
    /// Its arguments, as in `executor --policy FILE`.
    pub arguments: Vec<OsString>,
}

/// Holds the executor's doors and starts it on demand.
#[derive(Debug)]
pub struct Activator {
    door: platform::Door,
    command: ExecutorCommand,
}

impl Activator {
    /// Takes the door, only for its owner, and beside it the people's, for everybody. A socket that a dead process left is replaced; one that
    /// somebody listens on is an error.
    ///
    /// # Errors
    /// If the door cannot be had.
    pub fn bind(path: &Path, command: ExecutorCommand) -> io::Result<Self> {
        Ok(Self { door: platform::Door::hold(path)?, command })
    }

    /// A client that knocks here.
    #[must_use]
    pub fn client(&self) -> ExecutorClient {
        self.door.client()
    }

    /// Starts an executor whenever somebody knocks and none runs, until `stop`; then ends the one
    /// that runs and leaves the door.
    pub async fn serve(self, stop: CancellationToken) {
        let mut wait = FIRST_WAIT;
        while let Some(Ok(())) = stop.run_until_cancelled(self.door.knock()).await {
            match self.one(&stop).await {
                Ok(()) => wait = FIRST_WAIT,
                Err(error) => {
                    warn!(%error, "the executor failed; it will be started again");
                    let [byte] = random::<1>();
                    let pause = wait.mul_f64(0.5 + f64::from(byte) / 512.0);
                    if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                        break;
                    }
                    wait = (wait * 2).min(LAST_WAIT);
                }
            }
        }
        self.door.leave();
    }

    /// Runs one executor to its end.
    async fn one(&self, stop: &CancellationToken) -> io::Result<()> {
        let mut child = self.door.start(&self.command)?;
        debug!(pid = child.id(), "executor started");
        let Some(ended) = stop.run_until_cancelled(child.wait()).await else {
            child.ask_to_end();
            if timeout(GRACE, child.wait()).await.is_err() {
                child.kill().await?;
            }
            return Ok(());
        };
        let status = ended?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("the executor ended with {status}")))
        }
    }
}
