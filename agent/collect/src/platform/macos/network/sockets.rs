//! Listening ports and connections.

use befund_model::section::network::Ports;
use befund_model::section::reach::Connections;

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, is_administrator};
use crate::platform::macos::decode::sockets::{self, Sockets};
use crate::platform::macos::ms;

fn told(cx: &Context) -> Result<Sockets, Gap> {
    let arguments = ["-nP", "-i", "-F", "pcuPntT"];
    // It ends as if it had failed where it finds nothing.
    let told = ask("/usr/sbin/lsof", &arguments).within(ms(4_000)).text_at_any_end(cx)?;
    if !is_administrator(cx) {
        cx.gap(Gap::denied("lsof tells this account of its own processes only"));
    }
    Ok(sockets::parse(&told))
}

/// Section `network.ports`.
pub(super) fn ports(cx: &Context) -> Result<Ports, Gap> {
    Ok(Ports { ports: told(cx)?.ports })
}

/// Section `network.connections`.
pub(super) fn connections(cx: &Context) -> Result<Connections, Gap> {
    Ok(Connections { connections: told(cx)?.connections })
}
