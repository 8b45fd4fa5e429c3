//! Being started on demand, and starting on demand.
//!
//! Under systemd, `befund-executor.socket` holds the listener. Where there is no systemd, the link
//! holds it and plays that part with [`Activator`]: it listens, waits until somebody knocks, starts
//! the executor with the listener, and does so again once that one has gone.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use befund_runtime::clock::random;

use crate::platform;

/// How long an executor may take to end once it was told to.
const GRACE: Duration = Duration::from_secs(3);
/// The wait after an executor that failed, doubled each time up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LAST_WAIT: Duration = Duration::from_secs(30);

/// The listener that the starter handed to this process: descriptor 3 as sd_listen_fds(3) says, or
/// standard input. Call it first and once.
///
/// # Errors
/// If what was handed over is not a listening socket, or nothing was.
pub fn inherited() -> io::Result<UnixListener> {
    platform::inherited_listener()?.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            "no listening socket was handed to this process; the executor is started by \
             befund-executor.socket or by befund-agent link, not by hand",
        )
    })
}

/// How the executor is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorCommand {
    /// The program, an absolute path.
    pub program: PathBuf,
    /// Its arguments, as in `executor --policy FILE`.
    pub arguments: Vec<OsString>,
}

/// Holds the executor's socket and starts it on demand.
#[derive(Debug)]
pub struct Activator {
    listener: AsyncFd<UnixListener>,
    path: PathBuf,
    command: ExecutorCommand,
}

impl Activator {
    /// Binds the socket, only for its owner. A socket that a dead process left is replaced; one
    /// that somebody listens on is an error.
    ///
    /// # Errors
    /// If the socket cannot be bound.
    pub fn bind(path: &Path, command: ExecutorCommand) -> io::Result<Self> {
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            let text = format!("somebody listens on {} already", path.display());
            return Err(io::Error::new(io::ErrorKind::AddrInUse, text));
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener: platform::watch(listener)?, path: path.to_owned(), command })
    }

    /// Starts an executor whenever somebody knocks and none runs, until `stop`; then ends the one
    /// that runs and removes the socket.
    pub async fn serve(self, stop: CancellationToken) {
        let mut wait = FIRST_WAIT;
        while let Some(Ok(())) = stop.run_until_cancelled(self.knock()).await {
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
        // It may be gone with its folder.
        let _ = std::fs::remove_file(&self.path);
    }

    /// Waits until a connection is in the queue, without taking it.
    async fn knock(&self) -> io::Result<()> {
        loop {
            let mut guard = self.listener.readable().await?;
            let mut polled =
                [rustix::event::PollFd::new(self.listener.get_ref(), rustix::event::PollFlags::IN)];
            let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
            if rustix::event::poll(&mut polled, Some(&now))? > 0 {
                return Ok(());
            }
            guard.clear_ready();
        }
    }

    /// Runs one executor to its end.
    async fn one(&self, stop: &CancellationToken) -> io::Result<()> {
        let mut child = self.spawn()?;
        debug!(pid = child.id(), "executor started");
        let Some(ended) = stop.run_until_cancelled(child.wait()).await else {
            platform::ask_to_end(child.id());
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

    /// Hands the listener over as standard input: the number of a process, which the other way of
    /// handing over must name, is not known before it runs.
    fn spawn(&self) -> io::Result<Child> {
        let listener = self.listener.get_ref().as_fd().try_clone_to_owned()?;
        Command::new(&self.command.program)
            .args(&self.command.arguments)
            .stdin(Stdio::from(listener))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
    }
}
