//! What the machine's network lets through: leases, neighbours, connections, firewall, tunnels.

use serde::{Deserialize, Serialize};

use super::absent;
use crate::Timestamp;

/// Section `network.leases`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Leases {
    /// Addresses that a DHCP server gave, sorted by interface and address.
    pub leases: Vec<Lease>,
}

/// An address that was given for a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lease {
    /// The interface.
    pub interface: String,
    /// The address.
    pub address: String,
    /// The server that gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The router that the server named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub router: Option<String>,
    /// The name servers that the server named, in order.
    #[serde(skip_serializing_if = "absent")]
    pub dns: Vec<String>,
    /// The domain that the server named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// Section `network.neighbours`: the machines next to this one, as far as it has spoken with them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Neighbours {
    /// The neighbours, sorted by interface and address.
    pub neighbours: Vec<Neighbour>,
}

/// A machine on the same network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Neighbour {
    /// The interface.
    pub interface: String,
    /// Its IP address.
    pub address: String,
    /// Its hardware address, lower case with colons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// `reachable`, `stale` (also while it is asked anew), `incomplete`, `failed`, `permanent` or `unknown`
    /// (RFC 4861, 7.3.2, and the system's own).
    pub state: String,
    /// Whether it says that it is a router.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub router: bool,
}

/// Section `network.connections`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Connections {
    /// The TCP connections, sorted by protocol, remote end and local port; those over loopback are left out.
    pub connections: Vec<Connection>,
}

/// A connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Connection {
    /// `tcp`.
    pub protocol: String,
    /// The address at this end.
    pub local: String,
    /// The port at this end.
    pub local_port: u16,
    /// The address at the other end.
    pub remote: String,
    /// The port at the other end.
    pub remote_port: u16,
    /// `established`, `syn sent`, `close wait`, … (RFC 9293, 3.3.2).
    pub state: String,
    /// The process's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

/// Section `network.firewall`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Firewall {
    /// Whether anything is filtered at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// What sets the rules up and is in use, sorted (`firewalld`, `ufw`, `nftables`, `windows firewall`).
    #[serde(skip_serializing_if = "absent")]
    pub managers: Vec<String>,
    /// The ways that packets take, or Windows' profiles, sorted by name.
    pub profiles: Vec<FirewallProfile>,
}

/// What is done with packets that no rule names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FirewallProfile {
    /// `input`, `output`, `forward`; on Windows `domain`, `private`, `public`.
    pub name: String,
    /// Whether it filters.
    pub enabled: bool,
    /// Packets that come in: `allow` or `block`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbound: Option<String>,
    /// Packets that go out: `allow` or `block`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbound: Option<String>,
    /// How many rules there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<u32>,
}

/// Section `network.vpn`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vpn {
    /// The tunnels that are set up, sorted by name.
    pub tunnels: Vec<Tunnel>,
}

/// A tunnel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tunnel {
    /// Its name.
    pub name: String,
    /// `wireguard`, `openvpn`, `ipsec`, `ikev2`, `l2tp`, `sstp`, `pptp`, `ppp`, `automatic` (Windows tries several) or
    /// the product's name.
    pub kind: String,
    /// Its interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Whether it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up: Option<bool>,
    /// Since when, or when the other end was last heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}
