//! Listening ports, and the processes that hold them.

use befund_model::section::network::{Port, Ports};

use crate::collector::{Context, Gap};

use super::sockets::{LISTEN, UNCONNECTED, Wanted, owners, sockets};

/// Section `network.ports`.
pub(crate) fn ports(cx: &Context) -> Result<Ports, Gap> {
    let mut sockets = sockets(
        cx,
        &[
            Wanted { protocol: "tcp", states: 1 << LISTEN },
            Wanted { protocol: "udp", states: 1 << UNCONNECTED },
        ],
    )?;
    let ephemeral = ephemeral(cx);
    sockets.retain(|socket| {
        let port = socket.local.port();
        port > 0 && (socket.protocol == "tcp" || !ephemeral.contains(&port))
    });
    sockets.sort_by_key(|socket| {
        (socket.protocol, socket.local.port(), socket.local.ip(), socket.uid, socket.inode)
    });
    let owners = owners(cx, &sockets.iter().map(|socket| socket.inode).collect());
    let mut ports: Vec<Port> = Vec::with_capacity(sockets.len());
    for socket in sockets {
        let port = Port {
            protocol: socket.protocol.into(),
            address: socket.local.ip().to_string(),
            port: socket.local.port(),
            process: owners.get(&socket.inode).map(|owner| owner.name.clone()),
            uid: Some(socket.uid),
        };
        // Servers with several workers have a socket for each.
        if ports.last() != Some(&port) {
            ports.push(port);
        }
    }
    Ok(Ports { ports })
}

/// The ports that the kernel gives to those who ask for any.
fn ephemeral(cx: &Context) -> std::ops::RangeInclusive<u16> {
    let line = cx.line("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut numbers = line.split_ascii_whitespace().filter_map(|number| number.parse().ok());
    numbers.next().unwrap_or(32_768)..=numbers.next().unwrap_or(60_999)
}
