//! How an executor comes to be when the link wants one. It opens its pipe itself, and whoever finds
//! no pipe asks for it to be started, again and again until it is there: the service manager, where
//! the agent is installed as services, or else the link, whose child it is then.

use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::os::windows::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{Notify, oneshot};
use windows_service::service::ServiceAccess;
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_sys::Win32::Foundation::ERROR_SERVICE_ALREADY_RUNNING;
use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;

use befund_runtime::local::{self, Stream};

use super::Listening;
use super::job::Job;
use crate::SERVICE;
use crate::activate::{ExecutorCommand, Listeners};
use crate::door::client::ExecutorClient;

/// How often to look whether the executor listens.
const LOOK: Duration = Duration::from_millis(20);
/// ERROR_SERVICE_CANNOT_ACCEPT_CTRL and the like do not last: it is just starting or stopping.
const SOON: Duration = Duration::from_millis(200);

/// The executor opens the pipe that this path names, and the people's beside it.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn handed(path: &Path) -> io::Result<Listeners> {
    let people = Listening(path.with_file_name(crate::people::SOCKET));
    Ok(Listeners { link: Listening(path.to_owned()), people: Some(people) })
}

/// Comes when standard input ends, which the link holds open as long as it wants its executor.
pub(crate) fn starter_left() -> impl Future<Output = ()> + Send {
    let (tell, told) = oneshot::channel();
    // The thread ends with the process at the latest.
    let watching = std::thread::Builder::new().spawn(move || {
        // Nothing is ever written: whatever comes, even an error, means the end.
        let _ = io::stdin().read(&mut [0]);
        let _ = tell.send(());
    });
    async move {
        if watching.is_err() || told.await.is_err() {
            // Without a thread it has to be killed: its job sees to that.
            std::future::pending::<()>().await;
        }
    }
}

/// Who starts an executor.
#[derive(Clone, Debug)]
pub(crate) enum Starter {
    /// The service manager.
    System,
    /// A link's [`Door`].
    Link(Arc<Notify>),
}

impl Starter {
    pub(crate) const fn system() -> Self {
        Self::System
    }

    /// Asks for one, and says how long to wait before looking again.
    fn ask(&self) -> io::Result<Duration> {
        match self {
            Self::System => start_service(),
            Self::Link(asked) => {
                asked.notify_one();
                Ok(LOOK)
            }
        }
    }
}

/// Connects to the executor, which is started if it does not run. The caller sets the deadline.
pub(crate) async fn connect(path: &Path, starter: &Starter) -> io::Result<Stream> {
    loop {
        match local::connect(path, SERVICE).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let pause = starter.ask()?;
                tokio::time::sleep(pause).await;
            }
            connected => return connected,
        }
    }
}

fn start_service() -> io::Result<Duration> {
    let service = ServiceManager::local_computer(None::<&OsStr>, ServiceManagerAccess::CONNECT)
        .and_then(|manager| manager.open_service(SERVICE, ServiceAccess::START))
        .map_err(|error| told("open", &error))?;
    match service.start::<&OsStr>(&[]) {
        Ok(()) => Ok(LOOK),
        Err(windows_service::Error::Winapi(error)) => {
            match error.raw_os_error().map(i32::cast_unsigned) {
                // It is about to listen, or about to end; in the second case the next try starts it.
                Some(ERROR_SERVICE_ALREADY_RUNNING) => Ok(SOON),
                _ => Err(told("start", &windows_service::Error::Winapi(error))),
            }
        }
        Err(error) => Err(told("start", &error)),
    }
}

fn told(verb: &str, error: &windows_service::Error) -> io::Error {
    let (kind, why) = match error {
        windows_service::Error::Winapi(error) => (error.kind(), error.to_string()),
        other => (io::ErrorKind::Other, other.to_string()),
    };
    // That the service is missing is not that the pipe is: nobody is asked again.
    let kind = if kind == io::ErrorKind::NotFound { io::ErrorKind::Other } else { kind };
    io::Error::new(kind, format!("could not {verb} the service {SERVICE}: {why}"))
}

/// The link's part: it hears who wants an executor.
#[derive(Debug)]
pub(crate) struct Door {
    path: PathBuf,
    asked: Arc<Notify>,
}

impl Door {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn hold(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), asked: Arc::default() })
    }

    /// A client that asks here.
    pub(crate) fn client(&self) -> ExecutorClient {
        ExecutorClient::started_by(&self.path, Starter::Link(Arc::clone(&self.asked)))
    }

    /// Waits until somebody wants an executor.
    pub(crate) async fn knock(&self) -> io::Result<()> {
        // Whoever asked while the last one was coming up has got it; who still wants one asks again.
        pin!(self.asked.notified()).as_mut().enable();
        self.asked.notified().await;
        Ok(())
    }

    /// Starts an executor in a job that ends with this process, however that ends.
    pub(crate) fn start(&self, command: &ExecutorCommand) -> io::Result<Started> {
        let job = Job::new()?;
        let mut std = std::process::Command::new(&command.program);
        std.args(&command.arguments)
            .creation_flags(CREATE_NO_WINDOW)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        let mut child = Command::from(std).kill_on_drop(true).spawn()?;
        job.take_in(&child)?;
        let input = child.stdin.take();
        Ok(Started { child, input, job })
    }

    /// Nothing stays behind.
    pub(crate) fn leave(self) {}
}

/// An executor that was started here. It is killed when this is dropped, with its children.
pub(crate) struct Started {
    child: Child,
    input: Option<ChildStdin>,
    job: Job,
}

impl Started {
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        // Unlike the child's own `wait`, with its standard input held open.
        self.child.wait().await
    }

    /// Asks it to end by itself.
    pub(crate) fn ask_to_end(&mut self) {
        self.input = None;
    }

    pub(crate) async fn kill(&mut self) -> io::Result<()> {
        self.job.end();
        self.child.wait().await.map(drop)
    }
}
