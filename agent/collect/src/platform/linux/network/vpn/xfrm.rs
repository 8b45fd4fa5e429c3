//! The kernel's IPsec policies (linux/xfrm.h): to which machines packets go through a tunnel. Unlike
//! the associations beside them they hold no keys. Only root may ask.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustix::net::netlink::XFRM;

use crate::platform::linux::network::netlink::{attributes, dump};

const GET_POLICY: u16 = 0x15;
/// `struct xfrm_userpolicy_info`, and where the direction stands in it.
const POLICY: usize = 168;
const DIRECTION: usize = 160;
const OUT: u8 = 1;
/// Templates: `struct xfrm_user_tmpl`.
const TEMPLATES: u16 = 5;
const TEMPLATE: usize = 64;
/// Where its mode stands, and which it is for a tunnel.
const MODE: usize = 48;
const TUNNEL: u8 = 1;

/// The other ends of the tunnels that packets are sent through.
pub(crate) fn peers() -> io::Result<Vec<IpAddr>> {
    let mut peers = Vec::new();
    dump(Some(XFRM), GET_POLICY, &[0; 64], |_, message| peers.extend(peer(message)))?;
    peers.sort_unstable();
    peers.dedup();
    Ok(peers)
}

/// The other end that an outgoing policy names.
pub(crate) fn peer(message: &[u8]) -> Option<IpAddr> {
    if *message.get(DIRECTION)? != OUT {
        return None;
    }
    let (_, templates) = attributes(message.get(POLICY..)?).find(|(kind, _)| *kind == TEMPLATES)?;
    let template = templates.get(..TEMPLATE)?;
    if template[MODE] != TUNNEL {
        return None;
    }
    // `struct xfrm_id` (address, number, protocol), then the family.
    let address: IpAddr = match u16::from_ne_bytes([template[24], template[25]]) {
        2 => Ipv4Addr::from(<[u8; 4]>::try_from(&template[..4]).ok()?).into(),
        10 => Ipv6Addr::from(<[u8; 16]>::try_from(&template[..16]).ok()?).into(),
        _ => return None,
    };
    (!address.is_unspecified()).then_some(address)
}
