//! Live streams: follows one over lost connections, going on where it stopped.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use befund_runtime::backoff::Backoff;
use befund_runtime::clock::random;
use reqwest::header::{ACCEPT, HeaderName};
use reqwest::{Method, Response};

use super::sse::{Event, Parser};
use super::{Client, problem};
use crate::exit::Exit;
use crate::failure::Failure;

/// How often a stream may be lost in a row, without an event in between, before we give up.
const MOST_FAILURES: u32 = 12;
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A stream that is being followed.
pub(crate) struct Follower<'a> {
    client: &'a Client,
    what: String,
    path: Vec<String>,
    /// The id of the last event that was handed out.
    last: Option<String>,
    backoff: Backoff,
    failures: u32,
    connection: Option<(Response, Parser)>,
    ready: VecDeque<Event>,
}

impl<'a> Follower<'a> {
    /// Follows the stream at `path`, from after the event `after`.
    pub(crate) fn new(client: &'a Client, what: &str, path: &[&str], after: Option<i64>) -> Self {
        Self {
            client,
            what: what.to_owned(),
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            last: after.map(|seq| seq.to_string()),
            backoff: Backoff::new(Duration::from_millis(500), Duration::from_secs(15)),
            failures: 0,
            connection: None,
            ready: VecDeque::new(),
        }
    }

    /// The next event. A connection that is lost is made again; then an event may come twice. Cancel-safe: what has come is
    /// handed out by the next call.
    ///
    /// # Errors
    /// If the controller refuses, or stays out of reach.
    pub(crate) async fn next(&mut self) -> Result<Event, Failure> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.failures = 0;
                self.backoff.reset();
                if event.id.is_some() {
                    self.last.clone_from(&event.id);
                }
                return Ok(event);
            }
            let failure = match self.more().await {
                Ok(More::Came) => continue,
                Ok(More::Ended) => Failure::cannot(
                    Exit::Unreachable,
                    &*self.what,
                    "the controller ended the stream",
                ),
                Err(failure) if failure.exit() == Exit::Unreachable => failure,
                Err(failure) => return Err(failure),
            };
            self.connection = None;
            self.failures += 1;
            if self.failures > MOST_FAILURES {
                return Err(failure);
            }
            tokio::time::sleep(self.backoff.next(u64::from_le_bytes(random()))).await;
        }
    }

    async fn more(&mut self) -> Result<More, Failure> {
        if self.connection.is_none() {
            let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
            let mut request =
                self.client.request(Method::GET, &path).header(ACCEPT, "text/event-stream");
            if let Some(last) = &self.last {
                request = request.query(&[("after", last)]).header(LAST_EVENT_ID, last);
            }
            let response = self.client.send(&self.what, request).await?;
            self.connection = Some((response, Parser::default()));
        }
        let Some((response, parser)) = &mut self.connection else { return Ok(More::Ended) };
        let chunk = response
            .chunk()
            .await
            .map_err(|error| problem::unreachable(&self.what, &self.client.base, &error))?;
        let Some(chunk) = chunk else { return Ok(More::Ended) };
        let events = parser
            .push(&chunk)
            .map_err(|error| Failure::cannot(Exit::Failed, &*self.what, error.to_string()))?;
        self.ready.extend(events);
        Ok(More::Came)
    }
}

/// What waiting for more came to.
enum More {
    /// Something, though perhaps no whole event.
    Came,
    /// The stream is at its end.
    Ended,
}

/// Follows the stream at `path`, from after the event `after`, until `on` breaks with a value; it must not mind an event
/// that comes twice.
///
/// # Errors
/// If the controller refuses, stays out of reach, or `on` fails.
pub(crate) async fn follow<T>(
    client: &Client,
    what: &str,
    path: &[&str],
    after: Option<i64>,
    mut on: impl FnMut(&Event) -> Result<ControlFlow<T>, Failure>,
) -> Result<T, Failure> {
    let mut follower = Follower::new(client, what, path, after);
    loop {
        if let ControlFlow::Break(value) = on(&follower.next().await?)? {
            return Ok(value);
        }
    }
}
