//! Linux: the table of its collectors. They read `/proc`, `/sys`, `/etc`, `/run` and the package
//! databases; netlink, statvfs and the like only on the running system.

mod accounts;
mod addresses;
mod batteries;
mod clock;
mod command;
mod cpu;
mod dbus;
mod disks;
mod dmi;
mod errors;
mod filesystems;
pub(crate) mod hostile;
mod interfaces;
mod journal;
mod memory;
mod netlink;
mod nl80211;
mod os;
mod packages;
mod ports;
mod processes;
mod resolver;
mod routes;
mod services;
mod system;
mod tree;
mod uptime;
mod wireless;

#[cfg(test)]
mod tests;

use std::time::Duration;

use befund_model::section as kind;

use crate::collector::run;
use crate::registry::Entry;

pub(crate) use tree::Tree;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Every kind of section; what takes longest stands first, since threads start in this order.
#[rustfmt::skip]
pub(crate) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::PROCESSES,          deadline: ms(3_000), run: |cx| run(cx, processes::processes) },
    Entry { section: &kind::PACKAGES,           deadline: ms(9_000), run: |cx| run(cx, packages::packages) },
    Entry { section: &kind::ERRORS,             deadline: ms(6_000), run: |cx| run(cx, errors::errors) },
    Entry { section: &kind::SERVICES,           deadline: ms(3_000), run: |cx| run(cx, services::services) },
    Entry { section: &kind::SERVICES_STATE,     deadline: ms(4_000), run: |cx| run(cx, services::state) },
    Entry { section: &kind::NETWORK_PORTS,      deadline: ms(3_000), run: |cx| run(cx, ports::ports) },
    Entry { section: &kind::FILESYSTEMS_USAGE,  deadline: ms(4_000), run: |cx| run(cx, filesystems::usage) },
    Entry { section: &kind::FILESYSTEMS,        deadline: ms(1_000), run: |cx| run(cx, filesystems::filesystems) },
    Entry { section: &kind::DISKS,              deadline: ms(2_000), run: |cx| run(cx, disks::disks) },
    Entry { section: &kind::SYSTEM,             deadline: ms(2_000), run: |cx| run(cx, system::system) },
    Entry { section: &kind::FIRMWARE,           deadline: ms(2_000), run: |cx| run(cx, system::firmware) },
    Entry { section: &kind::CPU,                deadline: ms(2_000), run: |cx| run(cx, cpu::cpu) },
    Entry { section: &kind::MEMORY,             deadline: ms(2_000), run: |cx| run(cx, memory::memory) },
    Entry { section: &kind::MEMORY_USAGE,       deadline: ms(1_000), run: |cx| run(cx, memory::usage) },
    Entry { section: &kind::OS,                 deadline: ms(1_000), run: |cx| run(cx, os::os) },
    Entry { section: &kind::UPTIME,             deadline: ms(1_000), run: |cx| run(cx, uptime::uptime) },
    Entry { section: &kind::USERS,              deadline: ms(1_000), run: |cx| run(cx, accounts::users) },
    Entry { section: &kind::SESSIONS,           deadline: ms(1_000), run: |cx| run(cx, accounts::sessions) },
    Entry { section: &kind::CLOCK,              deadline: ms(1_000), run: |cx| run(cx, clock::clock) },
    Entry { section: &kind::BATTERIES,          deadline: ms(2_000), run: |cx| run(cx, batteries::batteries) },
    Entry { section: &kind::BATTERIES_STATE,    deadline: ms(2_000), run: |cx| run(cx, batteries::state) },
    Entry { section: &kind::NETWORK_INTERFACES, deadline: ms(2_000), run: |cx| run(cx, interfaces::interfaces) },
    Entry { section: &kind::NETWORK_COUNTERS,   deadline: ms(1_000), run: |cx| run(cx, interfaces::counters) },
    Entry { section: &kind::NETWORK_ADDRESSES,  deadline: ms(3_000), run: |cx| run(cx, addresses::addresses) },
    Entry { section: &kind::NETWORK_ROUTES,     deadline: ms(3_000), run: |cx| run(cx, routes::routes) },
    Entry { section: &kind::NETWORK_DNS,        deadline: ms(1_000), run: |cx| run(cx, resolver::dns) },
    Entry { section: &kind::NETWORK_PROXY,      deadline: ms(1_000), run: |cx| run(cx, resolver::proxy) },
    Entry { section: &kind::WIFI,               deadline: ms(2_000), run: |cx| run(cx, wireless::wifi) },
    Entry { section: &kind::WIFI_NETWORK,       deadline: ms(2_000), run: |cx| run(cx, wireless::network) },
];
