//! `befund-controller serve`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use befund_controller::config::{Config, DataFolder};
use befund_controller::{api, hold, platform, serve};
use befund_runtime::clock::Clock;
use befund_runtime::lifecycle::{Lifecycle, Signals};
use clap::Args;
use metrics_exporter_prometheus::PrometheusBuilder;
use tracing::info;

use super::local;

/// How long running work may take to end after the first signal.
const GRACE: Duration = Duration::from_secs(20);

/// Serve the gate, the console and the API, until told to stop.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The controller's folder.
    #[arg(long, env = "BEFUND_DATA", default_value = "/var/lib/befund-controller")]
    data: PathBuf,
    /// Write where it serves into this file, once everything does.
    #[arg(long)]
    ready_file: Option<PathBuf>,
}

impl Serve {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let data = DataFolder::new(self.data);
        let config = Config::load(&data)?;
        local::has_database(&config.database_url(&data))?;
        let folder = hold::Folder::take(&data)?;
        let metrics = PrometheusBuilder::new().install_recorder().context("set up the metrics")?;
        let life = Lifecycle::new();
        let signals = Signals::catch().context("listen for signals")?;
        let parts = serve::Parts { data: data.clone(), config, clock: Clock::system(), metrics };
        let started = serve::start(parts, &life, api::router).await;
        let serving = match started {
            Ok(serving) => serving,
            Err(error) => {
                life.drain(GRACE).await;
                return Err(error);
            }
        };
        let text = serving.ready()?;
        for file in std::iter::once(data.running()).chain(self.ready_file) {
            platform::write_private(&file, text.as_bytes())
                .with_context(|| format!("write the ready file {}", file.display()))?;
        }
        info!(gate = %serving.gate, console = serving.url, "serving");
        serve::ready(&life);
        let store = serving.state.store.clone();
        drop(serving);
        let soft = life.soft();
        let told = life.spawn(tracing::Span::none(), async move {
            soft.cancelled().await;
            serve::stopping();
        });
        let drained = life.run_until_stopped(signals, GRACE).await;
        drop(told);
        store.close().await;
        let _ = std::fs::remove_file(data.running());
        drop(folder);
        info!(?drained, "stopped");
        Ok(())
    }
}
