//! `net.proxy`: the configured proxies, and whether they take connections. docs/probes.md: a
//! dead one is a failure.
//!
//! Read from the files that set a proxy for everyone: environments, desktops' system-wide settings,
//! browsers' policies, package managers. What a user set in a desktop of their own is not seen from
//! here.

use std::time::Duration;

use befund_model::probe::network::{Proxy, ProxyFacts};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, platform, reach, targets};

/// How long a proxy may take to take the connection.
const ATTEMPT: Duration = Duration::from_secs(3);
/// Files of `name=value` lines, as a shell or pam_env reads them.
const ENVIRONMENTS: &[&str] =
    &["/etc/environment", "/etc/sysconfig/proxy", "/etc/profile.d/proxy.sh"];
/// In the order in which ordinary requests look.
const VARIABLES: &[&str] = &["https_proxy", "http_proxy", "all_proxy"];
/// What desktops and browsers are set to, which have no variables.
const SETTINGS: &[&str] = &["https", "http", "all", "socks"];
/// Where package managers are told of a proxy of theirs.
const PACKAGES: &[&str] = &["/etc/apt/", "/etc/dnf/", "/etc/yum.conf"];

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let mut proxies = configured(context);
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

fn configured(context: &Context<'_>) -> Vec<Proxy> {
    let mut proxies: Vec<Proxy> = Vec::new();
    let mut add = |source: &str, setting: &str, value: &str| {
        let Some(address) = address(value) else { return };
        let same = |known: &Proxy| known.address == address && known.setting == setting;
        if !proxies.iter().any(same) {
            let (source, setting) = (source.to_owned(), setting.to_owned());
            proxies.push(Proxy { address, source, setting, ..Proxy::default() });
        }
    };
    for source in ENVIRONMENTS {
        let Ok(text) = context.read(source) else { continue };
        for line in text.lines() {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let Some((name, value)) = line.split_once('=') else { continue };
            if VARIABLES.iter().any(|known| known.eq_ignore_ascii_case(name.trim())) {
                add(source, &name.trim().to_ascii_lowercase(), value);
            }
        }
    }
    let folder = "/etc/apt/apt.conf.d";
    let listed = std::fs::read_dir(context.path(folder)).into_iter().flatten().flatten();
    let mut files: Vec<_> = listed
        .filter_map(|entry| entry.file_name().into_string().ok())
        .map(|name| format!("{folder}/{name}"))
        .collect();
    files.sort_unstable();
    files.push("/etc/apt/apt.conf".to_owned());
    for source in files {
        let Ok(text) = context.read(&source) else { continue };
        for line in text.lines().map(str::trim) {
            let mut words = line.split_whitespace();
            let (Some(name), Some(value)) = (words.next(), words.next()) else { continue };
            if ["Acquire::http::Proxy", "Acquire::https::Proxy"].contains(&name) {
                add(&source, name, value.trim_end_matches(';'));
            }
        }
    }
    // What the collectors know beside these: desktops, browsers, other package managers.
    let known = |source: &str| ENVIRONMENTS.contains(&source) || source.starts_with("/etc/apt/");
    for (source, setting, value) in platform::proxy_settings(context.root).unwrap_or_default() {
        if SETTINGS.contains(&setting.as_str()) && !known(&source) {
            add(&source, &setting, &value);
        }
    }
    proxies
}

/// `host:port` of a proxy's address; user and password are dropped here.
fn address(value: &str) -> Option<String> {
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
