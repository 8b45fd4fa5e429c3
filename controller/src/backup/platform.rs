//! What differs between systems: files that only their owner may read.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use other::create_private;
#[cfg(unix)]
pub(super) use unix::create_private;
