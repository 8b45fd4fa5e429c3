//! What a supervisor and a monitor ask of the process.

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use befund_model::operator::Role;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::api::Api;
use crate::api::problem::{Code, Failure};
use crate::store::repository::Operators as _;

/// `GET /healthz`: the process lives.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers, and the controller is not stopping.
pub async fn ready(State(api): State<Api>) -> Result<&'static str, Failure> {
    if api.app.stopping.is_cancelled() {
        return Err(Failure::new(Code::Unavailable, "the controller is stopping"));
    }
    match api.app.store.has_operator(Role::Administrator).await {
        Ok(_) => Ok("ready\n"),
        Err(error) => {
            let failure = Failure::internal(&error);
            Err(Failure { code: Code::Unavailable, ..failure })
        }
    }
}

/// `GET /metrics`: in Prometheus' text form.
pub async fn metrics(State(api): State<Api>) -> impl IntoResponse {
    figures(&api.app.metrics)
}

/// What a monitor reads, without anything else around it: for a listener of its own, on which nobody
/// is asked who they are.
pub fn figures_only(figures_of: PrometheusHandle) -> Router {
    let answer = move || std::future::ready(figures(&figures_of));
    Router::new().route("/metrics", get(answer))
}

fn figures(of: &PrometheusHandle) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], of.render())
}
