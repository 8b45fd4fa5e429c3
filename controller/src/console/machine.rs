//! The machines, and one machine with a snapshot by section. A section's content is fetched when
//! somebody opens it.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Redirect, Response};
use befund_model::api::{MachineQuery, MachineView, Page, SectionView, SnapshotRecord};
use befund_model::section::{self, Area};
use befund_model::snapshot::{SectionKind, SectionRef};
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Asked, Named, parse};
use crate::api::problem::Failure;
use crate::console::changes::ChangesCard;
use crate::console::findings::FindingsCard;
use crate::console::forms::Form;
use crate::console::highlight::Highlight;
use crate::console::page::{Frame, render, wants_fragment};
use crate::console::{facts, units};
use crate::store::repository::{Agents as _, Snapshots as _};
use crate::{machines, snapshots};

/// How many snapshots are listed on a machine's page.
const SNAPSHOTS: u32 = 20;

#[derive(Template)]
#[template(path = "machines.html")]
struct MachinesPage {
    frame: Frame,
    filter: Filter,
    page: Page<MachineView>,
}

#[derive(Template)]
#[template(path = "machine_rows.html")]
struct MachineRows {
    frame: Frame,
    filter: Filter,
    page: Page<MachineView>,
}

/// What the list is narrowed to.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Filter {
    /// A part of the name.
    #[serde(default)]
    pub q: String,
    /// Where to go on.
    #[serde(default)]
    pub after: String,
}

impl Filter {
    fn address(&self, after: &str) -> String {
        let mut address = form_urlencoded::Serializer::new("/machines?".to_owned());
        address.append_pair("q", &self.q).append_pair("after", after);
        address.finish()
    }
}

/// `GET /machines`
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Asked(filter): Asked<Filter>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let some = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let query = MachineQuery { q: some(&filter.q), after: some(&filter.after), limit: Some(50) };
    let Page { items, next } = api.app.store.machines(&query).await?;
    let items = items.into_iter().map(|machine| machines::view(&api.app, machine)).collect();
    let page = Page { items, next };
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    if wants_fragment(&headers) {
        render(&MachineRows { frame, filter, page })
    } else {
        render(&MachinesPage { frame, filter, page })
    }
}

#[derive(Template)]
#[template(path = "machine.html")]
struct MachinePage {
    frame: Frame,
    view: MachineView,
    record: Option<SnapshotRecord>,
    latest: bool,
    earlier: Vec<SnapshotRecord>,
    highlights: Vec<Highlight>,
    findings: String,
}

impl MachinePage {
    fn size(&self, bytes: &u64) -> String {
        units::scalar(self.frame.t, "size_bytes", &(*bytes).into())
    }

    fn title<'a>(&self, kind: &'a SectionKind) -> &'a str {
        section::title(kind.as_str(), self.frame.t.language())
    }

    /// The sections by what they are of, in the order in which people read them.
    fn areas<'a>(&self, record: &'a SnapshotRecord) -> Vec<(&'static str, Vec<&'a SectionRef>)> {
        let mut areas: BTreeMap<Area, Vec<&SectionRef>> = BTreeMap::new();
        for line in &record.manifest.sections {
            areas.entry(Area::of(line.kind.as_str())).or_default().push(line);
        }
        let language = self.frame.t.language();
        areas.into_iter().map(|(area, lines)| (area.title().in_language(language), lines)).collect()
    }

    fn offset(&self, ms: &i64) -> String {
        units::scalar(self.frame.t, "offset_ms", &(*ms).into())
    }
}

/// Which of a machine's snapshots.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    /// Its id; the latest if absent.
    #[serde(default)]
    snapshot: Option<String>,
}

/// `GET /machines/{machine}`
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Named(machine): Named<String>,
    Asked(Which { snapshot }): Asked<Which>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let app = &api.app;
    let machine = machines::find(app, &machine).await?;
    let frame = Frame::new(&headers, &caller, app.clock.now());
    let earlier = app.store.snapshots(machine.id, None, SNAPSHOTS).await?.items;
    let record = match snapshot {
        Some(id) => {
            let record = snapshots::get(app, parse(&id)?).await?;
            if record.agent != machine.id {
                return Err(Failure::not_found("snapshot", format_args!("{id} of this machine")));
            }
            Some(record)
        }
        None => earlier.first().cloned(),
    };
    let latest = record.as_ref().map(|record| record.manifest.id)
        == earlier.first().map(|record| record.manifest.id);
    let highlights = match &record {
        Some(record) => Highlight::read(app, record, &frame).await,
        None => Vec::new(),
    };
    let findings = match &record {
        Some(record) => {
            let findings = FindingsCard::of(app, record, frame.clone()).await?.markup();
            let changes = ChangesCard::of(app, record, frame.clone()).await?.markup();
            findings + &changes
        }
        None => String::new(),
    };
    let view = machines::whole(app, machine).await?;
    render(&MachinePage { frame, view, record, latest, earlier, highlights, findings })
}

/// What the button beside a snapshot sends.
#[derive(Debug, Deserialize)]
pub struct Called {
    good: bool,
}

/// `POST /snapshots/{snapshot}/good`
pub async fn call_good(
    State(api): State<Api>,
    caller: Caller,
    Named(snapshot): Named<String>,
    Form(Called { good }): Form<Called>,
) -> Result<Redirect, Failure> {
    let record = snapshots::call_good(&api.app, parse(&snapshot)?, good, &caller).await?;
    let (machine, snapshot) = (record.agent, record.manifest.id);
    Ok(Redirect::to(&format!("/machines/{machine}?snapshot={snapshot}")))
}

#[derive(Template)]
#[template(path = "section.html")]
struct SectionFragment {
    frame: Frame,
    section: SectionView,
    markup: String,
    alone: bool,
}

#[derive(Template)]
#[template(path = "section_page.html")]
struct SectionPage {
    frame: Frame,
    title: String,
    body: SectionFragment,
}

/// `GET /snapshots/{snapshot}/sections/{kind}`
pub async fn section(
    State(api): State<Api>,
    caller: Caller,
    Named((snapshot, kind)): Named<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let section = snapshots::section(&api.app, parse(&snapshot)?, &kind).await?;
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let markup = match &section.content {
        serde_json::Value::Null => String::new(),
        content => facts::markup(frame.t, content),
    };
    let title = section::title(section.line.kind.as_str(), frame.t.language()).to_owned();
    // On a machine's page the reason stands in the section's heading already.
    let alone = !wants_fragment(&headers);
    let body = SectionFragment { frame: frame.clone(), section, markup, alone };
    if !alone { render(&body) } else { render(&SectionPage { frame, title, body }) }
}
