//! What changed on a machine when: the latest first, further back as somebody asks.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use befund_model::api::{HistoryEntry, Page};
use befund_model::id::AgentId;
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Asked, Named};
use crate::api::problem::Failure;
use crate::console::changes::Line;
use crate::console::page::{Frame, render, wants_fragment};
use crate::{changes, machines};

/// How many snapshots a step looks at.
const ROWS: u32 = 30;

#[derive(Template)]
#[template(path = "history.html")]
struct History {
    frame: Frame,
    machine: AgentId,
    page: Page<HistoryEntry>,
    further: bool,
}

#[derive(Template)]
#[template(path = "history_rows.html")]
struct HistoryRows {
    frame: Frame,
    machine: AgentId,
    page: Page<HistoryEntry>,
}

#[derive(Template)]
#[template(path = "history_page.html")]
struct HistoryPage {
    frame: Frame,
    body: String,
}

/// Where the list goes on.
#[derive(Debug, Default, Deserialize)]
pub struct From {
    #[serde(default)]
    after: Option<String>,
}

/// `GET /machines/{machine}/history`
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Named(machine): Named<String>,
    Asked(From { after }): Asked<From>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let app = &api.app;
    let machine = machines::find(app, &machine).await?.id;
    let frame = Frame::new(&headers, &caller, app.clock.now());
    let page = changes::history(app, machine, after.as_deref(), ROWS).await?;
    if after.is_some() && wants_fragment(&headers) {
        return render(&HistoryRows { frame, machine, page });
    }
    let further = after.is_some() || page.next.is_some();
    let card = History { frame: frame.clone(), machine, page, further };
    if wants_fragment(&headers) {
        return render(&card);
    }
    let body = card.render().map_err(|error| Failure::internal(&error))?;
    render(&HistoryPage { frame, body })
}

fn lines(entry: &HistoryEntry, frame: &Frame) -> Vec<Line> {
    let changes = entry.changes.iter();
    changes.map(|one| Line::of(&one.section, &one.change, frame)).collect()
}

fn address(machine: AgentId, after: &str) -> String {
    let mut address = form_urlencoded::Serializer::new(format!("/machines/{machine}/history?"));
    address.append_pair("after", after);
    address.finish()
}

impl History {
    fn lines(&self, entry: &HistoryEntry) -> Vec<Line> {
        lines(entry, &self.frame)
    }

    fn address(&self, after: &str) -> String {
        address(self.machine, after)
    }
}

impl HistoryRows {
    fn lines(&self, entry: &HistoryEntry) -> Vec<Line> {
        lines(entry, &self.frame)
    }

    fn address(&self, after: &str) -> String {
        address(self.machine, after)
    }
}
