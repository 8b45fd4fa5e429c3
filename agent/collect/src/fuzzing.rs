//! The readers of what a system or a stranger says, as `tests/hostile` drives them: bytes in, a count
//! of what was understood out. Not for anything else.

use befund_model::snapshot::{SectionKind, Status};

use crate::Root;
use crate::collector::Context;
use crate::platform::{COLLECTORS, decoders, hostile as system};
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

/// Readers that have to do with the same things. Which they are, and what they promise of what they
/// make of any bytes, stands beside them, as most of what they make is nobody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Records of sign-ins, locks, keys and tickets; the rules of sudo, doas and sshd.
    Accounts,
    /// The health that disks keep, in every form; heads of encrypted volumes.
    Disks,
    /// What monitors say of themselves.
    Edid,
    /// apt's lists, preferences, settings and sources.
    Indexes,
    /// Answers of print servers.
    Ipp,
    /// The journal, the kernel's ring, logs, and what is left of crashes.
    Journal,
    /// Files of DHCP's clients.
    Leases,
    /// The kernel's messages of filters, sockets and wireless links.
    Nftables,
    /// What Windows gives as bytes and texts, which every system can read.
    Windows,
}

/// Gives bytes to these readers; on a system that has none of them, to nobody.
///
/// # Panics
/// If a reader breaks its promise.
pub fn read(reader: Reader, bytes: &[u8]) {
    match reader {
        Reader::Windows => decoders::read(bytes),
        other => system::read(other, bytes),
    }
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
