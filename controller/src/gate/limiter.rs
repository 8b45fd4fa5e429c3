//! How often a source address may fail, or ask for work, before it has to wait: a leaking bucket
//! for each, bounded in number.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use befund_model::Timestamp;

/// The most addresses that are remembered.
const ADDRESSES: usize = 16_384;

/// Buckets by source address (the network of 64 bits, for IPv6).
#[derive(Debug)]
pub(super) struct Limiter {
    burst: f64,
    each_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    level: f64,
    at: i64,
}

impl Limiter {
    /// Lets `burst` pass at once and so many each second thereafter.
    pub(super) fn new(burst: u32, each_second: f64) -> Self {
        Self { burst: f64::from(burst), each_second, buckets: Mutex::default() }
    }

    /// Whether the address has room left; takes none.
    pub(super) fn has_room(&self, source: IpAddr, now: Timestamp) -> bool {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.get(&network(source)).is_none_or(|bucket| self.level(*bucket, now) < self.burst)
    }

    /// Takes one; false if there was no room.
    pub(super) fn take(&self, source: IpAddr, now: Timestamp) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES {
            buckets.retain(|_, bucket| self.level(*bucket, now) > 0.0);
            if buckets.len() >= ADDRESSES {
                return false;
            }
        }
        let at = now.as_millisecond();
        let bucket = buckets.entry(network(source)).or_insert(Bucket { level: 0.0, at });
        let level = self.level(*bucket, now);
        if level >= self.burst {
            return false;
        }
        *bucket = Bucket { level: level + 1.0, at };
        true
    }

    fn level(&self, bucket: Bucket, now: Timestamp) -> f64 {
        let passed = (now.as_millisecond() - bucket.at).clamp(0, 3_600_000);
        #[expect(clippy::cast_precision_loss, reason = "an hour of milliseconds is exact")]
        let leaked = passed as f64 / 1_000.0 * self.each_second;
        (bucket.level - leaked).max(0.0)
    }
}

fn network(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).expect("a time")
    }

    #[test]
    fn a_source_waits_once_it_has_used_its_burst_and_others_do_not() {
        let limiter = Limiter::new(3, 0.5);
        let bad: IpAddr = "2001:db8::1".parse().expect("an address");
        let neighbour: IpAddr = "2001:db8::2".parse().expect("an address");
        let other: IpAddr = "192.0.2.1".parse().expect("an address");
        assert!((0..3).all(|_| limiter.take(bad, at(0))));
        assert!(!limiter.take(bad, at(0)) && !limiter.has_room(neighbour, at(0)));
        assert!(limiter.take(other, at(0)));
        assert!(limiter.take(bad, at(2_000)) && !limiter.take(bad, at(2_000)));
    }
}
