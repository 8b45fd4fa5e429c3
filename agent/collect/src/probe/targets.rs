//! What probes may reach on this machine: the part of the policy that the collect child is handed.
//!
//! The defaults are what a machine without a policy file gets. They name public services that are
//! made for such checks, and logs that hold no messages of people.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use befund_model::probe::List;

use super::platform;

/// The lists that parameters pick from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Targets {
    /// Names to resolve.
    pub dns: Vec<String>,
    /// Name to `host:port`.
    pub tcp: BTreeMap<String, String>,
    /// Name to `host:port`.
    pub tls: BTreeMap<String, String>,
    /// Name to what is asked and expected.
    pub http: BTreeMap<String, HttpCheck>,
    /// Time servers, `host` or `host:port`.
    pub ntp: Vec<String>,
    /// Name to the address of a name server, with a port if it is not 53, to compare answers with.
    pub resolvers: BTreeMap<String, String>,
    /// Name to who is expected to have signed: a part of an issuer's name, or `sha256:` and the
    /// fingerprint of a certificate of the chain.
    pub issuers: BTreeMap<String, String>,
    /// Services, as in `ssh.service`.
    pub services: Vec<String>,
    /// Name to file, absolute.
    pub logs: BTreeMap<String, String>,
}

/// A plain-HTTP address and the answer that it gives where nobody stands in between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpCheck {
    /// An `http://` address.
    pub url: String,
    /// The status expected.
    #[serde(default = "ok")]
    pub status: u16,
    /// A text that the body begins with, if it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

const fn ok() -> u16 {
    200
}

impl Default for Targets {
    fn default() -> Self {
        let map = |entries: &[(&str, &str)]| {
            entries.iter().map(|(name, to)| ((*name).to_owned(), (*to).to_owned())).collect()
        };
        let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect();
        Self {
            dns: list(&["example.com"]),
            tcp: map(&[("web", "example.com:443")]),
            tls: map(&[("web", "example.com:443")]),
            http: [(
                "portal".to_owned(),
                HttpCheck {
                    url: "http://detectportal.firefox.com/success.txt".to_owned(),
                    status: 200,
                    body: Some("success".to_owned()),
                },
            )]
            .into(),
            ntp: list(&["pool.ntp.org"]),
            resolvers: map(&[("quad9", "9.9.9.9")]),
            issuers: BTreeMap::new(),
            services: list(platform::SERVICES),
            logs: map(platform::LOGS),
        }
    }
}

impl Targets {
    /// The names of a list, as parameters pick them.
    #[must_use]
    pub fn names(&self, list: List) -> Vec<&str> {
        fn keys<T>(map: &BTreeMap<String, T>) -> Vec<&str> {
            map.keys().map(String::as_str).collect()
        }
        fn all(list: &[String]) -> Vec<&str> {
            list.iter().map(String::as_str).collect()
        }
        match list {
            List::DnsNames => all(&self.dns),
            List::TcpTargets => keys(&self.tcp),
            List::TlsTargets => keys(&self.tls),
            List::HttpChecks => keys(&self.http),
            List::NtpServers => all(&self.ntp),
            List::Resolvers => keys(&self.resolvers),
            List::Issuers => keys(&self.issuers),
            List::Services => all(&self.services),
            List::Logs => keys(&self.logs),
        }
    }
}

