//! `/api/v1/enrollment-tokens`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use befund_model::Timestamp;
use befund_model::api::{EnrollmentTokenMade, NewEnrollmentToken};
use befund_model::id::TokenId;
use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::Body;
use crate::api::problem::Failure;
use crate::enrollment;
use crate::store::repository::Agents as _;

/// A token as it is listed; its secret is known to nobody here.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EnrollmentTokenInfo {
    /// Its public half.
    pub id: TokenId,
    /// Uses left.
    pub uses_left: u32,
    /// When it ends.
    #[schema(value_type = String, format = "date-time")]
    pub expires_at: Timestamp,
    /// The group that its machines go into.
    pub group: String,
    /// The network that it can be used from; empty for any.
    pub network: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
}

/// `POST /api/v1/enrollment-tokens`
pub async fn make(
    State(api): State<Api>,
    caller: Caller,
    Body(new): Body<NewEnrollmentToken>,
) -> Result<(StatusCode, Json<EnrollmentTokenMade>), Failure> {
    let app = &api.app;
    let made =
        enrollment::make(&app.store, &app.identity, new, &caller.by(), app.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// `GET /api/v1/enrollment-tokens`
pub async fn list(State(api): State<Api>) -> Result<Json<Vec<EnrollmentTokenInfo>>, Failure> {
    let tokens = api.app.store.tokens(api.app.clock.now()).await?;
    let tokens = tokens.into_iter().map(|token| EnrollmentTokenInfo {
        id: token.id,
        uses_left: token.uses_left,
        expires_at: token.expires_at,
        group: token.group,
        network: token.network,
        created_by: token.created_by,
        created_at: token.created_at,
    });
    Ok(Json(tokens.collect()))
}
