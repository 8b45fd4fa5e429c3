//! Chance that can be had again: the same numbers for the same seed (splitmix64; Steele, Lea and Flood, *Fast Splittable
//! Pseudorandom Number Generators*, 2014). Nothing here is secret.

use std::time::Duration;

/// A row of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// A row of its own for one of many that draw side by side, in whatever order they come.
    pub(crate) fn of(seed: u64, round: u64, machine: u64) -> Self {
        let mut chance = Self(seed ^ round.rotate_left(32) ^ machine.rotate_left(48));
        Self(chance.next())
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        number ^ (number >> 31)
    }

    /// From 0 to below 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A moment below `most`, each as likely.
    pub(crate) fn moment(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.share())
    }

    /// One of these, each as likely as its weight says.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn of_these<T: Copy>(&mut self, weighted: &[(u32, T)]) -> T {
        let all: u32 = weighted.iter().map(|(weight, _)| weight).sum();
        let mut left = u32::try_from(self.next() % u64::from(all)).unwrap_or(0);
        for (weight, one) in weighted {
            if left < *weight {
                return *one;
            }
            left -= weight;
        }
        unreachable!("the weights add up")
    }
}
