//! `net.no-internet`: why a machine does not reach the Internet. Collects and detects only.
//!
//! Each detector is a pure function over the typed
//! facts of the probes, and says *unknown* where they are missing.

use crate::probe::ProbeResult;
use crate::probe::network::{AddrFacts, DnsFacts, GatewayFacts, LinkFacts, Neighbor, ProxyFacts};
use crate::probe::remote::{HttpFacts, Portal};
use crate::snapshot::Status;

use super::{Cause, CauseVerdict, CollectStep, Detected, Detector, Facts, Runbook};

/// The runbook.
pub const RUNBOOK: Runbook = Runbook {
    name: "net.no-internet",
    version: 1,
    collect: &[
        CollectStep { name: "link", probe: "net.link" },
        CollectStep { name: "addr", probe: "net.addr" },
        CollectStep { name: "gw", probe: "net.gateway" },
        CollectStep { name: "dns", probe: "net.dns" },
        CollectStep { name: "web", probe: "net.http" },
        CollectStep { name: "proxy", probe: "net.proxy" },
    ],
    causes: &[
        Detector {
            id: "link-down",
            title: "No network card has a signal",
            advice: "Plug in the cable, or switch Wi-Fi on.",
            explains: &["no-lease", "gateway-dead", "dns-dead", "dead-proxy"],
            detect: link_down,
        },
        Detector {
            id: "no-lease",
            title: "The machine has no address beyond its own link",
            advice: "Renew the DHCP lease, and check the DHCP server and the port's VLAN.",
            explains: &["gateway-dead", "dns-dead", "dead-proxy"],
            detect: no_lease,
        },
        Detector {
            id: "gateway-dead",
            title: "The default gateway does not answer on the link",
            advice: "Check the router and the way to it; other machines on this network tell whether it is this one.",
            explains: &["dns-dead", "dead-proxy"],
            detect: gateway_dead,
        },
        Detector {
            id: "dns-dead",
            title: "No configured DNS server answers",
            advice: "Use the DNS servers that DHCP gives, or have the servers checked.",
            explains: &[],
            detect: dns_dead,
        },
        Detector {
            id: "captive-portal",
            title: "This network wants a sign-in first",
            advice: "Open a web page and sign in to this network.",
            explains: &[],
            detect: captive_portal,
        },
        Detector {
            id: "dead-proxy",
            title: "The configured proxy does not take connections",
            advice: "Remove the proxy setting, or have the proxy checked.",
            explains: &[],
            detect: dead_proxy,
        },
    ],
    otherwise,
};

/// The step's typed facts, or why a detector cannot go on.
fn facts<T: serde::de::DeserializeOwned>(facts: &Facts, step: &str) -> Result<T, Detected> {
    let unknown = |why: String| Detected { verdict: CauseVerdict::Unknown, evidence: why };
    let Some(result) = facts.get(step) else {
        return Err(unknown(format!("{step} was not measured")));
    };
    result.facts().ok_or_else(|| match result.status {
        Status::Ok | Status::Partial => unknown(format!("{step} told facts of another shape")),
        Status::Unsupported | Status::Denied | Status::Timeout | Status::Failed => {
            unknown(format!("{step} {}: {}", result.status, result.reason))
        }
    })
}

fn found(evidence: impl Into<String>) -> Detected {
    Detected { verdict: CauseVerdict::Found, evidence: evidence.into() }
}

fn excluded(evidence: impl Into<String>) -> Detected {
    Detected { verdict: CauseVerdict::Excluded, evidence: evidence.into() }
}

/// Lets a detector use `?` on missing facts.
fn settle(detected: Result<Detected, Detected>) -> Detected {
    detected.unwrap_or_else(|unknown| unknown)
}

fn link_down(all: &Facts) -> Detected {
    settle(facts::<LinkFacts>(all, "link").map(|link| {
        let up: Vec<_> =
            link.up().filter(|link| link.physical).map(|link| link.name.as_str()).collect();
        if !up.is_empty() {
            return excluded(format!("{} up", up.join(", ")));
        }
        let cards: Vec<_> = link
            .interfaces
            .iter()
            .filter(|link| link.physical)
            .map(|link| format!("{} is {}", link.name, link.state))
            .collect();
        found(if cards.is_empty() { "there is no card".to_owned() } else { cards.join(", ") })
    }))
}

