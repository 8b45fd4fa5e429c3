//! Whom machines trust, as the controller hands it out: the roots with their people, what takes how many of them, and
//! the digest that is pinned. What machines make of it, each of them decides.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use befund_model::api::TrustRootView;
use befund_trust::root::{Key, Person, Quorum, Role, Root};

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::problem::Failure;
use crate::console::page::{Frame, render};
use crate::runbooks;
use crate::store::repository::StoreError;

#[derive(Template)]
#[template(path = "trust.html")]
struct TrustPage {
    frame: Frame,
    newest: Option<Root>,
    earlier: Vec<TrustRootView>,
}

impl TrustPage {
    fn keys<'a>(&self, root: &'a Root, person: &Person) -> Vec<&'a Key> {
        root.document().keys.iter().filter(|key| key.person == person.id).collect()
    }

    /// What a person may sign, in words.
    fn may_sign(&self, root: &Root, person: &Person) -> Vec<&'static str> {
        let lists = |role: &Role| root.quorum(*role).people.contains(&person.id);
        Role::ALL.iter().filter(|role| lists(role)).map(|role| self.frame.r.role(*role)).collect()
    }

    /// The people of a quorum by their names.
    fn names(&self, root: &Root, quorum: &Quorum) -> String {
        let name = |id: &String| {
            let person = root.document().people.iter().find(|person| person.id == *id);
            person.map_or_else(|| id.clone(), |person| person.name.clone())
        };
        quorum.people.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    fn is_expired(&self, root: &Root) -> bool {
        root.expires() <= self.frame.now
    }
}

/// A key's kind and comment, without the key.
fn short(key: &str) -> String {
    let mut words = key.split_whitespace();
    let kind = words.next().unwrap_or_default();
    let comment = words.nth(1).unwrap_or_default();
    if comment.is_empty() { kind.to_owned() } else { format!("{kind} ({comment})") }
}

/// `GET /trust`
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let mut earlier = runbooks::roots(&api.app).await?;
    let newest = earlier.pop().map(|view| {
        Root::parse(view.root.as_bytes()).map_err(|error| {
            let what = format!("trust root {}", view.version);
            Failure::internal(&StoreError::Corrupt { what, problem: error.to_string() })
        })
    });
    earlier.reverse();
    render(&TrustPage { newest: newest.transpose()?, earlier, frame })
}
