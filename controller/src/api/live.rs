//! Live streams: a ticket's timeline and a job's news, as server-sent events. The bus only hints;
//! every event is read from the store, so a lost hint costs time and nothing else. A stream ends
//! when the controller stops, and when the caller's credential does.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::{Job, JobEvent};
use befund_model::ticket::{Ticket, TimelineEntry};
use befund_runtime::telemetry;
use futures_core::Stream;
use futures_util::stream;
use tokio::sync::broadcast::{self, error::RecvError};
use tracing::warn;

use crate::api::caller::Caller;
use crate::api::extract::parse;
use crate::api::problem::Failure;
use crate::bus::Hint;
use crate::state::AppState;
use crate::store::repository::{Jobs as _, Operators as _, StoreError, Tickets as _};
use crate::{jobs, tickets};

/// How often a stream looks at the store, and at the caller's credential, without a hint.
const RECHECK: Duration = Duration::from_secs(20);
/// How often a silent stream says that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How many events are read at once.
const BATCH: u32 = 200;

/// What follows an event that a reader saw last, told by the browser itself when it connects anew.
fn last_event_id(headers: &HeaderMap) -> Option<i64> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}

/// Dresses a stream of events as an answer.
pub fn answer<S>(events: S) -> Sse<impl Stream<Item = Result<Event, Infallible>>>
where
    S: Stream<Item = Event> + Send + 'static,
{
    use futures_util::StreamExt as _;
    Sse::new(events.map(Ok)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// A ticket, if the caller may see it, and its timeline from after what the reader has on.
///
/// # Errors
/// `invalid` for what is no number, `not_found`.
pub async fn of_ticket(
    app: AppState,
    caller: Caller,
    number: &str,
    after: i64,
    headers: &HeaderMap,
) -> Result<(Ticket, impl Stream<Item = TimelineEntry> + Send + use<>), Failure> {
    let ticket = tickets::get(&app, parse(number)?, &caller).await?;
    let after = last_event_id(headers).unwrap_or(after);
    let entries = timeline(app, caller, ticket.number, after);
    Ok((ticket, entries))
}

/// A job's news from after what the reader has on.
///
/// # Errors
/// `invalid` for what is no id, `not_found`.
pub async fn of_job(
    app: AppState,
    caller: Caller,
    job: &str,
    after: i64,
    headers: &HeaderMap,
) -> Result<impl Stream<Item = News> + Send + use<>, Failure> {
    let id = parse(job)?;
    // Before the look at it, so that no hint is missed.
    let watch = Watch::new(app, caller, move |hint| hint == Hint::Job(id));
    let job = jobs::get(&watch.app, id).await?;
    let after = last_event_id(headers).unwrap_or(after);
    Ok(news(watch, job, u32::try_from(after).unwrap_or(0)))
}

/// A ticket's timeline from after this entry on, without end.
fn timeline(
    app: AppState,
    caller: Caller,
    number: TicketNumber,
    after: i64,
) -> impl Stream<Item = TimelineEntry> + Send {
    let watch = Watch::new(app, caller, move |hint| hint == Hint::Ticket(number));
    let state = (watch, after, VecDeque::<TimelineEntry>::new());
    stream::unfold(state, move |(mut watch, mut after, mut ready)| async move {
        loop {
            if let Some(entry) = ready.pop_front() {
                after = entry.seq;
                return Some((entry, (watch, after, ready)));
            }
            ready = watch.app.store.timeline(number, after, BATCH).await.map_err(told).ok()?.into();
            if ready.is_empty() {
                watch.wait().await?;
            }
        }
    })
}

/// What a job's stream tells.
#[derive(Clone, Debug)]
pub enum News {
    /// Something happened.
    Event(JobEvent),
    /// It ended; nothing follows.
    End(Box<Job>),
}

/// A job's events from after this one on, and its end; `job` is how it stands now.
fn news<F>(watch: Watch<F>, job: Job, after: u32) -> impl Stream<Item = News> + Send
where
    F: Fn(Hint) -> bool + Send + Sync,
{
    let first =
        Reading { watch, id: job.id, job: Some(job), after, ready: VecDeque::new(), over: false };
    stream::unfold(first, move |mut reading| async move {
        loop {
            if let Some(event) = reading.ready.pop_front() {
                reading.after = event.seq;
                return Some((News::Event(event), reading));
            }
            if reading.over {
                let job = reading.job.take()?;
                return Some((News::End(Box::new(job)), reading));
            }
            reading.read().await?;
        }
    })
}

/// Where a stream of a job's news is.
struct Reading<F> {
    watch: Watch<F>,
    id: JobId,
    /// The job, if it was read and what it has told since was not.
    job: Option<Job>,
    after: u32,
    ready: VecDeque<JobEvent>,
    /// The job has ended, and all that it told is ready or was told.
    over: bool,
}

impl<F: Fn(Hint) -> bool> Reading<F> {
    /// Reads on, or waits until that is worth it.
    async fn read(&mut self) -> Option<()> {
        // The state is read first: whatever was told before the end is then there to be read.
        let job = match self.job.take() {
            Some(job) => job,
            None => jobs::get(&self.watch.app, self.id).await.ok()?,
        };
        let store = &self.watch.app.store;
        let events = store.job_events(self.id, self.after, BATCH).await.map_err(told).ok()?;
        let all = events.len() < BATCH as usize;
        let nothing = events.is_empty();
        self.ready = events.into();
        if job.state.is_final() && all {
            (self.job, self.over) = (Some(job), true);
        } else if nothing {
            self.watch.wait().await?;
        }
        Some(())
    }
}

fn told(error: StoreError) {
    warn!(error = telemetry::chain(&error), "a live stream ends because the store cannot be read");
}

/// Listens to the bus on behalf of one caller.
pub struct Watch<F> {
    app: AppState,
    caller: Caller,
    hints: broadcast::Receiver<Hint>,
    concerns: F,
}

impl<F: Fn(Hint) -> bool> Watch<F> {
    /// Listens from now on to the hints that concern it.
    pub fn new(app: AppState, caller: Caller, concerns: F) -> Self {
        let hints = app.bus.listen();
        Self { app, caller, hints, concerns }
    }

    /// Waits until the store is worth a look; `None` when the stream is to end.
    pub async fn wait(&mut self) -> Option<()> {
        let stopping = self.app.stopping.clone();
        let recheck = tokio::time::sleep(RECHECK);
        tokio::pin!(recheck);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return None,
                () = &mut recheck => return self.still_welcome().await,
                hint = self.hints.recv() => match hint {
                    Ok(hint) if (self.concerns)(hint) => return Some(()),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return Some(()),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    async fn still_welcome(&self) -> Option<()> {
        let Caller { shown, .. } = &self.caller;
        let now = self.app.clock.now();
        let found = self.app.store.credential(shown.id, &shown.hash(), now).await;
        let operator = found.map_err(told).ok()??;
        (operator.role == self.caller.operator.role).then_some(())
    }
}
