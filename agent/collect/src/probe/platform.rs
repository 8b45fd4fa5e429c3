//! What probes ask the running system, each system in its way.

pub(super) mod echo;
#[cfg(not(any(target_os = "linux", windows)))]
mod echoless;
#[cfg(not(windows))]
mod files;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(any(target_os = "linux", windows)))]
mod other;
#[cfg(windows)]
mod windows;

#[cfg(not(any(target_os = "linux", windows)))]
use echoless::proxy_settings;
#[cfg(not(any(target_os = "linux", windows)))]
pub(super) use echoless::{Echo, path_mtu};
#[cfg(not(windows))]
pub(super) use files::{
    HOSTS, LOGS, SERVICE_MANAGER, SERVICES, SWITCH, added_roots, client_certificates, file_systems,
    interface_mtu, interfaces, is_absolute, load, looked_for, memory, name_servers, processes,
    proxies, scripts, services, trusted_roots, upstream,
};
#[cfg(target_os = "linux")]
pub(super) use linux::{Echo, addresses, default_routes, links, neighbours, path_mtu};
#[cfg(target_os = "linux")]
use linux::{crossing, page_size, proxy_settings, space, ticks_per_second};
#[cfg(not(any(target_os = "linux", windows)))]
pub(super) use other::{addresses, default_routes, links, neighbours};
#[cfg(not(any(target_os = "linux", windows)))]
use other::{crossing, page_size, space, ticks_per_second};
#[cfg(windows)]
pub(super) use windows::{
    Echo, HOSTS, LOGS, SERVICE_MANAGER, SERVICES, SWITCH, added_roots, addresses,
    client_certificates, default_routes, file_systems, interface_mtu, interfaces, is_absolute,
    links, load, looked_for, memory, name_servers, neighbours, path_mtu, processes, proxies,
    scripts, services, trusted_roots, upstream,
};
