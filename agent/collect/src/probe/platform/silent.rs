//! Systems on which no echoes are sent yet, nor asked what the kernel has learnt of a way or where a proxy
//! script is set.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

fn unknown<T>(what: &str) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::NotFound, format!("not known how to {what} on this system")))
}

pub(in crate::probe) fn proxy_settings(_: &Path) -> io::Result<Vec<(String, String, String)>> {
    unknown("read the settings of proxy scripts")
}

pub(in crate::probe) fn path_mtu(_: &TcpStream) -> io::Result<u32> {
    unknown("ask for the size of packets that a way takes")
}

/// Echoes to one address.
pub(in crate::probe) struct Echo;

impl Echo {
    pub(in crate::probe) fn open(_: IpAddr, _: u32) -> io::Result<Self> {
        unknown("send echoes")
    }

    pub(in crate::probe) fn whole(&self) -> io::Result<()> {
        unknown("send echoes")
    }

    pub(in crate::probe) fn send(&self, _: u16, _: usize) -> io::Result<()> {
        unknown("send echoes")
    }

    pub(in crate::probe) fn receive(&self, _: Duration) -> io::Result<Option<u16>> {
        unknown("hear echoes")
    }
}
