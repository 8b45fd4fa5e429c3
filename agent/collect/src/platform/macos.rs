//! macOS: the collectors, by area. They ask the system's own programs, by absolute path and under a
//! deadline, for property lists where there are any and for text elsewhere, and read files; no framework is
//! bound. What the answers come to is told by pure functions in [`decode`].
//!
//! Type-checked for macOS, and tried on Linux over answers written down from what is known of several
//! versions (10.15 to 26); not yet run on a Mac. Whoever does should compare section by section.
//!
//! Everything goes through the tree of files: one that was recorded on a Mac keeps each program's answer as
//! a file under `/answers` (see [`asked`]).

mod asked;
pub(crate) mod decode;
mod files;
mod hardware;
mod network;
mod people;
mod security;
mod software;
mod trouble;

#[cfg(target_os = "macos")]
mod tree;
#[cfg(target_os = "macos")]
pub(crate) mod usage;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::registry::Entry;

#[cfg(target_os = "macos")]
pub(crate) use tree::Tree;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Every kind of section, by area.
pub(crate) static COLLECTORS: &[&[Entry]] = &[
    hardware::COLLECTORS,
    network::COLLECTORS,
    people::COLLECTORS,
    security::COLLECTORS,
    software::COLLECTORS,
    trouble::COLLECTORS,
];

/// The readers for [`crate::fuzzing`]: those that every system shares, and property lists.
#[cfg(target_os = "macos")]
pub(crate) mod hostile {
    use super::decode::plist::Value;
    use crate::smbios;

    pub(crate) fn smbios(tables: &[u8]) -> usize {
        let (structures, _) = smbios::structures(tables);
        let named = structures.iter().filter_map(smbios::uuid).count();
        let cases = structures.iter().filter_map(|one| smbios::chassis(one.byte(5)?)).count();
        smbios::modules(&structures).1.len() + named + cases
    }

    pub(crate) fn packages(text: &str) -> usize {
        usize::from(Value::parse(text.as_bytes()).is_some())
    }

    pub(crate) fn netlink(_: &[u8]) -> usize {
        0
    }

    pub(crate) fn read(_: crate::fuzzing::Reader, _: &[u8]) {}
}
