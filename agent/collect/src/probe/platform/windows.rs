//! Windows, by its own functions.

use std::io;

use crate::probe::Unmeasured;

mod certificates;
mod defaults;
mod disk;
mod echo;
mod network;
mod process;
mod proxy;
mod roots;
mod script;
mod service;
mod store;
mod tables;

pub(in crate::probe) use certificates::{added_roots, client_certificates};
pub(in crate::probe) use defaults::{HOSTS, LOGS, SERVICES, SWITCH, is_absolute};
pub(in crate::probe) use disk::file_systems;
pub(in crate::probe) use echo::{Echo, path_mtu};
pub(in crate::probe) use network::{
    addresses, default_routes, interface_mtu, interfaces, links, name_servers, neighbours, upstream,
};
pub(in crate::probe) use process::{load, memory, processes};
pub(in crate::probe) use proxy::proxies;
pub(in crate::probe) use roots::trusted_roots;
pub(in crate::probe) use script::{looked_for, scripts};
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
