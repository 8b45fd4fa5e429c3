//! What an error looks like to a client: a closed set of codes, the HTTP status of each, and a safe
//! text. What went wrong inside goes to the log, once, here.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use befund_model::api::Problem;
use befund_runtime::telemetry;
use tracing::error;

use crate::store::repository::StoreError;

/// The closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request cannot be understood or makes no sense.
    Invalid,
    /// Nobody is signed in, or the sign-in was wrong.
    Unauthenticated,
    /// Whoever is signed in may not do it.
    Forbidden,
    /// There is no such thing (or none that the caller may know of).
    NotFound,
    /// The path exists, not with this method.
    MethodNotAllowed,
    /// Somebody else was faster, or it makes no sense for the thing as it stands.
    Conflict,
    /// The body is too large.
    TooLarge,
    /// Too many attempts.
    TooMany,
    /// Not now.
    Unavailable,
    /// A defect, or a fault of the database; the log has it.
    Internal,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::TooLarge,
        Self::TooMany,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The word that programs read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For programs.
    pub code: Code,
    /// For people: what was attempted, on what, why it failed and what to do.
    pub message: String,
    /// When it makes sense to try again.
    pub retry_after_seconds: Option<u64>,
}

impl Failure {
    /// A refusal.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_seconds: None }
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(what: &str, id: impl std::fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("there is no {what} {id}"))
    }

    /// The request makes no sense.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message)
    }

    /// A defect or a fault inside, told to the log with all of its causes and to the client not at all.
    #[must_use]
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        error!(error = telemetry::chain(cause), "a request failed");
        Self::new(
            Code::Internal,
            "the controller could not do this because of a fault of its own; its log says more. Try again, and tell the administrator if it stays",
        )
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem =
            Problem { code: self.code.as_str().to_owned(), message: self.message.clone() };
        let mut response = (self.code.status(), Json(problem)).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Failure {
    fn from(cause: StoreError) -> Self {
        match &cause {
            StoreError::NotFound { .. } => Self::new(Code::NotFound, cause.to_string()),
            StoreError::Conflict { .. }
            | StoreError::Change(_)
            | StoreError::Exists { .. }
            | StoreError::OutOfTurn { .. } => Self::new(Code::Conflict, cause.to_string()),
            StoreError::Database { .. } | StoreError::Corrupt { .. } => Self::internal(&cause),
        }
    }
}
