//! Linux: rtnetlink and statvfs.

use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::fs::StatVfsMountFlags;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use super::Space;
use crate::probe::netlink::{End, request, scan};

/// How long the kernel may take for each part of an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks rtnetlink for all entries of a kind; calls `each` with the body of each message.
pub(in crate::probe) fn dump(kind: u16, mut each: impl FnMut(&[u8])) -> io::Result<()> {
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
pub(in crate::probe) fn space(mount_point: &Path) -> io::Result<Space> {
    let told = rustix::fs::statvfs(mount_point)?;
    Ok(Space {
        total_bytes: told.f_blocks.saturating_mul(told.f_frsize),
        available_bytes: told.f_bavail.saturating_mul(told.f_frsize),
        inodes: (told.f_files > 0).then_some((told.f_files, told.f_ffree)),
        read_only: told.f_flag.contains(StatVfsMountFlags::RDONLY),
    })
}

/// What the kernel counts processor time in.
pub(in crate::probe) fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

/// What the kernel counts memory in, in bytes.
pub(in crate::probe) fn page_size() -> u64 {
    rustix::param::page_size() as u64
}
