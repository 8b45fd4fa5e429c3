//! Windows, by its own functions.

use std::io;

use crate::probe::Unmeasured;

mod defaults;
mod disk;
mod network;
mod process;
mod proxy;
mod roots;
mod service;
mod tables;

pub(in crate::probe) use defaults::{HOSTS, LOGS, SERVICES, is_absolute};
pub(in crate::probe) use disk::file_systems;
pub(in crate::probe) use network::{
    addresses, default_routes, interfaces, links, name_servers, neighbours, upstream,
};
pub(in crate::probe) use process::{load, memory, processes};
pub(in crate::probe) use proxy::proxies;
pub(in crate::probe) use roots::trusted_roots;
pub(in crate::probe) use service::{SERVICE_MANAGER, services};

/// What a function of Windows says of its failure.
fn failed(function: &str, error: &io::Error) -> Unmeasured {
    Unmeasured::io("ask Windows with", function, error)
}

/// A text of Windows' making in a buffer, up to its zero.
fn until_zero(letters: &[u16]) -> String {
    let end = letters.iter().position(|letter| *letter == 0).unwrap_or(letters.len());
    String::from_utf16_lossy(&letters[..end])
}

/// Nothing stands here where Linux's programs have it, which is not to be told as there being none.
pub(in crate::probe) fn linux_places(what: &str) -> Result<(), Unmeasured> {
    Err(Unmeasured::unsupported(format!("this agent cannot read {what} on Windows yet")))
}
