//! Name resolution, as it is configured for the whole machine and as each interface brings it along.

use befund_model::section::network::{Dns, DnsLink, HostsEntry};

use crate::collector::{Context, Gap};

use super::interfaces::by_index;
use super::managed;
use crate::platform::linux::software::os::settings;

/// What systemd-networkd was told for each interface, and what others told systemd-resolved.
const LINKS: [&str; 2] = ["/run/systemd/netif/links", "/run/systemd/resolve/netif"];

/// Section `network.dns`.
pub(crate) fn dns(cx: &Context) -> Result<Dns, Gap> {
    const RESOLVED: &str = "/run/systemd/resolve/resolv.conf";
    let text = cx.root.text("/etc/resolv.conf")?;
    let mut dns = parse(&text);
    dns.manager = manager(cx, &text);
    let stub = dns
        .servers
        .iter()
        .find(|server| matches!(server.as_str(), "127.0.0.53" | "127.0.0.54"))
        .cloned();
    if let Some(stub) = stub {
        match cx.root.text(RESOLVED) {
            Ok(behind) => dns.servers = parse(&behind).servers,
            Err(unread) => {
                cx.gap(Gap::failed(format!(
                    "the servers behind the local stub are not known: {}",
                    unread.told()
                )));
                dns.servers.clear();
            }
        }
        dns.stub = Some(stub);
    }
    let order = cx.note(cx.root.text("/etc/nsswitch.conf")).unwrap_or_default();
    let order =
        order.lines().find_map(|line| line.trim().strip_prefix("hosts:")).unwrap_or_default();
    dns.order = order
        .split_ascii_whitespace()
        .filter(|word| !word.starts_with('['))
        .map(str::to_owned)
        .collect();
    let hosts = cx.note(cx.root.text("/etc/hosts")).unwrap_or_default();
    dns.hosts = hosts.lines().filter_map(hosts_entry).collect();
    dns.links = links(cx);
    Ok(dns)
}

/// The servers and domains of each interface, sorted by interface.
fn links(cx: &Context) -> Vec<DnsLink> {
    let names = by_index(cx);
    let mut links: Vec<DnsLink> = Vec::new();
    for folder in LINKS {
        for file in cx.note(cx.root.list(folder)).unwrap_or_default() {
            let Ok(index) = file.parse::<u32>() else { continue };
            let Some(text) = cx.note(cx.root.text(&format!("{folder}/{file}"))) else { continue };
            let name = names.iter().find(|(known, _)| *known == index);
            let interface = name.map_or_else(|| file.clone(), |(_, name)| name.clone());
            add(&mut links, link(interface, &text));
        }
    }
    // resolved keeps what NetworkManager told it; where there is no resolved, NetworkManager knows.
    if links.is_empty() {
        let managed = cx.note(managed::names(cx)).unwrap_or_default();
        managed.into_iter().for_each(|link| add(&mut links, link));
    }
    links.sort_by(|a, b| a.interface.cmp(&b.interface));
    links
}

fn add(links: &mut Vec<DnsLink>, link: DnsLink) {
    if link.servers.is_empty() && link.domains.is_empty() {
        return;
    }
    match links.iter_mut().find(|known| known.interface == link.interface) {
        Some(known) => {
            let new = |list: &[String], one: &String| !list.contains(one);
            let servers: Vec<_> =
                link.servers.into_iter().filter(|one| new(&known.servers, one)).collect();
            known.servers.extend(servers);
            let domains: Vec<_> =
                link.domains.into_iter().filter(|one| new(&known.domains, one)).collect();
            known.domains.extend(domains);
        }
        None => links.push(link),
    }
}

/// A file of either: networkd says `DNS`, `DOMAINS` and `ROUTE_DOMAINS`, resolved `SERVERS` and
/// `DOMAINS`. A domain with `~` in front is one whose names are asked for there, and is not tried
/// after a bare name. Behind an address there may be a port, a link and a name for TLS.
pub(crate) fn link(interface: String, text: &str) -> DnsLink {
    let mut link = DnsLink { interface, ..DnsLink::default() };
    for (name, value) in settings(text) {
        let words = value.split_ascii_whitespace();
        match name.as_str() {
            "DNS" | "SERVERS" => link
                .servers
                .extend(words.map(|word| word.split('#').next().unwrap_or(word).to_owned())),
            "DOMAINS" => link.domains.extend(words.map(str::to_owned)),
            "ROUTE_DOMAINS" => {
                link.domains.extend(words.map(|word| format!("~{}", word.trim_start_matches('~'))));
            }
            _ => {}
        }
    }
    link
}

/// Reads resolv.conf(5).
pub(crate) fn parse(text: &str) -> Dns {
    let mut dns = Dns::default();
    for line in text.lines() {
        let line = line.split(['#', ';']).next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace().map(str::to_owned);
        match words.next().as_deref() {
            Some("nameserver") => dns.servers.extend(words.next()),
            // The last of these lines counts.
            Some("search" | "domain") => {
                dns.search = words.filter(|domain| domain != ".").collect()
            }
            Some("options") => dns.options.extend(words),
            _ => {}
        }
    }
    dns
}

fn manager(cx: &Context, text: &str) -> Option<String> {
    let link = cx.root.link("/etc/resolv.conf").ok();
    let link = link.as_deref().and_then(|link| link.to_str()).unwrap_or_default();
    let by = [
        ("systemd/resolve", "systemd-resolved"),
        ("NetworkManager", "NetworkManager"),
        ("resolvconf", "resolvconf"),
        ("connman", "connman"),
    ];
    let comments: String = text.lines().filter(|line| line.starts_with('#')).collect();
    by.iter()
        .find(|(sign, _)| link.contains(sign) || comments.contains(sign))
        .map(|(_, name)| (*name).to_owned())
}

/// A line of hosts(5), unless it only names the loopback and multicast groups.
fn hosts_entry(line: &str) -> Option<HostsEntry> {
    const USUAL: &[&str] = &[
        "localhost",
        "localhost.localdomain",
        "localhost4",
        "localhost4.localdomain4",
        "localhost6",
        "localhost6.localdomain6",
        "ip6-localhost",
        "ip6-loopback",
        "ip6-localnet",
        "ip6-mcastprefix",
        "ip6-allnodes",
        "ip6-allrouters",
        "ip6-allhosts",
    ];
    let mut words = line.split('#').next()?.split_ascii_whitespace().map(str::to_owned);
    let address = words.next()?;
    let names: Vec<String> = words.filter(|name| !USUAL.contains(&name.as_str())).collect();
    (!names.is_empty()).then_some(HostsEntry { address, names })
}
