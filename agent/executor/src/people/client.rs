//! The end of the people's door that a person's program holds.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use befund_runtime::frame::{self, FrameError};
use befund_runtime::local::{self, ReadHalf, WriteHalf};

use super::protocol::{FromPerson, Offer, ToPerson};
use super::{SOCKET, Wish};
use crate::platform;

/// How long the executor may take to come up, and to take what is said.
const PATIENCE: Duration = Duration::from_secs(10);
/// Messages that wait to be looked at.
const HEARD: usize = 16;

/// Why the executor did not answer.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// Nobody there.
    #[error(
        "could not reach the part of the agent that changes things, at {}; check that {} is active, or that befund-agent link runs",
        path.display(), platform::PEOPLE
    )]
    Connect {
        /// The socket.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// Somebody else listens there.
    #[error(
        "at {} listens an account that is neither the system's nor your own; nothing that it asks is \
         to be answered: tell the help desk", path.display()
    )]
    Impostor {
        /// The socket.
        path: PathBuf,
    },
    /// The connection broke.
    #[error("the connection to the agent broke")]
    Broken(#[from] FrameError),
    /// It ended.
    #[error("the agent closed the connection; it may have been stopped")]
    Closed,
    /// It cannot be done.
    #[error("{0}")]
    Declined(String),
    /// Another version.
    #[error(
        "the agent gave an answer that does not belong to the question; is it of another version?"
    )]
    Unexpected,
}

/// A connection to the people's door.
#[derive(Debug)]
pub struct Person {
    to: WriteHalf,
    said: mpsc::Receiver<Result<ToPerson, FrameError>>,
}

impl Person {
    /// Connects to the executor whose sockets are in this folder.
    ///
    /// # Errors
    /// If nobody listens there.
    pub async fn open(run: &Path) -> Result<Self, PeopleError> {
        let path = run.join(SOCKET);
        let connected = timeout(PATIENCE, local::connect(&path, crate::SERVICE)).await;
        let mut stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(source)) => return Err(PeopleError::Connect { path, source }),
            Err(_) => {
                let source = io::ErrorKind::TimedOut.into();
                return Err(PeopleError::Connect { path, source });
            }
        };
        if !platform::is_agents(&mut stream).await.unwrap_or(false) {
            return Err(PeopleError::Impostor { path });
        }
        let (from, to) = local::split(stream);
        let (hear, said) = mpsc::channel(HEARD);
        // Ends with the connection, or with whoever listens.
        tokio::spawn(read(from, hear));
        Ok(Self { to, said })
    }

    /// Says something.
    ///
    /// # Errors
    /// If the connection broke.
    pub async fn say(&mut self, what: &FromPerson) -> Result<(), PeopleError> {
        let sent = timeout(PATIENCE, frame::send(&mut self.to, what, &[])).await;
        Ok(sent.map_err(|_| FrameError::Io(io::ErrorKind::TimedOut.into()))??)
    }

    /// What is said next. Cancel-safe.
    ///
    /// # Errors
    /// If the connection ended, or nothing more will come: [`PeopleError::Declined`].
    pub async fn next(&mut self) -> Result<ToPerson, PeopleError> {
        match self.said.recv().await.ok_or(PeopleError::Closed)?? {
            ToPerson::Declined { why } => Err(PeopleError::Declined(why)),
            other => Ok(other),
        }
    }

    /// Waits for questions from now on; returns once the executor takes this account for a person's.
    ///
    /// # Errors
    /// If it does not.
    pub async fn attend(&mut self, language: &str) -> Result<(), PeopleError> {
        self.say(&FromPerson::Attend { language: language.to_owned() }).await?;
        match self.next().await? {
            ToPerson::Welcome => Ok(()),
            _ => Err(PeopleError::Unexpected),
        }
    }

    /// What may be started here.
    ///
    /// # Errors
    /// If that cannot be told.
    pub async fn list(&mut self, language: &str) -> Result<Vec<Offer>, PeopleError> {
        self.say(&FromPerson::List { language: language.to_owned() }).await?;
        match self.next().await? {
            ToPerson::Offers { offers } => Ok(offers),
            _ => Err(PeopleError::Unexpected),
        }
    }

    /// Wants a runbook to be run; what happens is [`Self::next`].
    ///
    /// # Errors
    /// If the connection broke.
    pub async fn fix(&mut self, wish: Wish, language: &str) -> Result<(), PeopleError> {
        let (Wish { runbook, inputs, mode, ticket }, language) = (wish, language.to_owned());
        self.say(&FromPerson::Fix { runbook, inputs, mode, ticket, language }).await
    }
}

async fn read(mut from: ReadHalf, hear: mpsc::Sender<Result<ToPerson, FrameError>>) {
    loop {
        let next = tokio::select! {
            // In the middle of a frame as well: nobody wants its rest.
            () = hear.closed() => return,
            next = frame::receive::<ToPerson>(&mut from) => next,
        };
        let said = match next {
            Ok(None) => return,
            Ok(Some(frame)) => Ok(frame.header),
            Err(error) => Err(error),
        };
        let over = said.is_err();
        if hear.send(said).await.is_err() || over {
            return;
        }
    }
}
