//! TCP connections and the processes that hold them.

use std::net::IpAddr;

use befund_model::section::reach::{Connection, Connections};

use crate::collector::{Context, Gap};

use super::sockets::{LISTEN, Socket, Wanted, owners, sockets};

/// More than these are not told; those that stand come before those that end.
const MAX_CONNECTIONS: usize = 2_000;
/// `TCP_TIME_WAIT` of net/tcp_states.h.
const TIME_WAIT: u32 = 6;

/// Section `network.connections`.
pub(crate) fn connections(cx: &Context) -> Result<Connections, Gap> {
    let states = 0x1fff & !(1 | 1 << LISTEN);
    let mut sockets = sockets(cx, &[Wanted { protocol: "tcp", states }])?;
    sockets.retain(|socket| !local(socket));
    let all = sockets.len();
    if all > MAX_CONNECTIONS {
        cx.gap(Gap::failed(format!("there are {all} connections; {MAX_CONNECTIONS} are told")));
        sockets.sort_by_key(|socket| (socket.state == TIME_WAIT, socket.state));
        sockets.truncate(MAX_CONNECTIONS);
    }
    sockets.sort_by_key(|socket| {
        (socket.remote.ip().to_canonical(), socket.remote.port(), socket.local.port())
    });
    // What has ended already is nobody's any more.
    let held = sockets.iter().map(|socket| socket.inode).filter(|inode| *inode > 0).collect();
    let owners = owners(cx, &held);
    let connections = sockets.into_iter().map(|socket| {
        let owner = owners.get(&socket.inode);
        Connection {
            protocol: socket.protocol.to_owned(),
            local: socket.local.ip().to_canonical().to_string(),
            local_port: socket.local.port(),
            remote: socket.remote.ip().to_canonical().to_string(),
            remote_port: socket.remote.port(),
            state: word(socket.state).to_owned(),
            process: owner.map(|owner| owner.name.clone()),
            pid: owner.map(|owner| owner.pid),
        }
    });
    Ok(Connections { connections: connections.collect() })
}

/// Whether it goes over loopback, or to nowhere (bound, not connected).
fn local(socket: &Socket) -> bool {
    let remote: IpAddr = socket.remote.ip().to_canonical();
    remote.is_loopback() || remote.is_unspecified()
}

/// The states of RFC 9293, 3.3.2, as the kernel numbers them (net/tcp_states.h).
const fn word(state: u32) -> &'static str {
    match state {
        1 => "established",
        2 => "syn sent",
        3 | 12 => "syn received",
        4 => "fin wait 1",
        5 => "fin wait 2",
        TIME_WAIT => "time wait",
        7 => "closed",
        8 => "close wait",
        9 => "last ack",
        10 => "listen",
        11 => "closing",
        _ => "unknown",
    }
}
