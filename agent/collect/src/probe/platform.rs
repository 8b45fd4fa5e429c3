//! What probes ask the running system, each system in its way.

#[cfg(not(target_os = "linux"))]
mod echoless;
#[cfg(not(windows))]
mod files;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(any(target_os = "linux", windows)))]
mod other;
#[cfg(windows)]
mod windows;

#[cfg(not(target_os = "linux"))]
pub(super) use echoless::{Echo, path_mtu, proxy_settings};
#[cfg(not(windows))]
pub(super) use files::{
    HOSTS, LOGS, SERVICE_MANAGER, SERVICES, file_systems, interfaces, is_absolute, linux_places,
    load, memory, name_servers, processes, proxies, services, trusted_roots, upstream,
};
#[cfg(target_os = "linux")]
pub(super) use linux::{Echo, path_mtu, proxy_settings};
#[cfg(target_os = "linux")]
pub(super) use linux::{addresses, default_routes, links, neighbours};
#[cfg(target_os = "linux")]
use linux::{page_size, space, ticks_per_second};
#[cfg(not(any(target_os = "linux", windows)))]
pub(super) use other::{addresses, default_routes, links, neighbours};
#[cfg(not(any(target_os = "linux", windows)))]
use other::{page_size, space, ticks_per_second};
#[cfg(windows)]
pub(super) use windows::{
    HOSTS, LOGS, SERVICE_MANAGER, SERVICES, addresses, default_routes, file_systems, interfaces,
    is_absolute, links, linux_places, load, memory, name_servers, neighbours, processes, proxies,
    services, trusted_roots, upstream,
};
