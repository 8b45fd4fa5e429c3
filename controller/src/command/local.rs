//! What several commands do on the controller's own host: open its store, see whether it runs, and
//! take a secret from a file or from the terminal. No command of its own.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context as _, ensure};
use befund_controller::config::{Config, DataFolder};
use befund_controller::store::{Store, StoreOptions};
use serde::Deserialize;

/// What a running controller tells of itself.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Running {
    /// Where its gate listens.
    pub(super) gate: SocketAddr,
}

/// Opens the store of a controller that was made; it never begins an empty one in its place.
pub(super) async fn open_store(data: &DataFolder, config: &Config) -> anyhow::Result<Store> {
    let url = config.database_url(data);
    has_database(&url)?;
    let options = StoreOptions { ledger: Some(data.ledger()), ..StoreOptions::default() };
    Ok(Store::open(&url, options).await?)
}

/// Refuses an SQLite database whose file is gone.
pub(super) fn has_database(url: &str) -> anyhow::Result<()> {
    let Some(path) = url.strip_prefix("sqlite:") else { return Ok(()) };
    let path = path.strip_prefix("//").unwrap_or(path);
    ensure!(
        Path::new(path).exists(),
        "the database {path} is missing: put it back, or restore a backup with `befund-controller restore`"
    );
    Ok(())
}

/// Where the controller of this folder listens, if it runs: what a killed one left behind does not
/// count.
pub(super) fn running(data: &DataFolder) -> Option<Running> {
    let text = std::fs::read(data.running()).ok()?;
    let running: Running = serde_json::from_slice(&text).ok()?;
    // Taken by whom it was written; to knock would count as a handshake that failed.
    let taken = TcpListener::bind(running.gate).err()?.kind() == ErrorKind::AddrInUse;
    taken.then_some(running)
}

/// How often a secret is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// It is known already.
    Once,
    /// It is new: a mistake would show too late.
    Twice,
}

/// A secret: from this file, or else asked for without echo. `what` is as in "password for ada",
/// `option` the one that names a file.
pub(super) async fn secret(
    file: Option<&Path>,
    what: &str,
    option: &str,
    ask: Ask,
) -> anyhow::Result<String> {
    let (file, what) = (file.map(Path::to_owned), what.to_owned());
    let option = option.to_owned();
    tokio::task::spawn_blocking(move || {
        let read = |prompt: String| {
            rpassword::prompt_password(prompt).with_context(|| {
                format!("ask for the {what}; without a terminal, give it with {option} FILE")
            })
        };
        if let Some(path) = file {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("read the {what} from {}", path.display()))?;
            return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
        }
        let first = read(format!("The {what}: "))?;
        if ask == Ask::Twice {
            let second = read("Once more: ".to_owned())?;
            ensure!(first == second, "the two differ: nothing was changed, begin again");
        }
        Ok(first)
    })
    .await
    .context("ask for a secret")?
}
