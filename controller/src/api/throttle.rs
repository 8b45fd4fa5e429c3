//! How often a wrong password may be tried: counted for each pair of name and source, and for each
//! source. A pure state machine; time arrives as a parameter, memory is bounded.

use std::collections::HashMap;
use std::net::IpAddr;

use befund_model::Timestamp;

/// Failures of one name from one source before it has to wait.
pub const FREE_FOR_NAME: u32 = 5;
/// Failures from one source, whatever the names, before it has to wait.
pub const FREE_FOR_SOURCE: u32 = 30;
/// The first wait, in seconds; it doubles with each further failure.
pub const FIRST_WAIT: i64 = 30;
/// The longest wait, in seconds.
pub const LONGEST_WAIT: i64 = 900;
/// The most pairs that are remembered.
const MAX_ENTRIES: usize = 20_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(String, IpAddr),
    Source(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: i64,
}

/// Failed sign-ins, as far as they still count.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: HashMap<Key, Failures>,
}

impl Throttle {
    /// How many seconds this name must wait before it may be tried from this source; none if it may
    /// be tried now.
    #[must_use]
    pub fn wait(&self, name: &str, source: IpAddr, now: Timestamp) -> Option<u64> {
        [
            (Key::Name(name.to_owned(), source), FREE_FOR_NAME),
            (Key::Source(source), FREE_FOR_SOURCE),
        ]
        .into_iter()
        .filter_map(|(key, free)| {
            let until = until(*self.failures.get(&key)?, free)?;
            u64::try_from(until - now.as_second()).ok().filter(|seconds| *seconds > 0)
        })
        .max()
    }

    /// A sign-in is about to be tried: it counts as failed until [`succeeded`](Self::succeeded)
    /// says otherwise, so that many at once get no more tries than one after the other.
    pub fn tried(&mut self, name: &str, source: IpAddr, now: Timestamp) {
        let now = now.as_second();
        if self.failures.len() >= MAX_ENTRIES {
            self.failures.retain(|_, entry| now - entry.last < LONGEST_WAIT);
        }
        if self.failures.len() >= MAX_ENTRIES {
            self.failures.clear();
        }
        for key in [Key::Name(name.to_owned(), source), Key::Source(source)] {
            let entry = self.failures.entry(key).or_insert(Failures { count: 0, last: now });
            if now - entry.last > LONGEST_WAIT {
                entry.count = 0;
            }
            entry.count = entry.count.saturating_add(1);
            entry.last = now;
        }
    }

    /// The sign-in was right.
    pub fn succeeded(&mut self, name: &str, source: IpAddr) {
        self.failures.remove(&Key::Name(name.to_owned(), source));
        if let Some(entry) = self.failures.get_mut(&Key::Source(source)) {
            entry.count = entry.count.saturating_sub(1);
        }
    }
}

fn until(entry: Failures, free: u32) -> Option<i64> {
    let over = entry.count.checked_sub(free)?;
    Some(entry.last + FIRST_WAIT.saturating_mul(1 << over.min(10)).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_name_waits_after_five_failures_and_longer_after_each_more() {
        let mut throttle = Throttle::default();
        for _ in 0..FREE_FOR_NAME {
            assert_eq!(throttle.wait("ada", HERE, at(0)), None);
            throttle.tried("ada", HERE, at(0));
        }
        assert_eq!(throttle.wait("ada", HERE, at(0)), Some(30));
        assert_eq!(throttle.wait("bo", HERE, at(0)), None);
        assert_eq!(throttle.wait("ada", HERE, at(30)), None);
        throttle.tried("ada", HERE, at(30));
        assert_eq!(throttle.wait("ada", HERE, at(30)), Some(60));
    }

    #[test]
    fn a_source_waits_whatever_names_it_tries() {
        let mut throttle = Throttle::default();
        for name in 0..FREE_FOR_SOURCE {
            throttle.tried(&name.to_string(), HERE, at(0));
        }
        assert_eq!(throttle.wait("fresh", HERE, at(0)), Some(30));
        let elsewhere = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!(throttle.wait("fresh", elsewhere, at(0)), None);
    }

    #[test]
    fn a_success_clears_the_name() {
        let mut throttle = Throttle::default();
        for _ in 0..FREE_FOR_NAME {
            throttle.tried("ada", HERE, at(0));
        }
        throttle.succeeded("ada", HERE);
        assert_eq!(throttle.wait("ada", HERE, at(0)), None);
    }
}
