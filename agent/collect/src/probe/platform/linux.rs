//! Linux: rtnetlink, statvfs, echoes, what the kernel has learnt of a way, and proxies as the
//! collectors read them.

mod echo;

pub(in crate::probe) use echo::{Echo, path_mtu};

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use rustix::fs::StatVfsMountFlags;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use super::files::Space;
use crate::probe::netlink::{
    Address, DefaultRoute, End, HEADER, State, read_address, read_crossing, read_default_route,
    read_link, read_neighbour, scan,
};

const NLM_F_REQUEST_DUMP: u16 = 0x301;
const RTM_GETLINK: u16 = 18;
const RTM_GETADDR: u16 = 22;
const RTM_GETROUTE: u16 = 26;
const RTM_GETNEIGH: u16 = 30;

/// How long the kernel may take for each part of an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks rtnetlink for all entries of a kind; calls `each` with the body of each message.
fn dump(kind: u16, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        // NETLINK_ROUTE is protocol 0, the default.
        None,
    )?;
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
    rustix::net::sendto(
        &socket,
        &request(kind),
        SendFlags::empty(),
        &SocketAddrNetlink::new(0, 0),
    )?;
    // The kernel fills at most 32 KiB at a time.
    let mut bytes = vec![0; 64 << 10];
    loop {
        let (_, length) = rustix::net::recv(&socket, &mut bytes[..], RecvFlags::empty())?;
        match scan(&bytes[..length.min(bytes.len())], &mut each) {
            End::More => {}
            End::Done => return Ok(()),
            End::Error(code) => return Err(io::Error::from_raw_os_error(code)),
        }
    }
}

/// Asks how full a mounted file system is.
pub(super) fn space(mount_point: &Path) -> io::Result<Space> {
    let told = rustix::fs::statvfs(mount_point)?;
    Ok(Space {
        total_bytes: told.f_blocks.saturating_mul(told.f_frsize),
        available_bytes: told.f_bavail.saturating_mul(told.f_frsize),
        inodes: (told.f_files > 0).then_some((told.f_files, told.f_ffree)),
        read_only: told.f_flag.contains(StatVfsMountFlags::RDONLY),
    })
}

/// What the kernel counts processor time in.
pub(super) fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

/// What the kernel counts memory in, in bytes.
pub(super) fn page_size() -> u64 {
    rustix::param::page_size() as u64
}

/// A request for all entries of a kind, of both address families.
fn request(kind: u16) -> Vec<u8> {
    // The kernel takes what stands behind the body for attributes, and writes into its log that
    // something is left over. Zero means any.
    let body = match kind {
        RTM_GETADDR => 8,
        RTM_GETROUTE | RTM_GETNEIGH => 12,
        _ => 16,
    };
    let mut bytes = vec![0; HEADER + body];
    let length = u32::try_from(bytes.len()).unwrap_or(0);
    bytes[..4].copy_from_slice(&length.to_ne_bytes());
    bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
    bytes[6..8].copy_from_slice(&NLM_F_REQUEST_DUMP.to_ne_bytes());
    bytes
}

fn all<T>(kind: u16, read: impl Fn(&[u8]) -> Option<T>) -> io::Result<Vec<T>> {
    let mut found = Vec::new();
    dump(kind, |body| found.extend(read(body)))?;
    Ok(found)
}

/// Interfaces' names by their index.
pub(in crate::probe) fn links() -> io::Result<BTreeMap<u32, String>> {
    all(RTM_GETLINK, read_link).map(|links| links.into_iter().collect())
}

/// The indices of interfaces whose other end is in another network namespace.
pub(super) fn crossing() -> io::Result<Vec<u32>> {
    all(RTM_GETLINK, read_crossing)
}

pub(in crate::probe) fn addresses() -> io::Result<Vec<Address>> {
    all(RTM_GETADDR, read_address)
}

pub(in crate::probe) fn default_routes() -> io::Result<Vec<DefaultRoute>> {
    all(RTM_GETROUTE, read_default_route)
}

pub(in crate::probe) fn neighbours() -> io::Result<BTreeMap<(u32, IpAddr), State>> {
    all(RTM_GETNEIGH, read_neighbour).map(|neighbours| neighbours.into_iter().collect())
}

/// The proxies that are configured for the whole machine: where, for what, and which.
pub(in crate::probe) fn proxy_settings(root: &Path) -> io::Result<Vec<(String, String, String)>> {
    let root = crate::Root::at(root).map_err(|unread| unread.source)?;
    let settings = crate::platform::proxies(&root);
    let told = settings
        .into_iter()
        .map(|setting| (setting.source, setting.scheme, setting.value.as_str().to_owned()));
    Ok(told.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_as_long_as_the_kernel_takes_them() {
        for (kind, body) in
            [(RTM_GETLINK, 16), (RTM_GETADDR, 8), (RTM_GETROUTE, 12), (RTM_GETNEIGH, 12)]
        {
            let request = request(kind);
            assert_eq!(request.len(), HEADER + body);
            let length = request.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes));
            assert_eq!(length, u32::try_from(request.len()).ok());
        }
    }

    #[test]
    fn the_running_system_has_a_loopback() {
        let lo = links().expect("links").into_iter().find(|(_, name)| name == "lo").expect("lo");
        let found = addresses().expect("addresses");
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let found = found.iter().find(|found| found.address == loopback);
        // A fresh network namespace has a loopback that is off and has no address.
        assert!(found.is_none_or(|found| found.index == lo.0 && found.prefix == 8));
    }
}
