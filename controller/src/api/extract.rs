//! What handlers take from a request, with refusals in the API's own form.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::api::problem::{Code, Failure};

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(refuse_body(&rejection)),
        }
    }
}

fn refuse_body(rejection: &JsonRejection) -> Failure {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Failure::new(Code::TooLarge, "the request's body is too large")
        }
        _ => Failure::invalid(format!(
            "the request's body is not what this path takes: {}",
            rejection.body_text()
        )),
    }
}

/// The query string.
#[derive(Debug)]
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Query::<T>::from_request_parts(parts, state).await.map(|Query(query)| Self(query)).map_err(
            |rejection: QueryRejection| {
                Failure::invalid(format!(
                    "the query is not what this path takes: {}",
                    rejection.body_text()
                ))
            },
        )
    }
}

/// The variable parts of the path.
#[derive(Debug)]
pub struct Named<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Path::<T>::from_request_parts(parts, state).await.map(|Path(path)| Self(path)).map_err(
            |rejection: PathRejection| {
                Failure::new(
                    Code::NotFound,
                    format!("there is nothing at this path: {}", rejection.body_text()),
                )
            },
        )
    }
}

/// Reads a value that stands in a path; what cannot be one does not exist.
///
/// # Errors
/// `not_found`, with what was expected.
pub fn parse<T>(text: &str) -> Result<T, Failure>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| Failure::new(Code::NotFound, error.to_string()))
}
