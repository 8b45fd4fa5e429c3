//! Security keys that sign in the browser: what a page needs to ask one for a signature, and the page on which somebody
//! makes one. Nothing of it is trusted: which keys and pages count, each machine reads in its trust root, and what is made here
//! is a line to be handed to whoever signs roots. The controller keeps neither keys nor lines.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use befund_trust::root::{Role, Root};
use data_encoding::BASE64;
use serde::Serialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::problem::Failure;
use crate::console::page::{Frame, render};
use crate::runbooks;

pub mod words;

use words::KeyWords;

/// The keys that may sign a change on a page, and from where, as the newest root says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageKeys {
    relying_party: String,
    origins: Vec<String>,
    keys: Vec<PageKey>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct PageKey {
    /// Its credential's id, in base64url.
    credential: String,
    /// Its public half as SSH writes it, in base64.
    key: String,
}

impl PageKeys {
    /// Those of a root; none if nobody may sign a change in a browser.
    #[must_use]
    pub fn of(root: &Root) -> Option<Self> {
        let pages = root.pages()?;
        let may = &root.quorum(Role::Change).people;
        let theirs = root.browser_keys().filter(|(_, _, person)| may.contains(&person.id));
        let keys: Vec<PageKey> = theirs
            .map(|(key, credential, _)| PageKey {
                credential: credential.to_owned(),
                key: BASE64.encode(&key.to_bytes()),
            })
            .collect();
        let relying_party = pages.relying_party.clone();
        (!keys.is_empty()).then(|| Self { relying_party, origins: pages.origins.clone(), keys })
    }

    /// For the page's script.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "trust_key.html")]
struct KeyPage {
    frame: Frame,
    k: &'static KeyWords,
    /// For whose pages keys are made; empty for this page's own host.
    relying_party: String,
    /// From where they sign, if the root says so.
    origins: Vec<String>,
    /// The credentials that there are, so that none is made twice on one authenticator.
    credentials: String,
}

/// `GET /trust/key`
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let newest = runbooks::newest_root(&api.app).await?;
    let root = newest.as_ref().map(|trusted| trusted.root());
    let pages = root.and_then(Root::pages);
    let credentials: Vec<&str> = root
        .into_iter()
        .flat_map(Root::browser_keys)
        .map(|(_, credential, _)| credential)
        .collect();
    render(&KeyPage {
        k: KeyWords::of(frame.t),
        frame,
        relying_party: pages.map(|pages| pages.relying_party.clone()).unwrap_or_default(),
        origins: pages.map(|pages| pages.origins.clone()).unwrap_or_default(),
        credentials: credentials.join(" "),
    })
}
