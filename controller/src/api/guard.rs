//! What stands before every route: who calls, whether they may, whether a browser was tricked into
//! it, and how long it may take. And what every answer wears: the security headers.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::Api;
use crate::api::access::{Access, Pace, Surface};
use crate::api::caller::{Caller, signed_out, source_of};
use crate::api::credential;
use crate::api::problem::{Code, Failure};
use crate::console;
use crate::store::repository::{CredentialKind, Operators as _};

/// How long a request may take, its body included.
const DEADLINE: Duration = Duration::from_secs(30);

/// The content security policy: everything from here, nothing inline, framed by nobody.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; img-src 'self' data:";

/// What one route asks.
#[derive(Clone)]
pub struct Rule {
    /// The parts.
    pub api: Api,
    /// What it asks of the caller.
    pub access: Access,
    /// Who reads the answers.
    pub surface: Surface,
    /// How long an answer may take.
    pub pace: Pace,
}

/// Checks a request against its route's rule, and serves it.
pub async fn check(State(rule): State<Rule>, mut request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let response = match admit(&rule, &mut request).await {
        Ok(()) => match rule.pace {
            Pace::Stream => next.run(request).await,
            Pace::Prompt => match tokio::time::timeout(DEADLINE, next.run(request)).await {
                Ok(response) => response,
                Err(_) => Failure::new(
                    Code::Unavailable,
                    "the request took longer than it may; try again in a moment",
                )
                .into_response(),
            },
        },
        Err(failure) => failure.into_response(),
    };
    match (rule.surface, response.extensions().get::<Failure>().cloned()) {
        (Surface::Page, Some(failure)) => {
            console::failure::page(&failure, &method, &path, &headers)
        }
        (Surface::Page, None) | (Surface::Api, _) => response,
    }
}

async fn admit(rule: &Rule, request: &mut Request) -> Result<(), Failure> {
    let source = source_of(request.extensions());
    let shown = credential::shown(request.headers());
    let by_bearer = matches!(&shown, Some(shown) if shown.kind == CredentialKind::Token);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && !by_bearer && !same_origin(request.headers(), request.uri().authority()) {
        return Err(Failure::new(
            Code::Forbidden,
            "this change did not come from a page of this console, so it was refused",
        ));
    }
    if rule.access == Access::Open {
        return Ok(());
    }
    let shown = shown.ok_or_else(signed_out)?;
    let app = &rule.api.app;
    let operator = app
        .store
        .credential(shown.id, &shown.hash(), app.clock.now())
        .await?
        .ok_or_else(signed_out)?;
    if !rule.access.admits(operator.role) {
        return Err(Failure::new(
            Code::Forbidden,
            format!("your role ({}) does not allow this; ask an administrator", operator.role),
        ));
    }
    request.extensions_mut().insert(Caller { operator, shown, source });
    Ok(())
}

/// Whether a change comes from a page of this origin: by `Sec-Fetch-Site`, which a page cannot set,
/// and where a browser does not send it, by `Origin` against `Host`. A request with neither is no
/// browser's, and is let through only without a cookie.
fn same_origin(headers: &HeaderMap, authority: Option<&Authority>) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let host = text(&HOST).or(authority.map(Authority::as_str));
    match text(&ORIGIN) {
        Some(origin) => {
            host.is_some() && origin.split_once("://").map(|(_, authority)| authority) == host
        }
        None => !headers.contains_key(COOKIE),
    }
}

/// Puts the security headers onto every answer.
pub async fn dress(State(api): State<Api>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    );
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if !api.app.config.console.listen.ip().is_loopback() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_a_page_of_this_origin_may_change_with_a_cookie() {
        let cases: [(&[(&'static str, &'static str)], bool); 8] = [
            (&[("host", "a:1"), ("sec-fetch-site", "same-origin")], true),
            (&[("host", "a:1"), ("sec-fetch-site", "same-origin"), ("origin", "http://a:1")], true),
            (&[("host", "a:1"), ("sec-fetch-site", "same-site"), ("origin", "http://a:1")], false),
            (&[("host", "a:1"), ("sec-fetch-site", "cross-site"), ("origin", "http://b")], false),
            (&[("host", "a:1"), ("origin", "https://a:1"), ("cookie", "x=y")], true),
            (&[("host", "a:1"), ("origin", "https://a:2"), ("cookie", "x=y")], false),
            (&[("host", "a:1"), ("origin", "null")], false),
            (&[("host", "a:1"), ("cookie", "x=y")], false),
        ];
        for (pairs, allowed) in cases {
            assert_eq!(same_origin(&headers(pairs), None), allowed, "{pairs:?}");
        }
        assert!(same_origin(&headers(&[("host", "a:1")]), None), "a program without a cookie");
    }
}
