//! Name resolution and proxies, as they are configured for the whole machine.

use befund_model::section::network::{Dns, HostsEntry, Proxy, ProxySetting};

use crate::collector::{Context, Gap};

use crate::platform::linux::software::os::settings;

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
    Ok(dns)
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

/// Section `network.proxy`.
pub(crate) fn proxy(cx: &Context) -> Result<Proxy, Gap> {
    let mut proxy = Proxy::default();
    for source in ["/etc/environment", "/etc/sysconfig/proxy", "/etc/systemd/system.conf"] {
        let text = cx.note(cx.root.text(source)).unwrap_or_default();
        for (name, value) in settings(&text) {
            if name == "DefaultEnvironment" {
                for (name, value) in value
                    .split(' ')
                    .filter_map(|word| word.trim_matches(['"', '\'']).split_once('='))
                {
                    proxy.settings.extend(setting(cx, source, name, value));
                }
            } else {
                proxy.settings.extend(setting(cx, source, &name, &value));
            }
        }
    }
    const APT: &str = "/etc/apt/apt.conf.d";
    let mut files = vec!["/etc/apt/apt.conf".to_owned()];
    files.extend(cx.root.list(APT).unwrap_or_default().iter().map(|name| format!("{APT}/{name}")));
    for file in files {
        let text = cx.note(cx.root.text(&file)).unwrap_or_default();
        for line in text.lines() {
            let Some((name, value)) = line.trim().split_once(' ') else { continue };
            let scheme = match name.to_ascii_lowercase().as_str() {
                "acquire::http::proxy" => "http",
                "acquire::https::proxy" => "https",
                _ => continue,
            };
            let value = cx.redactor.text(value.trim().trim_end_matches(';').trim_matches('"'));
            proxy.settings.push(ProxySetting {
                source: file.clone(),
                scheme: scheme.into(),
                value,
            });
        }
    }
    proxy.settings.sort_by(|a, b| (&a.source, &a.scheme).cmp(&(&b.source, &b.scheme)));
    proxy.settings.dedup();
    Ok(proxy)
}

fn setting(cx: &Context, source: &str, name: &str, value: &str) -> Option<ProxySetting> {
    let name = name.trim_start_matches("export ").to_ascii_lowercase();
    let scheme = match name.as_str() {
        "no_proxy" => "no_proxy",
        "auto_proxy" => "auto",
        other => other
            .strip_suffix("_proxy")
            .filter(|scheme| matches!(*scheme, "http" | "https" | "ftp" | "all" | "socks"))?,
    };
    let value = cx.redactor.text(value);
    (!value.as_str().is_empty()).then(|| ProxySetting {
        source: source.into(),
        scheme: scheme.into(),
        value,
    })
}
