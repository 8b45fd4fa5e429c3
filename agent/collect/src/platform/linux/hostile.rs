//! The readers of bytes in here, for [`crate::fuzzing`].

mod hardware;
mod network;
mod people;
mod software;
mod trouble;

use super::hardware::dmi;
use super::network::{addresses, firewall, neighbours, netlink, routes, sockets, vpn};
use super::software::packages;
use crate::Root;
use crate::collector::Context;
use crate::fuzzing::Reader;

pub(crate) fn read(reader: Reader, bytes: &[u8]) {
    match reader {
        Reader::Accounts => people::accounts(bytes),
        Reader::Disks => hardware::disks(bytes),
        Reader::Edid => hardware::edid(bytes),
        Reader::Indexes => software::indexes(bytes),
        Reader::Ipp => hardware::ipp(bytes),
        Reader::Journal => trouble::journal(bytes),
        Reader::Leases => network::leases(bytes),
        Reader::Nftables => network::nftables(bytes),
        Reader::Windows => {}
    }
}

/// For readers that redact what they read. None of them opens a file.
fn context() -> Context {
    Context::new(&Root::at("/").expect("there is a root"))
}

pub(crate) fn smbios(tables: &[u8]) -> usize {
    let (structures, _) = dmi::structures(tables);
    let mut read = 0;
    for structure in &structures {
        // As far as the collectors look, and beyond the end of most structures.
        for offset in 0..0x40 {
            read += usize::from(structure.double(offset).is_some());
            read += usize::from(structure.string(offset).is_some());
        }
    }
    read
}

pub(crate) fn packages(text: &str) -> usize {
    packages::dpkg::parse(text).len() + packages::rpm::list(text).len()
}

pub(crate) fn netlink(datagram: &[u8]) -> usize {
    let names = [(1, "lo".to_owned())];
    let mut read = 0;
    let mut rest = datagram;
    while let Some((_, payload, after)) = netlink::message_in(rest) {
        read += usize::from(addresses::parse(payload, &names).is_some());
        read += usize::from(routes::parse(payload, &names).is_some());
        read += usize::from(sockets::parse(payload, "tcp").is_some());
        read += usize::from(neighbours::parse(payload, &names).is_some());
        read += usize::from(firewall::nftables::chain(payload).is_some());
        read += usize::from(firewall::nftables::ends(payload));
        read += vpn::wireguard::peers(payload).len();
        read += usize::from(vpn::xfrm::peer(payload).is_some());
        rest = after;
    }
    read
}
