//! When the core has nothing to do any more: what work left in memory then goes back to the system.
//! Not at once, since work comes in bursts, and taking memory again costs time.

use std::time::Duration;

use tokio::time::Instant;

use crate::platform;

/// How long after the last work.
const AFTER: Duration = Duration::from_secs(5);

/// The moment at which memory is given back, if something was done since it last was.
pub(super) struct Rest(Option<Instant>);

impl Rest {
    /// Nothing was done yet.
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// Something was done.
    pub(super) fn worked(&mut self, now: Instant) {
        self.0 = Some(now + AFTER);
    }

    /// When to call [`tick`](Self::tick).
    pub(super) const fn next(&self) -> Option<Instant> {
        self.0
    }

    /// Time passed.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.0.is_some_and(|at| now >= at) {
            self.0 = None;
            platform::give_memory_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_comes_once_after_the_last_work() {
        let now = Instant::now();
        let mut rest = Rest::new();
        assert_eq!(rest.next(), None);
        rest.worked(now);
        rest.worked(now + AFTER / 2);
        rest.tick(now + AFTER);
        assert_eq!(rest.next(), Some(now + AFTER / 2 + AFTER), "not within a burst");
        rest.tick(now + AFTER * 2);
        assert_eq!(rest.next(), None);
    }
}
