//! Signing in and out. The answer takes as long for an unknown name as for a wrong password, tries
//! are limited for each name and source, and both outcomes stand in the audit record.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use befund_model::Timestamp;
use befund_model::api::{LoggedIn, Login};
use befund_model::audit::{Actor, By};
use befund_model::id::CredentialId;
use befund_model::operator::Operator;
use befund_model::token::Secret;
use befund_runtime::clock;
use jiff::SignedDuration;
use serde_json::json;

use crate::api::Api;
use crate::api::caller::{Caller, Source};
use crate::api::credential::Shown;
use crate::api::extract::Body;
use crate::api::problem::{Code, Failure};
use crate::password;
use crate::store::repository::{Audit as _, CredentialKind, NewCredential, Operators as _};

/// How long a browser's session lasts.
pub const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// How long a personal token lasts.
pub const TOKEN: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The most bytes of a name or a label.
const MAX_NAME_BYTES: usize = 128;

/// `POST /api/v1/login`
pub async fn login(
    State(api): State<Api>,
    Source(source): Source,
    Body(login): Body<Login>,
) -> Result<Json<LoggedIn>, Failure> {
    let label = if login.label.trim().is_empty() { "a program" } else { login.label.trim() };
    let (operator, shown, expires_at) =
        sign_in(&api, &login.name, login.password, label, CredentialKind::Token, source).await?;
    Ok(Json(LoggedIn { token: shown.encode(), credential: shown.id, expires_at, operator }))
}

/// `POST /api/v1/logout`
pub async fn logout(State(api): State<Api>, caller: Caller) -> Result<StatusCode, Failure> {
    api.app.store.end_credential(caller.shown.id, &caller.by(), api.app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/me`
pub async fn me(caller: Caller) -> Json<Operator> {
    Json(caller.operator)
}

/// Checks a name and a password, and gives a credential.
///
/// # Errors
/// `unauthenticated`, the same for every reason; `too_many` when the name or the source must wait.
pub async fn sign_in(
    api: &Api,
    name: &str,
    password: String,
    label: &str,
    kind: CredentialKind,
    source: IpAddr,
) -> Result<(Operator, Shown, Timestamp), Failure> {
    let app = &api.app;
    let name = name.trim();
    if name.len() > MAX_NAME_BYTES || label.len() > MAX_NAME_BYTES {
        return Err(Failure::invalid(format!(
            "a name or a label has {MAX_NAME_BYTES} bytes at most"
        )));
    }
    admit_try(api, name, source)?;
    let account = app.store.operator(name).await?;
    let hash =
        account.as_ref().map_or_else(|| password::NOBODY.to_owned(), |(_, hash)| hash.clone());
    let right = check(api, password, hash).await?;
    let now = app.clock.now();
    let operator = match account {
        Some((operator, _)) if right && !operator.disabled => operator,
        _ => {
            let by = By { actor: Actor::System, source: source.to_string() };
            let detail = json!({ "label": label });
            app.store
                .record("session.refused", &format!("operator:{name}"), &detail, &by, now)
                .await?;
            metrics::counter!("befund_sign_ins_total", "outcome" => "refused").increment(1);
            return Err(Failure::new(
                Code::Unauthenticated,
                "the name or the password is wrong, or the account is switched off",
            ));
        }
    };
    throttle(api).succeeded(name, source);
    let lasts = match kind {
        CredentialKind::Session => SESSION,
        CredentialKind::Token => TOKEN,
    };
    let expires_at = now.checked_add(lasts).unwrap_or(Timestamp::MAX);
    let shown = Shown {
        id: CredentialId::new(now, clock::random()),
        kind,
        secret: Secret(clock::random()),
    };
    let credential = NewCredential {
        id: shown.id,
        secret_hash: shown.hash(),
        kind,
        operator: operator.id,
        label: label.to_owned(),
        expires_at,
    };
    let by = By {
        actor: Actor::Operator { id: operator.id, name: operator.name.clone() },
        source: source.to_string(),
    };
    app.store.add_credential(&credential, &by, now).await?;
    metrics::counter!("befund_sign_ins_total", "outcome" => "admitted").increment(1);
    Ok((operator, shown, expires_at))
}

fn admit_try(api: &Api, name: &str, source: IpAddr) -> Result<(), Failure> {
    let now = api.app.clock.now();
    let mut throttle = throttle(api);
    if let Some(seconds) = throttle.wait(name, source, now) {
        let mut failure = Failure::new(
            Code::TooMany,
            format!("too many failed sign-ins; try again in {seconds} seconds"),
        );
        failure.retry_after_seconds = Some(seconds);
        return Err(failure);
    }
    throttle.tried(name, source, now);
    Ok(())
}

fn throttle(api: &Api) -> std::sync::MutexGuard<'_, crate::api::throttle::Throttle> {
    api.throttle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn check(api: &Api, password: String, hash: String) -> Result<bool, Failure> {
    let busy = || Failure::new(Code::Unavailable, "the controller is stopping; try again later");
    let permit = api.passwords.clone().acquire_owned().await.map_err(|_| busy())?;
    tokio::task::spawn_blocking(move || {
        let right = password::verify(&password, &hash);
        drop(permit);
        right
    })
    .await
    .map_err(|_| busy())
}