impl Targets {
    /// Checks each entry, so that a mistake is told when the policy is read and not when somebody
    /// needs the probe.
    ///
    /// # Errors
    /// The first entry that could not be used: its key, itself, and what is wrong with it.
    pub fn check(&self) -> Result<(), (String, String, String)> {
        let wrong =
            |key: String, entry: &str, why: &str| Err((key, entry.to_owned(), why.to_owned()));
        for (list, targets) in [("tcp", &self.tcp), ("tls", &self.tls)] {
            for (name, target) in targets {
                if host_and_port(target, None).is_none() {
                    return wrong(format!("targets.{list}.{name}"), target, "expected host:port");
                }
            }
        }
        for (name, check) in &self.http {
            if HttpUrl::parse(&check.url).is_none() {
                let why = "expected an address that begins with http:// and has a host";
                return wrong(format!("targets.http.{name}"), &check.url, why);
            }
        }
        for server in &self.ntp {
            if host_and_port(server, Some(123)).is_none() {
                return wrong("targets.ntp".to_owned(), server, "expected host or host:port");
            }
        }
        for (name, server) in &self.resolvers {
            if resolver(server).is_none() {
                let why = "expected an IP address, or one with a port as 192.0.2.1:5353";
                return wrong(format!("targets.resolvers.{name}"), server, why);
            }
        }
        for (name, issuer) in &self.issuers {
            let fingerprint = issuer
                .strip_prefix("sha256:")
                .map(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
            if fingerprint == Some(false) || issuer.trim().is_empty() {
                let why =
                    "expected a part of an issuer's name, or sha256: and 64 hexadecimal digits";
                return wrong(format!("targets.issuers.{name}"), issuer, why);
            }
        }
        for name in &self.dns {
            if super::wire::question(0, name, super::wire::Record::A).is_err() {
                return wrong("targets.dns".to_owned(), name, "expected a domain name");
            }
        }
        for name in &self.services {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@:\\".contains(&byte);
            if name.is_empty() || name.starts_with('.') || !name.bytes().all(fits) {
                return wrong(
                    "services".to_owned(),
                    name,
                    "expected a service's name, as ssh.service",
                );
            }
        }
        for (name, path) in &self.logs {
            if !platform::is_absolute(path) {
                let why = "expected a file by its absolute path, without `..`";
                return wrong(format!("logs.{name}"), path, why);
            }
        }
        Ok(())
    }
}

/// The address of a name server, which has port 53 unless told otherwise.
pub(super) fn resolver(text: &str) -> Option<SocketAddr> {
    let address = text.parse().map(|address: IpAddr| SocketAddr::new(address, 53));
    address.ok().or_else(|| text.parse().ok()).filter(|at| at.port() != 0)
}

/// Splits `host:port` or `[v6]:port`; the port may be left out where there is a default.
pub(super) fn host_and_port(text: &str, default: Option<u16>) -> Option<(&str, u16)> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        (host, rest.strip_prefix(':'))
    } else {
        match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, Some(port)),
            // An IPv6 address without brackets can have no port.
            Some(_) => (text, None),
            None => (text, None),
        }
    };
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        None => default?,
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (!host.is_empty() && host.bytes().all(fits)).then_some((host, port))
}

/// The parts of an `http://` address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HttpUrl<'a> {
    /// Host and port as they stand in the address.
    pub(super) authority: &'a str,
    pub(super) host: &'a str,
    pub(super) port: u16,
    /// Path and query; at least `/`.
    pub(super) path: &'a str,
}

impl<'a> HttpUrl<'a> {
    pub(super) fn parse(url: &'a str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split('#').next().unwrap_or(path);
        let (host, port) = host_and_port(authority, Some(80))?;
        let visible = path.bytes().all(|byte| byte.is_ascii_graphic());
        let path = if path.is_empty() { "/" } else { path };
        (visible && path.starts_with('/')).then_some(Self { authority, host, port, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(Targets::default().check(), Ok(()));
    }

    #[test]
    fn hosts_and_ports() {
        assert_eq!(host_and_port("a.example:443", None), Some(("a.example", 443)));
        assert_eq!(host_and_port("[2001:db8::1]:53", None), Some(("2001:db8::1", 53)));
        assert_eq!(host_and_port("2001:db8::1", Some(123)), Some(("2001:db8::1", 123)));
        for bad in ["a.example", "a.example:0", "a.example:99999", ":1", "a b:1", "a/b:1"] {
            assert_eq!(host_and_port(bad, None), None, "{bad}");
        }
    }

    #[test]
    fn addresses_of_pages() {
        let url = HttpUrl::parse("http://a.example:8080/x?y#z").expect("an address");
        assert_eq!((url.host, url.port, url.path), ("a.example", 8080, "/x?y"));
        assert_eq!(HttpUrl::parse("http://a.example").expect("an address").path, "/");
        for bad in ["https://a.example/", "http:///x", "http://a.example/\r\nX: y", "ftp://a"] {
            assert_eq!(HttpUrl::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_wrong_entry_is_named() {
        let targets =
            Targets { logs: [("x".into(), "/a/../b".into())].into(), ..Targets::default() };
        let (key, entry, _) = targets.check().expect_err("wrong");
        assert_eq!((key.as_str(), entry.as_str()), ("logs.x", "/a/../b"));
    }
}
