//! A job's page: where it stands, its output as it comes, and what came of it.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Redirect, Response};
use befund_model::id::JobId;
use befund_model::job::{Job, JobEvent};
use befund_model::machine::Machine;
use futures_util::{StreamExt as _, stream};

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Asked, Named, parse};
use crate::api::live::{self, News};
use crate::api::problem::Failure;
use crate::api::tickets::After;
use crate::console::entry::{NewsLine, Report};
use crate::console::page::{Frame, render};
use crate::console::run::live::Watched;
use crate::console::run::{EVENTS, Run, is_run, say};
use crate::jobs;
use crate::store::repository::{Agents as _, Jobs as _};

/// The most events that are looked at together.
const TOGETHER: usize = 200;
/// How long a stream rests after it has told of a run.
const REST: Duration = Duration::from_millis(200);

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
    run: Option<String>,
    title: String,
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
    let machine = app.store.machine(job.agent).await?;
    let mut page = JobPage {
        report: None,
        lines: Vec::new(),
        last: 0,
        may_cancel: false,
        run: None,
        title: job.work.name().to_owned(),
        frame,
        machine,
        job,
    };
    if is_run(&page.job.work) {
        let run = Run::read(app, page.job.clone(), &page.frame).await?;
        page.title = run.title();
        page.run = Some(run.markup());
    } else {
        let events = app.store.job_events(page.job.id, 0, EVENTS).await?;
        page.last = events.last().map_or(0, |event| event.seq);
        page.lines = events.iter().map(|event| line(event, &page.frame)).collect();
        page.report = Report::of(&page.job, &page.frame);
        page.may_cancel = page.frame.may_run() && !page.job.state.is_final();
    }
    render(&page)
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
    let app = api.app.clone();
    let news = live::of_job(api.app, caller.clone(), &job, after, &headers).await?;
    let id: JobId = parse(&job)?;
    let watched = Watched::default();
    let state = (Box::pin(news.ready_chunks(TOGETHER)), watched, Duration::ZERO);
    let events = stream::unfold(state, move |(mut news, mut watched, rest)| {
        let (app, headers, caller) = (app.clone(), headers.clone(), caller.clone());
        async move {
            tokio::time::sleep(rest).await;
            let some = news.next().await?;
            let frame = Frame::new(&headers, &caller, app.clock.now());
            let is_run = watched.is_run(&app, id).await;
            let mut events = Vec::new();
            if is_run {
                let markup = watched.changed(&app, id, &frame).await.ok().flatten();
                events.extend(
                    markup
                        .filter(|markup| !markup.is_empty())
                        .map(|markup| Event::default().data(markup.replace('\r', ""))),
                );
            }
            for news in some {
                events.push(match news {
                    News::Event(event) if is_run => Event::default().id(event.seq.to_string()),
                    News::Event(event) => Event::default()
                        .id(event.seq.to_string())
                        .data(line(&event, &frame).replace('\r', "")),
                    News::End(_) => Event::default().event("end").data("ended"),
                });
            }
            let rest = if is_run { REST } else { Duration::ZERO };
            Some((stream::iter(events), (news, watched, rest)))
        }
    });
    Ok(live::answer(events.flatten()))
}

/// `POST /jobs/{job}/cancel`
pub async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    Named(job): Named<String>,
) -> Result<Redirect, Failure> {
    let job = jobs::cancel(&api.app, parse(&job)?, &caller).await?;
    if is_run(&job.work) {
        return Ok(Redirect::to(&say::place(&job)));
    }
    Ok(Redirect::to(&format!("/jobs/{}", job.id)))
}
