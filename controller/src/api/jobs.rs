//! `/api/v1/works` and `/api/v1/jobs`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::response::sse::Event;
use befund_model::api::{AnswerQuestion, ApproveFix, NewJob, WorkInfo};
use befund_model::job::{Job, JobEvent, JobState};
use befund_model::language::Language;
use futures_util::StreamExt as _;
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Asked, Body, Named, parse};
use crate::api::live::{self, News};
use crate::api::problem::Failure;
use crate::api::tickets::After;
use crate::jobs;

/// `GET /api/v1/works`
pub async fn works(_: Caller) -> Json<Vec<WorkInfo>> {
    Json(jobs::works(Language::English))
}

/// `POST /api/v1/jobs`
pub async fn start(
    State(api): State<Api>,
    caller: Caller,
    Body(new): Body<NewJob>,
) -> Result<(StatusCode, Json<Job>), Failure> {
    Ok((StatusCode::CREATED, Json(jobs::start(&api.app, new, &caller).await?)))
}

/// `GET /api/v1/jobs/{job}`
pub async fn show(State(api): State<Api>, Named(job): Named<String>) -> Result<Json<Job>, Failure> {
    Ok(Json(jobs::get(&api.app, parse(&job)?).await?))
}

/// Which jobs are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Where they stand, as in `needs_approval`.
    pub state: JobState,
}

/// `GET /api/v1/jobs`
pub async fn list(
    State(api): State<Api>,
    Asked(Standing { state }): Asked<Standing>,
) -> Result<Json<Vec<Job>>, Failure> {
    Ok(Json(jobs::in_state(&api.app, state).await?))
}

/// `GET /api/v1/jobs/{job}/news`
pub async fn news(
    State(api): State<Api>,
    Named(job): Named<String>,
    Asked(After { after }): Asked<After>,
) -> Result<Json<Vec<JobEvent>>, Failure> {
    let after = u32::try_from(after).unwrap_or(0);
    Ok(Json(jobs::news(&api.app, parse(&job)?, after).await?))
}

/// `POST /api/v1/jobs/{job}/cancel`
pub async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    Named(job): Named<String>,
) -> Result<Json<Job>, Failure> {
    Ok(Json(jobs::cancel(&api.app, parse(&job)?, &caller).await?))
}

/// `POST /api/v1/jobs/{job}/answer`
pub async fn answer(
    State(api): State<Api>,
    caller: Caller,
    Named(job): Named<String>,
    Body(answer): Body<AnswerQuestion>,
) -> Result<Json<Job>, Failure> {
    Ok(Json(jobs::answer(&api.app, parse(&job)?, answer, &caller).await?))
}

/// `POST /api/v1/jobs/{job}/approval`
pub async fn approve(
    State(api): State<Api>,
    caller: Caller,
    Named(job): Named<String>,
    Body(approval): Body<ApproveFix>,
) -> Result<Json<Job>, Failure> {
    Ok(Json(jobs::approve(&api.app, parse(&job)?, approval, &caller).await?))
}

/// `GET /api/v1/jobs/{job}/events`
pub async fn events(
    State(api): State<Api>,
    caller: Caller,
    Named(job): Named<String>,
    Asked(After { after }): Asked<After>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let news = live::of_job(api.app, caller, &job, after, &headers).await?;
    Ok(live::answer(news.map(|news| {
        match news {
            News::Event(event) => Event::default()
                .event("news")
                .id(event.seq.to_string())
                .json_data(&event)
                .unwrap_or_default(),
            News::End(job) => Event::default().event("end").json_data(&job).unwrap_or_default(),
        }
    })))
}
