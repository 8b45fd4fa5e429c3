//! Asking the judging child, and ending it when it overstays: then nothing that it was asked is known, and the
//! next question goes to a new one.

use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use befund_runtime::frame::MAX_BLOB_BYTES;

use super::{Numbered, Question};
use crate::supervise::{ChildCommand, Next, Waiting};

/// A judging child, started when it is first asked. Dropping it kills the child.
pub struct Judge {
    command: ChildCommand,
    child: Option<Waiting>,
    number: u64,
}

impl Judge {
    /// One that will be started so.
    #[must_use]
    pub const fn new(command: ChildCommand) -> Self {
        Self { command, child: None, number: 0 }
    }

    /// One of which the first child waits already, if it does.
    pub(crate) const fn with(command: ChildCommand, child: Option<Waiting>) -> Self {
        Self { command, child, number: 0 }
    }

    /// Its child, for whoever asks next; none where it was not asked, or did not answer well.
    pub(crate) fn give_up_child(&mut self) -> Option<Waiting> {
        self.child.take().and_then(Waiting::once_more)
    }

    /// A value for each expression, or why there is none: always as many as were asked for. Not later than
    /// `until`, but for the moment that it takes to kill the child.
    pub async fn ask(
        &mut self,
        question: &Question,
        until: Instant,
        cancel: &CancellationToken,
    ) -> Vec<Result<Value, String>> {
        let wanted = question.expressions.len();
        match self.try_ask(question, until, cancel).await {
            Ok(values) => values,
            Err(why) => vec![Err(why); wanted],
        }
    }

    async fn try_ask(
        &mut self,
        question: &Question,
        until: Instant,
        cancel: &CancellationToken,
    ) -> Result<Vec<Result<Value, String>>, String> {
        let blob = serde_json::to_vec(question)
            .map_err(|error| format!("the facts could not be handed over: {error}"))?;
        if blob.len() > MAX_BLOB_BYTES {
            return Err(format!(
                "the facts are {} bytes, more than can be judged at once",
                blob.len()
            ));
        }
        // Taken out: whatever happens but a good answer, and also if this is dropped, it is not asked again.
        let mut child = match self.child.take().filter(Waiting::is_there) {
            Some(child) => child,
            None => Waiting::start(&self.command).map_err(|error| crate::told(&error))?,
        };
        self.number += 1;
        let asked = Numbered { number: self.number, parent: std::process::id() };
        match child.ask::<Numbered>(&asked, &blob, until, cancel).await {
            Next::Frame(frame) if frame.header == asked => {
                let values: Vec<Result<Value, String>> = serde_json::from_slice(&frame.blob)
                    .map_err(|error| format!("the answer could not be understood: {error}"))?;
                if values.len() != question.expressions.len() {
                    return Err("the judging child answered something else".to_owned());
                }
                self.child = Some(child);
                Ok(values)
            }
            Next::Frame(_) | Next::Garbled => {
                Err("the judging child told something that is no answer".to_owned())
            }
            Next::Late => {
                Err("judging it took too long, and was stopped; it may be too much for this machine's facts".to_owned())
            }
            Next::Cancelled => Err("cancelled before it was judged".to_owned()),
            Next::Closed => {
                let why = child.end().await;
                Err(why.unwrap_or_else(|| "the judging child ended without an answer".to_owned()))
            }
        }
    }
}
