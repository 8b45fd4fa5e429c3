//! The controller's REST API, as the commands call it: one request each, answers as raw JSON (so
//! that `--json` shows what a newer controller added), failures in words for people.

mod problem;
pub(crate) mod sse;
mod stream;
mod transport;

use befund_model::token::CaPin;
use reqwest::{Method, RequestBuilder, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use stream::{Follower, follow};
pub(crate) use transport::address;

/// The most bytes of an answer: one whole section, as JSON, fits.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// A connection to one controller, with or without a token.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
}

impl Client {
    /// A client for the controller at `url` (see [`address`]).
    ///
    /// # Errors
    /// If the address needs a pin and there is none, or TLS cannot be set up.
    pub(crate) fn new(
        url: Url,
        pin: Option<CaPin>,
        token: Option<String>,
    ) -> Result<Self, Failure> {
        Ok(Self { http: transport::http(&url, pin)?, base: url, token })
    }

    /// The controller's address.
    pub(crate) const fn base(&self) -> &Url {
        &self.base
    }

    /// `GET`; `what` tells the attempt, as it follows "cannot".
    ///
    /// # Errors
    /// Whatever the controller says, or why it did not.
    pub(crate) async fn get(&self, what: &str, path: &[&str]) -> Result<Value, Failure> {
        self.get_with(what, path, &()).await
    }

    /// `GET` with a query.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(crate) async fn get_with(
        &self,
        what: &str,
        path: &[&str],
        query: &impl Serialize,
    ) -> Result<Value, Failure> {
        let request = self.request(Method::GET, path).query(query).timeout(transport::ANSWER);
        self.answer(what, request).await
    }

    /// `POST` with a JSON body.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(crate) async fn post(
        &self,
        what: &str,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Value, Failure> {
        let request = self.request(Method::POST, path).json(body).timeout(transport::ANSWER);
        self.answer(what, request).await
    }

    /// `GET` of bytes that are not JSON.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(crate) async fn bytes(&self, what: &str, path: &[&str]) -> Result<Vec<u8>, Failure> {
        let request = self.request(Method::GET, path).timeout(transport::ANSWER);
        let response = self.send(what, request).await?;
        self.body(what, response).await
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn answer(&self, what: &str, request: RequestBuilder) -> Result<Value, Failure> {
        let response = self.send(what, request).await?;
        let body = self.body(what, response).await?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|error| {
            Failure::cannot(Exit::Failed, what, format!("the answer is not JSON: {error}"))
                .hint(format!("is {} really a Befund controller?", self.base))
        })
    }

    /// Sends a request; an answer that is an error becomes a failure.
    async fn send(
        &self,
        what: &str,
        request: RequestBuilder,
    ) -> Result<reqwest::Response, Failure> {
        let response =
            request.send().await.map_err(|error| problem::unreachable(what, &self.base, &error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = self.body(what, response).await?;
        Err(problem::refused(what, &self.base, status, &body))
    }

    async fn body(&self, what: &str, mut response: reqwest::Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| problem::unreachable(what, &self.base, &error))?
        {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                let why = format!("the answer has more than {MAX_ANSWER_BYTES} bytes");
                return Err(Failure::cannot(Exit::Failed, what, why));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Reads an answer as a type of the model.
///
/// # Errors
/// If the controller speaks of it in a shape that this version does not know.
pub(crate) fn read<T: DeserializeOwned>(what: &str, raw: &Value) -> Result<T, Failure> {
    serde::Deserialize::deserialize(raw).map_err(|error| {
        let why = format!("the controller's answer is not understood: {error}");
        Failure::cannot(Exit::Failed, what, why)
            .hint("the controller may be newer; --json shows the answer as it is")
    })
}
