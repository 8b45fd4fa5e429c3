//! Name resolution, proxies and tunnels, as they are set up.

use befund_model::section::network::{Dns, HostsEntry, Proxy, ProxySetting};
use befund_model::section::reach::Vpn;

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::ask;
use crate::platform::macos::decode::dns as decode;
use crate::platform::macos::files;

const SCUTIL: &str = "/usr/sbin/scutil";

/// Section `network.dns`.
pub(super) fn dns(cx: &Context) -> Result<Dns, Gap> {
    let mut dns = decode::resolvers(&ask(SCUTIL, &["--dns"]).text(cx)?);
    let hosts = files::text(cx, "/etc/hosts").unwrap_or_default();
    dns.hosts = hosts.lines().filter_map(hosts_entry).collect();
    Ok(dns)
}

/// A line of hosts(5), unless it is one of those that every Mac has.
fn hosts_entry(line: &str) -> Option<HostsEntry> {
    let mut words = line.split('#').next()?.split_ascii_whitespace().map(str::to_owned);
    let address = words.next()?;
    let usual = ["localhost", "broadcasthost"];
    let names: Vec<String> = words.filter(|name| !usual.contains(&name.as_str())).collect();
    (!names.is_empty()).then_some(HostsEntry { address, names })
}

/// Section `network.proxy`.
pub(super) fn proxy(cx: &Context) -> Result<Proxy, Gap> {
    let told = ask(SCUTIL, &["--proxy"]).text(cx)?;
    let setting = |(scheme, value): (&str, String)| ProxySetting {
        source: "system".into(),
        scheme: scheme.to_owned(),
        value: cx.redactor.text(&value),
    };
    Ok(Proxy { settings: decode::proxies(&told).into_iter().map(setting).collect() })
}

/// Section `network.vpn`.
pub(super) fn vpn(cx: &Context) -> Result<Vpn, Gap> {
    let told = ask(SCUTIL, &["--nc", "list"]).text(cx)?;
    let mut tunnels: Vec<_> = told.lines().filter_map(decode::tunnel).collect();
    tunnels.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Vpn { tunnels })
}
