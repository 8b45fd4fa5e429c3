//! Live views: a ticket's timeline, and a job while it runs.

use std::ops::ControlFlow;

use befund_model::api::TicketView;
use befund_model::id::TicketNumber;
use befund_model::job::{Job, JobEvent, JobState};
use befund_model::snapshot::Status;
use befund_model::ticket::TimelineEntry;
use serde_json::Value;

use crate::client::sse::Event;
use crate::client::{Client, follow, read};
use crate::commands::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// Shows a ticket and then its events as they come, until Ctrl-C; in JSON one entry on each line.
pub(crate) async fn run(number: TicketNumber, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = format!("watch ticket {number}");
    let client = desk.client()?;
    let raw = client.get(&what, &["tickets", &number.to_string()]).await?;
    let view: TicketView = read(&what, &raw)?;
    if desk.for_people() {
        let header = render::ticket::header(desk.screen.look(), &view);
        desk.screen.print(&header)?;
    }
    let mut last = 0;
    for entry in &view.timeline {
        show(entry, desk)?;
        last = last.max(entry.seq);
    }
    let path = ["tickets", &number.to_string(), "events"];
    follow(&client, &what, &path, Some(last), |event| {
        let entry: TimelineEntry = read(&what, &json(&what, event)?)?;
        if entry.seq > last {
            show(&entry, desk)?;
            last = entry.seq;
        }
        Ok(ControlFlow::<()>::Continue(()))
    })
    .await
}

fn show(entry: &TimelineEntry, desk: &mut Desk<'_>) -> Result<(), Failure> {
    if desk.for_people() {
        let line = render::timeline::entry(desk.screen.look(), entry);
        desk.screen.print(&line)
    } else {
        let raw = serde_json::to_value(entry).unwrap_or(Value::Null);
        desk.screen.json_line(&raw)
    }
}

fn json(what: &str, event: &Event) -> Result<Value, Failure> {
    serde_json::from_str(&event.data).map_err(|error| {
        let why = format!("an event of the stream is not JSON: {error}");
        Failure::cannot(Exit::Failed, what, why)
    })
}

/// Shows a job's events until it ends, then what came of it; in JSON only the ended job.
pub(crate) async fn job(
    client: &Client,
    what: &str,
    job: &Job,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let path = ["jobs", &job.id.to_string(), "events"];
    let mut last = 0;
    let followed = follow(client, what, &path, None, |event| match event.event.as_str() {
        "end" => Ok(ControlFlow::Break(json(what, event)?)),
        "news" => {
            let news: JobEvent = read(what, &json(what, event)?)?;
            // A stream that was made again may begin from the start.
            if news.seq > last && desk.for_people() {
                let line = render::timeline::job_event(desk.screen.look(), &news);
                desk.screen.print(&line)?;
            }
            last = last.max(news.seq);
            Ok(ControlFlow::Continue(()))
        }
        // What a newer controller tells besides.
        _ => Ok(ControlFlow::Continue(())),
    })
    .await;
    let raw = followed.map_err(|failure| {
        failure.hint(format!("the job goes on; what came of it: befund job show {}", job.id))
    })?;
    let job: Job = read(what, &raw)?;
    desk.screen.show(&raw, |look| render::job::ended(look, &job))?;
    Ok(exit(&job))
}

/// What a job's end means for scripts.
pub(crate) fn exit(job: &Job) -> Exit {
    match (job.state, job.outcome.as_ref().map(|outcome| outcome.status)) {
        (JobState::Done, None | Some(Status::Ok | Status::Partial | Status::Unsupported)) => {
            Exit::Ok
        }
        (state, _) if !state.is_final() => Exit::Ok,
        _ => Exit::JobEndedBadly,
    }
}
