//! The controller as a running whole: opens everything, serves, and does what falls due. Nothing
//! listens before it can answer.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use befund_runtime::clock::Clock;
use befund_runtime::lifecycle::Lifecycle;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tracing::info_span;

use crate::api::health;
use crate::bus::Bus;
use crate::ca::Ca;
use crate::config::{Config, DataFolder};
use crate::findings::{self, CheckSet};
use crate::gate::{Gate, GateParts};
use crate::hold;
use crate::state::{AppState, Identity};
use crate::store::holders::Work;
use crate::store::ingest::Ingest;
use crate::store::{Store, StoreOptions};

mod chores;
mod figures;
mod http;
mod notify;

pub use notify::{ready, stopping};

/// Where a controller serves, once it does.
#[derive(Clone, Debug)]
pub struct Serving {
    /// The gate.
    pub gate: SocketAddr,
    /// The console and the API.
    pub console: SocketAddr,
    /// Their URL.
    pub url: String,
    /// Where a monitor reads the figures, if it has an address of its own for that.
    pub metrics: Option<SocketAddr>,
    /// What every part shares.
    pub state: AppState,
}

/// What the ready file says.
#[derive(Clone, Debug, Serialize)]
struct Ready<'a> {
    gate: String,
    console: &'a str,
    ca_pin: String,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<String>,
}

impl Serving {
    /// The ready file's text.
    ///
    /// # Errors
    /// Never in practice.
    pub fn ready(&self) -> serde_json::Result<String> {
        serde_json::to_string(&Ready {
            gate: self.gate.to_string(),
            console: &self.url,
            ca_pin: self.state.identity.ca_pin.to_string(),
            pid: std::process::id(),
            metrics: self.metrics.map(|address| address.to_string()),
        })
    }
}

/// What a controller is started with.
#[derive(Debug)]
pub struct Parts {
    /// Its folder.
    pub data: DataFolder,
    /// Its configuration.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
}

/// Starts a controller in tasks of `life`. `routes` makes everything that is served over HTTP.
///
/// # Errors
/// If anything that it needs cannot be opened; nothing listens then.
pub async fn start(
    parts: Parts,
    life: &Lifecycle,
    routes: impl FnOnce(AppState) -> Router,
) -> anyhow::Result<Serving> {
    let Parts { data, config, clock, metrics } = parts;
    figures::begin();
    let ca = Arc::new(
        Ca::load(&data.ca())
            .context("cannot open the CA: `befund-controller doctor` looks for what is wrong")?,
    );
    let options = StoreOptions { ledger: Some(data.ledger()), ..StoreOptions::default() };
    let store = Store::open(&config.database_url(&data), options).await?;
    let held = hold::Database::take(&store, Work::Serving).await?;
    let bus = Bus::default();
    let (ingest, writer) = Ingest::new(store.clone(), clock.clone());
    let gate = Gate::open(GateParts {
        store: store.clone(),
        ingest: ingest.clone(),
        bus: bus.clone(),
        clock: clock.clone(),
        ca: Arc::clone(&ca),
        listen: config.gate.listen,
        names: config.gate.names.clone(),
        organisation: config.organisation.clone(),
        heartbeat_seconds: config.gate.heartbeat_seconds,
    })
    .await?;
    let checks = Arc::new(CheckSet::with_folder(&data.checks())?);
    let console = http::Console::open(&config, &ca, &clock)?;
    let open = |wanted| http::Plain::open(wanted, "metrics.listen");
    let monitored = config.metrics.listen.map(open).transpose()?;
    let state = AppState {
        store,
        bus,
        clock,
        live: gate.live(),
        shelf: Arc::default(),
        checks,
        identity: Arc::new(Identity {
            addresses: config.advertised(gate.address().port()),
            ca_pin: ca.pin(),
        }),
        config: Arc::new(config),
        stopping: life.soft(),
        metrics,
    };
    let serving = Serving {
        gate: gate.address(),
        console: console.address(),
        url: console.url(),
        metrics: monitored.as_ref().map(http::Plain::address),
        state: state.clone(),
    };
    if let Some(held) = held {
        let own = life.clone();
        life.spawn(info_span!("hold"), async move {
            if own.soft().run_until_cancelled(held.keep()).await.is_some() {
                own.stop();
            }
            held.leave().await;
        });
    }
    life.spawn(info_span!("ingest"), writer);
    let (stop, judging) = (life.soft(), findings::run(state.clone(), ingest));
    life.spawn(info_span!("findings"), async move {
        stop.run_until_cancelled(judging).await;
    });
    let gate_certificates = gate.serve(life);
    let console_certificates = console.serve(routes(state.clone()), life);
    if let Some(monitored) = monitored {
        monitored.serve(health::figures_only(state.metrics.clone()), life);
    }
    chores::start(&state, life, gate_certificates, console_certificates);
    Ok(serving)
}
