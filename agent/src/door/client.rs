//! The end of the door that a person's program holds.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use befund_runtime::frame::{self, Frame, FrameError};
use befund_runtime::local::{self, Stream};

use super::protocol::{Answer, Ask};
use crate::link::SERVICE;
use crate::platform;

/// How long the link may take to answer; a snapshot takes a while.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why the link did not answer.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Nobody there.
    #[error(
        "the agent does not run on this machine (nobody answers at {}); start it with {}",
        path.display(), platform::HOW_TO_START
    )]
    Connect {
        /// The socket.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to the agent broke")]
    Broken(#[from] FrameError),
    /// It ended.
    #[error("the agent closed the connection; it may have been stopped")]
    Closed,
    /// It took too long.
    #[error("the agent did not answer within {} s", PATIENCE.as_secs())]
    Late,
    /// It could not do it.
    #[error("{0}")]
    Declined(String),
    /// Another version.
    #[error(
        "the agent gave an answer that does not belong to the question; is it of another version?"
    )]
    Unexpected,
}

/// A connection to the link.
#[derive(Debug)]
pub struct Door {
    stream: Stream,
}

impl Door {
    /// Connects.
    ///
    /// # Errors
    /// If no link runs here.
    pub async fn open(run: &Path) -> Result<Self, DoorError> {
        let path = run.join(super::serve::SOCKET);
        match local::connect(&path, SERVICE).await {
            Ok(stream) => Ok(Self { stream }),
            Err(source) => Err(DoorError::Connect { path, source }),
        }
    }

    /// Asks, and waits for the first answer.
    ///
    /// # Errors
    /// If the link declines or does not answer.
    pub async fn ask(&mut self, ask: &Ask) -> Result<Frame<Answer>, DoorError> {
        timeout(PATIENCE, frame::send(&mut self.stream, ask, &[]))
            .await
            .map_err(|_| DoorError::Late)??;
        self.next().await
    }

    /// Waits until a run asks the people at the machine something, however long that is.
    ///
    /// # Errors
    /// If the link declines or goes.
    pub async fn watch(&mut self) -> Result<(), DoorError> {
        timeout(PATIENCE, frame::send(&mut self.stream, &Ask::Watch, &[]))
            .await
            .map_err(|_| DoorError::Late)??;
        match frame::receive(&mut self.stream).await?.ok_or(DoorError::Closed)?.header {
            Answer::Asking => Ok(()),
            Answer::Error { message } => Err(DoorError::Declined(message)),
            _ => Err(DoorError::Unexpected),
        }
    }

    /// The next answer.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn next(&mut self) -> Result<Frame<Answer>, DoorError> {
        let frame = timeout(PATIENCE, frame::receive(&mut self.stream))
            .await
            .map_err(|_| DoorError::Late)??
            .ok_or(DoorError::Closed)?;
        match frame {
            Frame { header: Answer::Error { message }, .. } => Err(DoorError::Declined(message)),
            frame => Ok(frame),
        }
    }
}
