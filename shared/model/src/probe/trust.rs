//! The facts of the probes of who is trusted on the way: `net.interception`, `net.client-cert`, `net.pac`.

use serde::{Deserialize, Serialize};

use super::remote::Certificate;
use crate::Timestamp;

/// `net.interception@1`: who signed for the servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterceptionFacts {
    /// The servers.
    pub targets: Vec<Intercepted>,
    /// The roots that the machine's owner added to those of the distribution, by subject, sorted.
    pub managed_roots: Vec<String>,
}

/// One server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intercepted {
    /// Its name in the policy.
    pub name: String,
    /// `host:port`.
    pub target: String,
    /// What was shown, the server's own certificate first.
    pub chain: Vec<Certificate>,
    /// Where the chain leads.
    pub root: Root,
    /// The root's subject, as the last certificate names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_subject: Option<String>,
    /// Whether the expected issuer signed; absent if none is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<bool>,
    /// Why there is no chain, or why it is not trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Where a chain leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Root {
    /// No chain came.
    #[default]
    None,
    /// To a root that came with the system.
    Public,
    /// To a root that the machine's owner added: an inspecting proxy, or a server of the inside.
    Managed,
    /// To none that this machine trusts.
    Unknown,
}

/// `net.client-cert@1`: certificates that this machine shows to networks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCertFacts {
    /// The certificates, sorted by file.
    pub certificates: Vec<ClientCert>,
}

/// One certificate that is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCert {
    /// What uses it, as in `NetworkManager: Office`, or whose store it is in.
    pub used_by: String,
    /// Its file; of a store its place there, as in `LocalMachine\My\` and its thumbprint.
    pub file: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Until when it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Until then, in days, rounded down; negative once it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
    /// The key's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<String>,
    /// Whether the key is there; its content is not read. Absent if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<bool>,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// `net.pac@1`: the proxy script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacFacts {
    /// The scripts that are configured.
    pub scripts: Vec<PacScript>,
}

/// One script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacScript {
    /// Where it is to come from; what stands behind a question mark is left out.
    pub url: String,
    /// The file or setting that names it, or that has it looked for in the network.
    pub source: String,
    /// The status of the answer, where it came over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Until all of it was there, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_us: Option<u64>,
    /// How large it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Whether it looks like a script that can be used. It is not run.
    pub usable: bool,
    /// The proxies that it names, as `host:port`, in order.
    pub proxies: Vec<PacProxy>,
    /// Why it cannot be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A proxy that a script names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacProxy {
    /// `host:port`.
    pub address: String,
    /// Whether it takes connections.
    pub reachable: bool,
}
