//! Starting a child that reads or judges, handing it its order, reading from it, and ending it with all that it
//! started.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::BufReader;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use befund_runtime::frame::{self, Frame};

use crate::child::{ChildOrder, ChildWork};
use crate::platform::Group;

/// How long the child may take to take its order, and to be gone once killed.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many orders a child gets before another takes its place: whatever it may hoard goes with it.
const MOST_USES: u32 = 64;

/// How often, and how long apart, to look whether a child that said its last word has exited.
const EXIT_LOOKS: u32 = 10;
const EXIT_LOOK: Duration = Duration::from_millis(5);

/// How a child is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildCommand {
    /// The program, an absolute path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl ChildCommand {
    /// This very program with the argument `collect`.
    ///
    /// # Errors
    /// If the system does not tell where the program is.
    pub fn own() -> io::Result<Self> {
        Self::own_part("collect")
    }

    /// This very program with the argument `judge`.
    ///
    /// # Errors
    /// If the system does not tell where the program is.
    pub fn own_judge() -> io::Result<Self> {
        Self::own_part("judge")
    }

    /// The same program with another argument, as in `judge`.
    #[must_use]
    pub fn sibling(&self, part: &str) -> Self {
        Self { program: self.program.clone(), arguments: vec![part.into()] }
    }

    fn own_part(part: &str) -> io::Result<Self> {
        Ok(Self { program: std::env::current_exe()?, arguments: vec![part.into()] })
    }
}

/// Why a child could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("could not start the child {}", .0.display())]
    Spawn(PathBuf, #[source] io::Error),
    #[error("the child did not take its order in time")]
    Late,
}

/// A child that has no order. Dropping it kills its group.
pub(crate) struct Waiting(Running);

impl Waiting {
    /// Starts the child in a group of its own, apart from this process's surroundings.
    pub(crate) fn start(command: &ChildCommand) -> Result<Self, StartError> {
        let mut std = std::process::Command::new(&command.program);
        std.args(&command.arguments)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        Group::prepare(&mut std);
        let spawn = |error| StartError::Spawn(command.program.clone(), error);
        let mut child = Command::from(std).spawn().map_err(spawn)?;
        let group = Group::of(&child).map_err(spawn)?;
        let pipes = (child.stdin.take(), child.stdout.take());
        let (Some(to), Some(from)) = pipes else {
            return Err(spawn(io::ErrorKind::BrokenPipe.into()));
        };
        let from = BufReader::with_capacity(64 << 10, from);
        Ok(Self(Running { child, group, to, from, uses: 0 }))
    }

    /// Whether it still waits.
    pub(crate) fn is_there(&self) -> bool {
        !self.0.group.has_ended(&self.0.child)
    }

    /// Asks it something and waits for its answer. After anything but a frame, end it: half a frame may have
    /// been written or read.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &mut self,
        question: &impl Serialize,
        blob: &[u8],
        until: Instant,
        cancel: &CancellationToken,
    ) -> Next<T> {
        let send = timeout_at(until, frame::send(&mut self.0.to, question, blob));
        match cancel.run_until_cancelled(send).await {
            None => Next::Cancelled,
            Some(Err(_)) => Next::Late,
            // It has ended; how, its exit status tells better than the broken pipe.
            Some(Ok(Err(_))) => Next::Closed,
            Some(Ok(Ok(()))) => self.0.next(until, cancel).await,
        }
    }

    /// As [`Running::end`].
    pub(crate) async fn end(self) -> Option<String> {
        self.0.end().await
    }

    /// Hands it its order.
    pub(crate) async fn obey(
        mut self,
        root: PathBuf,
        work: ChildWork,
    ) -> Result<Running, StartError> {
        let order = ChildOrder { parent: std::process::id(), root, work };
        let handed = timeout(PATIENCE, frame::send(&mut self.0.to, &order, &[]));
        if let Err(error) = handed.await.map_err(|_| StartError::Late)? {
            // It has ended already; how, its exit status tells better than the broken pipe.
            debug!(error = &error as &dyn std::error::Error, "the order was not taken");
        }
        Ok(self.0)
    }

    /// The same child, if it may be used by somebody else after it was used now.
    pub(crate) fn once_more(self) -> Option<Self> {
        self.0.done()
    }
}

/// A child that runs. Dropping it kills its group.
pub(crate) struct Running {
    child: Child,
    group: Group,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// How many had it before.
    uses: u32,
}

/// What came of waiting for the child's next word.
#[derive(Debug)]
pub(crate) enum Next<T> {
    /// A frame.
    Frame(Frame<T>),
    /// It closed its output: all was told, or it broke down; see [`Running::end`].
    Closed,
    /// It told something that is not a frame.
    Garbled,
    /// The deadline passed.
    Late,
    /// Somebody gave up.
    Cancelled,
}

impl Running {
    /// Waits for the child's next word. After anything but a frame, end it: half a frame may have
    /// been read.
    pub(crate) async fn next<T: DeserializeOwned>(
        &mut self,
        until: Instant,
        cancel: &CancellationToken,
    ) -> Next<T> {
        let receive = timeout_at(until, frame::receive(&mut self.from));
        match cancel.run_until_cancelled(receive).await {
            None => Next::Cancelled,
            Some(Err(_)) => Next::Late,
            Some(Ok(Ok(Some(frame)))) => Next::Frame(frame),
            Some(Ok(Ok(None))) => Next::Closed,
            Some(Ok(Err(error))) => {
                warn!(error = &error as &dyn std::error::Error, "the child is garbled");
                Next::Garbled
            }
        }
    }

    /// The child as one that waits for its next order: only where all that it was to tell was heard, and not for ever.
    pub(crate) fn done(mut self) -> Option<Waiting> {
        self.uses += 1;
        (self.uses < MOST_USES && self.from.buffer().is_empty()).then_some(Waiting(self))
    }

    /// Kills what is left of the group and tells in words what went wrong with the child, if
    /// anything did; that it had to be killed is not told.
    pub(crate) async fn end(mut self) -> Option<String> {
        // A child that closed its output is about to exit by itself; its status tells more than a
        // kill would leave of it. It is not reaped before the kill, so that the group's number
        // stays its own.
        let mut by_itself = false;
        for _ in 0..EXIT_LOOKS {
            by_itself = self.group.has_ended(&self.child);
            if by_itself {
                break;
            }
            tokio::time::sleep(EXIT_LOOK).await;
        }
        self.kill();
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => None,
            Ok(Ok(status)) if by_itself => Some(format!("the child ended with {status}")),
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(format!("the child could not be waited for: {error}")),
            Err(_) => Some("the child could not be killed within a second".to_owned()),
        }
    }

    /// Kills the group at once.
    pub(crate) fn kill(&mut self) {
        self.group.end(&self.child);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
