//! The link's end of the door.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use befund_model::id::{Hash, JobId};
use befund_model::job::{JobEvent, Order, Outcome, Work};
use befund_model::snapshot::{PrivacyClass, Section, SectionKind};
use befund_runtime::frame::{self, Frame, FrameError};
use befund_runtime::local::Stream;

use super::{Description, Reply, Request};

mod runbooks;
use crate::platform::{self, Starter};

/// How long the executor may take to take up a connection; it may have to be started first.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a snapshot may take: the collect child's own deadline, and time to end it.
const COLLECT: Duration = Duration::from_secs(60);
/// How much longer than its order a job may take to give its outcome.
const GRACE: Duration = Duration::from_secs(10);

/// A section that came out of the executor, where everything is redacted. There is no other way to
/// make one, so that what takes it cannot be handed anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted(Section);

impl Redacted {
    /// The section.
    #[must_use]
    pub const fn section(&self) -> &Section {
        &self.0
    }

    /// The section, taken out.
    #[must_use]
    pub fn into_section(self) -> Section {
        self.0
    }
}

/// Why the executor could not be asked, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// Nobody took the connection.
    #[error(
        "could not reach the executor at {}; check that {} is active, or that befund-agent link runs",
        path.display(), platform::ACTIVATION
    )]
    Connect {
        /// The socket.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("the connection to the executor broke")]
    Broken(#[from] FrameError),
    /// It closed before the end of its answer.
    #[error("the executor closed the connection before it had answered; its log says why")]
    Closed,
    /// It did not answer in time.
    #[error("the executor did not answer within {} s", .0.as_secs())]
    Late(Duration),
    /// It could not do what was asked.
    #[error("{0}")]
    Declined(String),
    /// It answered something else.
    #[error("the executor gave an answer that does not belong to the question")]
    Unexpected,
    /// The bytes of a section are not those that its line names.
    #[error("the bytes of section {0} are not those that were hashed")]
    Corrupt(SectionKind),
}

/// Asks the executor; cheap to clone. Each question is a connection of its own.
#[derive(Clone, Debug)]
pub struct ExecutorClient {
    path: PathBuf,
    starter: Starter,
}

impl ExecutorClient {
    /// A client of the executor that the system starts, and that listens at this path.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), starter: Starter::system() }
    }

    /// A client of the executor that this starts on demand.
    pub(crate) fn started_by(path: impl Into<PathBuf>, starter: Starter) -> Self {
        Self { path: path.into(), starter }
    }

    /// The socket.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the sections of a snapshot, each as soon as it is there.
    ///
    /// # Errors
    /// If the executor cannot be reached.
    pub async fn collect(
        &self,
        up_to: PrivacyClass,
        only: Option<Vec<SectionKind>>,
    ) -> Result<Sections, ExecutorError> {
        let answer = self.ask(&Request::Collect { up_to, only }, COLLECT).await?;
        Ok(Sections { answer })
    }

    /// Starts a job. Dropping what this returns ends the job, unless it is a runbook's, which can be attached to.
    ///
    /// # Errors
    /// If the executor cannot be reached.
    pub async fn run(&self, order: Order, clock_offset_ms: i64) -> Result<Job, ExecutorError> {
        let within = match &order.work {
            Work::Runbook(_) | Work::Undo(_) => runbooks::FOLLOW,
            Work::Probe(_) => Duration::from_millis(order.within_ms) + GRACE,
        };
        let answer = self.ask(&Request::Run { order, clock_offset_ms }, within).await?;
        Ok(Job { answer })
    }

    /// Stops a job; its own connection gets the outcome. A job that has ended is no error.
    ///
    /// # Errors
    /// If the executor cannot be reached.
    pub async fn cancel(&self, job: JobId) -> Result<(), ExecutorError> {
        match self.ask(&Request::Cancel { job }, GRACE).await?.next().await?.header {
            Reply::Done => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    /// What may be run on this machine.
    ///
    /// # Errors
    /// If the executor cannot be reached, or cannot read its policy.
    pub async fn describe(&self) -> Result<Description, ExecutorError> {
        match self.ask(&Request::Describe, GRACE).await?.next().await?.header {
            Reply::Description(description) => Ok(*description),
            other => Err(unexpected(other)),
        }
    }

    async fn ask(&self, request: &Request, within: Duration) -> Result<Answer, ExecutorError> {
        self.ask_with(request, &[], within).await
    }

    async fn ask_with(
        &self,
        request: &Request,
        blob: &[u8],
        within: Duration,
    ) -> Result<Answer, ExecutorError> {
        let connect = |source| ExecutorError::Connect { path: self.path.clone(), source };
        let late = |_| connect(std::io::ErrorKind::TimedOut.into());
        let mut stream = timeout(CONNECT, platform::connect(&self.path, &self.starter))
            .await
            .map_err(late)?
            .map_err(connect)?;
        timeout(CONNECT, frame::send(&mut stream, request, blob)).await.map_err(late)??;
        Ok(Answer { stream, within, until: Instant::now() + within })
    }
}

/// The replies to one request.
#[derive(Debug)]
struct Answer {
    stream: Stream,
    within: Duration,
    until: Instant,
}

impl Answer {
    async fn next(&mut self) -> Result<Frame<Reply>, ExecutorError> {
        match timeout_at(self.until, frame::receive(&mut self.stream)).await {
            Err(_) => Err(ExecutorError::Late(self.within)),
            Ok(Ok(Some(frame))) => Ok(frame),
            Ok(Ok(None)) => Err(ExecutorError::Closed),
            Ok(Err(error)) => Err(error.into()),
        }
    }
}

fn unexpected(reply: Reply) -> ExecutorError {
    match reply {
        Reply::Error { message } => ExecutorError::Declined(message),
        Reply::Section(_)
        | Reply::Event(_)
        | Reply::Outcome(_)
        | Reply::Description(_)
        | Reply::Unreported(_)
        | Reply::Trust(_)
        | Reply::Wanted { .. }
        | Reply::Done => ExecutorError::Unexpected,
    }
}

/// The sections of a snapshot, as they come.
#[derive(Debug)]
pub struct Sections {
    answer: Answer,
}

impl Sections {
    /// The next section; `None` once all have come. Not cancel-safe: give up the whole snapshot if
    /// a call was dropped.
    ///
    /// # Errors
    /// If the connection breaks, the executor gives up, or bytes and hash do not fit.
    pub async fn next(&mut self) -> Result<Option<Redacted>, ExecutorError> {
        let frame = self.answer.next().await?;
        match frame.header {
            Reply::Section(line) => {
                if Hash::of(&frame.blob) != line.hash || frame.blob.len() as u64 != line.size {
                    return Err(ExecutorError::Corrupt(line.kind));
                }
                Ok(Some(Redacted(Section { line, bytes: frame.blob })))
            }
            Reply::Done => Ok(None),
            other => Err(unexpected(other)),
        }
    }

    /// All of them, sorted by kind as a manifest wants them.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn all(mut self) -> Result<Vec<Redacted>, ExecutorError> {
        let mut all = Vec::new();
        while let Some(section) = self.next().await? {
            all.push(section);
        }
        all.sort_by(|a, b| a.0.line.kind.cmp(&b.0.line.kind));
        Ok(all)
    }
}

/// A job that runs.
#[derive(Debug)]
pub struct Job {
    answer: Answer,
}

/// What a job tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// Something happened.
    Event(JobEvent),
    /// It ended; nothing follows.
    Outcome(Outcome),
}

impl Job {
    /// What comes next; an outcome is the last. Not cancel-safe: a dropped call may have eaten half
    /// a message, so drop the job then, too.
    ///
    /// # Errors
    /// If the connection breaks or the executor gives up; the job has no outcome then.
    pub async fn next(&mut self) -> Result<Told, ExecutorError> {
        match self.answer.next().await?.header {
            Reply::Event(event) => Ok(Told::Event(event)),
            Reply::Outcome(outcome) => Ok(Told::Outcome(*outcome)),
            other => Err(unexpected(other)),
        }
    }
}
