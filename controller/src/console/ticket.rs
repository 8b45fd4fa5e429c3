//! A ticket: its facts, what can be done, and its timeline as it grows.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Redirect, Response};
use befund_model::api::{MachineView, NewTicket, TicketView, WorkInfo};
use befund_model::id::{AgentId, JobId};
use befund_model::job::{JobNews, JobState};
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
use crate::console::chooser::Chooser;
use crate::console::entry::Entry;
use crate::console::findings::FindingsCard;
use crate::console::forms::Form;
use crate::console::highlight::Highlight;
use crate::console::inputs::{Inputs, Kind, key};
use crate::console::page::{Frame, render};
use crate::console::run::live::Watched;
use crate::state::AppState;
use crate::store::repository::{Jobs as _, Operators as _};
use crate::{jobs, machines, snapshots, tickets};

/// The most entries that are looked at together.
const TOGETHER: usize = 200;
/// How long a stream rests after it has told of a run: a run that says much is looked at now and then.
const REST: Duration = Duration::from_millis(200);

/// A ticket's page.
#[derive(Template)]
#[template(path = "ticket.html")]
pub struct TicketPage {
    frame: Frame,
    head: Head,
    machine: Option<MachineView>,
    highlights: Vec<Highlight>,
    findings: String,
    chooser: String,
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
    /// The jobs that have not ended.
    pub waits: Vec<(JobId, JobState)>,
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
        let waits = app.store.unended(&[ticket.number]).await?;
        let waits = waits.into_iter().map(|(_, job, state)| (job, state)).collect();
        Ok(Self { frame, ticket, people, waits, notice, done: false, whole: false })
    }

    fn closed(&self) -> bool {
        self.ticket.status == TicketStatus::Closed
    }

    /// Whether somebody has to do something about a job that stands so.
    fn calls(&self, state: &JobState) -> bool {
        matches!(state, JobState::Asking | JobState::NeedsApproval)
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
    let works = match &machine {
        Some(_) if frame.may_work() => jobs::works(frame.t.language()),
        Some(_) | None => Vec::new(),
    };
    let inputs = Inputs::of(&works);
    let mut head = Head::read(app, ticket, frame.clone(), notice).await?;
    head.whole = true;
    let chooser = match &machine {
        Some(view) if frame.may_run() && !head.closed() => {
            let (number, waits) = (head.ticket.number, &head.waits);
            Chooser::of(app, number, view.connected, &frame, waits).await?.markup()
        }
        Some(_) | None => String::new(),
    };
    Ok(TicketPage {
        frame,
        head,
        machine,
        highlights,
        findings,
        chooser,
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
    // What comes together is looked at together: of a run, only how it stands now is sent.
    let state = (Box::pin(entries.ready_chunks(TOGETHER)), Watched::default(), Duration::ZERO);
    let events = stream::unfold(state, move |(mut entries, mut watched, rest)| {
        let (app, headers, caller) = (app.clone(), headers.clone(), caller.clone());
        async move {
            tokio::time::sleep(rest).await;
            let some = entries.next().await?;
            let frame = Frame::new(&headers, &caller, app.clock.now());
            let (events, rest) =
                events_of_all(&app, some, ticket.machine, &mut watched, &frame).await;
            Some((stream::iter(events), (entries, watched, rest)))
        }
    });
    Ok(live::answer(events.flatten()))
}

/// The events for these entries, and how long to rest before the next.
async fn events_of_all(
    app: &AppState,
    entries: Vec<TimelineEntry>,
    machine: Option<AgentId>,
    watched: &mut Watched,
    frame: &Frame,
) -> (Vec<Event>, Duration) {
    let mut events = Vec::new();
    let mut touched: Vec<JobId> = Vec::new();
    let (mut last, mut stands) = (0, false);
    for entry in entries {
        last = entry.seq;
        let (job, moved) = match &entry.event {
            TicketEvent::Output { job, news } => {
                (Some(*job), matches!(news, JobNews::State(_) | JobNews::Started))
            }
            TicketEvent::Result { job, .. } => (Some(*job), true),
            TicketEvent::JobStarted { .. } => (None, true),
            _ => (None, false),
        };
        stands |= moved;
        match job {
            Some(job) if watched.is_run(app, job).await => {
                if !touched.contains(&job) {
                    touched.push(job);
                }
            }
            Some(_) | None => events.extend(events_of(app, entry, machine, frame.clone()).await),
        }
    }
    let rest = if touched.is_empty() { Duration::ZERO } else { REST };
    for job in touched {
        let markup = watched.changed(app, job, frame).await.ok().flatten().unwrap_or_default();
        if !markup.is_empty() {
            events.push(Event::default().data(markup.replace('\r', "")));
        }
    }
    if stands {
        events.push(Event::default().event("ticket").data("changed"));
    }
    // Where a reader goes on who comes back.
    events.push(Event::default().id(last.to_string()));
    (events, rest)
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
