//! The facts of the probes of this machine's own network: `net.link`, `net.addr`, `net.gateway`,
//! `net.dns`, `net.proxy`.

use serde::{Deserialize, Serialize};

/// `net.link@1`: the interfaces, loopback left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFacts {
    /// All of them, sorted by name.
    pub interfaces: Vec<Link>,
}

impl LinkFacts {
    /// The interfaces that carry a signal and could reach a network.
    pub fn up(&self) -> impl Iterator<Item = &Link> {
        self.interfaces.iter().filter(|link| link.up)
    }
}

/// One interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its name, as in `eth0`.
    pub name: String,
    /// Whether it is a device of its own (a card, a virtual machine's card, one end of a
    /// container's pair), not a bridge, tunnel or other thing made by software.
    pub physical: bool,
    /// Whether it is on and has a signal.
    pub up: bool,
    /// The kernel's word: `up`, `down`, `dormant`, `lowerlayerdown`, `unknown`.
    pub state: String,
    /// Whether a signal is there; absent when the interface is off, where it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<bool>,
    /// Megabits a second, where the driver says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_mbit: Option<u64>,
    /// The largest packet, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
}

/// `net.addr@1`: the addresses, loopback left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddrFacts {
    /// All of them.
    pub addresses: Vec<Address>,
    /// Whether there is an IPv4 address other than 169.254.0.0/16.
    pub has_lease_v4: bool,
    /// Whether there is an IPv6 address of global scope.
    pub has_global_v6: bool,
    /// Whether there are addresses and all of them are link-local.
    pub only_link_local: bool,
}

/// One address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The interface's name.
    pub interface: String,
    /// The address.
    pub address: std::net::IpAddr,
    /// The length of its network's prefix, in bits.
    pub prefix: u8,
    /// Whether it is 169.254.0.0/16 or fe80::/10.
    pub link_local: bool,
}

/// `net.gateway@1`: the default routes, and whether the machine behind each answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayFacts {
    /// The default routes, best metric first.
    pub gateways: Vec<Gateway>,
    /// The best state among them; `none` without a default route.
    pub neighbor: Neighbor,
}

/// One default route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateway {
    /// Where it leads.
    pub address: std::net::IpAddr,
    /// Through which interface.
    pub interface: String,
    /// The route's metric; the lowest wins.
    pub metric: u32,
    /// Whether it answers on the link.
    pub neighbor: Neighbor,
    /// What showed it: `tcp`, `udp` (it answered a packet) or `neighbour` (the kernel resolved it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_by: Option<String>,
}

/// Whether a neighbour on the link answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Neighbor {
    /// There is no such neighbour.
    #[default]
    None,
    /// Asked, and it did not answer.
    Failed,
    /// Known from before, and not confirmed within the time.
    Stale,
    /// On a link without neighbour resolution (a tunnel), where this says nothing.
    NotNeeded,
    /// It answers.
    Reachable,
}

/// `net.dns@1`: what each configured server answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsFacts {
    /// The servers, in the order of the configuration.
    pub servers: Vec<DnsServer>,
    /// The search domains.
    pub search: Vec<String>,
    /// The servers behind a local stub, each asked by itself; empty without a stub.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstream: Vec<DnsServer>,
}

/// One server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsServer {
    /// Its address; with a port if it is not 53.
    pub address: String,
    /// Whether it gave a usable answer to at least one question: an answer, or that there is none.
    pub answered: bool,
    /// The questions.
    pub lookups: Vec<DnsLookup>,
}

/// One question to one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsLookup {
    /// The name asked for.
    pub name: String,
    /// `A` or `AAAA`.
    pub record: String,
    /// The response code, as in `NOERROR`, `NXDOMAIN`, `SERVFAIL`; absent without a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rcode: Option<String>,
    /// The addresses in the answer.
    pub addresses: Vec<std::net::IpAddr>,
    /// From the question to the response, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
    /// Why there is no response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `net.proxy@1`: the configured proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyFacts {
    /// Each configured one, once.
    pub proxies: Vec<Proxy>,
    /// The one that counts for ordinary requests, as `host:port`; empty without one.
    pub effective: String,
    /// Whether the effective one takes connections; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reachable: Option<bool>,
}

/// One configured proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxy {
    /// `host:port`; user names and passwords are left out.
    pub address: String,
    /// The file that names it, as in `/etc/environment`.
    pub source: String,
    /// The variable or setting, as in `https_proxy`.
    pub setting: String,
    /// Whether it takes connections.
    pub reachable: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
