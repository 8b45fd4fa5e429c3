//! VPN tunnels: WireGuard's by generic netlink, IPsec's by the kernel's policies, others by their
//! configuration and interfaces, and the vendors' own clients by their services. Keys are never read
//! out of an answer.

pub(crate) mod formats;
#[cfg(test)]
mod tests;
pub(crate) mod wireguard;
pub(crate) mod xfrm;

use std::collections::BTreeMap;
use std::io::ErrorKind;

use befund_model::Timestamp;
use befund_model::section::reach::{Tunnel, Vpn};
use befund_runtime::clock::Clock;

use crate::collector::{Context, Gap};

use super::firewall::configured::service_runs;
use super::interfaces::{NET, names};
use super::managed;
use wireguard::Device;

/// A session without a handshake in so many seconds is dropped (WireGuard's paper, 6.1,
/// `REJECT-AFTER-TIME`).
const REJECT_AFTER_S: i64 = 180;

const OPENVPN: &[(&str, &str)] = &[
    ("/etc/openvpn", "openvpn@"),
    ("/etc/openvpn/client", "openvpn-client@"),
    ("/etc/openvpn/server", "openvpn-server@"),
];
const MANAGED: &[&str] =
    &["/etc/NetworkManager/system-connections", "/run/NetworkManager/system-connections"];
