//! Sockets of the whole system: by sock_diag; of a recorded tree, or where that is missing, from
//! `/proc/net`, which lists every one; and the processes that hold them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::collector::{Context, Gap};

use super::netlink::{dump, number};
use crate::platform::linux::software::processes::pids;

/// What the kernel calls a socket that waits for connections (`TCP_LISTEN` of net/tcp_states.h).
pub(crate) const LISTEN: u32 = 10;
/// What the kernel calls a UDP socket without a peer.
pub(crate) const UNCONNECTED: u32 = 7;
/// How long the processes are looked through for the owners of sockets.
const OWNERS: Duration = Duration::from_millis(1_500);

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    pub(crate) protocol: &'static str,
    pub(crate) state: u32,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) uid: u32,
    pub(crate) inode: u32,
}

/// Which sockets to ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// `tcp` or `udp`.
    pub(crate) protocol: &'static str,
    /// A bit for each state.
    pub(crate) states: u32,
}

/// The sockets wanted; `/proc/net` answers where sock_diag does not.
pub(crate) fn sockets(cx: &Context, wanted: &[Wanted]) -> Result<Vec<Socket>, Gap> {
    if cx.root.is_live()
        && let Ok(sockets) = ask(wanted)
    {
        return Ok(sockets);
    }
    read(cx, wanted)
}

fn ask(wanted: &[Wanted]) -> std::io::Result<Vec<Socket>> {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    let mut sockets = Vec::new();
    for &Wanted { protocol, states } in wanted {
        for family in [2_u8, 10] {
            // `struct inet_diag_req_v2`: family, protocol, extensions, padding, states, socket id.
            let mut request = [0; 56];
            request[0] = family;
            request[1] = if protocol == "tcp" { 6 } else { 17 };
            request[4..8].copy_from_slice(&states.to_ne_bytes());
            let diag = Some(rustix::net::netlink::SOCK_DIAG);
            dump(diag, SOCK_DIAG_BY_FAMILY, &request, |_, payload| {
                sockets.extend(parse(payload, protocol));
            })?;
        }
    }
    Ok(sockets)
}

/// `struct inet_diag_msg`: family, state, two bytes, then the socket's id (ports and addresses in
/// network order), and behind it four numbers before owner and inode.
pub(crate) fn parse(payload: &[u8], protocol: &'static str) -> Option<Socket> {
    let port = |at: usize| Some(u16::from_be_bytes(payload.get(at..at + 2)?.try_into().ok()?));
    let address = |at: usize| {
        let bytes = payload.get(at..at + 16)?;
        Some(match payload.first()? {
            2 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(&bytes[..4]).ok()?)),
            10 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
            _ => return None,
        })
    };
    Some(Socket {
        protocol,
        state: u32::from(*payload.get(1)?),
        local: SocketAddr::new(address(8)?, port(4)?),
        remote: SocketAddr::new(address(24)?, port(6)?),
        uid: number(payload.get(64..)?)?,
        inode: number(payload.get(68..)?)?,
    })
}

fn read(cx: &Context, wanted: &[Wanted]) -> Result<Vec<Socket>, Gap> {
    let mut sockets = Vec::new();
    for &Wanted { protocol, states } in wanted {
        for file in [protocol.to_owned(), format!("{protocol}6")] {
            let path = format!("/proc/net/{file}");
            match cx.root.read_capped(&path, 64 << 20) {
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes);
                    let lines =
                        cx.lines(&path, text.lines().skip(1), |line| listed(line, protocol));
                    let in_state = |socket: &Socket| {
                        1_u32.checked_shl(socket.state).is_some_and(|state| states & state != 0)
                    };
                    sockets.extend(lines.into_iter().filter(in_state));
                }
                Err(unread) if file == "tcp" => return Err(unread.into()),
                Err(unread) => {
                    cx.note::<(), _>(Err(unread));
                }
            }
        }
    }
    Ok(sockets)
}

/// A line of `/proc/net/tcp` and its like: number, local and remote address, state, queues, timer,
/// retries, owner, timeout, inode.
pub(crate) fn listed(line: &str, protocol: &'static str) -> Option<Socket> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[_, local, remote, state, _, _, _, uid, _, inode, ..] = fields.as_slice() else {
        return None;
    };
    Some(Socket {
        protocol,
        state: u32::from_str_radix(state, 16).ok()?,
        local: end(local)?,
        remote: end(remote)?,
        uid: uid.parse().ok()?,
        inode: inode.parse().ok()?,
    })
}

/// `0100007F:0277`: an address as the processor keeps it, word by word, and a port.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let word =
        |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_le_bytes);
    let address = if address.len() == 8 {
        IpAddr::V4(Ipv4Addr::from(word(0)?))
    } else {
        let words = [word(0)?, word(8)?, word(16)?, word(24)?];
        IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?))
    };
    Some(SocketAddr::new(address, u16::from_str_radix(port, 16).ok()?))
}

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) pid: u32,
    pub(crate) name: String,
}

/// The processes that hold these sockets; that some may not be looked at, or were too many to look
/// at, is noted once.
pub(crate) fn owners(cx: &Context, inodes: &BTreeSet<u32>) -> BTreeMap<u32, Owner> {
    let until = Instant::now() + OWNERS;
    let mut owners = BTreeMap::new();
    let mut denied = false;
    for pid in pids(cx).unwrap_or_default() {
        if owners.len() == inodes.len() {
            break;
        }
        if Instant::now() > until {
            cx.gap(Gap::failed("there are too many processes to find whose all sockets are"));
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
                owners.entry(inode).or_insert(Owner { pid, name });
            }
        }
    }
    if denied && owners.len() < inodes.len() {
        cx.gap(Gap::denied("this account may not see whose ports those of other accounts are"));
    }
    owners
}
