//! The world that a suite of broken networks lives in: namespaces of its own, in which there is an Internet of a few
//! servers, and nothing of the machine that the suite runs on can be changed.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::{Arc, Mutex};

use super::names::{Names, Zone};
use super::pages::{OPEN, Pages};
use super::space::{Reach, Space};
use super::time::TimeServer;

/// Set within the world.
const WITHIN: &str = "BEFUND_LABORATORY";
/// Where the controller is, and the routers' way to the Internet.
pub const HUB: Ipv4Addr = Ipv4Addr::new(10, 70, 0, 1);
/// What answers names truly, and is asked as the reference.
pub const REFERENCE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 53);
/// The page by which it is known whether the Internet is open.
pub const CHECK: &str = "check.example";
const CHECK_AT: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 80);
/// A time server that is right.
pub const TIME: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 123);
const INTERNET: &str = "
ip link set lo up
ip addr add 203.0.113.1/24 dev lo
ip link add br0 type bridge
ip addr add 10.70.0.1/16 dev br0
ip link set br0 up
echo 1 > /proc/sys/net/ipv4/ip_forward
mount -t tmpfs -o mode=0755 tmpfs /run
";

/// Goes on within a world: this very program is started again there, and does not come back from here.
///
/// # Errors
/// Why this system gives none, in words.
pub fn enter() -> Result<(), String> {
    if std::env::var_os(WITHIN).is_some() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() {
        return Err("it takes root to make networks".to_owned());
    }
    let missing = ["ip", "nft", "nsenter", "unshare", "script", "dnsmasq", "dhclient"]
        .into_iter()
        .filter(|program| {
            Command::new("which").arg(program).output().is_ok_and(|of| !of.status.success())
        });
    let missing: Vec<&str> = missing.collect();
    if !missing.is_empty() {
        return Err(format!("this system lacks {}", missing.join(", ")));
    }
    let world = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let tried = Command::new("unshare").args(world).arg("true").status();
    if !tried.is_ok_and(|status| status.success()) {
        return Err("this system gives no namespaces".to_owned());
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new("unshare");
    command.args(world).arg(program).args(std::env::args_os().skip(1)).env(WITHIN, "1");
    Err(format!("the world was not entered: {}", command.exec()))
}

/// The Internet: who answers names, pages and the time.
#[derive(Debug)]
pub struct World {
    /// What is known of names everywhere.
    pub zone: Zone,
    /// Where it is.
    pub space: Space,
}

impl World {
    /// Sets it up, once it was [entered](enter).
    ///
    /// # Panics
    /// If that fails.
    #[must_use]
    pub fn new() -> Self {
        assert!(std::env::var_os(WITHIN).is_some(), "the world was entered");
        let space = Space { holder: std::process::id(), reach: Reach::Network };
        space.does(INTERNET);
        let known = BTreeMap::from([(CHECK.to_owned(), CHECK_AT)]);
        let zone = Arc::new(Mutex::new(known));
        let _ = Names::serve(&space, IpAddr::V4(REFERENCE), &zone);
        let _ = Pages::serve(&space, IpAddr::V4(CHECK_AT), 80, OPEN);
        let _ = TimeServer::serve(&space, IpAddr::V4(TIME));
        Self { zone, space }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
