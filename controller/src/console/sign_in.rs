//! The sign-in page, and signing out.

use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::{Caller, Source};
use crate::api::credential;
use crate::api::extract::Asked;
use crate::api::problem::{Code, Failure};
use crate::api::session;
use crate::console::forms::Form;
use crate::console::page::{Frame, render};
use crate::store::repository::{CredentialKind, Operators as _};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    next: String,
    name: String,
    problem: Option<String>,
}

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
pub struct Next {
    /// A path of this console.
    #[serde(default)]
    pub next: String,
}

/// `GET /sign-in`
pub async fn form(
    State(api): State<Api>,
    Asked(Next { next }): Asked<Next>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let frame = Frame::open(&headers, api.app.clock.now());
    render(&SignInPage { frame, next: own_path(&next), name: String::new(), problem: None })
}

/// What the form sends.
#[derive(Deserialize)]
pub struct SignIn {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`
pub async fn submit(
    State(api): State<Api>,
    Source(source): Source,
    headers: HeaderMap,
    Form(SignIn { name, password, next }): Form<SignIn>,
) -> Result<Response, Failure> {
    let kind = CredentialKind::Session;
    let next = own_path(&next);
    match session::sign_in(&api, &name, password, "a browser", kind, source).await {
        Ok((_, shown, _)) => {
            let seconds = session::SESSION.as_secs().unsigned_abs();
            with_cookie(Redirect::to(&next).into_response(), &credential::begin(&shown, seconds))
        }
        Err(failure) => {
            let frame = Frame::open(&headers, api.app.clock.now());
            let problem = match failure.code {
                Code::Unauthenticated => frame.t.wrong_sign_in.to_owned(),
                Code::TooMany => {
                    let seconds = failure.retry_after_seconds.unwrap_or(0);
                    format!("{} {seconds}", frame.t.too_many)
                }
                Code::Invalid
                | Code::Forbidden
                | Code::NotFound
                | Code::MethodNotAllowed
                | Code::Conflict
                | Code::TooLarge
                | Code::Unavailable
                | Code::Internal => return Err(failure),
            };
            let mut page = render(&SignInPage { frame, next, name, problem: Some(problem) })?;
            *page.status_mut() = failure.code.status();
            Ok(page)
        }
    }
}

/// `POST /sign-out`
pub async fn leave(State(api): State<Api>, caller: Caller) -> Result<Response, Failure> {
    api.app.store.end_credential(caller.shown.id, &caller.by(), api.app.clock.now()).await?;
    with_cookie(Redirect::to("/sign-in").into_response(), &credential::end())
}

fn with_cookie(mut response: Response, cookie: &str) -> Result<Response, Failure> {
    let value = HeaderValue::from_str(cookie).map_err(|error| Failure::internal(&error))?;
    response.headers_mut().insert(SET_COOKIE, value);
    Ok(response)
}

/// A path of this console; anything else (another site's address, say) becomes the queue.
fn own_path(next: &str) -> String {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own { next.to_owned() } else { "/tickets".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn signing_in_leads_nowhere_else() {
        assert_eq!(own_path("/tickets/7"), "/tickets/7");
        for evil in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb"] {
            assert_eq!(own_path(evil), "/tickets", "{evil:?}");
        }
    }
}
