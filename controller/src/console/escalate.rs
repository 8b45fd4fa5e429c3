//! Handing a ticket on after a run that did not help: a brief that says what is known, to be added to, and the
//! higher level, in one step. The brief is also the API's, which the command line hands tickets on with.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use befund_model::api::{BriefView, TicketView};
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::Work;
use befund_model::ticket::{Level, Ticket, TicketChange, TicketEvent};
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Asked, Named, parse};
use crate::api::problem::{Code, Failure};
use crate::console::changes::ChangesCard;
use crate::console::forms::{Form, filled};
use crate::console::page::{Frame, render};
use crate::console::run::Run;
use crate::console::ways;
use crate::state::AppState;
use crate::store::repository::Agents as _;
use crate::{jobs, snapshots, tickets};

mod brief;

#[derive(Template)]
#[template(path = "escalate.html")]
struct EscalatePage {
    frame: Frame,
    ticket: Ticket,
    version: i64,
    level: Level,
    text: String,
    changes: String,
    notice: Option<String>,
}

/// Which run did not help; the latest of the ticket, if absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// Its job.
    #[serde(default)]
    pub job: String,
}

/// What a ticket is handed on with.
#[derive(Debug)]
struct Known {
    view: TicketView,
    job: JobId,
    text: String,
    changes: String,
}

/// What is known of a ticket after this run, or after the latest one if none is named.
async fn known(
    app: &AppState,
    number: TicketNumber,
    job: &str,
    caller: &Caller,
    frame: &Frame,
) -> Result<Known, Failure> {
    let view = tickets::view(app, number, caller).await?;
    let job: JobId = if job.is_empty() { latest(&view)? } else { parse(job)? };
    let job = jobs::get(app, job).await?;
    if job.ticket != Some(view.ticket.number) {
        return Err(Failure::not_found("job", job.id));
    }
    let run = Run::read(app, job, frame).await?;
    let found = since_good(app, &view.ticket, frame).await?;
    let lines = found.as_ref().map(|(card, _)| card.lines()).unwrap_or_default();
    let way = found.as_ref().map(|(_, way)| way.as_str()).filter(|_| !lines.is_empty());
    let text = brief::of(&view, &run, &lines, way);
    let changes = found.map(|(card, _)| card.markup()).unwrap_or_default();
    Ok(Known { view, job: run.job.id, text, changes })
}

/// The run of the ticket that ended last.
fn latest(view: &TicketView) -> Result<JobId, Failure> {
    let ended = view.timeline.iter().rev().find_map(|entry| match &entry.event {
        TicketEvent::Result { job, work: Work::Runbook(_), .. } => Some(*job),
        _ => None,
    });
    ended.ok_or_else(|| {
        Failure::new(
            Code::Conflict,
            format!(
                "no runbook has ended on ticket {0} yet; run one, or hand the ticket on with `befund ticket level {0} L2`",
                view.ticket.number
            ),
        )
    })
}

/// `GET /api/v1/tickets/{number}/brief`
pub async fn brief(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    Asked(After { job }): Asked<After>,
    headers: HeaderMap,
) -> Result<Json<BriefView>, Failure> {
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let Known { view, job, text, .. } =
        known(&api.app, parse(&number)?, &job, &caller, &frame).await?;
    let (version, level) = (view.ticket.version, next(view.ticket.level));
    Ok(Json(BriefView { job, version, level, text }))
}

/// `GET /tickets/{number}/escalate`
pub async fn ask(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    Asked(After { job }): Asked<After>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let Known { view, text, changes, .. } =
        known(&api.app, parse(&number)?, &job, &caller, &frame).await?;
    let (version, level) = (view.ticket.version, next(view.ticket.level));
    let (ticket, notice) = (view.ticket, None);
    render(&EscalatePage { frame, ticket, version, level, text, changes, notice })
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct Sent {
    #[serde(default, deserialize_with = "filled")]
    version: Option<i64>,
    #[serde(default)]
    level: String,
    #[serde(default)]
    text: String,
}

/// `POST /tickets/{number}/escalate`
pub async fn submit(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    headers: HeaderMap,
    Form(Sent { version, level, text }): Form<Sent>,
) -> Result<Response, Failure> {
    let app = &api.app;
    let number: TicketNumber = parse(&number)?;
    let level = Level::parse(&level).ok_or_else(|| Failure::invalid("the form names no level"))?;
    match hand_on(app, number, version, level, &text, &caller).await {
        Ok(()) => Ok(Redirect::to(&format!("/tickets/{number}")).into_response()),
        Err(failure) if matches!(failure.code, Code::Conflict | Code::Invalid) => {
            let frame = Frame::new(&headers, &caller, app.clock.now());
            let ticket = tickets::get(app, number, &caller).await?;
            let found = since_good(app, &ticket, &frame).await?;
            let changes = found.map(|(card, _)| card.markup()).unwrap_or_default();
            let version = ticket.version;
            let notice = Some(match failure.code {
                Code::Conflict => frame.t.conflict.to_owned(),
                _ => failure.message,
            });
            let page = EscalatePage { frame, ticket, version, level, text, changes, notice };
            let mut response = render(&page)?;
            *response.status_mut() = failure.code.status();
            Ok(response)
        }
        Err(failure) => Err(failure),
    }
}

/// The level first: if somebody was faster, nothing is written.
async fn hand_on(
    app: &AppState,
    number: TicketNumber,
    version: Option<i64>,
    level: Level,
    text: &str,
    caller: &Caller,
) -> Result<(), Failure> {
    let ticket = tickets::get(app, number, caller).await?;
    if text.len() > tickets::MAX_TEXT_BYTES {
        return Err(Failure::invalid(format!(
            "a text on a ticket has {} bytes at most",
            tickets::MAX_TEXT_BYTES
        )));
    }
    if ticket.level != level {
        tickets::change(app, number, version, &TicketChange::Level(level), caller).await?;
    }
    if !text.trim().is_empty() {
        let comment = TicketChange::Comment(text.replace("\r\n", "\n"));
        tickets::change(app, number, None, &comment, caller).await?;
    }
    Ok(())
}

/// What changed since the machine was last well, and the way to it.
async fn since_good(
    app: &AppState,
    ticket: &Ticket,
    frame: &Frame,
) -> Result<Option<(ChangesCard, String)>, Failure> {
    let Some(agent) = ticket.machine else { return Ok(None) };
    let machine = app.store.machine(agent).await?;
    let Some(last) = machine.and_then(|machine| machine.last_snapshot) else { return Ok(None) };
    let record = snapshots::get(app, last).await?;
    let card = ChangesCard::of(app, &record, frame.clone()).await?;
    Ok(Some((card, ways::to_changes(agent, last))))
}

const fn next(level: Level) -> Level {
    match level {
        Level::L1 => Level::L2,
        Level::L2 | Level::L3 => Level::L3,
    }
}
