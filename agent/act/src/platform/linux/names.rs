//! Names and proxies: caches, name servers, and where settings send requests.

pub(super) mod cache;
pub(super) mod desktop;
pub(super) mod proxies;
pub(super) mod servers;
