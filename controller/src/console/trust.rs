//! Whom machines trust, as the controller hands it out: the roots with their people, what takes how many of them, and
//! the digest that is pinned. What machines make of it, each of them decides.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use befund_model::api::{MachineQuery, MachineView, Page, TrustRootView};
use befund_model::machine::{MachineTrust, TrustStanding};
use befund_trust::root::{Key, Person, Quorum, Role, Root};
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::Asked;
use crate::api::problem::Failure;
use crate::console::browser_keys::words::KeyWords;
use crate::console::page::{Frame, render};
use crate::store::repository::{Agents as _, Runbooks as _, StoreError};
use crate::{machines, runbooks};

/// How many digits of a digest are shown where machines are compared.
const DIGEST_SHOWN: usize = 12;
/// How many machines are shown at once.
const MACHINES: u32 = 100;

#[derive(Template)]
#[template(path = "trust.html")]
struct TrustPage {
    frame: Frame,
    k: &'static KeyWords,
    newest: Option<Root>,
    earlier: Vec<TrustRootView>,
    machines: Page<MachineView>,
    catalogue: u64,
}

impl TrustPage {
    /// How a machine stands to what is handed out now: what the style goes by, and in words.
    fn standing(&self, trust: &MachineTrust) -> (&'static str, &'static str) {
        let root = self.newest.as_ref().map_or(0, Root::version);
        let root = u32::try_from(root).unwrap_or(u32::MAX);
        let r = self.frame.r;
        match trust.standing(root, self.catalogue) {
            TrustStanding::Current => ("good", r.up_to_date),
            TrustStanding::Behind => ("m-partial", r.behind),
            TrustStanding::Unpinned => ("bad", r.not_pinned),
            TrustStanding::Refused => ("bad", r.refused),
            TrustStanding::NoPolicy => ("bad", r.no_policy),
            TrustStanding::NoExecutor => ("bad", r.no_executor),
        }
    }

    /// The beginning of a policy's digest, for comparing.
    fn policy<'a>(&self, trust: &'a MachineTrust) -> &'a str {
        trust.policy.get(..DIGEST_SHOWN).unwrap_or(self.frame.r.policy_default)
    }

    fn next(&self) -> Option<String> {
        let after = self.machines.next.as_ref()?;
        let mut address = form_urlencoded::Serializer::new("/trust?".to_owned());
        Some(address.append_pair("after", after).finish())
    }

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

/// From which machine on.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct From {
    #[serde(default)]
    after: String,
}

/// `GET /trust`
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Asked(From { after }): Asked<From>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let app = &api.app;
    let frame = Frame::new(&headers, &caller, app.clock.now());
    let after = Some(after).filter(|after| !after.is_empty());
    let query = MachineQuery { q: None, after, limit: Some(MACHINES) };
    let Page { items, next } = app.store.machines(&query).await?;
    let machines = Page { items: machines::views(app, items).await?, next };
    let catalogue = app.store.catalogue().await?.map_or(0, |catalogue| catalogue.version);
    let mut earlier = runbooks::roots(&api.app).await?;
    let newest = earlier.pop().map(|view| {
        Root::parse(view.root.as_bytes()).map_err(|error| {
            let what = format!("trust root {}", view.version);
            Failure::internal(&StoreError::Corrupt { what, problem: error.to_string() })
        })
    });
    earlier.reverse();
    let k = KeyWords::of(frame.t);
    render(&TrustPage { newest: newest.transpose()?, earlier, machines, catalogue, frame, k })
}
