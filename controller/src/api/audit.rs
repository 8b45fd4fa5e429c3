//! `/api/v1/audit`

use axum::Json;
use axum::extract::State;
use befund_model::audit::AuditEntry;
use serde::Deserialize;

use crate::api::Api;
use crate::api::extract::Asked;
use crate::api::machines::{MAX_ROWS, ROWS};
use crate::api::problem::Failure;
use crate::store::repository::Audit as _;

/// Where the log goes on.
#[derive(Debug, Default, Deserialize)]
pub struct Place {
    /// The last entry's place.
    #[serde(default)]
    pub after: i64,
    /// Rows.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// `GET /api/v1/audit`
pub async fn list(
    State(api): State<Api>,
    Asked(place): Asked<Place>,
) -> Result<Json<Vec<AuditEntry>>, Failure> {
    let rows = place.limit.unwrap_or(ROWS).clamp(1, MAX_ROWS);
    Ok(Json(api.app.store.audit(place.after, rows).await?))
}
