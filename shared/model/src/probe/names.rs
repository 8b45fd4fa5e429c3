//! The facts of the probes of names: `net.dns-truth`, `net.overrides`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// `net.dns-truth@1`: what the system resolves, against each server and a reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsTruthFacts {
    /// The reference's name in the policy.
    pub reference: String,
    /// Its address; with a port if it is not 53.
    pub reference_address: String,
    /// The names.
    pub names: Vec<NameTruth>,
}

/// One name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameTruth {
    /// The name.
    pub name: String,
    /// What programs on this machine get.
    pub system: NameAnswer,
    /// What each configured server says when it is asked by itself.
    pub servers: Vec<NameAnswer>,
    /// What the reference says; absent if it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<NameAnswer>,
    /// What that comes to.
    pub truth: Truth,
}

/// One answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameAnswer {
    /// Who was asked: `system`, or a server's address.
    pub from: String,
    /// The response code, as in `NXDOMAIN`; absent without a response, and of the system, which tells none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rcode: Option<String>,
    /// The addresses, sorted: of IPv4 where servers were asked.
    pub addresses: Vec<IpAddr>,
    /// From the question to the response, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How an answer stands to the reference's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// Nothing to compare with.
    #[default]
    Unknown,
    /// The same, or partly the same addresses, or the same "no such name".
    Same,
    /// A name of the inside: only the inside knows it, or knows it otherwise (split DNS).
    Internal,
    /// Other addresses, both public: near servers of one large service, or a diversion.
    Elsewhere,
    /// An address of the inside, or none at all, for a name that is public: diverted or blocked.
    Diverted,
    /// An address for a name that does not exist.
    Invented,
    /// The name is not found here, though it exists.
    Missing,
    /// The system says something else than the servers that it asks: this machine itself overrides it.
    Overridden,
}

/// `net.overrides@1`: what this machine answers for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverridesFacts {
    /// How many names the hosts file gives an address, the loopback's usual ones left out.
    pub entries: u32,
    /// Those of the policy's targets that are among them.
    pub listed: Vec<Override>,
    /// Where host names are looked up, in order (`files`, `dns`); empty if the system does not tell.
    pub order: Vec<String>,
    /// Whether servers are asked at all, by that order.
    pub asks_servers: bool,
}

/// A target that is answered for here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The name.
    pub name: String,
    /// The address that it is given.
    pub address: String,
    /// The file.
    pub source: String,
}
