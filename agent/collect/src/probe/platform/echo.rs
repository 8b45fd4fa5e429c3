//! Echoes (ICMP) as `net.loss` and `net.mtu` need them: what can be asked of a system's way to send
//! them, and what is heard. How each system sends them stands beside; what is measured by them, in the
//! probes.

use std::io;
use std::time::Duration;

/// How long an echo is waited for at most.
pub(in crate::probe) const PATIENCE: Duration = Duration::from_secs(1);

/// Whether packets may be taken apart on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::probe) enum Pieces {
    /// As every packet may.
    Allowed,
    /// They are sent whole or not at all, whatever the system has learnt of the way.
    Forbidden,
}

/// What is heard of echoes that were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(any(target_os = "linux", windows, test)),
    expect(dead_code, reason = "without a way to send them nothing is heard")
)]
pub(in crate::probe) enum Heard {
    /// One came back; how long it took, where the system measures that itself.
    Back { sequence: u16, took: Option<Duration> },
    /// Somebody, or the system itself, said that one is too large; which, where that is told.
    TooLarge { sequence: Option<u16> },
    /// One went astray, and why.
    Astray { why: String },
}

/// A way to send echoes to one address.
pub(in crate::probe) trait Echoes {
    /// Sends an echo with so many bytes of data.
    ///
    /// # Errors
    /// If the system does not send it.
    fn send(&self, sequence: u16, data: usize) -> io::Result<()>;

    /// What is heard next; `None` if it is nothing in time.
    fn receive(&self, within: Duration) -> Option<Heard>;
}
