//! Live streams: follows one over lost connections, going on where it stopped.

use std::ops::ControlFlow;
use std::time::Duration;

use befund_runtime::backoff::Backoff;
use befund_runtime::clock::random;
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderName};

use super::sse::{Event, Parser};
use super::{Client, problem};
use crate::exit::Exit;
use crate::failure::Failure;

/// How often a stream may be lost in a row, without an event in between, before we give up.
const MOST_FAILURES: u32 = 12;
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Follows the stream at `path`, from after the event `after`, until `on` breaks with a value. A
/// connection that is lost is made again; `on` must not mind an event that comes twice.
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
    let mut last = after.map(|seq| seq.to_string());
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));
    let mut failures = 0;
    loop {
        let ended = once(client, what, path, &mut last, &mut |event| {
            failures = 0;
            backoff.reset();
            on(event)
        })
        .await;
        let failure = match ended {
            Ok(ControlFlow::Break(value)) => return Ok(value),
            Ok(ControlFlow::Continue(())) => {
                Failure::cannot(Exit::Unreachable, what, "the controller ended the stream")
            }
            Err(failure) if failure.exit() == Exit::Unreachable => failure,
            Err(failure) => return Err(failure),
        };
        failures += 1;
        if failures > MOST_FAILURES {
            return Err(failure);
        }
        tokio::time::sleep(backoff.next(u64::from_le_bytes(random()))).await;
    }
}

async fn once<T>(
    client: &Client,
    what: &str,
    path: &[&str],
    last: &mut Option<String>,
    on: &mut impl FnMut(&Event) -> Result<ControlFlow<T>, Failure>,
) -> Result<ControlFlow<T>, Failure> {
    let mut request = client.request(Method::GET, path).header(ACCEPT, "text/event-stream");
    if let Some(last) = last {
        request = request.query(&[("after", &*last)]).header(LAST_EVENT_ID, &*last);
    }
    let mut response = client.send(what, request).await?;
    let mut parser = Parser::default();
    loop {
        let chunk = response
            .chunk()
            .await
            .map_err(|error| problem::unreachable(what, &client.base, &error))?;
        let Some(chunk) = chunk else { return Ok(ControlFlow::Continue(())) };
        let events = parser
            .push(&chunk)
            .map_err(|error| Failure::cannot(Exit::Failed, what, error.to_string()))?;
        for event in events {
            let flow = on(&event)?;
            if event.id.is_some() {
                last.clone_from(&event.id);
            }
            if let ControlFlow::Break(value) = flow {
                return Ok(ControlFlow::Break(value));
            }
        }
    }
}
