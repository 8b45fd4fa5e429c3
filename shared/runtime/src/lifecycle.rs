//! The life of a process: tasks that are tracked and joined, and a shutdown in two stages.
//!
//! The first signal (or [`Lifecycle::stop`]) cancels the *soft* token: no new work is taken, what
//! runs may finish. A second signal, or the grace period's end, cancels the *hard* token: what still
//! runs is dropped. [`Lifecycle::drain`] returns when every task has ended.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span, info, warn};

use crate::platform;

/// Tokens and tracker of one process; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
}

/// The signals that ask a process to end, caught from when this is made: before the process tells
/// anybody that it is there, since until then they end it on the spot.
pub struct Signals(platform::Signals);

impl Signals {
    /// Catches them from now on.
    ///
    /// # Errors
    /// If the handlers cannot be installed.
    pub fn catch() -> std::io::Result<Self> {
        platform::Signals::new().map(Self)
    }
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every task finished by itself.
    Cleanly,
    /// Some had to be dropped.
    ByForce,
}

impl Lifecycle {
    /// A life of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when no new work is to be taken.
    #[must_use]
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when running work is to be dropped.
    #[must_use]
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Runs a task that [`drain`](Self::drain) waits for; it is dropped at the hard stop.
    pub fn spawn<F>(&self, span: Span, task: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let hard = self.hard.clone();
        // Each layer around a future keeps room for it twice: as what it is given, and as what it runs.
        let task = Box::pin(task);
        self.tasks.spawn(async move { hard.run_until_cancelled(task).await }.instrument(span))
    }

    /// Begins the soft stop, as the first signal does.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Waits for a signal (or [`stop`](Self::stop)), then for every task; at most `grace` before what
    /// still runs is dropped.
    pub async fn run_until_stopped(&self, signals: Signals, grace: Duration) -> Drained {
        let Signals(mut signals) = signals;
        tokio::select! {
            name = signals.next() => info!(signal = name, "stopping; once more to stop at once"),
            () = self.soft.cancelled() => {}
        }
        self.soft.cancel();
        let hard = self.hard.clone();
        let drained = self.drain(grace);
        tokio::pin!(drained);
        loop {
            tokio::select! {
                drained = &mut drained => return drained,
                name = signals.next(), if !hard.is_cancelled() => {
                    warn!(signal = name, "stopping at once");
                    hard.cancel();
                }
            }
        }
    }

    /// Waits for every task, at most `grace` before what still runs is dropped.
    pub async fn drain(&self, grace: Duration) -> Drained {
        self.soft.cancel();
        self.tasks.close();
        let in_time = tokio::select! {
            waited = tokio::time::timeout(grace, self.tasks.wait()) => waited.is_ok(),
            () = self.hard.cancelled() => false,
        };
        if in_time {
            return Drained::Cleanly;
        }
        warn!(left = self.tasks.len(), "dropping what still runs");
        self.hard.cancel();
        self.tasks.wait().await;
        Drained::ByForce
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_listens_ends_cleanly() {
        let life = Lifecycle::new();
        let soft = life.soft();
        life.spawn(Span::none(), async move { soft.cancelled().await });
        assert_eq!(life.drain(Duration::from_secs(60)).await, Drained::Cleanly);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_is_dropped_after_the_grace_period() {
        let life = Lifecycle::new();
        let task = life.spawn(Span::none(), std::future::pending::<()>());
        assert_eq!(life.drain(Duration::from_secs(5)).await, Drained::ByForce);
        assert_eq!(task.await.expect("not a panic"), None);
    }
}
