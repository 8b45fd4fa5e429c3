//! Name resolution and leases, as the adapters and the registry have them.

use befund_model::section::network::{Dns, DnsLink, HostsEntry};
use befund_model::section::reach::{Lease, Leases};

use super::super::registry;
use super::adapters::{Adapter, adapters};
use crate::collector::{Context, Gap};
use crate::platform::decode::{net, time};

const PARAMETERS: &str = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";
const UP: i32 = 1;

/// Section `network.dns`.
pub(crate) fn dns(cx: &Context) -> Result<Dns, Gap> {
    let mut adapters = adapters()?;
    adapters.retain(|adapter| adapter.state == UP);
    let mut links: Vec<DnsLink> = adapters.iter().filter_map(link).collect();
    links.extend(policies(cx));
    links.sort_by(|a, b| (&a.interface, &a.domains).cmp(&(&b.interface, &b.domains)));
    // Windows asks those of the adapter with the lowest metric first.
    adapters.sort_by_key(|adapter| adapter.metric.min(adapter.metric6));
    let mut servers: Vec<String> = Vec::new();
    for server in adapters.iter().flat_map(|adapter| &adapter.dns).filter(|ip| !useless(ip)) {
        let server = server.to_string();
        if !servers.contains(&server) {
            servers.push(server);
        }
    }
    let key = registry::machine(cx, PARAMETERS);
    let text = |name: &str| key.as_ref().and_then(|key| registry::text(key, name));
    let list = registry::machine(cx, r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient")
        .and_then(|key| registry::text(&key, "SearchList"))
        .or_else(|| text("SearchList"));
    let mut search: Vec<String> = list.map(|list| net::servers(&list)).unwrap_or_default();
    if search.is_empty() {
        let suffixes = adapters.iter().filter_map(|adapter| adapter.suffix.clone());
        search = text("Domain").or_else(|| text("NV Domain")).into_iter().chain(suffixes).collect();
        search.dedup();
    }
    Ok(Dns {
        servers,
        search,
        manager: Some("windows dns client".into()),
        links,
        hosts: hosts(cx),
        ..Dns::default()
    })
}

/// Addresses that Windows names where it knows of none (`fec0:0:0:ffff::1` to `::3`).
fn useless(address: &std::net::IpAddr) -> bool {
    matches!(address, std::net::IpAddr::V6(six) if six.segments()[..4] == [0xfec0, 0, 0, 0xffff])
}

fn link(adapter: &Adapter) -> Option<DnsLink> {
    let servers: Vec<String> =
        adapter.dns.iter().filter(|ip| !useless(ip)).map(ToString::to_string).collect();
    let domains: Vec<String> = adapter.suffix.iter().cloned().collect();
    let said = !servers.is_empty() || !domains.is_empty();
    said.then(|| DnsLink { interface: adapter.name.clone(), servers, domains })
}

/// The table of names that other servers are asked for (NRPT): the machine's own and the policy's.
fn policies(cx: &Context) -> Vec<DnsLink> {
    const TABLES: &[(&str, &str)] = &[
        (
            r"SYSTEM\CurrentControlSet\Services\Dnscache\Parameters\DnsPolicyConfig",
            "name resolution policy",
        ),
        (
            r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient\DnsPolicyConfig",
            "name resolution policy (group policy)",
        ),
    ];
    let mut links = Vec::new();
    for (path, name) in TABLES {
        let Some(table) = registry::machine(cx, path) else { continue };
        for rule in registry::names(&table) {
            let Some(rule) = registry::under(cx, &table, &rule) else { continue };
            let servers = registry::text(&rule, "GenericDNSServers")
                .or_else(|| registry::text(&rule, "DirectAccessDNSServers"));
            links.push(DnsLink {
                interface: (*name).to_owned(),
                servers: servers.map(|servers| net::servers(&servers)).unwrap_or_default(),
                domains: registry::texts(&rule, "Name"),
            });
        }
    }
    links
}

fn hosts(cx: &Context) -> Vec<HostsEntry> {
    let folder = registry::machine(cx, PARAMETERS)
        .and_then(|key| registry::text(&key, "DataBasePath"))
        .unwrap_or_else(|| r"%SystemRoot%\System32\drivers\etc".into());
    let path = format!(r"{}\hosts", registry::expanded(&folder));
    let text = cx.note(cx.root.text(&path)).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    cx.lines(&path, lines, net::hosts_entry).into_iter().flatten().collect()
}

/// Section `network.leases`.
pub(crate) fn leases(cx: &Context) -> Result<Leases, Gap> {
    let mut leases = Vec::new();
    for adapter in adapters()?.into_iter().filter(|adapter| adapter.dhcp) {
        let Some(key) =
            registry::machine(cx, &format!(r"{PARAMETERS}\Interfaces\{}", adapter.guid))
        else {
            continue;
        };
        let text = |name: &str| registry::text(&key, name);
        let Some(address) = text("DhcpIPAddress").filter(|address| address != "0.0.0.0") else {
            continue;
        };
        let instant = |name: &str| registry::number(&key, name).and_then(time::unix);
        leases.push(Lease {
            interface: adapter.name,
            address,
            server: text("DhcpServer").filter(|server| server != "255.255.255.255"),
            since: instant("LeaseObtainedTime"),
            until: instant("LeaseTerminatesTime"),
            router: registry::texts(&key, "DhcpDefaultGateway").into_iter().next(),
            dns: text("DhcpNameServer").map(|text| net::servers(&text)).unwrap_or_default(),
            domain: text("DhcpDomain"),
        });
    }
    leases.sort_by(|a, b| (&a.interface, &a.address).cmp(&(&b.interface, &b.address)));
    Ok(Leases { leases })
}
