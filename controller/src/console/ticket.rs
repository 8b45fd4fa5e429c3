//! A ticket: its facts, what can be done, and its timeline as it grows.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Redirect, Response};
use befund_model::api::{MachineView, NewTicket, TicketView, WorkInfo};
use befund_model::id::AgentId;
use befund_model::job::Work;
use befund_model::operator::Permission;
use befund_model::ticket::{Level, Priority, Ticket, TicketEvent, TicketStatus, TimelineEntry};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Asked, Named, parse};
use crate::api::live;
use crate::api::problem::Failure;
use crate::api::tickets::After;
use crate::console::changes::ChangesCard;
use crate::console::entry::Entry;
use crate::console::findings::FindingsCard;
use crate::console::forms::Form;
use crate::console::highlight::Highlight;
use crate::console::inputs::{Inputs, key};
use crate::console::page::{Frame, render};
use crate::state::AppState;
use crate::store::repository::Operators as _;
use crate::{jobs, machines, snapshots, tickets};

/// A ticket's page.
#[derive(Template)]
#[template(path = "ticket.html")]
pub struct TicketPage {
    frame: Frame,
    head: Head,
    machine: Option<MachineView>,
    highlights: Vec<Highlight>,
    findings: String,
    timeline: Vec<Entry>,
    last: i64,
    works: Vec<WorkInfo>,
    inputs: Vec<Inputs>,
    text: String,
}

/// A ticket's facts and what can be done with it: the part of its page that changes.
#[derive(Template)]
#[template(path = "ticket_head.html")]
pub struct Head {
    /// What all pages have.
    pub frame: Frame,
    /// The ticket.
    pub ticket: Ticket,
    /// Who can be assigned.
    pub people: Vec<String>,
    /// What went wrong with the last change.
    pub notice: Option<String>,
    /// Whether this is an answer to a change that worked, so that its text box is to be emptied.
    pub done: bool,
    /// Whether this is a part of a whole page.
    pub whole: bool,
}

impl Head {
    /// The facts of this ticket as it stands.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn read(
        app: &AppState,
        ticket: Ticket,
        frame: Frame,
        notice: Option<String>,
    ) -> Result<Self, Failure> {
        let mut people = Vec::new();
        if frame.may_work() {
            let all = app.store.operators().await?;
            let able = |role: befund_model::operator::Role| role.may(Permission::WorkTickets);
            people.extend(
                all.into_iter().filter(|one| !one.disabled && able(one.role)).map(|one| one.name),
            );
        }
        Ok(Self { frame, ticket, people, notice, done: false, whole: false })
    }

    fn closed(&self) -> bool {
        self.ticket.status == TicketStatus::Closed
    }

    fn can_reopen(&self) -> bool {
        matches!(self.ticket.status, TicketStatus::Closed | TicketStatus::Resolved)
    }

    fn statuses(&self) -> impl Iterator<Item = &'static TicketStatus> {
        TicketStatus::ALL.iter().filter(|status| **status != TicketStatus::Closed)
    }
}

/// `GET /tickets/{number}`
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let view = tickets::view(&api.app, parse(&number)?, &caller).await?;
    render(&page(&api.app, view, frame, None, String::new()).await?)
}

/// A ticket's page, with what went wrong and the text that is not to be lost.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn page(
    app: &AppState,
    view: TicketView,
    frame: Frame,
    notice: Option<String>,
    text: String,
) -> Result<TicketPage, Failure> {
    let TicketView { ticket, machine, connected: _, timeline } = view;
    let last = timeline.last().map_or(0, |entry| entry.seq);
    // The one that came with the ticket tells how things were when somebody complained.
    let attached = timeline.iter().rev().find_map(|entry| match &entry.event {
        TicketEvent::SnapshotAttached { snapshot, .. } => Some(*snapshot),
        _ => None,
    });
    let entries = Entry::grouped(app, timeline, ticket.machine, &frame).await;
    let machine = machine.filter(|_| frame.may_read()).map(|machine| machines::view(app, machine));
    let snapshot = attached.or(machine.as_ref().and_then(|view| view.machine.last_snapshot));
    let findings = match snapshot.filter(|_| frame.may_read()) {
        Some(id) => {
            let record = snapshots::get(app, id).await?;
            let findings = FindingsCard::of(app, &record, frame.clone()).await?.markup();
            let changes = ChangesCard::of(app, &record, frame.clone()).await?.markup();
            findings + &changes
        }
        None => String::new(),
    };
    let highlights = match &machine {
        Some(view) => Highlight::of(app, &view.machine, &frame).await,
        None => Vec::new(),
    };
    let works = if frame.may_work() && machine.is_some() { jobs::works() } else { Vec::new() };
    let inputs = Inputs::of(&works);
    let mut head = Head::read(app, ticket, frame.clone(), notice).await?;
    head.whole = true;
    Ok(TicketPage {
        frame,
        head,
        machine,
        highlights,
        findings,
        timeline: entries,
        last,
        works,
        inputs,
        text,
    })
}

