//! Time and randomness: the one place that owns the wall clock and the random generator.
//!
//! Everything else is handed a [`Clock`] (or a [`Timestamp`] and random bytes), which is what lets
//! tests set the time, and lets a machine whose clock is wrong go on with the time that the
//! controller signed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// The wall clock, corrected by an offset. Clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clock, not corrected.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// The time now: the system's, plus the correction.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        let now = Timestamp::now();
        let offset = SignedDuration::from_millis(self.offset_ms.load(Ordering::Relaxed));
        now.checked_add(offset).unwrap_or(now)
    }

    /// Sets the correction, in milliseconds: true time minus the system's.
    pub fn correct_by(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }

    /// The correction, in milliseconds.
    #[must_use]
    pub fn correction_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }
}

/// Random bytes from the operating system.
///
/// # Panics
/// If the operating system has no randomness: nothing that Befund does would be safe then.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
