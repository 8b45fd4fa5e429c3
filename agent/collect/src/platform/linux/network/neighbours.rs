//! Neighbours in the network: by netlink; of a recorded tree from `/proc/net/arp`, which knows IPv4
//! alone.

use std::net::IpAddr;

use befund_model::section::reach::{Neighbour, Neighbours};

use crate::collector::{Context, Gap};

use super::interfaces::by_index;
use super::netlink::{address, attributes, dump, number};

/// More than these are not told: a router of a large network knows thousands.
const MAX_NEIGHBOURS: usize = 1_000;

/// Section `network.neighbours`.
pub(crate) fn neighbours(cx: &Context) -> Result<Neighbours, Gap> {
    let mut neighbours = if cx.root.is_live() {
        ask(cx).map_err(|error| {
            Gap::failed(format!("the kernel could not be asked for neighbours: {error}"))
        })?
    } else {
        const ARP: &str = "/proc/net/arp";
        let text = cx.root.text(ARP)?;
        cx.lines(ARP, text.lines().filter(|line| !line.starts_with("IP address")), recorded)
    };
    neighbours
        .sort_by_cached_key(|one| (one.interface.clone(), one.address.parse::<IpAddr>().ok()));
    if neighbours.len() > MAX_NEIGHBOURS {
        cx.gap(Gap::failed(format!(
            "{} neighbours are known; the first {MAX_NEIGHBOURS} are told",
            neighbours.len()
        )));
        neighbours.truncate(MAX_NEIGHBOURS);
    }
    Ok(Neighbours { neighbours })
}

fn ask(cx: &Context) -> std::io::Result<Vec<Neighbour>> {
    const RTM_GETNEIGH: u16 = 30;
    const RTM_NEWNEIGH: u16 = 28;
    let names = by_index(cx);
    let mut neighbours = Vec::new();
    dump(None, RTM_GETNEIGH, &[0; 12], |kind, payload| {
        if kind == RTM_NEWNEIGH {
            neighbours.extend(parse(payload, &names));
        }
    })?;
    Ok(neighbours)
}

/// `struct ndmsg` (family, padding, index, state, flags, kind) and attributes (rtnetlink(7)). Groups,
/// the machine's own addresses and links that need no resolution are left out.
pub(crate) fn parse(payload: &[u8], names: &[(u32, String)]) -> Option<Neighbour> {
    const NDA_DST: u16 = 1;
    const NDA_LLADDR: u16 = 2;
    const NTF_ROUTER: u8 = 0x80;
    if !matches!(payload.first()?, 2 | 10) {
        return None;
    }
    let index = number(payload.get(4..)?)?;
    let &[low, high, flags, _] = payload.get(8..12)? else { return None };
    // linux/neighbour.h, NUD_*.
    let state = match u16::from_ne_bytes([low, high]) {
        0x01 => "incomplete",
        0x02 => "reachable",
        // Waiting to be asked, and being asked: not confirmed, either.
        0x04 | 0x08 | 0x10 => "stale",
        0x20 => "failed",
        0x80 => "permanent",
        _ => return None,
    };
    let (mut at, mut mac) = (None, None);
    for (kind, value) in attributes(&payload[12..]) {
        match kind {
            NDA_DST => at = address(value),
            NDA_LLADDR => mac = hardware_address(value),
            _ => {}
        }
    }
    let at = at.filter(|at| !at.is_multicast() && !at.is_unspecified())?;
    let name = names.iter().find(|(known, _)| *known == index).map(|(_, name)| name.clone());
    Some(Neighbour {
        interface: name.unwrap_or_else(|| index.to_string()),
        address: at.to_string(),
        mac,
        state: state.to_owned(),
        router: flags & NTF_ROUTER != 0,
    })
}

fn hardware_address(bytes: &[u8]) -> Option<String> {
    let known = matches!(bytes.len(), 6 | 8) && bytes.iter().any(|byte| *byte != 0);
    known.then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"))
}

/// A line of `/proc/net/arp`: address, kind of hardware, flags, hardware address, mask, interface.
/// The flags (linux/if_arp.h) do not tell when it was confirmed last.
pub(crate) fn recorded(line: &str) -> Option<Neighbour> {
    const COMPLETE: u32 = 0x02;
    const PERMANENT: u32 = 0x04;
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[address, _, flags, mac, _, interface] = fields.as_slice() else { return None };
    let flags = u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok()?;
    let state = if flags & PERMANENT != 0 {
        "permanent"
    } else if flags & COMPLETE != 0 {
        "stale"
    } else {
        "incomplete"
    };
    Some(Neighbour {
        interface: interface.to_owned(),
        address: address.parse::<IpAddr>().ok()?.to_string(),
        mac: (mac != "00:00:00:00:00:00").then(|| mac.to_ascii_lowercase()),
        state: state.to_owned(),
        router: false,
    })
}
