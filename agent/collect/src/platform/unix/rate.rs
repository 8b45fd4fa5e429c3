//! What a count over a while comes to in a second.

use std::time::Duration;

/// How much it is in a second; `None` if no time went by.
pub(crate) fn per_second(count: u64, within: Duration) -> Option<u64> {
    let nanos = Some(within.as_nanos()).filter(|nanos| *nanos > 0)?;
    let rate = u128::from(count) * 1_000_000_000 / nanos;
    Some(u64::try_from(rate).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_gives_no_rate_and_a_long_one_that_of_all_of_it() {
        assert_eq!(per_second(5, Duration::ZERO), None);
        assert_eq!(per_second(5, Duration::from_millis(500)), Some(10));
        assert_eq!(per_second(40 * 86_400 * 7, Duration::from_secs(40 * 86_400)), Some(7));
        assert_eq!(per_second(u64::MAX, Duration::from_nanos(1)), Some(u64::MAX));
    }
}
