//! Systems whose kernels are not asked yet: everything is unsupported, and says so.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use super::files::Space;
use crate::probe::netlink::{Address, DefaultRoute, State};

fn unknown<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::NotFound, "not known how to ask on this system"))
}

pub(in crate::probe) fn links() -> io::Result<BTreeMap<u32, String>> {
    unknown()
}

pub(super) fn crossing() -> io::Result<Vec<u32>> {
    unknown()
}

pub(in crate::probe) fn addresses() -> io::Result<Vec<Address>> {
    unknown()
}

pub(in crate::probe) fn default_routes() -> io::Result<Vec<DefaultRoute>> {
    unknown()
}

pub(in crate::probe) fn neighbours() -> io::Result<BTreeMap<(u32, IpAddr), State>> {
    unknown()
}

pub(super) fn space(_: &Path) -> io::Result<Space> {
    unknown()
}

pub(super) const fn ticks_per_second() -> u64 {
    100
}

pub(super) const fn page_size() -> u64 {
    4096
}
