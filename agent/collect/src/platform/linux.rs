//! Linux: the collectors, by area. They read `/proc`, `/sys`, `/etc`, `/run` and the package databases;
//! netlink, statvfs and the like only on the running system.

mod dbus;
mod files;
mod hardware;
pub(crate) mod hostile;
mod keyfile;
mod network;
mod people;
mod security;
mod software;
mod tree;
mod trouble;
pub(crate) mod usage;

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::unix::command;
use crate::registry::Entry;

pub(crate) use network::proxies::of as proxies;
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
