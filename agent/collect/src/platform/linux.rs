//! Linux: the table of its collectors. They read `/proc`, `/sys`, `/etc`, `/run` and the package
//! databases; netlink, statvfs and the like only on the running system.

mod memory;
mod tree;
mod uptime;

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
    Entry { section: &kind::MEMORY_USAGE,       deadline: ms(1_000), run: |cx| run(cx, memory::usage) },
    Entry { section: &kind::UPTIME,             deadline: ms(1_000), run: |cx| run(cx, uptime::uptime) },
];
