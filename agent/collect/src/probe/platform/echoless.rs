//! Systems on which it is not written yet how to send echoes, what is known of a way, and how the
//! proxies of desktops and browsers are read: all of it is unsupported, and says so.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::probe::platform::echo::{Echoes, Heard, Pieces};

pub(in crate::probe) fn proxy_settings(_: &Path) -> io::Result<Vec<(String, String, String)>> {
    Err(io::Error::new(io::ErrorKind::NotFound, "not known how to ask on this system"))
}

pub(in crate::probe) fn path_mtu(_: &TcpStream) -> io::Result<u32> {
    Err(io::Error::new(io::ErrorKind::NotFound, "not known how to ask on this system"))
}

/// Echoes to one address: there are none.
pub(in crate::probe) enum Echo {}

impl Echo {
    pub(in crate::probe) fn open(_: IpAddr, _: u32, _: Pieces) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::NotFound, "not known how to send echoes on this system"))
    }
}

impl Echoes for Echo {
    fn send(&self, _: u16, _: usize) -> io::Result<()> {
        match *self {}
    }

    fn receive(&self, _: Duration) -> Option<Heard> {
        match *self {}
    }
}
