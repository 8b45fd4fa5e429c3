//! Hearing of changes without looking: the folders in which the system's configuration and its packages are
//! kept, the network, and the devices, each told by the kernel. It costs nothing while nothing happens.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::inotify::{self, WatchFlags};
use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, Protocol, RecvFlags, SocketFlags, SocketType};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tracing::debug;

/// What tells of most changes that a snapshot would show, if it is there. Files that this account may not
/// read are told of all the same, since the folder is what is watched.
const FOLDERS: &[&str] = &[
    "/etc",
    "/etc/NetworkManager/system-connections",
    "/etc/apt/sources.list.d",
    "/etc/cron.d",
    "/etc/ssh",
    "/etc/sudoers.d",
    "/etc/systemd/system",
    "/etc/xdg/autostart",
    "/lib/apk/db",
    "/usr/lib/sysimage/rpm",
    "/usr/local/share/ca-certificates",
    "/var/lib/dpkg",
    "/var/lib/flatpak",
    "/var/lib/pacman/local",
    "/var/lib/rpm",
    "/var/lib/snapd/snaps",
];

/// Links, addresses and routes of both families (`RTMGRP_*` of `linux/rtnetlink.h`).
const ROUTE_GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
/// What the kernel says of devices.
const DEVICE_GROUPS: u32 = 0x1;

/// Hears of changes.
#[derive(Debug)]
pub(crate) struct Changes {
    sources: [AsyncFd<OwnedFd>; 3],
}

impl Changes {
    /// Begins to listen.
    pub(crate) fn open() -> io::Result<Option<Self>> {
        let files = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        let what = WatchFlags::CLOSE_WRITE
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::ONLYDIR;
        for folder in FOLDERS {
            if let Err(error) = inotify::add_watch(&files, *folder, what) {
                debug!(folder, %error, "not watched");
            }
        }
        // NETLINK_ROUTE has the number 0, which is what no protocol means.
        let network = subscribed(None, ROUTE_GROUPS)?;
        let devices = subscribed(Some(netlink::KOBJECT_UEVENT), DEVICE_GROUPS)?;
        let sources = [listening(files)?, listening(network)?, listening(devices)?];
        Ok(Some(Self { sources }))
    }

    /// Waits until something has changed, and forgets what was told until then. Dropping it loses
    /// nothing.
    pub(crate) async fn next(&mut self) -> io::Result<()> {
        let [files, network, devices] = &self.sources;
        tokio::select! {
            heard = files.readable() => drop(heard?),
            heard = network.readable() => drop(heard?),
            heard = devices.readable() => drop(heard?),
        }
        self.sources.iter().try_for_each(drain)
    }
}

fn listening(source: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` gives the same descriptor for its whole life, and closes it only when it is
    // dropped.
    #[expect(unsafe_code, reason = "tokio asks for this promise, which no type can make")]
    let listening = unsafe { AsyncFd::register_with_interest(source, Interest::READABLE) };
    Ok(listening?)
}

fn subscribed(protocol: Option<Protocol>, groups: u32) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket =
        rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, protocol)?;
    rustix::net::bind(&socket, &SocketAddrNetlink::new(0, groups))?;
    Ok(socket)
}

/// Reads until there is nothing more. What was told does not matter, nor that some of it was lost
/// (`ENOBUFS`): that there was something does.
fn drain(source: &AsyncFd<OwnedFd>) -> io::Result<()> {
    let mut room = [0; 4096];
    loop {
        let read = source.try_io(Interest::READABLE, |source| {
            match rustix::net::recv(source, &mut room[..], RecvFlags::empty()) {
                // An inotify object is no socket.
                Err(Errno::NOTSOCK) => Ok(rustix::io::read(source, &mut room[..]).map(drop)?),
                other => Ok(other.map(drop)?),
            }
        });
        match read {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.raw_os_error() != Some(libc::ENOBUFS) => return Err(error),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device node's events and routes come from elsewhere too, so that only the folder is tried, by the
    /// one change that no other test waits for: a file of a name of its own.
    #[tokio::test]
    async fn it_hears_what_happens_and_then_waits_again() {
        let mut changes = Changes::open().expect("it can be listened to").expect("on Linux");
        let folder = tempfile::tempdir().expect("a folder");
        inotify::add_watch(&changes.sources[0], folder.path(), WatchFlags::CREATE).expect("added");
        for name in ["one", "two"] {
            std::fs::write(folder.path().join(name), "").expect("written");
            changes.next().await.expect("heard");
        }
    }
}
