//! The readers of what a system or a stranger says, as `tests/hostile` drives them: bytes in, a count
//! of what was understood out. Not for anything else.

use befund_model::snapshot::{SectionKind, Status};

use crate::Root;
use crate::collector::Context;
use crate::platform::{COLLECTORS, hostile as system};
pub use crate::probe::hostile as probe;

/// How a section came out of a tree.
#[derive(Debug)]
pub struct Collected {
    /// What it is.
    pub kind: SectionKind,
    /// How it came out.
    pub status: Status,
    /// Why it is not `ok`.
    pub reason: String,
    /// Its JSON.
    pub bytes: Vec<u8>,
}

/// Runs every collector on this thread, so that a panic is one, and without deadlines.
#[must_use]
pub fn collect(root: &Root) -> Vec<Collected> {
    let each = COLLECTORS.iter().copied().flatten().map(|entry| {
        let outcome = (entry.run)(&Context::new(root));
        let kind = entry.section.kind.clone();
        Collected { kind, status: outcome.status, reason: outcome.reason, bytes: outcome.bytes }
    });
    each.collect()
}

/// Reads raw SMBIOS tables.
#[must_use]
pub fn smbios(tables: &[u8]) -> usize {
    system::smbios(tables)
}

/// Reads the databases of packages: dpkg's, and rpm's answer.
#[must_use]
pub fn packages(text: &str) -> usize {
    system::packages(text)
}

/// Reads a datagram of the kernel's.
#[must_use]
pub fn netlink(datagram: &[u8]) -> usize {
    system::netlink(datagram)
}
