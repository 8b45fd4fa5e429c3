//! Interfaces, as the kernel tells of them and has them set.

use crate::platform::linux::netlink::{
    RTM_GETLINK, RTM_SETLINK, attributes, dump, push, request, u32_at,
};
use crate::trouble::{Outcome, Trouble};

const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFF_UP: u32 = 0x1;
const IFF_LOOPBACK: u32 = 0x8;
/// The length of `struct ifinfomsg`.
const HEAD: usize = 16;

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::platform::linux) struct Link {
    pub(in crate::platform::linux) index: u32,
    pub(in crate::platform::linux) name: String,
    /// Whether it is switched on, whatever its cable says.
    pub(in crate::platform::linux) is_up: bool,
    pub(in crate::platform::linux) is_loopback: bool,
    /// The largest packet, in bytes.
    pub(in crate::platform::linux) mtu: u32,
}

/// All of them.
pub(in crate::platform::linux) fn all() -> Outcome<Vec<Link>> {
    let mut links = Vec::new();
    dump(RTM_GETLINK, &[0; HEAD], |body| links.extend(read(body)))
        .map_err(|error| Trouble::io("ask the kernel for the interfaces", &error))?;
    Ok(links)
}

fn read(body: &[u8]) -> Option<Link> {
    let flags = u32_at(body, 8)?;
    let (mut name, mut mtu) = (None, 0);
    for (kind, value) in attributes(body, HEAD) {
        match kind {
            IFLA_IFNAME => {
                let text = String::from_utf8_lossy(value);
                name = Some(text.trim_end_matches('\0').to_owned());
            }
            IFLA_MTU => mtu = u32_at(value, 0)?,
            _ => {}
        }
    }
    Some(Link {
        index: u32_at(body, 4)?,
        name: name?,
        is_up: flags & IFF_UP != 0,
        is_loopback: flags & IFF_LOOPBACK != 0,
        mtu,
    })
}

pub(in crate::platform::linux) fn named(name: &str) -> Outcome<Link> {
    let links = all()?;
    if let Some(link) = links.iter().find(|link| link.name == name) {
        return Ok(link.clone());
    }
    let names: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
    let names = names.join(", ");
    Err(Trouble::failed(format!("this machine has no interface {name}; it has {names}")))
}

pub(super) fn numbered(index: u32) -> Outcome<Link> {
    all()?
        .into_iter()
        .find(|link| link.index == index)
        .ok_or_else(|| Trouble::failed(format!("the interface number {index} has gone")))
}

/// Switched on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
}

pub(super) fn switch(link: &Link, to: Switch) -> Outcome<()> {
    let flags = match to {
        Switch::On => IFF_UP,
        Switch::Off => 0,
    };
    let mut body = head(link.index);
    body[8..12].copy_from_slice(&flags.to_ne_bytes());
    body[12..16].copy_from_slice(&IFF_UP.to_ne_bytes());
    let word = if to == Switch::On { "on" } else { "off" };
    request(RTM_SETLINK, 0, &body)
        .map_err(|error| Trouble::io(format_args!("switch {} {word}", link.name), &error))
}

pub(super) fn set_mtu(link: &Link, mtu: u32) -> Outcome<()> {
    let mut body = head(link.index);
    push(&mut body, IFLA_MTU, &mtu.to_ne_bytes());
    let name = &link.name;
    request(RTM_SETLINK, 0, &body).map_err(|error| {
        Trouble::io(format_args!("set the largest packet of {name} to {mtu} bytes"), &error)
    })
}

fn head(index: u32) -> Vec<u8> {
    let mut body = vec![0; HEAD];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_loopback_is_there_and_what_is_not_is_told_with_what_is() {
        let lo = named("lo").expect("every system has it");
        assert!(lo.is_loopback);
        let none = named("nosuch0").expect_err("there is none");
        assert!(none.reason.starts_with("this machine has no interface nosuch0; it has lo"));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            read(&bytes);
        }
    }
}
