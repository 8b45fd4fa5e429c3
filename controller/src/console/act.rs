//! What is done to a ticket from its page: changes, and running something on its machine.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use befund_model::api::NewJob;
use befund_model::id::TicketNumber;
use befund_model::job::Work;
use befund_model::language::Language;
use befund_model::runbook::Mode;
use befund_model::ticket::{Level, Priority, TicketChange, TicketStatus};
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Named, parse};
use crate::api::problem::{Code, Failure};
use crate::console::forms::{Form, filled};
use crate::console::inputs;
use crate::console::page::{Frame, render, wants_fragment};
use crate::console::ticket::{self, Head};
use crate::{jobs, runbooks, tickets};

/// What the page's form sends: the button that was pressed, and every field of the form.
#[derive(Debug, Deserialize)]
pub struct Act {
    action: String,
    #[serde(default, deserialize_with = "filled")]
    version: Option<i64>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    assignee: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    status: String,
}

impl Act {
    fn change(&self, caller: &Caller) -> Result<TicketChange, Failure> {
        let no = |what: &str| Failure::invalid(format!("the form names no {what}"));
        Ok(match self.action.as_str() {
            "take" => TicketChange::Assign(Some(caller.operator.name.clone())),
            "assign" => {
                let name = self.assignee.trim();
                TicketChange::Assign((!name.is_empty()).then(|| name.to_owned()))
            }
            "level" => TicketChange::Level(Level::parse(&self.level).ok_or_else(|| no("level"))?),
            "priority" => TicketChange::Priority(
                Priority::parse(&self.priority).ok_or_else(|| no("priority"))?,
            ),
            "status" => {
                TicketChange::Status(TicketStatus::parse(&self.status).ok_or_else(|| no("status"))?)
            }
            "comment" => TicketChange::Comment(self.text.clone()),
            "close" => TicketChange::Close { solution: self.text.clone() },
            "reopen" => TicketChange::Reopen { reason: self.text.clone() },
            _ => return Err(no("action that is known")),
        })
    }
}

/// `POST /tickets/{number}/act`
pub async fn change(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    headers: HeaderMap,
    Form(act): Form<Act>,
) -> Result<Response, Failure> {
    let app = &api.app;
    let number: TicketNumber = parse(&number)?;
    let change = act.change(&caller)?;
    let version = match change {
        // A comment is no decision about the ticket as it stood.
        TicketChange::Comment(_) => None,
        TicketChange::Assign(_)
        | TicketChange::Priority(_)
        | TicketChange::Level(_)
        | TicketChange::Status(_)
        | TicketChange::Close { .. }
        | TicketChange::Reopen { .. } => act.version,
    };
    let outcome = tickets::change(app, number, version, &change, &caller).await;
    let frame = Frame::new(&headers, &caller, app.clock.now());
    let (status, notice) = match outcome {
        Ok(_) if !wants_fragment(&headers) => {
            return Ok(Redirect::to(&format!("/tickets/{number}")).into_response());
        }
        Ok(_) => (axum::http::StatusCode::OK, None),
        Err(failure) if matches!(failure.code, Code::Conflict | Code::Invalid) => {
            (failure.code.status(), Some(kindly(&failure, &frame)))
        }
        Err(failure) => return Err(failure),
    };
    let mut response = if wants_fragment(&headers) {
        let done = notice.is_none();
        let ticket = tickets::get(app, number, &caller).await?;
        render(&Head { done, ..Head::read(app, ticket, frame, notice).await? })?
    } else {
        let view = tickets::view(app, number, &caller).await?;
        render(&ticket::page(app, view, frame, notice, act.text).await?)?
    };
    *response.status_mut() = status;
    Ok(response)
}

/// Somebody being faster is nobody's fault.
fn kindly(failure: &Failure, frame: &Frame) -> String {
    if failure.code == Code::Conflict && failure.message.contains("meanwhile") {
        frame.t.conflict.to_owned()
    } else {
        failure.message.clone()
    }
}

/// What the list of works sends.
#[derive(Debug, Deserialize)]
pub struct Run {
    work: String,
    #[serde(default)]
    mode: String,
    #[serde(flatten)]
    fields: BTreeMap<String, String>,
}

#[derive(Template)]
#[template(path = "run_note.html")]
struct RunNote {
    frame: Frame,
    text: String,
    failed: bool,
}

/// `POST /tickets/{number}/run`
pub async fn run(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    headers: HeaderMap,
    Form(run): Form<Run>,
) -> Result<Response, Failure> {
    let number: TicketNumber = parse(&number)?;
    let started = start(&api, number, &run, &caller).await;
    if !wants_fragment(&headers) {
        started?;
        return Ok(Redirect::to(&format!("/tickets/{number}")).into_response());
    }
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let (text, failed) = match started {
        Ok(true) => (frame.t.started_job.to_owned(), false),
        Ok(false) => (frame.t.queued_job.to_owned(), false),
        Err(failure) if failure.code == Code::Internal => return Err(failure),
        Err(failure) => (failure.message, true),
    };
    render(&RunNote { frame, text, failed })
}

/// Starts it; answers whether the machine is there to run it now.
async fn start(
    api: &Api,
    number: TicketNumber,
    run: &Run,
    caller: &Caller,
) -> Result<bool, Failure> {
    let ticket = tickets::get(&api.app, number, caller).await?;
    let Some(machine) = ticket.machine else {
        return Err(Failure::invalid("this ticket names no machine to run anything on"));
    };
    let work = match run.work.split_once(':') {
        Some(("probe", name)) => Work::Probe(name.to_owned()),
        Some(("runbook", name)) => Work::Runbook(name.to_owned()),
        _ => return Err(Failure::invalid("choose what to run first")),
    };
    let schema = match &work {
        Work::Runbook(name) => runbooks::find(&api.app, name)
            .await
            .map(|(runbook, _)| befund_runbook::inputs::schema(&runbook))?,
        Work::Probe(_) | Work::Undo(_) => {
            let known = jobs::works(Language::English).into_iter().find(|info| info.work == work);
            known.map(|info| info.parameters).unwrap_or_default()
        }
    };
    let new = NewJob {
        machine: machine.to_string(),
        parameters: inputs::parameters(&schema, &run.fields),
        work,
        ticket: Some(number),
        deadline_seconds: None,
        mode: if run.mode == "dry" { Mode::Dry } else { Mode::Run },
    };
    let job = jobs::start(&api.app, new, caller).await?;
    Ok(api.app.live.connected(job.agent))
}
