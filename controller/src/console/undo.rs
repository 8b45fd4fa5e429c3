//! Undoing what a ticket changed, with a page in between that lists what that would be.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use befund_model::action::{Acted, Undo};
use befund_model::id::TicketNumber;
use befund_model::job::Work;
use befund_model::snapshot::Status;
use befund_model::ticket::{Ticket, TicketEvent, TimelineEntry};

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Named, parse};
use crate::api::problem::Failure;
use crate::console::page::{Frame, render};
use crate::console::run::story::Tried;
use crate::console::run::{Run, is_run, say};
use crate::state::AppState;
use crate::{jobs, tickets};

#[derive(Template)]
#[template(path = "undo.html")]
struct UndoPage {
    frame: Frame,
    ticket: Ticket,
    machine: String,
    changes: Vec<Change>,
    running: bool,
}

impl UndoPage {
    /// Whether anything can be put back.
    fn any(&self) -> bool {
        self.changes.iter().any(|change| change.undo == Undo::Restores)
    }

    /// Whether something ought to be put back, and cannot.
    fn stays(&self) -> bool {
        self.changes.iter().any(|change| change.undo == Undo::Impossible)
    }
}

/// A change that still stands.
#[derive(Debug)]
pub struct Change {
    /// What was done, in a sentence.
    pub title: String,
    /// What the machine said of it.
    pub summary: String,
    /// The action.
    pub act: String,
    /// What undoing it does.
    pub undo: Undo,
}

/// `GET /tickets/{number}/undo`
pub async fn ask(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let view = tickets::view(&api.app, parse(&number)?, &caller).await?;
    let runs = runs(&api.app, &view.timeline, &frame).await?;
    let running = runs.iter().any(|run| !run.state().is_final());
    let changes = changes(&runs);
    let machine = view.machine.map_or_else(String::new, |machine| machine.name);
    render(&UndoPage { frame, ticket: view.ticket, machine, changes, running })
}

/// `POST /tickets/{number}/undo`
pub async fn start(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
) -> Result<Response, Failure> {
    let number: TicketNumber = parse(&number)?;
    let job = jobs::undo(&api.app, number, None, &caller).await?;
    Ok(Redirect::to(&say::place(&job)).into_response())
}

/// The runs on a ticket, first to last.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn runs(
    app: &AppState,
    timeline: &[TimelineEntry],
    frame: &Frame,
) -> Result<Vec<Run>, Failure> {
    let mut runs = Vec::new();
    for entry in timeline {
        if let TicketEvent::JobStarted { job, work } = &entry.event
            && is_run(work)
        {
            runs.push(Run::read(app, jobs::get(app, *job).await?, frame).await?);
        }
    }
    Ok(runs)
}

/// What these runs changed and still stands, last first.
#[must_use]
pub fn changes(runs: &[Run]) -> Vec<Change> {
    let mut standing: Vec<(&Run, &Tried)> = Vec::new();
    for run in runs {
        for tried in &run.story.fixes {
            match &run.job.work {
                Work::Undo(_) if tried.undone.as_ref().is_some_and(is_well) => {
                    let same = |(_, done): &(&Run, &Tried)| done.fix == tried.fix;
                    if let Some(at) = standing.iter().rposition(same) {
                        standing.remove(at);
                    }
                }
                Work::Undo(_) => {}
                Work::Runbook(_) | Work::Probe(_) => {
                    standing.extend(tried.stands().then_some((run, tried)));
                }
            }
        }
    }
    let change = |(run, tried): (&Run, &Tried)| Change {
        title: run.names.fix(&tried.fix, &tried.act),
        summary: tried.acted.as_ref().map(|acted| acted.summary.clone()).unwrap_or_default(),
        act: tried.act.clone(),
        undo: run.names.undo(&tried.fix, &tried.act),
    };
    standing.into_iter().rev().map(change).collect()
}

fn is_well(acted: &Acted) -> bool {
    acted.status == Status::Ok
}
