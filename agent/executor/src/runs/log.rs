//! What a run has told, in order, for whoever follows it now or later. The journal has the same on the disk, and is
//! written first.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use befund_model::job::{JobEvent, Outcome};

/// The events of one run, and its outcome once it has ended.
#[derive(Debug)]
pub(crate) struct Log {
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct Inner {
    /// Numbered from 1 without gaps.
    events: Vec<JobEvent>,
    outcome: Option<Outcome>,
}

impl Log {
    /// One that has told this already.
    pub(crate) fn new(events: Vec<JobEvent>, outcome: Option<Outcome>) -> Self {
        Self { inner: Mutex::new(Inner { events, outcome }), changed: watch::Sender::new(()) }
    }

    /// The number of the next event.
    pub(crate) fn next(&self) -> u32 {
        u32::try_from(self.inner().events.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Adds events that the journal has.
    pub(crate) fn push(&self, events: impl IntoIterator<Item = JobEvent>) {
        self.inner().events.extend(events);
        self.changed.send_replace(());
    }

    /// Ends it with what the journal has.
    pub(crate) fn end(&self, outcome: Outcome) {
        self.inner().outcome = Some(outcome);
        self.changed.send_replace(());
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.inner().outcome.is_some()
    }

    /// What was told last, at most so many.
    pub(crate) fn last(&self, most: usize) -> Vec<JobEvent> {
        let inner = self.inner();
        inner.events[inner.events.len().saturating_sub(most)..].to_vec()
    }

    /// The events after the one of this number, at most some at a time; and the outcome, if no event follows these.
    pub(crate) fn after(&self, number: u32) -> (Vec<JobEvent>, Option<Outcome>) {
        const AT_A_TIME: usize = 64;
        let inner = self.inner();
        let from = usize::try_from(number).unwrap_or(usize::MAX).min(inner.events.len());
        let to = from.saturating_add(AT_A_TIME).min(inner.events.len());
        let outcome = if to == inner.events.len() { inner.outcome.clone() } else { None };
        (inner.events[from..to].to_vec(), outcome)
    }

    /// Comes whenever something was added since this was made.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
