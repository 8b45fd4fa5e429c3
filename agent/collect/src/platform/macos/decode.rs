//! What programs and files of macOS say, as facts: pure functions, so that they are tried on every system.
//! Texts in their tests are as the programs of the versions named there write them, from knowledge of them.

pub(crate) mod battery;
pub(crate) mod crashes;
pub(crate) mod devices;
pub(crate) mod disks;
pub(crate) mod dns;
pub(crate) mod firewall;
pub(crate) mod ifconfig;
pub(crate) mod launchd;
pub(crate) mod leases;
pub(crate) mod lines;
pub(crate) mod load;
pub(crate) mod log;
pub(crate) mod logins;
pub(crate) mod memory;
pub(crate) mod plist;
pub(crate) mod processes;
pub(crate) mod routes;
pub(crate) mod screens;
pub(crate) mod sockets;
pub(crate) mod sysctl;
pub(crate) mod wifi;