fn no_lease(all: &Facts) -> Detected {
    settle(facts::<AddrFacts>(all, "addr").map(|addr| {
        if addr.has_lease_v4 || addr.has_global_v6 {
            let usable: Vec<_> = addr
                .addresses
                .iter()
                .filter(|address| !address.link_local)
                .map(|address| address.address.to_string())
                .collect();
            return excluded(format!("has {}", usable.join(", ")));
        }
        found(if addr.addresses.is_empty() {
            "there is no address at all"
        } else {
            "all addresses are link-local"
        })
    }))
}

fn gateway_dead(all: &Facts) -> Detected {
    settle(facts::<GatewayFacts>(all, "gw").map(|gw| {
        let first = gw.gateways.first().map(|gateway| gateway.address.to_string());
        match (gw.neighbor, first) {
            (Neighbor::Reachable, Some(address)) => excluded(format!("{address} answers")),
            (Neighbor::Failed, Some(address)) => found(format!("{address} does not answer")),
            (Neighbor::NotNeeded, _) => Detected {
                verdict: CauseVerdict::Unknown,
                evidence: "the default route leads through a tunnel, where nothing can be asked"
                    .to_owned(),
            },
            (Neighbor::Stale, Some(address)) => Detected {
                verdict: CauseVerdict::Unknown,
                evidence: format!("{address} was there before, and was not confirmed in time"),
            },
            (_, _) => found("there is no default route"),
        }
    }))
}

fn dns_dead(all: &Facts) -> Detected {
    settle(facts::<DnsFacts>(all, "dns").map(|dns| {
        if dns.servers.is_empty() {
            return found("none is configured");
        }
        let answering: Vec<_> = dns
            .servers
            .iter()
            .filter(|server| server.answered)
            .map(|server| server.address.as_str())
            .collect();
        if !answering.is_empty() {
            return excluded(format!("{} answers", answering.join(", ")));
        }
        let dead: Vec<_> = dns.servers.iter().map(|server| server.address.as_str()).collect();
        found(format!("asked {}", dead.join(", ")))
    }))
}

fn captive_portal(all: &Facts) -> Detected {
    settle(facts::<HttpFacts>(all, "web").map(|web| match web.result {
        Portal::Open => excluded("the Internet is open"),
        Portal::Redirect => found(match web.portal_host {
            Some(host) => format!("web pages are answered by {host}"),
            None => "web pages are answered by somebody else".to_owned(),
        }),
        // Without any answer, nobody redirects anybody.
        Portal::None => excluded("no web page answers at all"),
    }))
}

fn dead_proxy(all: &Facts) -> Detected {
    settle(facts::<ProxyFacts>(all, "proxy").and_then(|proxy| {
        Ok(match proxy.reachable {
            _ if proxy.effective.is_empty() => excluded("no proxy is configured"),
            Some(true) => excluded(format!("{} takes connections", proxy.effective)),
            None | Some(false) => {
                let web: HttpFacts = facts(all, "web")?;
                if web.result == Portal::Open {
                    excluded(format!("{} does not, but pages come without it", proxy.effective))
                } else {
                    found(proxy.effective)
                }
            }
        })
    }))
}

fn otherwise(all: &Facts, causes: &[Cause]) -> String {
    let unknown: Vec<_> = causes
        .iter()
        .filter(|cause| cause.verdict == CauseVerdict::Unknown)
        .map(|cause| format!("{} ({})", cause.id, cause.evidence))
        .collect();
    let web = all.get("web").and_then(ProbeResult::facts::<HttpFacts>).map(|web| web.result);
    match (web, unknown.is_empty()) {
        (Some(Portal::Open), true) => {
            "The Internet is open from this machine; none of the known causes was found.".to_owned()
        }
        (Some(Portal::Open), false) => format!(
            "The Internet is open from this machine; could not be told: {}.",
            unknown.join(", ")
        ),
        (_, true) => {
            "No web page answers, and none of the known causes was found: have the way beyond \
             the gateway checked (provider, firewall)."
                .to_owned()
        }
        (_, false) => {
            format!("No cause was found, but not all could be told: {}.", unknown.join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
