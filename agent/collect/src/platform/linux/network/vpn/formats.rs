//! How tunnels are written down: OpenVPN's, strongSwan's and NetworkManager's files. No I/O; secrets
//! in them are gone by.

use befund_model::section::reach::Tunnel;

use crate::platform::linux::network::proxies::formats::keyfile;

/// What is read of an OpenVPN configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenVpn {
    /// `host:port`, or the host alone.
    pub(crate) server: Option<String>,
    /// The interface, where it is named with its number.
    pub(crate) device: Option<String>,
}

/// Reads openvpn(8)'s options: the first `remote`, and `dev`. What stands between tags (`<key>`) is
/// no option.
pub(crate) fn openvpn(text: &str) -> OpenVpn {
    let mut told = OpenVpn::default();
    let mut inside: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if let Some(tag) = &inside {
            if line.strip_prefix("</").and_then(|line| line.strip_suffix('>')) == Some(tag) {
                inside = None;
            }
            continue;
        }
        if let Some(tag) = line.strip_prefix('<').and_then(|line| line.strip_suffix('>')) {
            inside = Some(tag.to_owned()).filter(|tag| tag != "connection" && tag != "/connection");
            continue;
        }
        let mut words = line.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some("remote"), Some(host)) if told.server.is_none() => {
                told.server = Some(match words.next().and_then(|port| port.parse::<u16>().ok()) {
                    Some(port) if host.contains(':') => format!("[{host}]:{port}"),
                    Some(port) => format!("{host}:{port}"),
                    None => host.to_owned(),
                });
            }
            (Some("dev"), Some(device)) if device.ends_with(|end: char| end.is_ascii_digit()) => {
                told.device = Some(device.to_owned());
            }
            _ => {}
        }
    }
    told
}

/// Reads ipsec.conf(5): the connections with their other ends (`right`).
pub(crate) fn ipsec(text: &str) -> Vec<(String, Option<String>)> {
    let mut connections: Vec<(String, Option<String>)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        if line.starts_with(char::is_whitespace) {
            let Some((key, value)) = line.trim().split_once('=') else { continue };
            if inside
                && key.trim() == "right"
                && let Some((_, server)) = connections.last_mut()
            {
                *server = server_of(value);
            }
            continue;
        }
        let mut words = line.split_ascii_whitespace();
        let Some(word) = words.next() else { continue };
        let name = words.next().filter(|name| word == "conn" && *name != "%default");
        inside = name.is_some();
        connections.extend(name.map(|name| (name.to_owned(), None)));
    }
    connections
}

/// One end, if it is a machine: `%any` and its like take calls and place none.
fn server_of(value: &str) -> Option<String> {
    let first = value.trim().trim_matches('"').split(',').next()?.trim();
    let first = first.trim_start_matches('%');
    (!first.is_empty() && !matches!(first, "any" | "defaultroute" | "any4" | "any6"))
        .then(|| first.to_owned())
}

/// Reads swanctl.conf(5): the sections of `connections`, with `remote_addrs`.
pub(crate) fn swanctl(text: &str) -> Vec<(String, Option<String>)> {
    let mut connections: Vec<(String, Option<String>)> = Vec::new();
    let mut scopes: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut rest = line.split('#').next().unwrap_or_default().trim();
        while !rest.is_empty() {
            let Some(at) = rest.find(['{', '}']) else {
                stated(rest, &scopes, &mut connections);
                break;
            };
            let (before, sign) = (rest[..at].trim(), &rest[at..=at]);
            if sign == "{" {
                let in_connections = scopes.len() == 1 && scopes[0] == "connections";
                // Behind a colon stand those that it takes over from.
                let name = before.split(':').next().unwrap_or_default().trim();
                if in_connections && !name.is_empty() {
                    connections.push((name.to_owned(), None));
                }
                scopes.push(name.to_owned());
            } else {
                stated(before, &scopes, &mut connections);
                scopes.pop();
            }
            rest = rest[at + 1..].trim();
        }
    }
    connections
}

fn stated(text: &str, scopes: &[String], connections: &mut [(String, Option<String>)]) {
    if scopes.len() == 2
        && scopes[0] == "connections"
        && let Some((key, value)) = text.split_once('=')
        && key.trim() == "remote_addrs"
        && let Some((_, server)) = connections.last_mut()
    {
        *server = server_of(value);
    }
}

/// Reads a connection of NetworkManager's (nm-settings-keyfile(5)), if it is a tunnel.
pub(crate) fn managed(text: &str) -> Option<Tunnel> {
    let keys = keyfile(text);
    let value = |group: &str, key: &str| {
        let found = keys.iter().find(|(of, name, _)| of == group && name == key);
        found.map(|(_, _, value)| value.clone()).filter(|value| !value.is_empty())
    };
    let kind = match value("connection", "type")?.as_str() {
        "wireguard" => "wireguard".to_owned(),
        "vpn" => {
            let service = value("vpn", "service-type").unwrap_or_default();
            let name = service.rsplit('.').next().unwrap_or_default();
            match name {
                "strongswan" | "libreswan" | "openswan" => "ipsec".to_owned(),
                "" => "vpn".to_owned(),
                // openvpn, l2tp, sstp, pptp, openconnect, fortisslvpn, vpnc.
                other => other.to_owned(),
            }
        }
        _ => return None,
    };
    let server = ["remote", "gateway", "address", "right", "IPSec gateway"]
        .iter()
        .find_map(|key| value("vpn", key))
        .and_then(|server| server_of(&server));
    Some(Tunnel {
        name: value("connection", "id")?,
        interface: value("connection", "interface-name").filter(|_| kind == "wireguard"),
        kind,
        server,
        ..Tunnel::default()
    })
}
