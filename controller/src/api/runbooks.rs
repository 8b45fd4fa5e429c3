//! `/api/v1/catalogues`, `/api/v1/trust-roots`, `/api/v1/runbooks`, and undoing what a ticket changed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use befund_model::api::{
    AddTrustRoot, CatalogueDocument, CatalogueView, PublishCatalogue, RunbookInfo, StartUndo,
    TrustRootView,
};
use befund_model::id::TicketNumber;
use befund_model::job::Job;
use serde::Deserialize;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Asked, Body, Named, parse};
use crate::api::problem::Failure;
use crate::{jobs, runbooks};

/// The most bytes of a catalogue as it is published: what it may have, as JSON.
pub const MAX_CATALOGUE_BYTES: usize = 40 << 20;

/// Which runbooks are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct For {
    /// Those that fit this ticket first.
    #[serde(default)]
    pub ticket: Option<TicketNumber>,
}

/// `GET /api/v1/runbooks`
pub async fn offered(
    State(api): State<Api>,
    Asked(For { ticket }): Asked<For>,
) -> Result<Json<Vec<RunbookInfo>>, Failure> {
    Ok(Json(runbooks::offered(&api.app, ticket).await?))
}

/// `GET /api/v1/catalogues`
pub async fn catalogues(State(api): State<Api>) -> Result<Json<Vec<CatalogueView>>, Failure> {
    Ok(Json(runbooks::catalogues(&api.app).await?))
}

/// `POST /api/v1/catalogues`
pub async fn publish(
    State(api): State<Api>,
    caller: Caller,
    Body(new): Body<PublishCatalogue>,
) -> Result<(StatusCode, Json<CatalogueView>), Failure> {
    Ok((StatusCode::CREATED, Json(runbooks::publish(&api.app, new, &caller).await?)))
}

/// `GET /api/v1/catalogues/current`
pub async fn document(State(api): State<Api>) -> Result<Json<CatalogueDocument>, Failure> {
    Ok(Json(runbooks::document(&api.app).await?))
}

/// `GET /api/v1/catalogue-files/{sha256}`
pub async fn file(
    State(api): State<Api>,
    Named(sha256): Named<String>,
) -> Result<Vec<u8>, Failure> {
    runbooks::file(&api.app, parse(&sha256)?).await
}

/// `GET /api/v1/trust-roots`
pub async fn roots(State(api): State<Api>) -> Result<Json<Vec<TrustRootView>>, Failure> {
    Ok(Json(runbooks::roots(&api.app).await?))
}

/// `POST /api/v1/trust-roots`
pub async fn add_root(
    State(api): State<Api>,
    caller: Caller,
    Body(new): Body<AddTrustRoot>,
) -> Result<(StatusCode, Json<TrustRootView>), Failure> {
    Ok((StatusCode::CREATED, Json(runbooks::add_root(&api.app, new, &caller).await?)))
}

/// `POST /api/v1/tickets/{number}/undo`
pub async fn undo(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named<String>,
    Body(StartUndo { machine }): Body<StartUndo>,
) -> Result<(StatusCode, Json<Job>), Failure> {
    let job = jobs::undo(&api.app, parse(&number)?, machine, &caller).await?;
    Ok((StatusCode::CREATED, Json(job)))
}
