//! A refusal as a page: whoever is not signed in is shown where to, everybody else what went wrong.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse, Redirect, Response};
use befund_model::Timestamp;

use crate::api::problem::{Code, Failure};
use crate::console::page::{Frame, render, wants_fragment};

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    frame: Frame,
    failure: &'a Failure,
}

/// The page.
#[must_use]
pub fn page(failure: &Failure, method: &Method, path: &str, headers: &HeaderMap) -> Response {
    if failure.code == Code::Unauthenticated {
        return to_sign_in(method, path, headers);
    }
    let frame = Frame::open(headers, Timestamp::UNIX_EPOCH);
    let mut response = match render(&FailurePage { frame, failure }) {
        Ok(page) => page,
        Err(failure) => failure.into_response(),
    };
    *response.status_mut() = failure.code.status();
    response
}

fn to_sign_in(method: &Method, path: &str, headers: &HeaderMap) -> Response {
    let wanted = if *method == Method::GET { path } else { "/tickets" };
    let there = format!("/sign-in?next={}", wanted.replace(['&', '#', '%', '+', ' '], ""));
    if wants_fragment(headers) {
        let mut response =
            Failure::new(Code::Unauthenticated, "sign in").code.status().into_response();
        if let Ok(value) = HeaderValue::from_str("/sign-in?next=/tickets") {
            response.headers_mut().insert("hx-redirect", value);
        }
        return response;
    }
    Redirect::to(&there).into_response()
}
