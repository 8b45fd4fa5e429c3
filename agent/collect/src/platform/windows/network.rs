//! The network: interfaces, addresses, ways, names, and what is let through.

pub(crate) mod adapters;
pub(crate) mod firewall;
pub(crate) mod interfaces;
pub(crate) mod proxy;
pub(crate) mod resolver;
pub(crate) mod routes;
pub(crate) mod sockets;
pub(crate) mod vpn;
pub(crate) mod wireless;

use befund_model::section as kind;

use super::{ms, run};
use crate::registry::Entry;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::NETWORK_INTERFACES, deadline: ms(2_000), run: |cx| run(cx, interfaces::interfaces) },
    Entry { section: &kind::NETWORK_COUNTERS, deadline: ms(2_000), run: |cx| run(cx, interfaces::counters) },
    Entry { section: &kind::NETWORK_ADDRESSES, deadline: ms(3_000), run: |cx| run(cx, interfaces::addresses) },
    Entry { section: &kind::NETWORK_ROUTES, deadline: ms(3_000), run: |cx| run(cx, routes::routes) },
    Entry { section: &kind::NETWORK_DNS, deadline: ms(3_000), run: |cx| run(cx, resolver::dns) },
    Entry { section: &kind::NETWORK_PROXY, deadline: ms(1_000), run: |cx| run(cx, proxy::proxy) },
    Entry { section: &kind::NETWORK_PORTS, deadline: ms(3_000), run: |cx| run(cx, sockets::ports) },
    Entry { section: &kind::WIFI, deadline: ms(2_000), run: |cx| run(cx, wireless::wifi) },
    Entry { section: &kind::WIFI_NETWORK, deadline: ms(2_000), run: |cx| run(cx, wireless::network) },
    Entry { section: &kind::NETWORK_LEASES, deadline: ms(2_000), run: |cx| run(cx, resolver::leases) },
    Entry { section: &kind::NETWORK_NEIGHBOURS, deadline: ms(2_000), run: |cx| run(cx, routes::neighbours) },
    Entry { section: &kind::NETWORK_CONNECTIONS, deadline: ms(3_000), run: |cx| run(cx, sockets::connections) },
    Entry { section: &kind::NETWORK_FIREWALL, deadline: ms(6_000), run: |cx| run(cx, firewall::firewall) },
    Entry { section: &kind::NETWORK_VPN, deadline: ms(3_000), run: |cx| run(cx, vpn::vpn) },
];
