//! The executor's socket, held by whoever starts the executor and handed over to it.

use std::io;
use std::os::fd::{AsFd, FromRawFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::Signal;
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, Command};

use super::Starter;
use crate::activate::ExecutorCommand;
use crate::door::client::ExecutorClient;

/// sd_listen_fds(3): the first descriptor that is handed over.
const FIRST: i32 = 3;

/// Takes the listening socket that the starter handed over: descriptor 3 by the protocol of
/// sd_listen_fds(3), or else standard input, as inetd does for `wait` services. The second way is
/// for starters that cannot know the number of the process before it runs.
pub(crate) fn handed(_: &Path) -> io::Result<UnixListener> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    if number("LISTEN_PID") == Some(std::process::id()) && number("LISTEN_FDS") >= Some(1) {
        // SAFETY: the two variables, addressed to this very process, say that descriptor 3 is open
        // and ours; nothing else here has taken it, since this runs first and once.
        #[expect(unsafe_code, reason = "sd_listen_fds(3) names the descriptor by number only")]
        let handed = unsafe { OwnedFd::from_raw_fd(FIRST) };
        rustix::io::fcntl_setfd(&handed, rustix::io::FdFlags::CLOEXEC)?;
        return if is_listening(&handed) {
            Ok(UnixListener::from(handed))
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "descriptor 3 is not a listening socket",
            ))
        };
    }
    let input = io::stdin();
    if is_listening(&input) {
        return Ok(UnixListener::from(input.as_fd().try_clone_to_owned()?));
    }
    Err(io::Error::new(
        io::ErrorKind::NotFound,
        "no listening socket was handed to this process; the executor is started by \
         befund-executor.socket or by befund-agent link, not by hand",
    ))
}

/// Whether this is a socket that takes connections.
#[cfg(not(target_vendor = "apple"))]
fn is_listening(fd: &impl AsFd) -> bool {
    rustix::net::sockopt::socket_acceptconn(fd).unwrap_or(false)
}

/// Whether this is a socket that takes connections: one that is not connected itself, since Apple's
/// kernels do not say (they name SO_ACCEPTCONN and do not know it).
#[cfg(target_vendor = "apple")]
fn is_listening(fd: &impl AsFd) -> bool {
    rustix::net::getsockname(fd).is_ok() && rustix::net::getpeername(fd).is_err()
}

/// Who starts an executor ends it by a signal, so that this never comes.
pub(crate) fn starter_left() -> impl Future<Output = ()> + Send {
    std::future::pending()
}

/// The executor's socket.
#[derive(Debug)]
pub(crate) struct Door {
    listener: AsyncFd<UnixListener>,
    path: PathBuf,
}

impl Door {
    /// Binds the socket, only for its owner. A socket that a dead process left is replaced; one
    /// that somebody listens on is an error.
    pub(crate) fn hold(path: &Path) -> io::Result<Self> {
        if UnixStream::connect(path).is_ok() {
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
        Ok(Self { listener: watch(listener)?, path: path.to_owned() })
    }

    /// A client that knocks here.
    pub(crate) fn client(&self) -> ExecutorClient {
        ExecutorClient::started_by(&self.path, Starter)
    }

    /// Waits until a connection is in the queue, without taking it.
    pub(crate) async fn knock(&self) -> io::Result<()> {
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

    /// Starts an executor and hands the listener over as standard input: the number of a process,
    /// which the other way of handing over must name, is not known before it runs.
    pub(crate) fn start(&self, command: &ExecutorCommand) -> io::Result<Started> {
        let listener = self.listener.get_ref().as_fd().try_clone_to_owned()?;
        let child = Command::new(&command.program)
            .args(&command.arguments)
            .stdin(Stdio::from(listener))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Started(child))
    }

    /// Removes the socket.
    pub(crate) fn leave(self) {
        // It may be gone with its folder.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Lets a listener be waited for without being read.
fn watch(listener: UnixListener) -> io::Result<AsyncFd<UnixListener>> {
    // SAFETY: a `UnixListener` owns its descriptor, gives the same one for its whole life, and
    // closes it only when it is dropped.
    #[expect(unsafe_code, reason = "tokio asks for this promise, which no type can make")]
    let watched = unsafe { AsyncFd::register(listener) };
    Ok(watched?)
}

/// An executor that was started here. It is killed when this is dropped.
pub(crate) struct Started(Child);

impl Started {
    pub(crate) fn id(&self) -> Option<u32> {
        self.0.id()
    }

    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.0.wait().await
    }

    /// Asks it to end by itself.
    pub(crate) fn ask_to_end(&mut self) {
        if let Some(pid) = super::pid(self.0.id()) {
            // Fails only if it has ended already.
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
    }

    pub(crate) async fn kill(&mut self) -> io::Result<()> {
        self.0.kill().await
    }
}
