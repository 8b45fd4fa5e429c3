//! What people and programs talk to: the REST API under `/api/v1`, the console's pages, and the
//! probes of a process supervisor. A table of routes builds all of it, and each route names what it
//! asks of the caller: what is not in the table does not exist.

pub mod access;
pub mod audit;
pub mod caller;
pub mod credential;
pub mod enrollment;
pub mod extract;
pub mod guard;
pub mod health;
pub mod jobs;
pub mod live;
pub mod machines;
pub mod openapi;
pub mod problem;
pub mod routes;
pub mod runbooks;
pub mod session;
pub mod snapshots;
pub mod throttle;
pub mod tickets;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use tokio::sync::Semaphore;

use crate::api::access::Route;
use crate::api::problem::{Code, Failure};
use crate::api::throttle::Throttle;
use crate::console;
use crate::state::AppState;

/// The most bytes of a request's body.
pub const MAX_BODY_BYTES: usize = 256 << 10;
/// How many passwords are checked at once; each takes 19 MiB while it lasts.
const PASSWORD_CHECKS: usize = 2;

/// What every handler gets.
#[derive(Clone)]
pub struct Api {
    /// The controller's parts.
    pub app: AppState,
    /// Failed sign-ins.
    pub throttle: Arc<Mutex<Throttle>>,
    /// Bounds the password checks that run at once.
    pub passwords: Arc<Semaphore>,
}

/// Everything that is served over HTTP.
pub fn router(state: AppState) -> Router {
    let api = Api {
        app: state,
        throttle: Arc::default(),
        passwords: Arc::new(Semaphore::new(PASSWORD_CHECKS)),
    };
    let mut router = Router::new();
    for route in all_routes() {
        let Route { path, access, surface, pace, handler, .. } = route;
        let rule = guard::Rule { api: api.clone(), access, surface, pace };
        let guarded = handler.layer(middleware::from_fn_with_state(rule, guard::check));
        router = router.route(path, guarded);
    }
    router
        .fallback(|| async { Failure::new(Code::NotFound, "there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            Failure::new(Code::MethodNotAllowed, "this path does not take this method")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(api.clone(), guard::dress))
        .with_state(api)
}

/// Every route there is: the API's and the console's.
#[must_use]
pub fn all_routes() -> Vec<Route> {
    let mut routes = routes::routes();
    routes.extend(console::routes::routes());
    routes
}
