//! The task of one run: what it works with, and how its end is written down.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use befund_model::job::{Said, Work};
use befund_model::language::Text;
use befund_model::runbook::Mode;
use befund_runbook::machine::{Interruption, Machine};

use super::{Run, Runs};
use crate::admit::Book;
use crate::door::server::Shared;
use crate::drive::person::About;
use crate::drive::scene::{Scene, Scripts, Word};
use crate::drive::{self, Driver, Left};
use crate::journal::{Entry, Recovered, StartedBy};

/// How long is waited until an end that could not be written is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// A run that is about to be driven.
pub(super) struct Task {
    scene: Scene,
    words: mpsc::Receiver<Word>,
}

/// A run of a runbook.
pub(super) fn of_book(
    shared: &Arc<Shared>,
    runs: &Arc<Runs>,
    run: &Arc<Run>,
    book: Arc<Book>,
    deadline: Instant,
) -> Task {
    let title = book.runbook.title.clone();
    let scripts = book.scripts.clone();
    task(shared, runs, run, deadline, title, scripts, Some(book))
}

/// A run that undoes what a ticket changed.
pub(super) fn of_undo(
    shared: &Arc<Shared>,
    runs: &Arc<Runs>,
    run: &Arc<Run>,
    deadline: Instant,
) -> Task {
    let title = Text {
        en: "Undo what was changed".to_owned(),
        de: "Änderungen rückgängig machen".to_owned(),
    };
    task(shared, runs, run, deadline, title, Scripts::new(), None)
}

fn task(
    shared: &Arc<Shared>,
    runs: &Arc<Runs>,
    run: &Arc<Run>,
    deadline: Instant,
    title: Text,
    scripts: Scripts,
    book: Option<Arc<Book>>,
) -> Task {
    let (to, words) = drive::words();
    let about = About {
        job: run.order.job,
        ticket: run.order.ticket,
        runbook: run.order.work.name().to_owned(),
        title,
        begun_by: match &run.by {
            StartedBy::Afar => None,
            StartedBy::Here { account } => Some(account.clone()),
        },
    };
    let scene = Scene {
        shared: Arc::clone(shared),
        runs: Arc::clone(runs),
        run: Arc::clone(run),
        book,
        scripts,
        mode: run.mode(),
        about,
        deadline,
        cancelled: CancellationToken::new(),
        words: to,
    };
    Task { scene, words }
}

impl Task {
    /// Drives it from its beginning.
    pub(super) fn begin(
        self,
        inputs: BTreeMap<String, Value>,
        mode: Mode,
        said: mpsc::Receiver<Said>,
    ) -> Driving {
        Box::pin(async move {
            let Self { scene, words } = self;
            let Some(book) = &scene.book else { return Left::Stopped };
            let machine = Machine::new(Arc::clone(&book.runbook), &inputs, mode);
            Driver::new(Arc::new(scene), machine, words, said).start().await
        })
    }

    /// Drives it on after an interruption.
    pub(super) fn resume(
        self,
        inputs: BTreeMap<String, Value>,
        recovered: Recovered,
        interruption: Interruption,
        said: mpsc::Receiver<Said>,
    ) -> Driving {
        Box::pin(async move {
            let Self { scene, words } = self;
            drive::resume(Arc::new(scene), inputs, recovered, interruption, (words, said)).await
        })
    }

    /// Undoes what its ticket changed.
    pub(super) fn undo(self, recovered: Option<Recovered>) -> Driving {
        Box::pin(async move {
            let Self { scene, words } = self;
            let Work::Undo(ticket) = scene.run.order.work else { return Left::Stopped };
            drive::undo_all(&scene, ticket, recovered, words).await
        })
    }
}

/// A run that is driven.
pub(super) type Driving = std::pin::Pin<Box<dyn Future<Output = Left> + Send>>;

/// Drives a run, and writes down its end, synced, before anybody is told of it.
pub(super) async fn to_the_end(
    runs: Arc<Runs>,
    run: Arc<Run>,
    driving: impl Future<Output = Left>,
) {
    let outcome = match driving.await {
        Left::Stopped => return info!("the run is interrupted and goes on with the next executor"),
        Left::Ended(outcome) => outcome,
    };
    loop {
        let ended = Entry::Ended(outcome.clone());
        match runs.ledger.append(run.order.job, ended).await {
            Ok(()) => break,
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "a run's end could not be written");
            }
        }
        if runs.stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await.is_none() {
            return;
        }
    }
    info!(state = %outcome.state, status = %outcome.status, "the run has ended");
    run.log.end(*outcome);
    runs.forget_catalogues().await;
}
