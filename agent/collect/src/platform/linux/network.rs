//! The network: interfaces, addresses, ways, names, and what is let through.

pub(crate) mod addresses;
pub(crate) mod connections;
pub(crate) mod firewall;
pub(crate) mod interfaces;
pub(crate) mod leases;
pub(crate) mod managed;
pub(crate) mod neighbours;
pub(crate) mod netlink;
pub(crate) mod nl80211;
pub(crate) mod ports;
pub(crate) mod proxies;
pub(crate) mod resolver;
pub(crate) mod routes;
pub(crate) mod sockets;
#[cfg(test)]
mod tests;
pub(crate) mod vpn;
pub(crate) mod wireless;

use befund_model::section as kind;

use super::ms;
use crate::collector::run;
use crate::registry::Entry;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::NETWORK_INTERFACES,  deadline: ms(2_000), run: |cx| run(cx, interfaces::interfaces) },
    Entry { section: &kind::NETWORK_COUNTERS,    deadline: ms(1_000), run: |cx| run(cx, interfaces::counters) },
    Entry { section: &kind::NETWORK_ADDRESSES,   deadline: ms(3_000), run: |cx| run(cx, addresses::addresses) },
    Entry { section: &kind::NETWORK_ROUTES,      deadline: ms(3_000), run: |cx| run(cx, routes::routes) },
    Entry { section: &kind::NETWORK_DNS,         deadline: ms(1_000), run: |cx| run(cx, resolver::dns) },
    Entry { section: &kind::NETWORK_PROXY,       deadline: ms(1_000), run: |cx| run(cx, proxies::proxy) },
    Entry { section: &kind::NETWORK_PORTS,       deadline: ms(3_000), run: |cx| run(cx, ports::ports) },
    Entry { section: &kind::WIFI,                deadline: ms(2_000), run: |cx| run(cx, wireless::wifi) },
    Entry { section: &kind::WIFI_NETWORK,        deadline: ms(2_000), run: |cx| run(cx, wireless::network) },
    Entry { section: &kind::NETWORK_LEASES,      deadline: ms(2_000), run: |cx| run(cx, leases::leases) },
    Entry { section: &kind::NETWORK_NEIGHBOURS,  deadline: ms(2_000), run: |cx| run(cx, neighbours::neighbours) },
    Entry { section: &kind::NETWORK_CONNECTIONS, deadline: ms(3_000), run: |cx| run(cx, connections::connections) },
    Entry { section: &kind::NETWORK_FIREWALL,    deadline: ms(3_000), run: |cx| run(cx, firewall::firewall) },
    Entry { section: &kind::NETWORK_VPN,         deadline: ms(3_000), run: |cx| run(cx, vpn::vpn) },
];
