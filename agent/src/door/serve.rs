//! The link's end of the door.

use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing::{debug, info_span, warn};

use befund_executor::ExecutorClient;
use befund_executor::door::client::ExecutorError;
use befund_model::id::RequestId;
use befund_model::snapshot::{
    MAX_MESSAGE_BYTES, PrivacyClass, Purpose, Request, Section, SectionKind,
};
use befund_runtime::clock::{self, Clock};
use befund_runtime::frame::{self, FrameError};
use befund_runtime::lifecycle::Lifecycle;
use befund_runtime::local::{self, Callers, Listener, Stream};
use befund_runtime::peer::{Account, Peer};
use befund_runtime::places::{Bounds, Places};
use befund_runtime::telemetry;

use super::protocol::{Answer, Ask, PreviewLine};
use crate::link::asking::Asking;
use crate::link::note::{Note, ToSend};
use crate::snapshot::{self, Taken};

/// The socket's name in the run folder.
pub(crate) const SOCKET: &str = "link.sock";
/// How long a person may think.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long an answer may take to be taken.
const WRITE: Duration = Duration::from_secs(10);
/// The most connections of all accounts, and of one.
const BOUNDS: Bounds = Bounds { all: 32, each: 4 };
/// Answers about one request that wait for a slow reader.
const NEWS: usize = 16;

/// What answering takes.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) executor: ExecutorClient,
    pub(crate) clock: Clock,
    pub(crate) inbox: mpsc::Sender<Note>,
    pub(crate) organisation: String,
    pub(crate) asking: Asking,
}

/// Binds the door.
///
/// # Errors
/// The system's.
pub(crate) fn bind(run: &Path) -> std::io::Result<Listener> {
    Listener::bind(&run.join(SOCKET), &Callers::Everybody)
}

