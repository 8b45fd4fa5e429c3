//! The queue: tickets, filtered, searched, paged, and looked at again whenever one changes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use befund_model::api::{Page, TicketQuery};
use befund_model::id::TicketNumber;
use befund_model::job::JobState;
use befund_model::ticket::{Level, Priority, Ticket, TicketStatus};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::Asked;
use crate::api::live::Watch;
use crate::api::problem::Failure;
use crate::api::tickets::own_only;
use crate::bus::Hint;
use crate::console::page::{Frame, render, wants_fragment};
use crate::state::AppState;
use crate::store::repository::{Jobs as _, Tickets as _};

/// How long the queue rests after it was told of a change: a storm of them is one look.
const REST: Duration = Duration::from_millis(250);

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    frame: Frame,
    filter: Filter,
    page: Page<Ticket>,
    waits: Waits,
}

#[derive(Template)]
#[template(path = "queue_rows.html")]
struct QueueRows {
    frame: Frame,
    filter: Filter,
    page: Page<Ticket>,
    waits: Waits,
}

/// Where the jobs stand that have not ended, by ticket; of several, the one that most waits for people.
#[derive(Clone, Debug, Default)]
pub struct Waits(HashMap<TicketNumber, JobState>);

impl Waits {
    async fn of(app: &AppState, tickets: &[Ticket]) -> Result<Self, Failure> {
        let numbers: Vec<TicketNumber> = tickets.iter().map(|ticket| ticket.number).collect();
        let urgency = |state: JobState| match state {
            JobState::NeedsApproval => 3,
            JobState::Asking => 2,
            JobState::Rebooting => 1,
            JobState::Waiting
            | JobState::Delivered
            | JobState::Running
            | JobState::Done
            | JobState::Failed
            | JobState::Refused
            | JobState::Cancelled
            | JobState::Expired
            | JobState::Indeterminate => 0,
        };
        let mut waits = HashMap::new();
        for (ticket, _, state) in app.store.unended(&numbers).await? {
            let known = waits.entry(ticket).or_insert(state);
            if urgency(state) > urgency(*known) {
                *known = state;
            }
        }
        Ok(Self(waits))
    }

    fn of_ticket(&self, number: &TicketNumber) -> Option<JobState> {
        self.0.get(number).copied()
    }
}

/// What the queue is narrowed to; every field empty for all.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Filter {
    /// A status' word, or `all`.
    #[serde(default)]
    pub status: String,
    /// A priority's word.
    #[serde(default)]
    pub priority: String,
    /// A level's word.
    #[serde(default)]
    pub level: String,
    /// An account's name.
    #[serde(default)]
    pub assignee: String,
    /// Words in the subject.
    #[serde(default)]
    pub q: String,
    /// Where to go on.
    #[serde(default)]
    pub after: String,
}

impl Filter {
    fn query(&self) -> TicketQuery {
        let some = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        TicketQuery {
            status: TicketStatus::parse(&self.status),
            all: self.status == "all",
            priority: Priority::parse(&self.priority),
            level: Level::parse(&self.level),
            assignee: some(&self.assignee),
            machine: None,
            requester: None,
            q: some(&self.q),
            after: some(&self.after),
            limit: Some(50),
        }
    }

    /// The address of the queue with this filter, from this place on.
    fn address(&self, after: &str) -> String {
        let mut address = form_urlencoded::Serializer::new("/tickets?".to_owned());
        address.append_pair("status", &self.status).append_pair("priority", &self.priority);
        address.append_pair("level", &self.level).append_pair("assignee", &self.assignee);
        address.append_pair("q", &self.q).append_pair("after", after);
        address.finish()
    }
}

/// `GET /`
pub async fn home() -> Redirect {
    Redirect::to("/tickets")
}

/// `GET /tickets`
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Asked(filter): Asked<Filter>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let mut query = filter.query();
    own_only(&mut query, &caller);
    let page = api.app.store.tickets(&query).await?;
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let waits = Waits::of(&api.app, &page.items).await?;
    if wants_fragment(&headers) {
        render(&QueueRows { frame, filter, page, waits })
    } else {
        render(&QueuePage { frame, filter, page, waits })
    }
}

/// `GET /tickets/live`: says `tickets` whenever any ticket changed, and not which.
pub async fn live(State(api): State<Api>, caller: Caller) -> impl IntoResponse {
    let watch = Watch::new(api.app, caller, |hint| matches!(hint, Hint::Ticket(_)));
    let changes = stream::unfold(watch, |mut watch| async move {
        watch.wait().await?;
        tokio::time::sleep(REST).await;
        Some((Event::default().event("tickets").data("changed"), watch))
    });
    Sse::new(changes.map(Ok::<_, Infallible>)).keep_alive(KeepAlive::default())
}
