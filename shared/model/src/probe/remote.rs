//! The facts of the probes of what is beyond this machine: `net.tcp`, `net.tls`, `net.http`,
//! `clock.offset`. Their targets come from the machine's policy file.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// `net.tcp@1`: whether ports take connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpFacts {
    /// The targets.
    pub targets: Vec<TcpTarget>,
}

/// One target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpTarget {
    /// Its name in the policy.
    pub name: String,
    /// `host:port`.
    pub target: String,
    /// Each address that the host stands for, tried by itself.
    pub attempts: Vec<TcpAttempt>,
    /// The best of the attempts.
    pub state: PortState,
    /// Why nothing could be tried, as when the host's name is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One address tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpAttempt {
    /// Address and port.
    pub address: std::net::SocketAddr,
    /// What came of it.
    pub state: PortState,
    /// Until the connection stood or was refused, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
    /// The system's words if it did not open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What a port does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortState {
    /// Nothing could be tried: the name or the route is missing.
    Unreachable,
    /// No answer: dropped on the way.
    Filtered,
    /// Refused: the host is there, nobody listens.
    Closed,
    /// A connection stood.
    Open,
}

/// `net.tls@1`: handshakes, and the certificates that were shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFacts {
    /// The targets.
    pub targets: Vec<TlsTarget>,
}

/// One target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsTarget {
    /// Its name in the policy.
    pub name: String,
    /// `host:port`.
    pub target: String,
    /// Whether the chain leads to a root that this machine trusts, for this host, now.
    pub verified: bool,
    /// Why it is not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// As in `TLSv1_3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// What the server showed, its own certificate first.
    pub chain: Vec<Certificate>,
    /// Until the earliest expiry in the chain, in days, rounded down; negative once it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
    /// The handshake, in microseconds, without the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handshake_us: Option<u64>,
    /// Why there is no chain: no connection, or no handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// From when on.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// The names that it is good for.
    pub names: Vec<String>,
    /// Its SHA-256, as 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// `net.http@1`: plain HTTP to known places, and whether somebody on the way answers instead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpFacts {
    /// The checks.
    pub checks: Vec<HttpCheck>,
    /// What they say together.
    pub result: Portal,
    /// Where a portal wants the user to go: the host only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal_host: Option<String>,
}

/// Whether the Internet is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Portal {
    /// The expected answer came.
    Open,
    /// Somebody on the way answered instead: a captive portal.
    Redirect,
    /// No answer.
    #[default]
    None,
}

/// One check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCheck {
    /// Its name in the policy.
    pub name: String,
    /// The address asked.
    pub url: String,
    /// What it says.
    pub result: Portal,
    /// The status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether the answer is the expected one.
    pub expected: bool,
    /// The host of the redirect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_host: Option<String>,
    /// Until the head of the answer, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `clock.offset@1`: this machine's clock against time servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockFacts {
    /// The servers.
    pub servers: Vec<TimeServer>,
    /// The median over the servers that answered: true time minus this machine's, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_us: Option<i64>,
}

/// One time server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeServer {
    /// As the policy names it.
    pub server: String,
    /// The address asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// True time minus this machine's, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_us: Option<i64>,
    /// There and back, in microseconds; the offset is no better than half of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_us: Option<i64>,
    /// How far it is from a reference clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratum: Option<u8>,
    /// Why there is no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
