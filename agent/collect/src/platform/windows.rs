//! Windows: the collectors, by area. They ask the system's own interfaces (registry, WMI, IP helper,
//! device control, service manager, event log); what is only arithmetic over what these give stands in
//! `decode`, which compiles everywhere.
//!
//! Only the running system can be asked: of a recorded tree every section is `unsupported`.

mod com;
mod hardware;
pub(crate) mod hostile;
mod network;
mod people;
mod registry;
mod security;
mod software;
mod tree;
mod trouble;
pub(crate) mod usage;
mod win32;
mod wmi;

use std::time::Duration;

use crate::collector::{Context, Gap};
use crate::registry::Entry;

pub(crate) use people::names::Names;
pub(crate) use registry::{expanded, people as hives};
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

/// Runs a collector if there is a running system to ask.
fn run<T: serde::Serialize>(
    cx: &Context,
    collector: impl FnOnce(&Context) -> Result<T, Gap>,
) -> crate::collector::Outcome {
    crate::collector::run(cx, |cx| {
        if cx.root.is_live() {
            collector(cx)
        } else {
            Err(Gap::unsupported("on Windows only the running system can be read"))
        }
    })
}

/// Files of one line are the way of other systems; here nothing is read so.
const _: fn(&Context, &str) -> Option<String> = Context::line;
