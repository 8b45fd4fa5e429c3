//! When something on the machine has changed: when to look what. No I/O in here.
//!
//! A change is looked at once it has settled, and never sooner than a while after the last look. Who tells
//! of changes that no snapshot shows (a file is touched, a route refreshed) is waited for longer each time.

use std::time::Duration;

use tokio::time::Instant;

/// When to look.
#[derive(Debug)]
pub(crate) struct Watching {
    settle: Duration,
    least: Duration,
    most: Duration,
    pause: Duration,
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Watching {
    /// `settle` after a change, and `least` to `most` after the last look.
    pub(crate) const fn new(settle: Duration, least: Duration, most: Duration) -> Self {
        Self { settle, least, most, pause: least, last: None, due: None }
    }

    /// Something has changed.
    pub(crate) fn changed(&mut self, now: Instant) {
        let settled = now + self.settle;
        let rested = self.last.map_or(settled, |last| last + self.pause);
        self.due.get_or_insert(settled.max(rested));
    }

    /// When to look, if there is something to look at.
    pub(crate) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// It was looked, whatever for; and whether there was anything new to see.
    pub(crate) fn looked(&mut self, now: Instant, new: bool) {
        if new {
            self.pause = self.least;
        } else if self.due.is_some() {
            self.pause = (self.pause * 2).min(self.most);
        }
        self.last = Some(now);
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SETTLE: Duration = Duration::from_secs(60);
    const LEAST: Duration = Duration::from_secs(600);
    const MOST: Duration = Duration::from_secs(6 * 3600);

    #[test]
    fn a_change_is_looked_at_once_it_has_settled_and_not_sooner_after_the_last_look() {
        let start = Instant::now();
        let mut watching = Watching::new(SETTLE, LEAST, MOST);
        assert_eq!(watching.due(), None);
        watching.changed(start);
        watching.changed(start + SETTLE / 2);
        assert_eq!(watching.due(), Some(start + SETTLE), "the first of several counts");
        watching.looked(start + SETTLE, true);
        assert_eq!(watching.due(), None);
        watching.changed(start + SETTLE + Duration::from_secs(1));
        assert_eq!(watching.due(), Some(start + SETTLE + LEAST));
    }

    #[test]
    fn changes_that_show_nothing_are_waited_for_longer_each_time() {
        let mut now = Instant::now();
        let mut watching = Watching::new(SETTLE, LEAST, MOST);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            watching.looked(now, false);
            watching.changed(now);
            let due = watching.due().expect("there is something");
            pauses.push((due - now).as_secs() / 60);
            now = due;
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 360, 360, 360]);
        watching.looked(now, true);
        watching.changed(now);
        assert_eq!(watching.due(), Some(now + LEAST));
    }

    proptest! {
        #[test]
        fn looks_are_never_closer_than_the_least_pause(steps in prop::collection::vec((0_u64..10_000, any::<bool>()), 1..60)) {
            let mut now = Instant::now();
            let mut watching = Watching::new(SETTLE, LEAST, MOST);
            let mut last: Option<Instant> = None;
            for (wait, new) in steps {
                now += Duration::from_secs(wait);
                watching.changed(now);
                let due = watching.due().expect("there is something");
                prop_assert!(last.is_none_or(|last| due >= last + LEAST));
                if due <= now {
                    watching.looked(now, new);
                    last = Some(now);
                }
            }
        }
    }
}
