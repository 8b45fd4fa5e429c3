//! How long to wait before trying again: exponential with full jitter, so that ten thousand agents
//! that lost the same controller do not come back in the same second.
//!
//! The wait before attempt *n* is uniform in [0, min(cap, base * 2^n)] (Brooker, *Exponential
//! Backoff And Jitter*, 2015: "full jitter").

use std::time::Duration;

/// The next wait, and the state to compute the one after.
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    attempt: u32,
}

impl Backoff {
    /// Waits that begin below `base` and stay below `cap`.
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, attempt: 0 }
    }

    /// The next wait; `random` is a uniformly random number.
    pub fn next(&mut self, random: u64) -> Duration {
        let factor = 1_u32.checked_shl(self.attempt.min(31)).unwrap_or(u32::MAX);
        let ceiling = self.base.saturating_mul(factor).min(self.cap);
        self.attempt = self.attempt.saturating_add(1);
        full_jitter(ceiling, random)
    }

    /// After a success: the next wait is short again.
    pub const fn reset(&mut self) {
        self.attempt = 0;
    }
}

/// A wait that is uniform in [0, `ceiling`].
#[must_use]
pub fn full_jitter(ceiling: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
    let scaled = (u128::from(nanos) * u128::from(random)) >> 64;
    Duration::from_nanos(u64::try_from(scaled).unwrap_or(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_start_anew_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        let ceilings: Vec<u64> =
            (0..8).map(|_| backoff.next(u64::MAX).as_secs_f64().round() as u64).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.next(0), Duration::ZERO);
        backoff.reset();
        assert!(backoff.next(u64::MAX) <= Duration::from_secs(1));
    }
}
