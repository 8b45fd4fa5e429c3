//! How the machine is connected.

use serde::{Deserialize, Serialize};

use super::absent;
use crate::redaction::Redacted;

/// Section `network.interfaces`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interfaces {
    /// The interfaces, sorted by name.
    pub interfaces: Vec<Interface>,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interface {
    /// The system's name for it.
    pub name: String,
    /// `ethernet`, `wifi`, `loopback`, `bridge`, `bond`, `vlan`, `tunnel`, `virtual`, `mobile`, `ppp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The hardware address, lower case with colons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// The largest packet, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Whether somebody switched it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether it can carry traffic: `up`, `down`, `dormant`, `testing`, `notpresent`, `lowerlayerdown`, `unknown`
    /// (RFC 2863).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Whether a cable or a station is at the other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<bool>,
    /// Speed in Mbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_mbit: Option<u32>,
    /// `full` or `half`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplex: Option<String>,
    /// The driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// The bridge or bond that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master: Option<String>,
}

/// Section `network.counters`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// The interfaces, sorted by name; counted since each came up.
    pub interfaces: Vec<InterfaceCounters>,
}

/// What an interface carried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InterfaceCounters {
    /// The interface.
    pub name: String,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Packets received.
    pub rx_packets: u64,
    /// Packets received with an error.
    pub rx_errors: u64,
    /// Packets received and thrown away.
    pub rx_dropped: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Packets not sent for an error.
    pub tx_errors: u64,
    /// Packets thrown away before they were sent.
    pub tx_dropped: u64,
}

/// Section `network.addresses`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Addresses {
    /// The addresses, sorted by interface and address.
    pub addresses: Vec<Address>,
}

/// An IP address of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// The interface.
    pub interface: String,
    /// The address.
    pub address: String,
    /// How many bits of it name the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<u8>,
    /// `global`, `link` or `host`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whether it was given for a time (DHCP, router advertisement) rather than set for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic: Option<bool>,
    /// `tentative`, `duplicate` or `deprecated`, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Section `network.routes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Routes {
    /// The routes of the main table, sorted by destination (IPv4 first), metric and interface.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Route {
    /// The network, as `192.0.2.0/24`; the default route is `0.0.0.0/0` or `::/0`.
    pub destination: String,
    /// The next hop; absent if the network is attached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// The interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Lower goes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<u32>,
    /// The address that the machine uses on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Who made it: `kernel`, `boot`, `static`, `dhcp`, `ra`, or the number that the system gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// `unreachable`, `blackhole` or `prohibit`, if it leads nowhere on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// Section `network.dns`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dns {
    /// The servers that are asked, in order. Behind a local stub these are the ones that the stub
    /// asks, where that is known.
    pub servers: Vec<String>,
    /// The address of the local stub, if programs ask one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stub: Option<String>,
    /// The domains that are tried after a bare name, in order.
    #[serde(skip_serializing_if = "absent")]
    pub search: Vec<String>,
    /// Options of the resolver, in order.
    #[serde(skip_serializing_if = "absent")]
    pub options: Vec<String>,
    /// Who wrote the configuration (`systemd-resolved`, `NetworkManager`), as far as it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    /// Where host names are looked up, in order (`files`, `dns`).
    #[serde(skip_serializing_if = "absent")]
    pub order: Vec<String>,
    /// What each interface brings along, sorted by interface.
    #[serde(skip_serializing_if = "absent")]
    pub links: Vec<DnsLink>,
    /// Names that the machine answers for itself, in order, the loopback's usual ones left out.
    #[serde(skip_serializing_if = "absent")]
    pub hosts: Vec<HostsEntry>,
}

/// The name servers of one interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DnsLink {
    /// The interface.
    pub interface: String,
    /// Its servers, in order.
    pub servers: Vec<String>,
    /// The domains for which these are asked, or which are tried after a bare name, in order.
    #[serde(skip_serializing_if = "absent")]
    pub domains: Vec<String>,
}

/// A line of the hosts file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostsEntry {
    /// The address.
    pub address: String,
    /// The names, in order.
    pub names: Vec<String>,
}

/// Section `network.proxy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Proxy {
    /// What is configured for the whole machine, sorted by source and scheme; empty if nothing is.
    pub settings: Vec<ProxySetting>,
}

/// A proxy setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxySetting {
    /// Where it stands (a file).
    pub source: String,
    /// What it is for: `http`, `https`, `ftp`, `all`, `no_proxy`, `auto` (a script's address).
    pub scheme: String,
    /// The proxy's URL, or the list of exceptions.
    pub value: Redacted,
}

/// Section `network.ports`: what waits for connections. Sockets of clients, which have a port from
/// the ephemeral range for a moment, are left out where the protocol cannot tell them from servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ports {
    /// The ports, sorted by protocol, port and address.
    pub ports: Vec<Port>,
}

/// A listening port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Port {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The address that it listens on; `0.0.0.0` or `::` for all.
    pub address: String,
    /// The port.
    pub port: u16,
    /// The process's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// The account that made the socket, by number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
}

/// Section `wifi`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wifi {
    /// The wireless interfaces, sorted by name.
    pub interfaces: Vec<WifiInterface>,
    /// Radio switches, sorted by name.
    #[serde(skip_serializing_if = "absent")]
    pub radios: Vec<Radio>,
}

/// A wireless interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WifiInterface {
    /// The interface.
    pub name: String,
    /// Whether it can carry traffic, as in `network.interfaces`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Strength of the signal in dBm; -67 and better is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal_dbm: Option<i32>,
    /// Noise in dBm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise_dbm: Option<i32>,
    /// The driver's own measure of quality, mostly of 70.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<u32>,
    /// Packets thrown away after too many retries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u64>,
    /// Beacons of the access point that were missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed_beacons: Option<u64>,
    /// The channel's frequency in MHz, while it is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_mhz: Option<u32>,
    /// The rate at which it received last, in kbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rx_rate_kbit: Option<u32>,
    /// The rate at which it sends, in kbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx_rate_kbit: Option<u32>,
}

/// Section `wifi.network`: which network each station is in. By names and access points one can tell
/// where a machine is: taken on request only, and never of the networks around.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WifiNetworks {
    /// Those that are connected, sorted by interface.
    pub networks: Vec<WifiNetwork>,
}

/// The network that a station is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WifiNetwork {
    /// The interface.
    pub interface: String,
    /// The network's name.
    pub ssid: String,
    /// The access point's hardware address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bssid: Option<String>,
}

/// A radio switch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Radio {
    /// Its name (`phy0`).
    pub name: String,
    /// What it switches (`wlan`, `bluetooth`).
    pub kind: String,
    /// Switched off by software.
    pub soft_blocked: bool,
    /// Switched off by a key or slider on the machine.
    pub hard_blocked: bool,
}
