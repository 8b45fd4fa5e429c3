//! Listens for changes of the machine and tells the core; when to look, it decides.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::note::Note;
use crate::platform::Changes;

/// For how long changes are not listened to after one: an update makes thousands. None is lost, since the
/// kernel keeps that there were some.
const DEAF: Duration = Duration::from_secs(30);

/// Until the agent stops.
pub(crate) async fn listen(inbox: mpsc::Sender<Note>, stop: CancellationToken) {
    let mut changes = match Changes::open() {
        Ok(Some(changes)) => changes,
        Ok(None) => return debug!("nobody tells of changes on this system"),
        Err(error) => return warn!(%error, "changes between snapshots are not heard of"),
    };
    let listening = async {
        loop {
            if let Err(error) = changes.next().await {
                return warn!(%error, "changes between snapshots are not heard of any more");
            }
            if inbox.send(Note::Changed).await.is_err() {
                return;
            }
            sleep(DEAF).await;
        }
    };
    stop.run_until_cancelled(listening).await;
}
