//! Systems that tell most by files: those of Linux, which others lack and say so.

mod client_cert;
mod defaults;
mod disk;
mod dns;
mod link;
mod process;
mod proxy;
mod roots;
mod script;
mod service;

pub(in crate::probe) use client_cert::client_certificates;
pub(in crate::probe) use defaults::{HOSTS, LOGS, SERVICES, SWITCH, is_absolute};
pub(super) use disk::Space;
pub(in crate::probe) use disk::file_systems;
pub(in crate::probe) use dns::{name_servers, upstream};
pub(in crate::probe) use link::{interface_mtu, interfaces};
pub(in crate::probe) use process::{load, memory, processes};
pub(in crate::probe) use proxy::proxies;
pub(in crate::probe) use roots::{added_roots, trusted_roots};
pub(in crate::probe) use script::{looked_for, scripts};
pub(in crate::probe) use service::{SERVICE_MANAGER, services};
