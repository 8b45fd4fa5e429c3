//! The executor's sockets, held by whoever starts the executor and handed over to it.

use std::io;
use std::os::fd::{AsFd, FromRawFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::Signal;
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, Command};

use super::Starter;
use crate::activate::{ExecutorCommand, Listeners};
use crate::door::client::ExecutorClient;
use crate::people::SOCKET as PEOPLES;

/// sd_listen_fds(3): the first descriptor that is handed over.
const FIRST: i32 = 3;
/// The most that are looked at.
const MOST: u32 = 8;
/// The variable that names the process that started an executor and that it is not to outlive.
const STARTER: &str = "BEFUND_STARTED_BY";
/// How often it is looked whether that one is there, on systems that do not tell.
#[cfg(not(target_os = "linux"))]
const LOOK: std::time::Duration = std::time::Duration::from_millis(500);

/// Takes the listening sockets that the starter handed over: from descriptor 3 on by the protocol of
/// sd_listen_fds(3), or else standard input and output, as inetd hands over standard input for `wait` services. The
/// second way is for starters that cannot know the number of the process before it runs. Which is the people's, the
/// name of its file tells.
///
/// Whoever names itself as the starter takes the executor along when it dies: it could be reached by nobody any more, and
/// would be in the way of the next one.
pub(crate) fn handed(_: &Path) -> io::Result<Listeners> {
    if let Some(starter) = number(STARTER) {
        super::die_with_parent()?;
        super::check_parent(starter)?;
    }
    let mut handed = Vec::new();
    if number("LISTEN_PID") == Some(std::process::id()) && number("LISTEN_FDS") >= Some(1) {
        let count = number("LISTEN_FDS").unwrap_or(0).min(MOST);
        for fd in (FIRST..).take(count as usize) {
            // SAFETY: the two variables, addressed to this very process, say that this descriptor is open
            // and ours; nothing else here has taken it, since this runs first and once.
            #[expect(unsafe_code, reason = "sd_listen_fds(3) names the descriptors by number only")]
            let one = unsafe { OwnedFd::from_raw_fd(fd) };
            rustix::io::fcntl_setfd(&one, rustix::io::FdFlags::CLOEXEC)?;
            if !is_listening(&one) {
                let text = format!("descriptor {fd} is not a listening socket");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            handed.push(UnixListener::from(one));
        }
    } else {
        let (input, output) = (io::stdin(), io::stdout());
        for fd in [input.as_fd(), output.as_fd()] {
            if is_listening(&fd) {
                handed.push(UnixListener::from(fd.try_clone_to_owned()?));
            }
        }
        if !handed.is_empty() {
            // So that no program that is started later gets them.
            let nothing = std::fs::File::options().read(true).write(true).open("/dev/null")?;
            rustix::stdio::dup2_stdin(&nothing)?;
            rustix::stdio::dup2_stdout(&nothing)?;
        }
    }
    let (people, link): (Vec<_>, Vec<_>) = handed.into_iter().partition(is_peoples);
    match link.into_iter().next() {
        Some(link) => Ok(Listeners { link, people: people.into_iter().next() }),
        None => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "no listening socket was handed to this process; the executor is started by \
             befund-executor.socket or by befund-agent link, not by hand",
        )),
    }
}

fn number(variable: &str) -> Option<u32> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Whether a socket is the people's door, by the name of its file.
fn is_peoples(listener: &UnixListener) -> bool {
    let name = |address: &SocketAddr| {
        address.as_pathname().and_then(Path::file_name).map(ToOwned::to_owned)
    };
    listener.local_addr().is_ok_and(|address| name(&address).is_some_and(|name| name == PEOPLES))
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

/// Who starts an executor ends it by a signal, and so does the system when the starter dies: this never comes.
#[cfg(target_os = "linux")]
pub(crate) fn starter_left() -> impl Future<Output = ()> + Send {
    std::future::pending()
}

/// Who starts an executor ends it by a signal; comes when the starter died without doing so.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn starter_left() {
    let Some(starter) = number(STARTER) else { return std::future::pending().await };
    while super::check_parent(starter).is_ok() {
        tokio::time::sleep(LOOK).await;
    }
}

/// The executor's sockets: the link's, and the people's beside it.
#[derive(Debug)]
pub(crate) struct Door {
    link: Held,
    people: Held,
}

/// A socket that is held for the executor.
#[derive(Debug)]
struct Held {
    listener: AsyncFd<UnixListener>,
    path: PathBuf,
}

impl Held {
    /// Binds a socket with this mode. One that a dead process left is replaced; one that somebody listens on is an
    /// error.
    fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        if UnixStream::connect(path).is_ok() {
            let text = format!("somebody listens on {} already", path.display());
            return Err(io::Error::new(io::ErrorKind::AddrInUse, text));
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener: watch(listener)?, path: path.to_owned() })
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

    fn handed(&self) -> io::Result<Stdio> {
        Ok(Stdio::from(self.listener.get_ref().as_fd().try_clone_to_owned()?))
    }
}

impl Door {
    /// Binds the sockets: the link's only for its owner, the people's, in the same folder, for everybody.
    pub(crate) fn hold(path: &Path) -> io::Result<Self> {
        let link = Held::bind(path, 0o600)?;
        let people = path.with_file_name(PEOPLES);
        // Held by the executor of a link that was killed, if at all: that one ends by itself.
        let _ = std::fs::remove_file(&people);
        let people = Held::bind(&people, 0o666)?;
        Ok(Self { link, people })
    }

    /// A client that knocks here.
    pub(crate) fn client(&self) -> ExecutorClient {
        ExecutorClient::started_by(&self.link.path, Starter)
    }

    /// Waits until a connection is in a queue, without taking it.
    pub(crate) async fn knock(&self) -> io::Result<()> {
        tokio::select! {
            knocked = self.link.knock() => knocked,
            knocked = self.people.knock() => knocked,
        }
    }

    /// Starts an executor and hands the listeners over as standard input and output: the number of a process,
    /// which the other way of handing over must name, is not known before it runs.
    pub(crate) fn start(&self, command: &ExecutorCommand) -> io::Result<Started> {
        let child = Command::new(&command.program)
            .args(&command.arguments)
            .stdin(self.link.handed()?)
            .stdout(self.people.handed()?)
            .stderr(Stdio::inherit())
            .env(STARTER, std::process::id().to_string())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Started(child))
    }

    /// Removes the sockets.
    pub(crate) fn leave(self) {
        for held in [self.link, self.people] {
            // It may be gone with its folder.
            let _ = std::fs::remove_file(&held.path);
        }
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
