//! Interfaces, addresses, routes, leases, Wi-Fi and VPN.

pub(super) mod adapters;
pub(super) mod default_route;
pub(super) mod leases;
pub(super) mod links;
pub(super) mod managers;
pub(super) mod mtu;
pub(super) mod radio;
pub(super) mod renew;
pub(super) mod routes;
pub(super) mod vpn;
pub(super) mod wireless;

use crate::context::Context;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use links::Link;

/// The interface that is named, or else that of the default route.
pub(super) fn chosen(_: &Context<'_>, parameters: &Parameters) -> Outcome<Link> {
    if let Some(name) = parameters.text("interface") {
        return links::named(name);
    }
    let mut defaults = routes::defaults()?;
    defaults.sort_by_key(|route| route.metric);
    let first = defaults.first().ok_or_else(|| {
        Trouble::failed("there is no default route to tell the interface by; name the interface")
    })?;
    links::numbered(first.index)
}
