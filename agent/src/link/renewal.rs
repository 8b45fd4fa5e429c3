//! When the certificate is renewed. When that is due stands in the certificate, and so is a matter of the
//! wall clock; how long to wait before trying again is not, since the clock may be set meanwhile: one that
//! jumps must make neither a storm of renewals nor none for years.
//!
//! Pure: both times are parameters.

use std::time::{Duration, Instant};

/// How long between two looks at the wall clock: a machine that slept wakes up to another time.
const LOOK: Duration = Duration::from_secs(600);

/// The next renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Renewal {
    due: Due,
    not_before: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// By the wall clock, in milliseconds since 1970.
    At(i64),
    /// Somebody wants it.
    Now,
}

impl Renewal {
    /// Due at this time, in milliseconds since 1970, but not before that moment, if there is one.
    pub(super) const fn at(due_ms: i64, not_before: Option<Instant>) -> Self {
        Self { due: Due::At(due_ms), not_before }
    }

    /// It is wanted now.
    pub(super) const fn wanted(&mut self) {
        self.due = Due::Now;
        self.not_before = None;
    }

    /// It failed: not again before that moment.
    pub(super) const fn put_off(&mut self, until: Instant) {
        self.not_before = Some(until);
    }

    /// How long until it is due, or is to be asked again; zero if it is due. `wall_ms` is the wall clock, in
    /// milliseconds since 1970.
    pub(super) fn wait(&self, now: Instant, wall_ms: i64) -> Duration {
        let put_off = self
            .not_before
            .map_or(Duration::ZERO, |not_before| not_before.saturating_duration_since(now));
        let due = match self.due {
            Due::Now => Duration::ZERO,
            Due::At(due_ms) => {
                let left = due_ms.saturating_sub(wall_ms);
                Duration::from_millis(u64::try_from(left).unwrap_or(0))
            }
        };
        due.max(put_off).min(LOOK)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_MS: i64 = 86_400_000;
    const YEAR_MS: i64 = 365 * DAY_MS;
    const NOON: i64 = 20_000 * DAY_MS;

    #[test]
    fn it_is_due_when_the_wall_clock_says_so_and_looked_at_until_then() {
        let (now, renewal) = (Instant::now(), Renewal::at(NOON, None));
        assert_eq!(renewal.wait(now, NOON - 10 * DAY_MS), LOOK);
        assert_eq!(renewal.wait(now, NOON - 5_000), Duration::from_secs(5));
        assert_eq!(renewal.wait(now, NOON), Duration::ZERO);
        assert_eq!(renewal.wait(now, NOON + YEAR_MS), Duration::ZERO);
    }

    /// The clock was years ahead, the certificate was renewed, and the clock was put right.
    #[test]
    fn a_clock_that_goes_back_does_not_put_it_off_for_years() {
        let now = Instant::now();
        let renewal = Renewal::at(NOON, Some(now + Duration::from_secs(60)));
        assert_eq!(renewal.wait(now, NOON + 4 * YEAR_MS), Duration::from_secs(60));
        assert_eq!(renewal.wait(now + Duration::from_secs(61), NOON), Duration::ZERO);
    }

    #[test]
    fn one_that_failed_is_tried_again_after_its_wait_whatever_the_clock_does() {
        let now = Instant::now();
        let mut renewal = Renewal::at(NOON, None);
        renewal.put_off(now + Duration::from_secs(90));
        for wall in [0, NOON, NOON + 50 * YEAR_MS] {
            assert!(renewal.wait(now, wall) >= Duration::from_secs(90), "no storm");
        }
        assert_eq!(renewal.wait(now + Duration::from_secs(90), NOON + 1), Duration::ZERO);
        renewal.wanted();
        assert_eq!(renewal.wait(now, 0), Duration::ZERO, "somebody wants it");
    }

    proptest! {
        #[test]
        fn it_is_never_due_before_its_moment_and_never_longer_unasked_than_a_look(
            due: i64, wall: i64, put_off in 0_u64..4_000, passed in 0_u64..4_000,
        ) {
            let start = Instant::now();
            let now = start + Duration::from_secs(passed);
            let renewal = Renewal::at(due, Some(start + Duration::from_secs(put_off)));
            let wait = renewal.wait(now, wall);
            prop_assert!(wait <= LOOK);
            prop_assert_eq!(wait.is_zero(), passed >= put_off && wall >= due);
        }
    }
}