/// Answers until the life ends.
pub(crate) async fn serve(mut listener: Listener, host: Host, life: Lifecycle) {
    let places = Places::new(BOUNDS);
    let soft = life.soft();
    loop {
        let accepted = tokio::select! {
            () = soft.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let mut stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                // Out of descriptors, most likely; they come back as connections end.
                warn!(%error, "could not take a connection at the door");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let Some(mut place) = places.take() else {
            debug!("too many connections at the door");
            continue;
        };
        let (host, soft) = (host.clone(), life.soft());
        life.spawn(info_span!("door"), async move {
            let peer = match local::credentials(&mut stream).await {
                Ok(peer) => peer,
                Err(error) => return warn!(%error, "could not ask whose account is at the door"),
            };
            if !place.is_for(&peer.account) {
                return debug!(account = %peer.account, "too many connections of one account");
            }
            let visitor = Visitor { stream, peer, host, taken: None };
            if let Some(Err(error)) = soft.run_until_cancelled(visitor.attend()).await {
                debug!(error = telemetry::chain(&error), "a visitor left");
            }
        });
    }
}

struct Visitor {
    stream: Stream,
    peer: Peer,
    host: Host,
    taken: Option<Taken>,
}

impl Visitor {
    async fn attend(mut self) -> Result<(), FrameError> {
        while let Ok(next) = timeout(PATIENCE, frame::receive::<Ask>(&mut self.stream)).await {
            let Some(frame) = next? else { return Ok(()) };
            match frame.header {
                Ask::Status => self.status().await?,
                Ask::RunBegun => {
                    // A link that ends looks when it is back.
                    let _ = self.host.inbox.send(Note::RunBegun).await;
                    self.status().await?;
                }
                Ask::Preview => self.preview().await?,
                Ask::Show { kind } => self.show(&kind).await?,
                Ask::Send { message } => self.send(message).await?,
                Ask::Watch => self.watch().await?,
                Ask::Wake => match self.host.executor.describe().await {
                    Ok(_) | Err(ExecutorError::Declined(_)) => {
                        self.answer(&Answer::Awake, &[]).await?;
                    }
                    Err(error) => self.decline(telemetry::chain(&error)).await?,
                },
            }
        }
        Ok(())
    }

    async fn answer(&mut self, answer: &Answer, blob: &[u8]) -> Result<(), FrameError> {
        timeout(WRITE, frame::send(&mut self.stream, answer, blob))
            .await
            .map_err(|_| FrameError::Io(std::io::ErrorKind::TimedOut.into()))?
    }

    async fn decline(&mut self, message: String) -> Result<(), FrameError> {
        self.answer(&Answer::Error { message }, &[]).await
    }

    async fn status(&mut self) -> Result<(), FrameError> {
        let (tell, told) = oneshot::channel();
        // A link that ends drops the question.
        let _ = self.host.inbox.send(Note::Status(tell)).await;
        match told.await {
            Ok(report) => self.answer(&Answer::Status(Box::new(report)), &[]).await,
            Err(_) => self.decline("the agent is stopping".to_owned()).await,
        }
    }

    /// Waits for as long as the other side does: it says nothing meanwhile, and whatever comes of it is its end.
    async fn watch(&mut self) -> Result<(), FrameError> {
        let asking = self.host.asking.clone();
        tokio::select! {
            () = asking.something() => self.answer(&Answer::Asking, &[]).await,
            _ = self.stream.read_u8() => Err(FrameError::Io(std::io::ErrorKind::BrokenPipe.into())),
        }
    }

    async fn preview(&mut self) -> Result<(), FrameError> {
        let taken =
            snapshot::take(&self.host.executor, PrivacyClass::OnRequest, &self.host.clock).await;
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => return self.decline(telemetry::chain(&error)).await,
        };
        let line = |section: &Section| PreviewLine {
            section: section.line.clone(),
            readable: self.may_read(section),
        };
        let answer = Answer::Preview {
            organisation: self.host.organisation.clone(),
            requester: self.peer.account.name(),
            lines: taken.sections.iter().map(|section| line(section.section())).collect(),
        };
        self.taken = Some(taken);
        self.answer(&answer, &[]).await
    }

    /// What is on request tells of other accounts as well (their processes, their sign-ins, the
    /// system's log): only administrators and the agent's own account may read it here.
    fn may_read(&self, section: &Section) -> bool {
        let all = self.peer.administrator || self.peer.account == Account::own();
        all || section.line.class == PrivacyClass::Scheduled
    }

    async fn show(&mut self, kind: &SectionKind) -> Result<(), FrameError> {
        let Some(taken) = &self.taken else {
            return self.decline("ask for a preview first".to_owned()).await;
        };
        let found = taken.sections.iter().find(|section| section.section().line.kind == *kind);
        let Some(section) = found.map(|section| section.section().clone()) else {
            let known: Vec<&str> =
                taken.manifest.sections.iter().map(|line| line.kind.as_str()).collect();
            let known = known.join(", ");
            return self.decline(format!("there is no section {kind}; there are {known}")).await;
        };
        if self.may_read(&section) {
            return self.answer(&Answer::Section(section.line), &section.bytes).await;
        }
        let why = format!(
            "{kind} tells of other accounts of this machine as well, so only its administrator may read it here; it is sent to the help desk nevertheless"
        );
        self.answer(&Answer::Withheld { why }, &[]).await
    }

    async fn send(&mut self, message: String) -> Result<(), FrameError> {
        let message = message.trim().to_owned();
        if message.is_empty() || message.len() > MAX_MESSAGE_BYTES {
            let problem = format!(
                "the message has {} bytes; 1 to {MAX_MESSAGE_BYTES} can be sent",
                message.len()
            );
            return self.decline(problem).await;
        }
        let Some(taken) = self.taken.take() else {
            return self.decline("ask for a preview first: only that is sent".to_owned()).await;
        };
        let at = self.host.clock.now();
        let request = Request {
            id: RequestId::new(at, clock::random()),
            message,
            requester: self.peer.account.name(),
            at,
        };
        let purpose = Purpose::Request(request);
        let (tell, mut told) = mpsc::channel(NEWS);
        let to_send = Box::new(ToSend { taken, purpose, tell });
        // A link that ends drops the news.
        let _ = self.host.inbox.send(Note::Send(to_send)).await;
        while let Some(news) = told.recv().await {
            let last = matches!(news, Answer::Delivered { .. } | Answer::Error { .. });
            self.answer(&news, &[]).await?;
            if last {
                return Ok(());
            }
        }
        self.decline("the agent is stopping; what was kept is sent when it is back".to_owned())
            .await
    }
}
