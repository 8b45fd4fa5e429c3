//! Name resolution, proxies and VPNs, as scutil(8) tells of them.

use befund_model::section::network::{Dns, DnsLink};
use befund_model::section::reach::Tunnel;

/// A resolver of `scutil --dns`.
#[derive(Debug, Default)]
struct Resolver {
    servers: Vec<String>,
    search: Vec<String>,
    domain: Option<String>,
    options: Vec<String>,
    interface: Option<String>,
    multicast: bool,
    scoped: bool,
}

/// Reads `scutil --dns`: the first resolver is asked for every name, those with a domain for the names in it,
/// and the scoped ones by programs that bind themselves to an interface.
pub(crate) fn resolvers(text: &str) -> Dns {
    let mut all: Vec<Resolver> = Vec::new();
    let mut scoped = false;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("DNS configuration") {
            scoped = line.contains("scoped");
            continue;
        }
        if line.starts_with("resolver #") {
            all.push(Resolver { scoped, ..Resolver::default() });
            continue;
        }
        let (Some(resolver), Some((name, value))) = (all.last_mut(), line.split_once(" : ")) else {
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        match name {
            _ if name.starts_with("nameserver[") => resolver.servers.push(value.to_owned()),
            _ if name.starts_with("search domain[") => resolver.search.push(value.to_owned()),
            "domain" => resolver.domain = Some(value.to_owned()),
            "options" if value == "mdns" => resolver.multicast = true,
            "options" => resolver.options.extend(value.split(' ').map(str::to_owned)),
            // `11 (en0)`.
            "if_index" => {
                let inside = value.split_once('(').map(|(_, name)| name.trim_end_matches(')'));
                resolver.interface = inside.map(str::to_owned);
            }
            _ => {}
        }
    }
    all.retain(|resolver| !resolver.multicast);
    let mut dns = Dns { manager: Some("configd".into()), ..Dns::default() };
    if let Some(first) = all.iter().find(|one| !one.scoped && one.domain.is_none()) {
        dns.servers.clone_from(&first.servers);
        dns.search.clone_from(&first.search);
        dns.options.clone_from(&first.options);
    }
    for resolver in &all {
        let domain = resolver.domain.clone();
        if resolver.servers.is_empty() || (!resolver.scoped && domain.is_none()) {
            continue;
        }
        // Names of a domain that are asked for somewhere else carry a sign, as elsewhere.
        let domains = match domain {
            Some(domain) if !resolver.scoped => vec![format!("~{domain}")],
            _ => resolver.search.clone(),
        };
        let interface = resolver.interface.clone().unwrap_or_default();
        let link = DnsLink { interface, servers: resolver.servers.clone(), domains };
        if !dns.links.contains(&link) {
            dns.links.push(link);
        }
    }
    dns.links.sort_by(|a, b| (&a.interface, &a.domains).cmp(&(&b.interface, &b.domains)));
    dns
}

/// The proxies of `scutil --proxy`, scheme and value, sorted.
pub(crate) fn proxies(text: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let value = |name: &str| {
        text.lines().find_map(|line| {
            let (known, value) = line.split_once(" : ")?;
            (known.trim() == name).then(|| value.trim())
        })
    };
    let is_on = |name: &str| value(name) == Some("1");
    for (enabled, host, port, scheme, prefix) in [
        ("HTTPEnable", "HTTPProxy", "HTTPPort", "http", "http"),
        ("HTTPSEnable", "HTTPSProxy", "HTTPSPort", "https", "http"),
        ("FTPEnable", "FTPProxy", "FTPPort", "ftp", "http"),
        ("SOCKSEnable", "SOCKSProxy", "SOCKSPort", "all", "socks5"),
    ] {
        if let (true, Some(host)) = (is_on(enabled), value(host)) {
            let port = value(port).map(|port| format!(":{port}")).unwrap_or_default();
            found.push((scheme, format!("{prefix}://{host}{port}")));
        }
    }
    if let (true, Some(url)) = (is_on("ProxyAutoConfigEnable"), value("ProxyAutoConfigURLString")) {
        found.push(("auto", url.to_owned()));
    }
    if is_on("ProxyAutoDiscoveryEnable") {
        found.push(("auto", "wpad".to_owned()));
    }
    // Exceptions say nothing where there is no proxy.
    if !found.is_empty() {
        let mut inside = false;
        let mut exceptions = Vec::new();
        for line in text.lines().map(str::trim) {
            if line.starts_with("ExceptionsList") {
                inside = true;
            } else if line == "}" {
                inside = false;
            } else if inside && let Some((_, host)) = line.split_once(" : ") {
                exceptions.push(host.to_owned());
            }
        }
        if !exceptions.is_empty() {
            found.push(("no_proxy", exceptions.join(",")));
        }
    }
    found.sort();
    found
}

