//! Systems whose allocators give memory back by themselves, and on which nobody tells of changes yet.

use std::io;

/// Nothing to set.
pub(crate) const fn keep_heap_small() {}

/// Nothing to do.
pub(crate) const fn give_memory_back() {}

/// Hears of changes: not on this system.
#[derive(Debug)]
pub(crate) struct Changes;

impl Changes {
    /// Nobody tells of them.
    #[expect(clippy::unnecessary_wraps, reason = "as on Linux")]
    pub(crate) const fn open() -> io::Result<Option<Self>> {
        Ok(None)
    }

    /// Never.
    pub(crate) async fn next(&mut self) -> io::Result<()> {
        std::future::pending().await
    }
}