/// `GET /tickets/{number}/head`
pub async fn head(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let ticket = tickets::get(&api.app, parse(&number)?, &caller).await?;
    render(&Head::read(&api.app, ticket, frame, None).await?)
}

/// `GET /tickets/{number}/live`: each entry of the timeline as markup, and the event `ticket` when
/// the ticket's facts have changed.
pub async fn live(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    Asked(After { after }): Asked<After>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let app = api.app.clone();
    let (ticket, entries) =
        live::of_ticket(api.app, caller.clone(), &number, after, &headers).await?;
    let events = entries.then(move |entry| {
        let app = app.clone();
        let frame = Frame::new(&headers, &caller, app.clock.now());
        async move { stream::iter(events_of(&app, entry, ticket.machine, frame).await) }
    });
    Ok(live::answer(events.flatten()))
}

async fn events_of(
    app: &AppState,
    entry: TimelineEntry,
    machine: Option<AgentId>,
    frame: Frame,
) -> Vec<Event> {
    // A comment changes the ticket's version, which the page sends back with what its reader does.
    let changes_facts = match &entry.event {
        TicketEvent::Commented { .. }
        | TicketEvent::Escalated { .. }
        | TicketEvent::Changed { .. }
        | TicketEvent::Solved { .. }
        | TicketEvent::Reopened { .. } => true,
        TicketEvent::Opened { .. }
        | TicketEvent::SnapshotAttached { .. }
        | TicketEvent::Judged { .. }
        | TicketEvent::JobStarted { .. }
        | TicketEvent::Output { .. }
        | TicketEvent::Result { .. } => false,
    };
    let judged = matches!(&entry.event, TicketEvent::Judged { .. });
    let id = entry.seq.to_string();
    let markup = Entry::read(app, entry, machine, frame).await.render().unwrap_or_default();
    // One line: what follows a carriage return or a line feed would be another field.
    let mut events = vec![Event::default().id(id).data(markup.replace('\r', ""))];
    if changes_facts {
        events.push(Event::default().event("ticket").data("changed"));
    }
    if judged {
        events.push(Event::default().event("findings").data("changed"));
    }
    events
}

/// A new ticket's form.
#[derive(Template)]
#[template(path = "new_ticket.html")]
struct NewTicketPage {
    frame: Frame,
    fields: NewTicketForm,
    notice: Option<String>,
}

/// `GET /tickets/new`
pub async fn blank(
    State(api): State<Api>,
    caller: Caller,
    Asked(fields): Asked<NewTicketForm>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    render(&NewTicketPage { frame, fields, notice: None })
}

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct NewTicketForm {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    requester: String,
    #[serde(default)]
    machine: String,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    level: String,
}

/// `POST /tickets`
pub async fn open(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    Form(fields): Form<NewTicketForm>,
) -> Result<Response, Failure> {
    let new = NewTicket {
        subject: fields.subject.clone(),
        message: fields.message.clone(),
        requester: fields.requester.clone(),
        machine: Some(fields.machine.clone()),
        priority: Priority::parse(&fields.priority),
        level: Level::parse(&fields.level),
    };
    match tickets::open(&api.app, new, &caller).await {
        Ok(ticket) => Ok(Redirect::to(&format!("/tickets/{}", ticket.number)).into_response()),
        Err(failure) => {
            let frame = Frame::new(&headers, &caller, api.app.clock.now());
            let notice = Some(failure.message.clone());
            let mut page = render(&NewTicketPage { frame, fields, notice })?;
            *page.status_mut() = failure.code.status();
            Ok(page)
        }
    }
}

/// The works of one kind, for the two groups of the list.
fn of_kind(works: &[WorkInfo], runbooks: bool) -> impl Iterator<Item = &WorkInfo> {
    works.iter().filter(move |info| matches!(info.work, Work::Runbook(_)) == runbooks)
}
