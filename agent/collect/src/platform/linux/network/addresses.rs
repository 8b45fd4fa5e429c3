//! IP addresses: by netlink; of a recorded tree as far as `/proc/net` tells.

use std::net::Ipv6Addr;

use befund_model::section::network::{Address, Addresses};

use crate::collector::{Context, Gap};

use super::interfaces::by_index;
use super::netlink::{address, attributes, dump, number};

/// Section `network.addresses`.
pub(crate) fn addresses(cx: &Context) -> Result<Addresses, Gap> {
    let mut addresses = if cx.root.is_live() {
        ask(cx).map_err(|error| {
            Gap::failed(format!("the kernel could not be asked for addresses: {error}"))
        })?
    } else {
        cx.gap(Gap::unsupported(
            "a recorded tree does not tell which interface has which IPv4 address",
        ));
        cx.note(cx.root.text("/proc/net/if_inet6")).map(|text| recorded(&text)).unwrap_or_default()
    };
    addresses.sort_by(|a, b| {
        (&a.interface, a.address.contains(':'), &a.address).cmp(&(
            &b.interface,
            b.address.contains(':'),
            &b.address,
        ))
    });
    Ok(Addresses { addresses })
}

pub(crate) fn ask(cx: &Context) -> std::io::Result<Vec<Address>> {
    const RTM_GETADDR: u16 = 22;
    const RTM_NEWADDR: u16 = 20;
    let names = by_index(cx);
    let mut addresses = Vec::new();
    dump(None, RTM_GETADDR, &[0; 8], |kind, payload| {
        if kind == RTM_NEWADDR {
            addresses.extend(parse(payload, &names));
        }
    })?;
    Ok(addresses)
}

/// `struct ifaddrmsg` (family, prefix, flags, scope, index) and attributes (rtnetlink(7)).
pub(crate) fn parse(payload: &[u8], names: &[(u32, String)]) -> Option<Address> {
    const IFA_ADDRESS: u16 = 1;
    const IFA_LOCAL: u16 = 2;
    const IFA_FLAGS: u16 = 8;
    let &[_, prefix, flags, scope] = payload.get(..4)? else { return None };
    let index = number(payload.get(4..)?)?;
    let (mut told, mut local, mut flags) = (None, None, u32::from(flags));
    for (kind, value) in attributes(payload.get(8..)?) {
        match kind {
            IFA_ADDRESS => told = address(value),
            // On a point-to-point link the other one is the peer's.
            IFA_LOCAL => local = address(value),
            IFA_FLAGS => flags = number(value)?,
            _ => {}
        }
    }
    Some(described(names, index, local.or(told)?.to_string(), prefix, scope, flags))
}

fn described(
    names: &[(u32, String)],
    index: u32,
    address: String,
    prefix: u8,
    scope: u8,
    flags: u32,
) -> Address {
    const PERMANENT: u32 = 0x80;
    let trouble = [(0x08, "duplicate"), (0x20, "deprecated"), (0x40, "tentative")];
    let trouble =
        trouble.iter().find(|(flag, _)| flags & flag != 0).map(|(_, word)| (*word).to_owned());
    let name = names.iter().find(|(known, _)| *known == index).map(|(_, name)| name.clone());
    Address {
        interface: name.unwrap_or_else(|| index.to_string()),
        address,
        prefix: Some(prefix),
        scope: match scope {
            0 => Some("global".into()),
            253 | 0x20 => Some("link".into()),
            254 | 0x10 => Some("host".into()),
            _ => None,
        },
        dynamic: Some(flags & PERMANENT == 0),
        trouble,
    }
}

/// Reads `/proc/net/if_inet6`: address, index, prefix, scope, flags (all hexadecimal), name.
pub(crate) fn recorded(text: &str) -> Vec<Address> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let &[address, index, prefix, scope, flags, name] = fields.as_slice() else { return None };
        let address = Ipv6Addr::from(u128::from_str_radix(address, 16).ok()?);
        let byte = |field| u8::from_str_radix(field, 16).ok();
        let index = u32::from_str_radix(index, 16).ok()?;
        let names = [(index, name.to_owned())];
        let flags = u32::from_str_radix(flags, 16).ok()?;
        Some(described(&names, index, address.to_string(), byte(prefix)?, byte(scope)?, flags))
    };
    text.lines().filter_map(line).collect()
}
