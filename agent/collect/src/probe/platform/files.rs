//! Systems that tell most by files: those of Linux, which others lack and say so.

use crate::probe::Unmeasured;

mod defaults;
mod disk;
mod dns;
mod link;
mod process;
mod proxy;
mod roots;
mod service;

pub(in crate::probe) use defaults::{HOSTS, LOGS, SERVICES, is_absolute};
pub(super) use disk::Space;
pub(in crate::probe) use disk::file_systems;
pub(in crate::probe) use dns::{name_servers, upstream};
pub(in crate::probe) use link::interfaces;
pub(in crate::probe) use process::{load, memory, processes};
pub(in crate::probe) use proxy::proxies;
pub(in crate::probe) use roots::trusted_roots;
pub(in crate::probe) use service::{SERVICE_MANAGER, services};

/// Whether what is configured stands where Linux's programs have it.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it does not")]
pub(in crate::probe) const fn linux_places(_: &str) -> Result<(), Unmeasured> {
    Ok(())
}
