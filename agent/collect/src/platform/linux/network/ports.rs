//! Listening ports: by sock_diag, which lists only them; of a recorded tree, or where that is
//! missing, from `/proc/net`, which lists every connection.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use befund_model::section::network::{Port, Ports};

use crate::collector::{Context, Gap};

use super::netlink::{dump, number};
use crate::platform::linux::software::processes::pids;

const LISTEN: u32 = 10;
/// What the kernel calls a UDP socket without a peer.
const UNCONNECTED: u32 = 7;

/// A socket that waits for connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Socket {
    pub(crate) protocol: &'static str,
    pub(crate) port: u16,
    pub(crate) address: IpAddr,
    uid: u32,
    inode: u32,
}

/// Section `network.ports`.
pub(crate) fn ports(cx: &Context) -> Result<Ports, Gap> {
    let mut sockets = if cx.root.is_live() { ask().or_else(|_| read(cx))? } else { read(cx)? };
    let ephemeral = ephemeral(cx);
    sockets.retain(|socket| {
        socket.port > 0 && (socket.protocol == "tcp" || !ephemeral.contains(&socket.port))
    });
    sockets.sort();
    let owners = owners(cx, &sockets.iter().map(|socket| socket.inode).collect());
    let mut ports: Vec<Port> = Vec::with_capacity(sockets.len());
    for socket in sockets {
        let port = Port {
            protocol: socket.protocol.into(),
            address: socket.address.to_string(),
            port: socket.port,
            process: owners.get(&socket.inode).cloned(),
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

fn ask() -> Result<Vec<Socket>, Gap> {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    let mut sockets = Vec::new();
    for (family, protocol, name, state) in [
        (2_u8, 6_u8, "tcp", LISTEN),
        (10, 6, "tcp", LISTEN),
        (2, 17, "udp", UNCONNECTED),
        (10, 17, "udp", UNCONNECTED),
    ] {
        // `struct inet_diag_req_v2`: family, protocol, extensions, padding, states, socket id.
        let mut request = [0; 56];
        request[0] = family;
        request[1] = protocol;
        request[4..8].copy_from_slice(&(1_u32 << state).to_ne_bytes());
        dump(Some(rustix::net::netlink::SOCK_DIAG), SOCK_DIAG_BY_FAMILY, &request, |_, payload| {
            sockets.extend(parse(payload, name));
        })
        .map_err(|error| {
            Gap::failed(format!("the kernel could not be asked for sockets: {error}"))
        })?;
    }
    Ok(sockets)
}

/// `struct inet_diag_msg`: family, three bytes, then the socket's id (ports and addresses in
/// network order), and behind it four numbers before owner and inode.
pub(crate) fn parse(payload: &[u8], protocol: &'static str) -> Option<Socket> {
    let port = u16::from_be_bytes(payload.get(4..6)?.try_into().ok()?);
    let source = payload.get(8..24)?;
    let address = match payload.first()? {
        2 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(&source[..4]).ok()?)),
        10 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(source).ok()?)),
        _ => return None,
    };
    let (uid, inode) = (number(payload.get(64..)?)?, number(payload.get(68..)?)?);
    Some(Socket { protocol, port, address, uid, inode })
}

fn read(cx: &Context) -> Result<Vec<Socket>, Gap> {
    let mut sockets = Vec::new();
    for (file, protocol, state) in [
        ("tcp", "tcp", LISTEN),
        ("tcp6", "tcp", LISTEN),
        ("udp", "udp", UNCONNECTED),
        ("udp6", "udp", UNCONNECTED),
    ] {
        let path = format!("/proc/net/{file}");
        match cx.root.read_capped(&path, 64 << 20) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let lines = cx.lines(&path, text.lines().skip(1), |line| listed(line, protocol));
                sockets.extend(
                    lines
                        .into_iter()
                        .filter(|(found, _)| *found == state)
                        .map(|(_, socket)| socket),
                );
            }
            Err(unread) if file == "tcp" => return Err(unread.into()),
            Err(unread) => {
                cx.note::<(), _>(Err(unread));
            }
        }
    }
    Ok(sockets)
}

/// A line of `/proc/net/tcp` and its like: number, local and remote address, state, queues, timer,
/// retries, owner, timeout, inode. Addresses as the processor keeps them, word by word. Gives the
/// state with the socket.
pub(crate) fn listed(line: &str, protocol: &'static str) -> Option<(u32, Socket)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[_, local, _, state, _, _, _, uid, _, inode, ..] = fields.as_slice() else { return None };
    let (address, port) = local.split_once(':')?;
    let word =
        |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_le_bytes);
    let address = if address.len() == 8 {
        IpAddr::V4(Ipv4Addr::from(word(0)?))
    } else {
        let words = [word(0)?, word(8)?, word(16)?, word(24)?];
        IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?))
    };
    let port = u16::from_str_radix(port, 16).ok()?;
    let state = u32::from_str_radix(state, 16).ok()?;
    Some((
        state,
        Socket { protocol, port, address, uid: uid.parse().ok()?, inode: inode.parse().ok()? },
    ))
}

/// The names of the processes that hold these sockets; whose descriptors may not be looked at is
/// noted once.
fn owners(cx: &Context, inodes: &BTreeSet<u32>) -> BTreeMap<u32, String> {
    let mut owners = BTreeMap::new();
    let mut denied = false;
    for pid in pids(cx).unwrap_or_default() {
        if owners.len() == inodes.len() {
            break;
        }
        let folder = format!("/proc/{pid}/fd");
        let names = match cx.root.list(&folder) {
            Ok(names) => names,
            Err(unread) => {
                denied |= unread.status() == befund_model::snapshot::Status::Denied;
                continue;
            }
        };
        for name in names {
            let Ok(link) = cx.root.link(&format!("{folder}/{name}")) else { continue };
            let inode = link
                .to_str()
                .and_then(|link| link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let Some(inode) = inode.filter(|inode| inodes.contains(inode))
                && let Ok(Some(name)) = cx.root.line(&format!("/proc/{pid}/comm"))
            {
                owners.entry(inode).or_insert(name);
            }
        }
    }
    if denied && owners.len() < inodes.len() {
        cx.gap(Gap::denied("this account may not see whose ports those of other accounts are"));
    }
    owners
}
