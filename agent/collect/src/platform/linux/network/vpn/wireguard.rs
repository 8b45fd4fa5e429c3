//! WireGuard over generic netlink (linux/wireguard.h). The answer holds keys, which are gone by and
//! overwritten with the rest of it; only root is answered.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use befund_model::Timestamp;
use rustix::net::netlink::GENERIC;

use crate::platform::linux::network::netlink::{attributes, dump};
use crate::platform::linux::network::nl80211::number_of;

const GET_DEVICE: u8 = 0;
const DEVICE_IFNAME: u16 = 2;
const DEVICE_PEERS: u16 = 8;
const PEER_ENDPOINT: u16 = 4;
const PEER_LAST_HANDSHAKE: u16 = 6;
/// A message's own header, before its attributes.
const HEADER: usize = 4;

/// An interface of WireGuard's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) peers: Vec<Peer>,
}

/// The other end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) endpoint: Option<SocketAddr>,
    /// The last handshake; none if there never was one.
    pub(crate) handshake: Option<Timestamp>,
}

/// What the kernel tells of the interface of this name.
///
/// # Errors
/// `NotFound` if the kernel has no WireGuard.
pub(crate) fn device(name: &str) -> io::Result<Device> {
    let id = number_of(b"wireguard\0")?.ok_or(io::ErrorKind::NotFound)?;
    let mut request = vec![GET_DEVICE, 1, 0, 0];
    let length = u16::try_from(name.len() + 5).unwrap_or(u16::MAX);
    request.extend_from_slice(&length.to_ne_bytes());
    request.extend_from_slice(&DEVICE_IFNAME.to_ne_bytes());
    request.extend_from_slice(name.as_bytes());
    request.push(0);
    request.resize(request.len().next_multiple_of(4), 0);
    let mut device = Device::default();
    // Many peers come in several messages.
    dump(Some(GENERIC), id, &request, |_, message| device.peers.extend(peers(message)))?;
    Ok(device)
}

/// The peers in one message.
pub(crate) fn peers(message: &[u8]) -> Vec<Peer> {
    let mut peers = Vec::new();
    for (kind, value) in attributes(message.get(HEADER..).unwrap_or_default()) {
        if kind == DEVICE_PEERS {
            peers.extend(attributes(value).map(|(_, peer)| read(peer)));
        }
    }
    peers
}

fn read(attributes_of: &[u8]) -> Peer {
    let mut peer = Peer::default();
    for (kind, value) in attributes(attributes_of) {
        match kind {
            PEER_ENDPOINT => peer.endpoint = endpoint(value),
            // `struct __kernel_timespec`: seconds and nanoseconds; zero for never.
            PEER_LAST_HANDSHAKE => {
                let seconds = value.get(..8).and_then(|eight| eight.try_into().ok());
                let seconds = seconds.map(i64::from_ne_bytes).filter(|seconds| *seconds > 0);
                peer.handshake = seconds.and_then(|at| Timestamp::from_second(at).ok());
            }
            _ => {}
        }
    }
    peer
}

/// `struct sockaddr_in` or `struct sockaddr_in6`.
fn endpoint(bytes: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?);
    let port = u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?);
    let address: IpAddr = match family {
        2 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes.get(4..8)?).ok()?).into(),
        10 => Ipv6Addr::from(<[u8; 16]>::try_from(bytes.get(8..24)?).ok()?).into(),
        _ => return None,
    };
    Some(SocketAddr::new(address, port))
}
