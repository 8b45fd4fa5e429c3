//! `net.addr`: the addresses of this machine, and whether any reaches beyond its own link.

use std::net::IpAddr;

use befund_model::probe::network::{AddrFacts, Address};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, Unmeasured, platform};

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let ask = |error| Unmeasured::io("ask the kernel for", "addresses", &error);
    let names = platform::links().map_err(ask)?;
    let addresses = platform::addresses()
        .map_err(ask)?
        .into_iter()
        .filter(|found| !found.address.is_loopback())
        .map(|found| Address {
            interface: names.get(&found.index).cloned().unwrap_or_else(|| found.index.to_string()),
            address: found.address,
            prefix: found.prefix,
            link_local: is_link_local(found.address),
        })
        .collect();
    let facts = facts(addresses);
    for address in &facts.addresses {
        context.say(format_args!("{}: {}/{}", address.interface, address.address, address.prefix));
    }
    let (verdict, summary) = judge(&facts);
    Measured::new(verdict, summary, &facts)
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.is_unicast_link_local(),
    }
}

fn facts(addresses: Vec<Address>) -> AddrFacts {
    let has =
        |v4: bool| addresses.iter().any(|found| found.address.is_ipv4() == v4 && !found.link_local);
    AddrFacts {
        has_lease_v4: has(true),
        has_global_v6: has(false),
        only_link_local: !addresses.is_empty() && addresses.iter().all(|found| found.link_local),
        addresses,
    }
}

/// docs/probes.md: none, or only 169.254.0.0/16, is a failure.
fn judge(facts: &AddrFacts) -> (Verdict, String) {
    if facts.addresses.is_empty() {
        (Verdict::Fail, "no interface has an address".to_owned())
    } else if facts.only_link_local {
        (Verdict::Fail, "all addresses are link-local: no DHCP server gave one".to_owned())
    } else {
        let usable: Vec<_> = facts
            .addresses
            .iter()
            .filter(|found| !found.link_local)
            .map(|found| format!("{} on {}", found.address, found.interface))
            .collect();
        (Verdict::Pass, usable.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_reach_beyond_the_link_count() {
        let address = |text: &str| {
            let address = text.parse().expect("an address");
            Address {
                interface: "eth0".into(),
                address,
                prefix: 24,
                link_local: is_link_local(address),
            }
        };
        for (given, verdict) in [
            (vec![], Verdict::Fail),
            (vec!["169.254.7.7", "fe80::1"], Verdict::Fail),
            (vec!["169.254.7.7", "192.0.2.5"], Verdict::Pass),
            (vec!["fe80::1", "2001:db8::5"], Verdict::Pass),
        ] {
            let found = facts(given.iter().map(|text| address(text)).collect());
            assert_eq!(judge(&found).0, verdict, "{given:?}");
        }
    }
}
