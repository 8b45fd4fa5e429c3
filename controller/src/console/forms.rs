//! What a page's form sends, with refusals in the console's own form, and the pieces of it that
//! several pages read.

use axum::extract::rejection::FormRejection;
use axum::extract::{self, FromRequest, Request};
use serde::Deserialize as _;
use serde::Deserializer;
use serde::de::DeserializeOwned;

use crate::api::problem::Failure;

/// A form's fields.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        extract::Form::<T>::from_request(request, state)
            .await
            .map(|extract::Form(form)| Self(form))
            .map_err(|rejection: FormRejection| {
                Failure::invalid(format!(
                    "the form is not what was expected: {}",
                    rejection.body_text()
                ))
            })
    }
}

/// A field that a form sends empty when it is not filled in.
///
/// # Errors
/// If it is filled in with something that cannot be read.
pub fn filled<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = Option::<String>::deserialize(deserializer)?;
    match text.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}