const UNITS: &[&str] = &["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

/// Clients of vendors: the service, the product, and how the names of its interfaces begin.
const PRODUCTS: &[(&str, &str, &str)] = &[
    ("vpnagentd.service", "cisco secure client", "cscotun"),
    ("gpd.service", "globalprotect", "gpd"),
    ("tailscaled.service", "tailscale", "tailscale"),
    ("zerotier-one.service", "zerotier", "zt"),
    ("nordvpnd.service", "nordvpn", "nordlynx"),
    ("mullvad-daemon.service", "mullvad", "wg-mullvad"),
    ("warp-svc.service", "cloudflare warp", "CloudflareWARP"),
    ("netbird.service", "netbird", "wt"),
    ("expressvpn.service", "expressvpn", "tun"),
    ("forticlient.service", "forticlient", "fctvpn"),
    ("fctsched.service", "forticlient", "fctvpn"),
    ("pulsesecure.service", "ivanti secure access", "tun"),
    ("zstunnel.service", "zscaler", "zcctun"),
    ("snxd.service", "check point snx", "tunsnx"),
    ("svpn.service", "f5 vpn", "tun"),
    ("firezone-client-tunnel.service", "firezone", "tun-firezone"),
];

/// Section `network.vpn`.
pub(crate) fn vpn(cx: &Context) -> Result<Vpn, Gap> {
    let mut interfaces = interfaces(cx)?;
    let mut tunnels = Vec::new();
    tunnels.extend(products(cx, &mut interfaces));
    tunnels.extend(openvpn(cx, &mut interfaces));
    tunnels.extend(ipsec(cx));
    tunnels.extend(managed_connections(cx, &mut interfaces));
    tunnels.extend(plain(cx, interfaces));
    tunnels.sort_by(|a: &Tunnel, b| (&a.name, &a.kind).cmp(&(&b.name, &b.kind)));
    tunnels.dedup_by(|a, b| (&a.name, &a.kind) == (&b.name, &b.kind));
    if tunnels.is_empty() {
        return Err(Gap::unsupported(
            "no tunnel is set up: no interface of WireGuard, tun or ppp, no configuration of OpenVPN, \
             IPsec or NetworkManager, no client of a vendor",
        ));
    }
    Ok(Vpn { tunnels })
}

/// The interfaces that may be a tunnel's end, with what the interface itself tells: `wireguard`,
/// `tun`, `ppp` or `ipsec`, and whether it is switched on.
fn interfaces(cx: &Context) -> Result<BTreeMap<String, (&'static str, bool)>, Gap> {
    const ARPHRD_PPP: &str = "512";
    const IFF_TUN: u32 = 1;
    const IFF_UP: u32 = 1;
    let mut found = BTreeMap::new();
    for name in names(cx)? {
        let line = |file: &str| cx.root.line(&format!("{NET}/{name}/{file}")).ok().flatten();
        let hex = |file: &str| {
            line(file).and_then(|text| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok())
        };
        let uevent = cx.root.text(&format!("{NET}/{name}/uevent")).unwrap_or_default();
        let kind = uevent.lines().find_map(|line| line.strip_prefix("DEVTYPE="));
        let kind = if kind == Some("wireguard") {
            "wireguard"
        } else if line("type").as_deref() == Some(ARPHRD_PPP) {
            "ppp"
        } else if hex("tun_flags").is_some_and(|flags| flags & IFF_TUN != 0) {
            "tun"
        } else {
            continue;
        };
        let on = hex("flags").is_some_and(|flags| flags & IFF_UP != 0);
        found.insert(name, (kind, on));
    }
    Ok(found)
}

type Interfaces = BTreeMap<String, (&'static str, bool)>;

/// Takes the interface of this name out of those that nothing explains yet.
fn taken(interfaces: &mut Interfaces, name: &str) -> Option<bool> {
    interfaces.remove(name).map(|(_, on)| on)
}

fn products(cx: &Context, interfaces: &mut Interfaces) -> Vec<Tunnel> {
    let mut tunnels: Vec<Tunnel> = Vec::new();
    for (unit, product, begin) in PRODUCTS {
        if !UNITS.iter().any(|folder| cx.root.exists(&format!("{folder}/{unit}"))) {
            continue;
        }
        let mine = |name: &&String| {
            name.strip_prefix(begin).is_some_and(|rest| {
                rest.len() <= 12
                    && (*begin != "tun" || rest.bytes().all(|byte| byte.is_ascii_digit()))
            })
        };
        let name = interfaces.keys().find(mine).cloned();
        let on = name.as_deref().and_then(|name| taken(interfaces, name));
        // A tunnel without its service does not stand; one without an interface of its own may.
        let up = if service_runs(cx, unit) { on } else { Some(false) };
        tunnels.push(Tunnel {
            name: (*product).to_owned(),
            kind: (*product).to_owned(),
            interface: name,
            up,
            ..Tunnel::default()
        });
    }
    tunnels
}

fn openvpn(cx: &Context, interfaces: &mut Interfaces) -> Vec<Tunnel> {
    let mut tunnels = Vec::new();
    for (folder, unit) in OPENVPN {
        for file in cx.note(cx.root.list(folder)).unwrap_or_default() {
            let Some(name) = file.strip_suffix(".conf") else { continue };
            let Some(text) = cx.note(cx.root.text(&format!("{folder}/{file}"))) else { continue };
            let told = formats::openvpn(&text);
            let up = service_runs(cx, &instance(unit, name));
            // `dev tun` takes the next that is free: it can be named only if there is one.
            let device =
                told.device.filter(|device| interfaces.contains_key(device)).or_else(|| {
                    let mut free = interfaces.iter().filter(|(_, (kind, _))| *kind == "tun");
                    free.next()
                        .filter(|_| up && free.next().is_none())
                        .map(|(name, _)| name.clone())
                });
            let on = device.as_deref().and_then(|device| taken(interfaces, device));
            tunnels.push(Tunnel {
                name: name.to_owned(),
                kind: "openvpn".to_owned(),
                interface: device,
                server: told.server,
                up: Some(up && on != Some(false)),
                since: None,
            });
        }
    }
    tunnels
}

/// A template's instance, as systemd escapes its name and names its control group.
fn instance(template: &str, name: &str) -> String {
    let mut escaped = String::new();
    for byte in name.bytes() {
        match byte {
            b'/' => escaped.push('-'),
            byte if byte.is_ascii_alphanumeric() || b":_.".contains(&byte) => {
                escaped.push(byte.into())
            }
            byte => escaped.push_str(&format!("\\x{byte:02x}")),
        }
    }
    let slice = template.trim_end_matches('@').replace('-', "\\x2d");
    format!("system-{slice}.slice/{template}{escaped}.service")
}

/// IPsec's connections by configuration, and the kernel's policies, which say which stand.
fn ipsec(cx: &Context) -> Vec<Tunnel> {
    let mut configured = Vec::new();
    let mut files = vec!["/etc/ipsec.conf".to_owned(), "/etc/swanctl/swanctl.conf".to_owned()];
    for folder in ["/etc/ipsec.d", "/etc/swanctl/conf.d"] {
        let names = cx.root.list(folder).unwrap_or_default();
        let names = names.iter().filter(|name| name.ends_with(".conf"));
        files.extend(names.map(|name| format!("{folder}/{name}")));
    }
    for file in files {
        let Some(text) = cx.note(cx.root.text(&file)) else { continue };
        configured.extend(if file.contains("swanctl") {
            formats::swanctl(&text)
        } else {
            formats::ipsec(&text)
        });
    }
    let peers = if cx.root.is_live() {
        cx.root.trail().at("xfrm");
        match xfrm::peers() {
            Ok(peers) => Some(peers),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                if !configured.is_empty() {
                    cx.gap(Gap::denied(
                        "the kernel's IPsec policies may not be read by this account",
                    ));
                }
                None
            }
            // A kernel without IPsec.
            Err(_) => Some(Vec::new()),
        }
    } else {
        None
    };
    let mut tunnels: Vec<Tunnel> = configured
        .into_iter()
        .map(|(name, server)| {
            let address = server.as_deref().and_then(|server| server.parse().ok());
            let up = match (&peers, address) {
                (Some(peers), _) if peers.is_empty() => Some(false),
                (Some(peers), Some(address)) => Some(peers.contains(&address)),
                // By a name alone it cannot be told which of the peers it is.
                (Some(_), None) | (None, _) => None,
            };
            let kind = "ipsec".to_owned();
            Tunnel { name, kind, server, up, ..Tunnel::default() }
        })
        .collect();
    for peer in peers.unwrap_or_default() {
        let peer = peer.to_string();
        if !tunnels.iter().any(|tunnel| tunnel.server.as_deref() == Some(&peer))
            && !tunnels.iter().any(|tunnel| tunnel.up.is_none())
        {
            tunnels.push(Tunnel {
                name: peer.clone(),
                kind: "ipsec".to_owned(),
                server: Some(peer),
                up: Some(true),
                ..Tunnel::default()
            });
        }
    }
    tunnels
}

/// NetworkManager's connections: all that are set up by their files (root's), those that stand by
/// asking it.
fn managed_connections(cx: &Context, interfaces: &mut Interfaces) -> Vec<Tunnel> {
    let asked = cx.note(managed::tunnels(cx)).unwrap_or_default();
    let mut tunnels: Vec<Tunnel> = Vec::new();
    for folder in MANAGED {
        for file in cx.note(cx.root.list(folder)).unwrap_or_default() {
            let Some(text) = cx.note(cx.root.text(&format!("{folder}/{file}"))) else { continue };
            let Some(mut tunnel) = formats::managed(&text) else { continue };
            tunnel.up = cx.root.is_live().then_some(false);
            tunnels.push(tunnel);
        }
    }
    for active in asked {
        match tunnels.iter_mut().find(|known| known.name == active.name) {
            Some(known) => {
                known.up = active.up;
                known.interface = known.interface.take().or(active.interface);
            }
            None => tunnels.push(active),
        }
    }
    for tunnel in &mut tunnels {
        // Whoever made an interface of WireGuard, the kernel knows more of it.
        if let Some(name) = tunnel.interface.clone()
            && let Some((kind, on)) = interfaces.remove(&name)
        {
            if kind == "wireguard" {
                let told = plain(cx, [(name, (kind, on))].into()).pop();
                let told = told.unwrap_or_default();
                (tunnel.server, tunnel.since) = (told.server.or(tunnel.server.take()), told.since);
                tunnel.up = told.up.or(tunnel.up);
            } else {
                tunnel.up = Some(on);
            }
        }
    }
    tunnels
}

/// The interfaces that nobody else explained.
fn plain(cx: &Context, interfaces: Interfaces) -> Vec<Tunnel> {
    let now = Clock::system().now();
    let tunnel = |(name, (kind, on)): (String, (&str, bool))| {
        let mut tunnel = Tunnel {
            interface: Some(name.clone()),
            name,
            kind: kind.to_owned(),
            up: Some(on),
            ..Tunnel::default()
        };
        if kind == "wireguard" && cx.root.is_live() {
            cx.root.trail().at("wireguard");
            match wireguard::device(&tunnel.name) {
                Ok(device) => heard(&mut tunnel, &device, on, now),
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    cx.gap(Gap::denied("WireGuard's peers may not be read by this account"));
                }
                Err(error) => {
                    cx.gap(Gap::failed(format!("{} could not be asked: {error}", tunnel.name)));
                }
            }
        }
        tunnel
    };
    interfaces.into_iter().map(tunnel).collect()
}

/// What the peer that was heard last says of a tunnel. One that is idle stands again as soon as it is
/// used, so that an old handshake says neither.
pub(crate) fn heard(tunnel: &mut Tunnel, device: &Device, on: bool, now: Timestamp) {
    let Some(peer) = device.peers.iter().max_by_key(|peer| peer.handshake) else {
        tunnel.up = Some(false);
        return;
    };
    tunnel.server = peer.endpoint.map(|endpoint| endpoint.to_string());
    tunnel.since = peer.handshake;
    tunnel.up = match peer.handshake {
        _ if !on => Some(false),
        None => Some(false),
        Some(at) if now.as_second() - at.as_second() <= REJECT_AFTER_S => Some(true),
        Some(_) => None,
    };
}
