//! The facts of the probes of the way to others: `net.loss`, `net.mtu`, `net.ipv6`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::remote::TcpAttempt;

/// `net.loss@1`: lost packets and latency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LossFacts {
    /// The gateway, if there is one, then the target.
    pub hops: Vec<Hop>,
}

/// One machine that packets were sent to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// `gateway` or `target`.
    pub what: String,
    /// As the policy has it, or the address.
    pub name: String,
    /// The address; absent if the name has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How it was asked: `icmp` (echo) or `tcp` (connections, where refused is an answer too); absent if
    /// it answers neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How many were sent.
    pub sent: u32,
    /// How many were answered.
    pub received: u32,
    /// The share without an answer, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_percent: Option<f64>,
    /// The fastest answer, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_us: Option<u64>,
    /// On average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_us: Option<u64>,
    /// The slowest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_us: Option<u64>,
    /// How much one answer's time differs from the one before, on average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_us: Option<u64>,
    /// Why it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `net.mtu@1`: the largest packet that reaches a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MtuFacts {
    /// The target's name in the policy.
    pub name: String,
    /// Its address; absent if the name has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How it was measured: `icmp` (echoes that must not be taken apart), or `kernel` (what the system has
    /// learnt so far, which misses whatever nobody told it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The largest that arrives, in bytes with all headers of IP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// The largest that this machine's interface sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface_mtu: Option<u32>,
    /// Whether larger ones vanish without a word, so that connections hang; absent if none vanish, or
    /// this was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub black_hole: Option<bool>,
    /// How many packets were sent.
    pub sent: u32,
    /// Why it could not be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `net.ipv6@1`: connections over both families.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipv6Facts {
    /// Whether this machine has an IPv6 address of global scope.
    pub address: bool,
    /// Whether it has an IPv6 default route.
    pub route: bool,
    /// The targets.
    pub targets: Vec<DualTarget>,
}

/// One target, over both families.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DualTarget {
    /// Its name in the policy.
    pub name: String,
    /// `host:port`.
    pub target: String,
    /// The attempts over IPv4; empty if the name has no such address.
    pub v4: Vec<TcpAttempt>,
    /// The attempts over IPv6; empty if the name has no such address.
    pub v6: Vec<TcpAttempt>,
    /// Why nothing could be tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
