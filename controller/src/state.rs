//! What every part of a running controller shares: handles, cheap to clone.

use std::sync::Arc;

use befund_runtime::clock::Clock;

use crate::bus::Bus;
use crate::config::Config;
use crate::findings::CheckSet;
use crate::gate::Live;
use crate::runbooks::Shelf;
use crate::store::Store;

/// Handles to everything that the API and the console work with.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The one door to the database.
    pub store: Store,
    /// Hints of what changed.
    pub bus: Bus,
    /// The time.
    pub clock: Clock,
    /// Which machines are connected.
    pub live: Live,
    /// What snapshots are judged by.
    pub checks: Arc<CheckSet>,
    /// The runbooks of the current catalogue.
    pub shelf: Arc<Shelf>,
    /// What was configured.
    pub config: Arc<Config>,
    /// What enrollment tokens say of this controller.
    pub identity: Arc<Identity>,
    /// Cancelled when the controller begins to stop: live streams end then.
    pub stopping: tokio_util::sync::CancellationToken,
    /// Renders the metrics in Prometheus' text form.
    pub metrics: metrics_exporter_prometheus::PrometheusHandle,
}

/// What enrollment tokens say of this controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Where agents reach the gate, `host:port`.
    pub addresses: Vec<String>,
    /// Whom they must trust.
    pub ca_pin: befund_model::token::CaPin,
}
