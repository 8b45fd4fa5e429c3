//! What people say to a run from its page: an answer, that a change will not be approved, that it is to stop.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use befund_model::api::{AnswerQuestion, ApproveFix};
use befund_model::job::Job;
use befund_model::runbook::FixRef;
use serde::Deserialize;

use super::Run;
use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Named, parse};
use crate::api::problem::{Code, Failure};
use crate::console::forms::Form;
use crate::console::page::{Frame, wants_fragment};
use crate::console::text::put;
use crate::jobs;

/// What a question's form sends.
#[derive(Debug, Deserialize)]
pub struct Answered {
    question: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    for_user: bool,
}

/// `POST /jobs/{job}/answer`
pub async fn answer(
    State(api): State<Api>,
    caller: Caller,
    Named(job): Named<String>,
    headers: HeaderMap,
    Form(Answered { question, answer, for_user }): Form<Answered>,
) -> Result<Response, Failure> {
    let job = jobs::get(&api.app, parse(&job)?).await?;
    let said = if answer.is_empty() {
        Err(Failure::invalid("choose an answer first"))
    } else {
        let answer = AnswerQuestion { question, answer, for_user };
        jobs::answer(&api.app, job.id, answer, &caller).await
    };
    told(&api, job, said, "questions", &caller, &headers).await
}

/// What the button beside a change sends.
#[derive(Debug, Deserialize)]
pub struct Declined {
    cause: String,
    index: u32,
}

/// `POST /jobs/{job}/decline`
pub async fn decline(
    State(api): State<Api>,
    caller: Caller,
    Named(job): Named<String>,
    headers: HeaderMap,
    Form(Declined { cause, index }): Form<Declined>,
) -> Result<Response, Failure> {
    let job = jobs::get(&api.app, parse(&job)?).await?;
    let approval = ApproveFix { fix: FixRef { cause, index }, signatures: Vec::new() };
    let said = jobs::approve(&api.app, job.id, approval, &caller).await;
    told(&api, job, said, "fixes", &caller, &headers).await
}

/// What the page's script sends once a security key has signed.
#[derive(Debug, Deserialize)]
pub struct Signed {
    cause: String,
    index: u32,
    #[serde(default)]
    signature: String,
}

/// `POST /jobs/{job}/sign`: hands on what was signed, as the API does. Whether it counts is the machine's to say.
pub async fn sign(
    State(api): State<Api>,
    caller: Caller,
    Named(job): Named<String>,
    headers: HeaderMap,
    Form(Signed { cause, index, signature }): Form<Signed>,
) -> Result<Response, Failure> {
    let job = jobs::get(&api.app, parse(&job)?).await?;
    let said = if signature.is_empty() {
        Err(Failure::invalid("there is no signature: sign it first"))
    } else {
        let approval = ApproveFix { fix: FixRef { cause, index }, signatures: vec![signature] };
        jobs::approve(&api.app, job.id, approval, &caller).await
    };
    told(&api, job, said, "fixes", &caller, &headers).await
}

/// The part of the run that it was about as it stands now, with what went wrong; or the page that it is on.
async fn told(
    api: &Api,
    job: Job,
    said: Result<Job, Failure>,
    name: &str,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let refused = match said {
        Ok(_) => None,
        Err(failure) if matches!(failure.code, Code::Invalid | Code::Conflict) => Some(failure),
        Err(failure) => return Err(failure),
    };
    if !wants_fragment(headers) {
        return match refused {
            Some(failure) => Err(failure),
            None => Ok(Redirect::to(&place(&job)).into_response()),
        };
    }
    let frame = Frame::new(headers, caller, api.app.clock.now());
    // It may have ended meanwhile.
    let job = jobs::get(&api.app, job.id).await?;
    let run = Run::read(&api.app, job, &frame).await?;
    let mut markup = String::new();
    if let Some(failure) = &refused {
        markup += "<p class=\"notice\" role=\"alert\">";
        put(&mut markup, &failure.message);
        markup += "</p>";
    }
    let part = run.parts().into_iter().find(|(known, _)| *known == name);
    markup += &part.map(|(_, part)| part).unwrap_or_default();
    let status = refused.map_or(axum::http::StatusCode::OK, |failure| failure.code.status());
    Ok((status, Html(run.part(name, &markup, ""))).into_response())
}

/// Where a run is looked at.
#[must_use]
pub fn place(job: &Job) -> String {
    match job.ticket {
        Some(number) => format!("/tickets/{number}#run-{}", job.id),
        None => format!("/jobs/{}", job.id),
    }
}
