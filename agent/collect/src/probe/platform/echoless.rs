//! Systems on which it is not written yet how to send echoes, what is known of a way, and how the
//! proxies of desktops and browsers are read: all of it is unsupported, and says so.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

pub(in crate::probe) fn proxy_settings(_: &Path) -> io::Result<Vec<(String, String, String)>> {
    Err(io::Error::new(io::ErrorKind::NotFound, "not known how to ask on this system"))
}

pub(in crate::probe) fn path_mtu(_: &TcpStream) -> io::Result<u32> {
    Err(io::Error::new(io::ErrorKind::NotFound, "not known how to ask on this system"))
}

/// Echoes to one address.
pub(in crate::probe) struct Echo;

impl Echo {
    pub(in crate::probe) fn open(_: IpAddr, _: u32) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::NotFound, "not known how to send echoes on this system"))
    }

    pub(in crate::probe) fn whole(&self) -> io::Result<()> {
        Ok(())
    }

    pub(in crate::probe) fn send(&self, _: u16, _: usize) -> io::Result<()> {
        Ok(())
    }

    pub(in crate::probe) fn receive(&self, _: Duration) -> io::Result<Option<u16>> {
        Ok(None)
    }
}
