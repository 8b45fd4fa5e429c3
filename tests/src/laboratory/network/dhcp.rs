//! A DHCP server of a network: dnsmasq, without its name server.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use super::space::Space;
use crate::process::Process;

/// What a network hands out.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The first three numbers of its addresses.
    pub network: [u8; 3],
    /// Its router.
    pub router: Ipv4Addr,
    /// Its name servers.
    pub names: Vec<Ipv4Addr>,
}

/// A DHCP server. It ends when this is dropped.
#[derive(Debug)]
pub struct Dhcp {
    _process: Process,
}

impl Dhcp {
    /// One on an interface of a network.
    #[must_use]
    pub fn serve(within: &Space, interface: &str, lease: &Lease, folder: &Path) -> Self {
        let [a, b, c] = lease.network;
        let names: Vec<String> = lease.names.iter().map(ToString::to_string).collect();
        let mut command = Command::new("dnsmasq");
        command.args(["--no-daemon", "--conf-file=/dev/null", "--user=root", "--port=0"]);
        command.args(["--no-ping", "--dhcp-authoritative", "--bind-interfaces"]);
        command.arg(format!("--interface={interface}"));
        command.arg(format!("--dhcp-range={a}.{b}.{c}.100,{a}.{b}.{c}.150,255.255.255.0,1h"));
        command.arg(format!("--dhcp-option=option:router,{}", lease.router));
        command.arg(format!("--dhcp-option=option:dns-server,{}", names.join(",")));
        command.arg(format!("--dhcp-leasefile={}", folder.join("dnsmasq.leases").display()));
        command.arg("--pid-file");
        Self { _process: Process::start("dnsmasq", within.enter(&command), folder) }
    }
}
