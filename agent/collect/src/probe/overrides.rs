//! `net.overrides`: names that this machine answers for itself instead of asking. docs/probes.md: a
//! target among them is worth a look; a system that asks no server at all is a failure.

use std::net::IpAddr;

use befund_model::probe::names::{Override, OverridesFacts};
use befund_model::probe::{Parameters, Verdict};

use super::platform::{HOSTS, SWITCH};
use super::{Context, Measured, Outcome, targets};

/// Sources of nsswitch.conf(5) that ask servers.
const ASKING: &[&str] = &["dns", "resolve"];

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let entries = entries(&context.read(HOSTS)?);
    let order = SWITCH.and_then(|path| context.read(path).ok());
    let order = order.map(|text| self::order(&text)).unwrap_or_default();
    let wanted = wanted(context);
    let mut listed: Vec<Override> = Vec::new();
    for (address, name) in &entries {
        if wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)) {
            let source = HOSTS.to_owned();
            listed.push(Override { name: name.clone(), address: address.to_string(), source });
        }
    }
    for one in &listed {
        context.say(format_args!("{} is {} by {}", one.name, one.address, one.source));
    }
    let asks_servers =
        order.is_empty() || order.iter().any(|source| ASKING.contains(&source.as_str()));
    let facts = OverridesFacts {
        entries: u32::try_from(entries.len()).unwrap_or(u32::MAX),
        listed,
        order,
        asks_servers,
    };
    let (verdict, summary) = judge(&facts);
    Measured::new(verdict, summary, &facts)
}

fn judge(facts: &OverridesFacts) -> (Verdict, String) {
    if !facts.asks_servers {
        let order = facts.order.join(", ");
        let switch = SWITCH.unwrap_or_default();
        return (Verdict::Fail, format!("{switch} asks no server for host names, only {order}"));
    }
    let listed: Vec<_> =
        facts.listed.iter().map(|one| format!("{} is {}", one.name, one.address)).collect();
    match listed.as_slice() {
        [] => (
            Verdict::Pass,
            format!("{} names are answered for here, none of a target", facts.entries),
        ),
        some => (Verdict::Warn, format!("{HOSTS} overrides {}", some.join(", "))),
    }
}

/// The names of every target of the policy.
fn wanted(context: &Context<'_>) -> Vec<String> {
    let all = context.targets;
    let host =
        |target: &String| targets::host_and_port(target, Some(1)).map(|(host, _)| host.to_owned());
    let mut names: Vec<String> = all.dns.clone();
    names.extend(all.tcp.values().chain(all.tls.values()).chain(&all.ntp).filter_map(host));
    let pages = all.http.values().filter_map(|check| targets::HttpUrl::parse(&check.url));
    names.extend(pages.map(|url| url.host.to_owned()));
    names
}

/// hosts(5): an address, then names; the loopback's usual ones left out.
fn entries(text: &str) -> Vec<(IpAddr, String)> {
    let mut entries = Vec::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next() else { continue };
        let address = address.split('%').next().unwrap_or(address);
        let Ok(address) = address.parse::<IpAddr>() else { continue };
        let usual = |name: &str| {
            (address.is_loopback() && name.starts_with("local")) || name.starts_with("ip6-")
        };
        entries.extend(words.filter(|name| !usual(name)).map(|name| (address, name.to_owned())));
    }
    entries
}

/// The sources of `hosts:` in nsswitch.conf(5), without what to do after each.
fn order(text: &str) -> Vec<String> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("hosts:"));
    let line = line.unwrap_or_default().split('#').next().unwrap_or_default();
    let mut inside = false;
    let mut order = Vec::new();
    for word in line.split_whitespace() {
        inside |= word.starts_with('[');
        if !inside {
            order.push(word.to_owned());
        }
        inside &= !word.ends_with(']');
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts_and_order_are_read() {
        let told = entries(
            "127.0.0.1\tlocalhost pc # ours\n::1 ip6-localhost\n192.0.2.1 a.example b\nodd line\nfe80::1%lo0 c\n",
        );
        let names: Vec<_> = told.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["pc", "a.example", "b", "c"]);
        let text = "passwd: files\nhosts:  files mymachines resolve [!UNAVAIL=return] dns # x\n";
        assert_eq!(order(text), ["files", "mymachines", "resolve", "dns"]);
        assert_eq!(order("hosts: files [NOTFOUND = return] dns"), ["files", "dns"]);
    }

    #[test]
    fn a_machine_that_asks_nobody_fails() {
        let facts = |order: &[&str], listed: usize| OverridesFacts {
            order: order.iter().map(|word| (*word).to_owned()).collect(),
            asks_servers: order.contains(&"dns"),
            listed: vec![Override::default(); listed],
            entries: 3,
        };
        assert_eq!(judge(&facts(&["files"], 0)).0, Verdict::Fail);
        assert_eq!(judge(&facts(&["files", "dns"], 0)).0, Verdict::Pass);
        assert_eq!(judge(&facts(&["files", "dns"], 1)).0, Verdict::Warn);
    }

    proptest! {
        #[test]
        fn any_text_is_borne(text in any::<String>()) {
            entries(&text);
            order(&text);
        }
    }
}
