//! The link's end of the door.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing::{debug, info_span, warn};

use befund_executor::ExecutorClient;
use befund_model::id::RequestId;
use befund_model::snapshot::{
    MAX_MESSAGE_BYTES, PrivacyClass, Purpose, Request, Section, SectionKind,
};
use befund_runtime::clock::{self, Clock};
use befund_runtime::frame::{self, FrameError};
use befund_runtime::lifecycle::Lifecycle;
use befund_runtime::{peer, telemetry};

use super::protocol::{Answer, Ask, PreviewLine};
use crate::link::note::{Note, ToSend};
use crate::platform::{self, Listener, Stream};
use crate::snapshot::{self, Taken};

/// The socket's name in the run folder.
pub(crate) const SOCKET: &str = "link.sock";
/// How long a person may think.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long an answer may take to be taken.
const WRITE: Duration = Duration::from_secs(10);
/// The most connections of one account.
const MAX_FOR_ACCOUNT: usize = 4;
/// The most connections of all accounts.
const MAX_CONNECTIONS: usize = 32;
/// Answers about one request that wait for a slow reader.
const NEWS: usize = 16;

/// What answering takes.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) executor: ExecutorClient,
    pub(crate) clock: Clock,
    pub(crate) inbox: mpsc::Sender<Note>,
    pub(crate) organisation: String,
}

/// Binds the door.
///
/// # Errors
/// The system's.
pub(crate) fn bind(run: &Path) -> std::io::Result<Listener> {
    platform::bind(&run.join(SOCKET))
}

/// Answers until the life ends.
pub(crate) async fn serve(listener: Listener, host: Host, life: Lifecycle) {
    let open: Arc<Mutex<HashMap<u32, usize>>> = Arc::default();
    let soft = life.soft();
    loop {
        let accepted = tokio::select! {
            () = soft.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely; they come back as connections end.
                warn!(%error, "could not take a connection at the door");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let uid = match peer::credentials(&stream) {
            Ok(peer) => peer.uid,
            Err(error) => {
                warn!(%error, "could not ask whose account is at the door");
                continue;
            }
        };
        let Some(place) = Place::take(&open, uid) else {
            debug!(uid, "too many connections at the door");
            continue;
        };
        let (host, soft) = (host.clone(), life.soft());
        life.spawn(info_span!("door"), async move {
            let _place = place;
            let visitor = Visitor { stream, uid, host, taken: None };
            if let Some(Err(error)) = soft.run_until_cancelled(visitor.attend()).await {
                debug!(error = telemetry::chain(&error), "a visitor left");
            }
        });
    }
}

/// One of the places that an account has at the door; given back when dropped.
struct Place {
    open: Arc<Mutex<HashMap<u32, usize>>>,
    uid: u32,
}

impl Place {
    fn take(open: &Arc<Mutex<HashMap<u32, usize>>>, uid: u32) -> Option<Self> {
        let mut places = open.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = places.values().sum();
        let own = places.entry(uid).or_default();
        if *own >= MAX_FOR_ACCOUNT || all >= MAX_CONNECTIONS {
            return None;
        }
        *own += 1;
        drop(places);
        Some(Self { open: Arc::clone(open), uid })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = places.get_mut(&self.uid) {
            *own -= 1;
            if *own == 0 {
                places.remove(&self.uid);
            }
        }
    }
}

struct Visitor {
    stream: Stream,
    uid: u32,
    host: Host,
    taken: Option<Taken>,
}

impl Visitor {
    async fn attend(mut self) -> Result<(), FrameError> {
        while let Ok(next) = timeout(PATIENCE, frame::receive::<Ask>(&mut self.stream)).await {
            let Some(frame) = next? else { return Ok(()) };
            match frame.header {
                Ask::Status => self.status().await?,
                Ask::Preview => self.preview().await?,
                Ask::Show { kind } => self.show(&kind).await?,
                Ask::Send { message } => self.send(message).await?,
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
            requester: platform::account_name(self.uid),
            lines: taken.sections.iter().map(|section| line(section.section())).collect(),
        };
        self.taken = Some(taken);
        self.answer(&answer, &[]).await
    }

    /// What is on request tells of other accounts as well (their processes, their sign-ins, the
    /// system's log): only root and the agent's own account may read it here.
    fn may_read(&self, section: &Section) -> bool {
        let all = self.uid == 0 || self.uid == platform::own_uid();
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
            requester: platform::account_name(self.uid),
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
