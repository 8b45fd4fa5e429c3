//! A child that is there before it is needed: a process takes longer to start than most probes to measure, and most
//! expressions to be judged. It is the one that did the work before, or one that was started since.
//!
//! There is none before the first order, so that an executor that was woken for one question starts
//! nothing in vain. It waits for its order and does nothing else; it goes with the executor.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::debug;

use crate::supervise::{ChildCommand, StartError, Waiting};

/// The place of the spare child.
pub(crate) struct Spare {
    command: ChildCommand,
    waiting: Mutex<Option<Waiting>>,
}

impl Spare {
    pub(crate) const fn new(command: ChildCommand) -> Self {
        Self { command, waiting: Mutex::new(None) }
    }

    /// The spare child, or a new one where there is none or it did not last.
    pub(crate) fn take(&self) -> Result<Waiting, StartError> {
        match self.take_waiting() {
            Some(waiting) => Ok(waiting),
            None => Waiting::start(&self.command),
        }
    }

    /// The spare child, if there is one.
    pub(crate) fn take_waiting(&self) -> Option<Waiting> {
        self.place().take().filter(Waiting::is_there)
    }

    /// Keeps one that is done, for the next order.
    pub(crate) fn keep(&self, done: Option<Waiting>) {
        let mut place = self.place();
        if !place.as_ref().is_some_and(Waiting::is_there) {
            *place = done;
        }
    }

    /// Starts the next one, if it is not there. Call it when nobody waits for anything that is not a disk's: this
    /// takes a moment.
    pub(crate) fn refill(&self) {
        let mut place = self.place();
        if place.as_ref().is_some_and(Waiting::is_there) {
            return;
        }
        match Waiting::start(&self.command) {
            Ok(waiting) => *place = Some(waiting),
            // The next order tries again, and tells why not.
            Err(error) => {
                debug!(error = &error as &dyn std::error::Error, "there is no spare child");
            }
        }
    }

    fn place(&self) -> MutexGuard<'_, Option<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
