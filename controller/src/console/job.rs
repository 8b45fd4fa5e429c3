//! A job's page: where it stands, its output as it comes, and what came of it.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Redirect, Response};
use befund_model::job::{Job, JobEvent};
use befund_model::machine::Machine;
use befund_model::operator::Permission;
use futures_util::StreamExt as _;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Asked, Named, parse};
use crate::api::live::{self, News};
use crate::api::problem::Failure;
use crate::api::tickets::After;
use crate::console::entry::{NewsLine, Report};
use crate::console::page::{Frame, render};
use crate::jobs;
use crate::store::repository::{Agents as _, Jobs as _};

/// The most events that a page shows at once: as many as a job may have.
const EVENTS: u32 = befund_model::job::MAX_EVENTS;

#[derive(Template)]
#[template(path = "job.html")]
struct JobPage {
    frame: Frame,
    job: Job,
    machine: Option<Machine>,
    lines: Vec<String>,
    last: u32,
    report: Option<Report>,
    may_cancel: bool,
}

/// `GET /jobs/{job}`
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Named(job): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let app = &api.app;
    let job = jobs::get(app, parse(&job)?).await?;
    let frame = Frame::new(&headers, &caller, app.clock.now());
    let events = app.store.job_events(job.id, 0, EVENTS).await?;
    let last = events.last().map_or(0, |event| event.seq);
    let lines = events.iter().map(|event| line(event, &frame)).collect();
    let machine = app.store.machine(job.agent).await?;
    let report = Report::of(&job, &frame);
    let may_cancel = caller.may(Permission::RunReadOnly) && !job.state.is_final();
    render(&JobPage { frame, job, machine, lines, last, report, may_cancel })
}

fn line(event: &JobEvent, frame: &Frame) -> String {
    NewsLine { frame, news: &event.what }.render().unwrap_or_default()
}

/// `GET /jobs/{job}/live`: each event as markup, then the event `end`.
pub async fn live(
    State(api): State<Api>,
    caller: Caller,
    Named(job): Named<String>,
    Asked(After { after }): Asked<After>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let news = live::of_job(api.app, caller, &job, after, &headers).await?;
    Ok(live::answer(news.map(move |news| match news {
        News::Event(event) => {
            Event::default().id(event.seq.to_string()).data(line(&event, &frame).replace('\r', ""))
        }
        News::End(_) => Event::default().event("end").data("ended"),
    })))
}

/// `POST /jobs/{job}/cancel`
pub async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    Named(job): Named<String>,
) -> Result<Redirect, Failure> {
    let job = jobs::cancel(&api.app, parse(&job)?, &caller).await?;
    Ok(Redirect::to(&format!("/jobs/{}", job.id)))
}
