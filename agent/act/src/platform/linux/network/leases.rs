//! Leases of DHCP, as the clients keep them: router and name servers.

use std::net::{IpAddr, Ipv4Addr};

use crate::context::Context;
use crate::trouble::{Outcome, Trouble};

use super::links::Link;

/// What a lease names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::platform::linux) struct Lease {
    pub(super) router: Option<Ipv4Addr>,
    pub(in crate::platform::linux) name_servers: Vec<IpAddr>,
}

/// The lease of an interface, wherever one of the usual clients keeps it.
pub(in crate::platform::linux) fn of(context: &Context<'_>, link: &Link) -> Outcome<Lease> {
    let root = context.root;
    let networkd = format!("/run/systemd/netif/leases/{}", link.index);
    if let Some(lease) = root.text(&networkd).ok().and_then(|text| settings(&text)) {
        return Ok(lease);
    }
    for folder in ["/var/lib/dhcp", "/var/lib/dhclient", "/var/lib/NetworkManager"] {
        let mut names = root.names(folder);
        // The file of this interface before the one of all.
        names.sort_by_key(|name| !name.contains(link.name.as_str()));
        for name in names.iter().filter(|name| name.starts_with("dhclient")) {
            let text = root.text(&format!("{folder}/{name}")).unwrap_or_default();
            if let Some(lease) = dhclient(&text, &link.name) {
                return Ok(lease);
            }
        }
    }
    if root.exists("/run/NetworkManager")
        && let Some(nmcli) = context.programs.find("nmcli")
    {
        let asked = context.ask(&nmcli, &["-t", "-f", "DHCP4", "device", "show", &link.name])?;
        if let Some(lease) = network_manager(&asked.text) {
            return Ok(lease);
        }
    }
    if let Some(dhcpcd) = context.programs.find("dhcpcd") {
        let asked = context.ask(&dhcpcd, &["-4", "-U", &link.name])?;
        if let Some(lease) = variables(&asked.text) {
            return Ok(lease);
        }
    }
    Err(Trouble::failed(format!(
        "{} has no lease that can be read (looked for those of systemd-networkd, dhclient, NetworkManager and dhcpcd)",
        link.name
    )))
}

fn addresses<T: std::str::FromStr>(text: &str) -> Vec<T> {
    text.split([' ', ',', '\t', ';']).filter_map(|word| word.parse().ok()).collect()
}

fn lease(router: Option<&str>, servers: Option<&str>) -> Option<Lease> {
    let router = router.and_then(|text| addresses::<Ipv4Addr>(text).into_iter().next());
    let name_servers = servers.map(addresses).unwrap_or_default();
    (router.is_some() || !name_servers.is_empty()).then_some(Lease { router, name_servers })
}

/// `NAME=value` lines: systemd-networkd's.
fn settings(text: &str) -> Option<Lease> {
    let value = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::trim)
    };
    lease(value("ROUTER"), value("DNS"))
}

/// `name='value'` lines: dhcpcd's.
fn variables(text: &str) -> Option<Lease> {
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        Some(line.trim().trim_matches('\''))
    };
    lease(value("routers"), value("domain_name_servers"))
}

/// `DHCP4.OPTION[1]:name = value` lines: nmcli's.
fn network_manager(text: &str) -> Option<Lease> {
    let value = |name: &str| {
        text.lines().find_map(|line| {
            let (_, option) = line.split_once(':')?;
            let (key, value) = option.split_once('=')?;
            (key.trim() == name).then_some(value.trim())
        })
    };
    lease(value("routers"), value("domain_name_servers"))
}

/// dhclient.leases(5): the last lease of this interface is the one that counts.
fn dhclient(text: &str, interface: &str) -> Option<Lease> {
    let mut last = None;
    let (mut mine, mut router, mut servers) = (false, None, None);
    for line in text.lines().map(str::trim) {
        if line.starts_with("lease") && line.ends_with('{') {
            (mine, router, servers) = (false, None, None);
        } else if let Some(name) = line.strip_prefix("interface ") {
            mine = name.trim_matches(['"', ';', ' ']) == interface;
        } else if let Some(value) = line.strip_prefix("option routers ") {
            router = Some(value.trim_end_matches(';'));
        } else if let Some(value) = line.strip_prefix("option domain-name-servers ") {
            servers = Some(value.trim_end_matches(';'));
        } else if line == "}" && mine {
            last = lease(router, servers).or(last);
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expected() -> Option<Lease> {
        let name_servers = vec![[10, 0, 0, 53].into(), [10, 0, 0, 54].into()];
        Some(Lease { router: Some([10, 0, 0, 1].into()), name_servers })
    }

    #[test]
    fn each_client_is_understood() {
        assert_eq!(
            settings("ADDRESS=10.0.0.7\nROUTER=10.0.0.1\nDNS=10.0.0.53 10.0.0.54\n"),
            expected()
        );
        assert_eq!(
            variables("routers='10.0.0.1'\ndomain_name_servers='10.0.0.53 10.0.0.54'\n"),
            expected()
        );
        assert_eq!(
            network_manager(
                "DHCP4.OPTION[3]:routers = 10.0.0.1\nDHCP4.OPTION[4]:domain_name_servers = 10.0.0.53 10.0.0.54\n"
            ),
            expected()
        );
        let text = "lease {\n interface \"eth0\";\n option routers 10.9.9.9;\n}\n\
            lease {\n interface \"eth0\";\n option routers 10.0.0.1;\n option domain-name-servers 10.0.0.53,10.0.0.54;\n}\n\
            lease {\n interface \"eth1\";\n option routers 10.8.8.8;\n}\n";
        assert_eq!(dhclient(text, "eth0"), expected());
        assert_eq!(dhclient(text, "eth2"), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in any::<String>()) {
            settings(&text);
            variables(&text);
            network_manager(&text);
            dhclient(&text, "eth0");
        }
    }
}
