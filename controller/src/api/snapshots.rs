//! `/api/v1/snapshots`

use axum::Json;
use axum::extract::State;
use befund_model::api::{
    CallGood, ChangesView, CheckView, FindingsView, SectionView, SnapshotRecord,
};
use befund_model::diff::SnapshotDiff;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Body, Named, parse};
use crate::api::problem::Failure;
use crate::{changes, findings, snapshots};

/// `GET /api/v1/snapshots/{snapshot}`
pub async fn show(
    State(api): State<Api>,
    Named(snapshot): Named<String>,
) -> Result<Json<SnapshotRecord>, Failure> {
    Ok(Json(snapshots::get(&api.app, parse(&snapshot)?).await?))
}

/// `GET /api/v1/snapshots/{snapshot}/sections/{kind}`
pub async fn section(
    State(api): State<Api>,
    Named((snapshot, kind)): Named<(String, String)>,
) -> Result<Json<SectionView>, Failure> {
    Ok(Json(snapshots::section(&api.app, parse(&snapshot)?, &kind).await?))
}

/// `GET /api/v1/snapshots/{snapshot}/findings`
pub async fn findings(
    State(api): State<Api>,
    Named(snapshot): Named<String>,
) -> Result<Json<FindingsView>, Failure> {
    let record = snapshots::get(&api.app, parse(&snapshot)?).await?;
    Ok(Json(findings::of(&api.app, &record).await?))
}

/// `GET /api/v1/snapshots/{snapshot}/changes`
pub async fn changes(
    State(api): State<Api>,
    Named(snapshot): Named<String>,
) -> Result<Json<ChangesView>, Failure> {
    let record = snapshots::get(&api.app, parse(&snapshot)?).await?;
    Ok(Json(changes::since_good(&api.app, &record).await?))
}

/// `POST /api/v1/snapshots/{snapshot}/good`
pub async fn call_good(
    State(api): State<Api>,
    caller: Caller,
    Named(snapshot): Named<String>,
    Body(CallGood { good }): Body<CallGood>,
) -> Result<Json<SnapshotRecord>, Failure> {
    Ok(Json(snapshots::call_good(&api.app, parse(&snapshot)?, good, &caller).await?))
}

/// `GET /api/v1/checks`
pub async fn checks(State(api): State<Api>) -> Json<Vec<CheckView>> {
    Json(findings::checks(&api.app))
}

/// `GET /api/v1/snapshots/{snapshot}/diff/{other}`
pub async fn diff(
    State(api): State<Api>,
    Named((snapshot, other)): Named<(String, String)>,
) -> Result<Json<SnapshotDiff>, Failure> {
    Ok(Json(snapshots::compare(&api.app, parse(&snapshot)?, parse(&other)?).await?))
}
