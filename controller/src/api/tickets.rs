//! `/api/v1/tickets`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::response::sse::Event;
use befund_model::api::{ChangeTicket, NewTicket, Page, TicketQuery, TicketView};
use befund_model::id::TicketNumber;
use befund_model::operator::Permission;
use befund_model::ticket::Ticket;
use futures_util::StreamExt as _;
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Asked, Body, Named, parse};
use crate::api::live;
use crate::api::problem::Failure;
use crate::store::repository::Tickets as _;
use crate::tickets;

/// `GET /api/v1/tickets`
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Asked(mut query): Asked<TicketQuery>,
) -> Result<Json<Page<Ticket>>, Failure> {
    own_only(&mut query, &caller);
    Ok(Json(api.app.store.tickets(&query).await?))
}

/// Whoever may not see all tickets asks for their own, whatever they asked for.
pub fn own_only(query: &mut TicketQuery, caller: &Caller) {
    if !caller.may(Permission::Read) {
        query.requester = Some(caller.operator.name.clone());
    }
}

/// `POST /api/v1/tickets`
pub async fn open(
    State(api): State<Api>,
    caller: Caller,
    Body(new): Body<NewTicket>,
) -> Result<(StatusCode, Json<TicketView>), Failure> {
    let ticket = tickets::open(&api.app, new, &caller).await?;
    Ok((StatusCode::CREATED, Json(tickets::view(&api.app, ticket.number, &caller).await?)))
}

/// `GET /api/v1/tickets/{number}`
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
) -> Result<Json<TicketView>, Failure> {
    Ok(Json(tickets::view(&api.app, parse(&number)?, &caller).await?))
}

/// `POST /api/v1/tickets/{number}/changes`
pub async fn change(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    Body(ChangeTicket { version, change }): Body<ChangeTicket>,
) -> Result<Json<TicketView>, Failure> {
    let number: TicketNumber = parse(&number)?;
    tickets::change(&api.app, number, version, &change, &caller).await?;
    Ok(Json(tickets::view(&api.app, number, &caller).await?))
}

/// The query of a stream.
#[derive(Debug, Default, Deserialize)]
pub struct After {
    /// The last entry that the caller has.
    #[serde(default)]
    pub after: i64,
}

/// `GET /api/v1/tickets/{number}/events`
pub async fn events(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    Asked(After { after }): Asked<After>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let (_, entries) = live::of_ticket(api.app, caller, &number, after, &headers).await?;
    Ok(live::answer(entries.map(|entry| {
        let event = Event::default().id(entry.seq.to_string());
        event.json_data(&entry).unwrap_or_default()
    })))
}