/// A line of `scutil --nc list`:
/// `* (Connected)      4CA6-… VPN (com.wireguard.macos) "Office" [VPN:com.wireguard.macos]`.
pub(crate) fn tunnel(line: &str) -> Option<Tunnel> {
    let line = line.trim().strip_prefix('*')?.trim_start();
    let (state, rest) = line.strip_prefix('(')?.split_once(')')?;
    let (front, kind) = rest.trim_end().strip_suffix(']')?.rsplit_once('[')?;
    let front = front.trim_end().strip_suffix('"')?;
    let name = front.split_once('"').map(|(_, name)| name)?;
    const KINDS: &[(&str, &str)] = &[
        ("wireguard", "wireguard"),
        ("openvpn", "openvpn"),
        ("tunnelblick", "openvpn"),
        ("L2TP", "l2tp"),
        ("PPTP", "pptp"),
        ("IKEv2", "ipsec"),
        ("IPSec", "ipsec"),
        ("anyconnect", "cisco anyconnect"),
        ("cisco", "cisco anyconnect"),
        ("globalprotect", "globalprotect"),
        ("paloalto", "globalprotect"),
        ("forti", "forticlient"),
        ("zscaler", "zscaler"),
        ("tailscale", "tailscale"),
        ("PPP", "ppp"),
    ];
    let lower = kind.to_ascii_lowercase();
    let known = KINDS.iter().find(|(sign, _)| lower.contains(&sign.to_ascii_lowercase()));
    let other = || kind.rsplit(':').next().unwrap_or(kind).to_owned();
    Some(Tunnel {
        name: name.to_owned(),
        kind: known.map_or_else(other, |(_, name)| (*name).to_owned()),
        up: match state {
            "Connected" => Some(true),
            "Disconnected" | "Connecting" | "Disconnecting" => Some(false),
            _ => None,
        },
        ..Tunnel::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_read() {
        // macOS 12 to 15; shortened.
        let text = "DNS configuration\n\nresolver #1\n  search domain[0] : fritz.box\n  nameserver[0] : 192.168.1.1\n  nameserver[1] : fd00::1\n  if_index : 11 (en0)\n  flags    : Request A records\n  reach    : 0x00020002 (Reachable,Directly Reachable Address)\n\nresolver #2\n  domain   : local\n  options  : mdns\n  timeout  : 5\n  flags    : Request A records\n\nresolver #3\n  domain   : corp.example\n  nameserver[0] : 10.8.0.53\n  if_index : 18 (utun4)\n  flags    : Supplemental\n\nDNS configuration (for scoped queries)\n\nresolver #1\n  search domain[0] : fritz.box\n  nameserver[0] : 192.168.1.1\n  if_index : 11 (en0)\n  flags    : Scoped, Request A records\n";
        let dns = resolvers(text);
        assert_eq!(dns.servers, ["192.168.1.1", "fd00::1"]);
        assert_eq!(dns.search, ["fritz.box"]);
        assert_eq!(dns.links.len(), 2);
        assert_eq!(
            (dns.links[1].interface.as_str(), &dns.links[1].domains[..]),
            ("utun4", &["~corp.example".to_owned()][..])
        );
    }

    #[test]
    fn proxies_are_read() {
        let text = "<dictionary> {\n  ExceptionsList : <array> {\n    0 : *.local\n    1 : 169.254/16\n  }\n  HTTPEnable : 1\n  HTTPPort : 3128\n  HTTPProxy : proxy.example\n  HTTPSEnable : 0\n  HTTPSProxy : old.example\n  ProxyAutoConfigEnable : 1\n  ProxyAutoConfigURLString : http://wpad.example/wpad.dat\n}\n";
        assert_eq!(
            proxies(text),
            [
                ("auto", "http://wpad.example/wpad.dat".to_owned()),
                ("http", "http://proxy.example:3128".to_owned()),
                ("no_proxy", "*.local,169.254/16".to_owned()),
            ]
        );
        let off = "<dictionary> {\n  ExceptionsList : <array> {\n    0 : *.local\n  }\n  FTPPassive : 1\n  HTTPEnable : 0\n}\n";
        assert_eq!(proxies(off), []);
    }

    #[test]
    fn tunnels_are_read() {
        let told = tunnel("* (Connected)      4CA6B7AC-1111-2222-3333-444455556666 VPN (com.wireguard.macos) \"Office \"B\"\" [VPN:com.wireguard.macos]").expect("one");
        assert_eq!(
            (told.name.as_str(), told.kind.as_str(), told.up),
            ("Office \"B\"", "wireguard", Some(true))
        );
        let told = tunnel("* (Disconnected)   4CA6B7AC-1111-2222-3333-444455556666 PPP --> L2TP       \"Home\"                           [PPP:L2TP]").expect("one");
        assert_eq!((told.kind.as_str(), told.up), ("l2tp", Some(false)));
        assert_eq!(
            tunnel("Available network connection services in the current set (*=enabled):"),
            None
        );
    }
}
