//! Listening ports and connections, with the processes that have them.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use std::collections::HashMap;

use befund_model::section::network::{Port, Ports};
use befund_model::section::reach::{Connection, Connections};
use windows::Win32::Foundation::ERROR_INSUFFICIENT_BUFFER;
use windows::Win32::NetworkManagement::IpHelper::{
    GetExtendedTcpTable, GetExtendedUdpTable, TCP_TABLE_OWNER_PID_ALL, UDP_TABLE_OWNER_PID,
};
use windows::Win32::Networking::WinSock::{AF_INET, AF_INET6};

use super::super::software::processes::by_pid;
use super::super::win32;
use crate::collector::{Context, Gap};
use crate::platform::decode::net::{self, Socket};

const LISTEN: u32 = 2;
/// Where Windows takes the ports of clients from unless somebody has changed it (RFC 6335, 6).
const EPHEMERAL: u16 = 49_152;

fn table(tcp: bool, six: bool) -> Result<Vec<Socket>, Gap> {
    let family = u32::from(if six { AF_INET6.0 } else { AF_INET.0 });
    let function = if tcp { "GetExtendedTcpTable" } else { "GetExtendedUdpTable" };
    let buffer = win32::growing(function, &[ERROR_INSUFFICIENT_BUFFER.0], |buffer, size| {
        let buffer = Some(buffer.cast());
        // SAFETY: the buffer has the size that is told, and suits the structures.
        unsafe {
            if tcp {
                GetExtendedTcpTable(buffer, size, false, family, TCP_TABLE_OWNER_PID_ALL, 0)
            } else {
                GetExtendedUdpTable(buffer, size, false, family, UDP_TABLE_OWNER_PID, 0)
            }
        }
    })?;
    Ok(net::sockets(buffer.bytes(), tcp, six))
}

fn sockets(cx: &Context, kinds: &[(bool, bool)]) -> Result<Vec<Socket>, Gap> {
    let mut sockets = Vec::new();
    for (index, (tcp, six)) in kinds.iter().enumerate() {
        match table(*tcp, *six) {
            Ok(more) => sockets.extend(more),
            Err(gap) if index == 0 => return Err(gap),
            Err(gap) => cx.gap(gap),
        }
    }
    sockets.sort();
    Ok(sockets)
}

fn process(names: &HashMap<u32, String>, pid: u32) -> Option<String> {
    names.get(&pid).filter(|name| !name.is_empty()).cloned()
}

/// Section `network.ports`.
pub(crate) fn ports(cx: &Context) -> Result<Ports, Gap> {
    let kinds = [(true, false), (true, true), (false, false), (false, true)];
    let names = by_pid();
    let mut ports: Vec<Port> = Vec::new();
    for socket in sockets(cx, &kinds)? {
        let tcp = socket.protocol == "tcp";
        let client = !tcp && socket.port >= EPHEMERAL;
        if socket.port == 0 || client || (tcp && socket.state != LISTEN) {
            continue;
        }
        let port = Port {
            protocol: socket.protocol.into(),
            address: socket.local.to_string(),
            port: socket.port,
            process: process(&names, socket.pid),
            uid: None,
        };
        if ports.last() != Some(&port) {
            ports.push(port);
        }
    }
    Ok(Ports { ports })
}

/// Section `network.connections`.
pub(crate) fn connections(cx: &Context) -> Result<Connections, Gap> {
    let names = by_pid();
    let mut connections = Vec::new();
    for socket in sockets(cx, &[(true, false), (true, true)])? {
        let Some((remote, remote_port)) = socket.remote else { continue };
        if socket.state == LISTEN || remote.is_loopback() || remote.is_unspecified() {
            continue;
        }
        connections.push(Connection {
            protocol: socket.protocol.into(),
            local: socket.local.to_string(),
            local_port: socket.port,
            remote: remote.to_string(),
            remote_port,
            state: net::tcp_state(socket.state).to_owned(),
            process: process(&names, socket.pid),
            // What has ended is nobody's any more.
            pid: (socket.pid != 0).then_some(socket.pid),
        });
    }
    connections.sort_by(|a, b| {
        let key = |one: &Connection| (one.remote.clone(), one.remote_port, one.local_port);
        key(a).cmp(&key(b))
    });
    Ok(Connections { connections })
}
