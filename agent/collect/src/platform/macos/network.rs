//! How the machine is connected.

mod dhcp;
mod filtering;
mod interfaces;
mod names;
mod neighbours;
mod sockets;
mod wireless;

use befund_model::section as kind;

use super::ms;
use crate::collector::run;
use crate::registry::Entry;

/// The collectors of this room.
#[rustfmt::skip]
pub(super) static COLLECTORS: &[Entry] = &[
    Entry { section: &kind::NETWORK_INTERFACES,  deadline: ms(4_000), run: |cx| run(cx, interfaces::interfaces) },
    Entry { section: &kind::NETWORK_ADDRESSES,   deadline: ms(3_000), run: |cx| run(cx, interfaces::addresses) },
    Entry { section: &kind::NETWORK_COUNTERS,    deadline: ms(3_000), run: |cx| run(cx, interfaces::counters) },
    Entry { section: &kind::NETWORK_ROUTES,      deadline: ms(3_000), run: |cx| run(cx, neighbours::routes) },
    Entry { section: &kind::NETWORK_NEIGHBOURS,  deadline: ms(3_000), run: |cx| run(cx, neighbours::neighbours) },
    Entry { section: &kind::NETWORK_DNS,         deadline: ms(3_000), run: |cx| run(cx, names::dns) },
    Entry { section: &kind::NETWORK_PROXY,       deadline: ms(3_000), run: |cx| run(cx, names::proxy) },
    Entry { section: &kind::NETWORK_VPN,         deadline: ms(3_000), run: |cx| run(cx, names::vpn) },
    Entry { section: &kind::NETWORK_LEASES,      deadline: ms(4_000), run: |cx| run(cx, dhcp::leases) },
    Entry { section: &kind::NETWORK_FIREWALL,    deadline: ms(4_000), run: |cx| run(cx, filtering::firewall) },
    Entry { section: &kind::NETWORK_PORTS,       deadline: ms(5_000), run: |cx| run(cx, sockets::ports) },
    Entry { section: &kind::NETWORK_CONNECTIONS, deadline: ms(5_000), run: |cx| run(cx, sockets::connections) },
    Entry { section: &kind::WIFI,                deadline: ms(9_000), run: |cx| run(cx, wireless::wifi) },
    Entry { section: &kind::WIFI_NETWORK,        deadline: ms(4_000), run: |cx| run(cx, wireless::network) },
];
