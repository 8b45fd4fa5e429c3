//! `/api/v1/machines`

use axum::Json;
use axum::extract::State;
use befund_model::api::{HistoryEntry, MachineQuery, MachineView, Page, SnapshotRecord};
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Asked, Named};
use crate::api::problem::Failure;
use crate::store::repository::{Agents as _, Snapshots as _};
use crate::{changes, machines};

/// Rows of a page unless asked otherwise.
pub const ROWS: u32 = 50;
/// Rows of a page at most.
pub const MAX_ROWS: u32 = 500;

/// Snapshots that a page of a history looks at, at most.
pub const MAX_COMPARED: u32 = 100;

/// `GET /api/v1/machines`
pub async fn list(
    State(api): State<Api>,
    Asked(query): Asked<MachineQuery>,
) -> Result<Json<Page<MachineView>>, Failure> {
    let Page { items, next } = api.app.store.machines(&query).await?;
    let items = machines::views(&api.app, items).await?;
    Ok(Json(Page { items, next }))
}

/// `GET /api/v1/machines/{machine}`
pub async fn show(
    State(api): State<Api>,
    Named(machine): Named<String>,
) -> Result<Json<MachineView>, Failure> {
    let machine = machines::find(&api.app, &machine).await?;
    Ok(Json(machines::whole(&api.app, machine).await?))
}

/// `POST /api/v1/machines/{machine}/revoke`
pub async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Named(machine): Named<String>,
) -> Result<Json<MachineView>, Failure> {
    let machine = machines::revoke(&api.app, &machine, &caller).await?;
    Ok(Json(machines::whole(&api.app, machine).await?))
}

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
pub struct Paging {
    /// The last page's `next`.
    #[serde(default)]
    pub after: Option<String>,
    /// Rows.
    #[serde(default)]
    pub limit: Option<u32>,
}

impl Paging {
    /// Rows, within bounds.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.limit.unwrap_or(ROWS).clamp(1, MAX_ROWS)
    }
}

/// `GET /api/v1/machines/{machine}/snapshots`
pub async fn snapshots(
    State(api): State<Api>,
    Named(machine): Named<String>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<SnapshotRecord>>, Failure> {
    let machine = machines::find(&api.app, &machine).await?;
    let after = paging.after.as_deref();
    Ok(Json(api.app.store.snapshots(machine.id, after, paging.rows()).await?))
}

/// `GET /api/v1/machines/{machine}/history`
pub async fn history(
    State(api): State<Api>,
    Named(machine): Named<String>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<HistoryEntry>>, Failure> {
    let machine = machines::find(&api.app, &machine).await?;
    let (after, rows) = (paging.after.as_deref(), paging.rows().min(MAX_COMPARED));
    Ok(Json(changes::history(&api.app, machine.id, after, rows).await?))
}
