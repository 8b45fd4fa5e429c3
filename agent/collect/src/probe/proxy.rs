//! `net.proxy`: the configured proxies, and whether they take connections. docs/probes.md: a
//! dead one is a failure.
//!
//! Only what is set for everyone: what a user set in a desktop of their own is not seen from here.

use std::time::Duration;

use befund_model::probe::network::{Proxy, ProxyFacts};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, platform, reach, targets};

/// How long a proxy may take to take the connection.
const ATTEMPT: Duration = Duration::from_secs(3);
/// In the order in which ordinary requests look.
pub(super) const VARIABLES: &[&str] = &["https_proxy", "http_proxy", "all_proxy"];
/// What desktops and browsers are set to, which have no variables.
pub(super) const SETTINGS: &[&str] = &["https", "http", "all", "socks"];
/// Where package managers are told of a proxy of theirs.
const PACKAGES: &[&str] = &["/etc/apt/", "/etc/dnf/", "/etc/yum.conf"];

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let mut proxies = platform::proxies(context)?;
    let reached = super::beside(&proxies, |proxy| {
        let (host, port) = targets::host_and_port(&proxy.address, None)
            .ok_or_else(|| "it is not host:port".to_owned())?;
        reach::connect_host(context, host, port, ATTEMPT).map(drop)
    });
    for (proxy, reached) in proxies.iter_mut().zip(reached) {
        proxy.reachable = reached.is_ok();
        proxy.error = reached.err();
        let state = proxy.error.as_deref().unwrap_or("takes connections");
        context.say(format_args!(
            "{} ({} in {}): {state}",
            proxy.address, proxy.setting, proxy.source
        ));
    }
    let ordinary = |proxy: &&Proxy| !PACKAGES.iter().any(|from| proxy.source.starts_with(from));
    let effective = VARIABLES
        .iter()
        .chain(SETTINGS)
        .find_map(|wanted| {
            let mut proxies = proxies.iter().filter(ordinary);
            proxies.find(|proxy| proxy.setting.eq_ignore_ascii_case(wanted))
        })
        .map(|proxy| (proxy.address.clone(), proxy.reachable));
    let (verdict, summary) = match &effective {
        None if proxies.is_empty() => (Verdict::Pass, "no proxy is configured".to_owned()),
        None => (Verdict::Pass, "a proxy is configured for package downloads only".to_owned()),
        Some((address, true)) => (Verdict::Pass, format!("the proxy {address} takes connections")),
        Some((address, false)) => {
            (Verdict::Fail, format!("the proxy {address} does not take connections"))
        }
    };
    let reachable = effective.as_ref().map(|(_, reachable)| *reachable);
    let effective = effective.map(|(address, _)| address).unwrap_or_default();
    Measured::new(verdict, summary, &ProxyFacts { proxies, effective, reachable })
}

/// `host:port` of a proxy's address; user and password are dropped here.
pub(super) fn address(value: &str) -> Option<String> {
    let value = value.trim().trim_matches(['"', '\'']);
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    let authority = rest.split(['/', '?']).next()?;
    let authority = authority.rsplit('@').next()?;
    let default = match scheme {
        "http" => 80,
        "https" => 443,
        "socks" | "socks4" | "socks5" | "socks5h" => 1080,
        _ => return None,
    };
    let (host, port) = targets::host_and_port(authority, Some(default))?;
    Some(if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_never_come_along() {
        for (value, expected) in [
            ("http://user:secret@proxy.example:3128/", Some("proxy.example:3128")),
            ("\"http://proxy.example\"", Some("proxy.example:80")),
            ("proxy.example:8080", Some("proxy.example:8080")),
            ("socks5://[2001:db8::1]", Some("[2001:db8::1]:1080")),
            ("", None),
            ("DIRECT://x", None),
        ] {
            assert_eq!(address(value).as_deref(), expected, "{value}");
        }
    }
}
