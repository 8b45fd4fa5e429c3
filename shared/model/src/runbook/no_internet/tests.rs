//! Ways to be without the Internet, as facts.

use serde_json::{Value, json};

use super::RUNBOOK;
use crate::probe::{ProbeResult, Verdict, spec};
use crate::runbook::CauseVerdict::{self, Excluded, Explained, Found, Unknown};
use crate::runbook::{Facts, RunbookResult};
use crate::snapshot::Status;

fn link(up: bool) -> Value {
    let state = if up { "up" } else { "down" };
    json!({"interfaces": [
        {"name": "eth0", "physical": true, "up": up, "state": state},
        {"name": "docker0", "physical": false, "up": true, "state": "up"},
    ]})
}

fn addr(address: &str) -> Value {
    let link_local = address.starts_with("169.254.");
    json!({
        "addresses": [{"interface": "eth0", "address": address, "prefix": 24, "link_local": link_local}],
        "has_lease_v4": !link_local, "has_global_v6": false, "only_link_local": link_local,
    })
}

fn gw(neighbor: &str) -> Value {
    if neighbor == "none" {
        return json!({"gateways": [], "neighbor": "none"});
    }
    let gateway = json!({
        "address": "192.0.2.1", "interface": "eth0", "metric": 100, "neighbor": neighbor,
    });
    json!({"gateways": [gateway], "neighbor": neighbor})
}

fn dns(answered: &[bool]) -> Value {
    let servers: Vec<_> = answered
        .iter()
        .enumerate()
        .map(|(n, answered)| json!({"address": format!("192.0.2.{}", 53 + n), "answered": answered, "lookups": []}))
        .collect();
    json!({"servers": servers, "search": []})
}

fn web(result: &str) -> Value {
    let host = (result == "redirect").then_some("login.hotel.example");
    json!({"checks": [], "result": result, "portal_host": host})
}

fn proxy(reachable: Option<bool>) -> Value {
    let effective = if reachable.is_some() { "proxy.example:3128" } else { "" };
    json!({"proxies": [], "effective": effective, "reachable": reachable})
}

fn facts(steps: [(&str, Value); 6]) -> Facts {
    steps
        .into_iter()
        .map(|(step, facts)| {
            let probe = RUNBOOK.collect.iter().find(|known| known.name == step).expect("a step");
            let result = ProbeResult {
                probe: probe.probe.to_owned(),
                version: 1,
                status: Status::Ok,
                reason: String::new(),
                verdict: Verdict::Unknown,
                summary: String::new(),
                facts,
                took_us: 1,
            };
            (step.to_owned(), result)
        })
        .collect()
}

fn healthy() -> Facts {
    facts([
        ("link", link(true)),
        ("addr", addr("192.0.2.7")),
        ("gw", gw("reachable")),
        ("dns", dns(&[true, true])),
        ("web", web("open")),
        ("proxy", proxy(None)),
    ])
}

fn with(changes: &[(&str, Value)]) -> Facts {
    let mut facts = healthy();
    for (step, change) in changes {
        facts.get_mut(*step).expect("a step").facts = change.clone();
    }
    facts
}

/// As when a probe could not measure.
fn failed(mut facts: Facts, step: &str, status: Status) -> Facts {
    let probe = spec::probe(&facts[step].probe).expect("a probe");
    facts.insert(step.to_owned(), ProbeResult::without_facts(probe, status, "no such luck".into()));
    facts
}

fn verdicts(result: &RunbookResult) -> Vec<CauseVerdict> {
    result.causes.iter().map(|cause| cause.verdict).collect()
}

/// In the order link-down, no-lease, gateway-dead, dns-dead, captive-portal, dead-proxy.
fn scenarios() -> Vec<(&'static str, Facts, [CauseVerdict; 6], &'static str)> {
    let silence = |facts: &[(&str, Value)]| {
        let mut all = facts.to_vec();
        all.push(("web", web("none")));
        with(&all)
    };
    vec![
        ("healthy", healthy(), [Excluded; 6], "The Internet is open"),
        (
            "link down",
            silence(&[
                ("link", link(false)),
                ("addr", addr("169.254.3.4")),
                ("gw", gw("none")),
                ("dns", dns(&[false])),
            ]),
            [Found, Explained, Explained, Explained, Excluded, Excluded],
            "No network card has a signal: eth0 is down. Plug in",
        ),
        (
            "no lease",
            silence(&[("addr", addr("169.254.3.4")), ("gw", gw("none")), ("dns", dns(&[false]))]),
            [Excluded, Found, Explained, Explained, Excluded, Excluded],
            "all addresses are link-local",
        ),
        (
            "dead gateway",
            silence(&[("gw", gw("failed")), ("dns", dns(&[false, false]))]),
            [Excluded, Excluded, Found, Explained, Excluded, Excluded],
            "192.0.2.1 does not answer",
        ),
        (
            "dead DNS",
            silence(&[("dns", dns(&[false, false]))]),
            [Excluded, Excluded, Excluded, Found, Excluded, Excluded],
            "asked 192.0.2.53, 192.0.2.54",
        ),
        (
            "one dead DNS server of two",
            with(&[("dns", dns(&[true, false]))]),
            [Excluded; 6],
            "The Internet is open",
        ),
        (
            "captive portal",
            with(&[("web", web("redirect"))]),
            [Excluded, Excluded, Excluded, Excluded, Found, Excluded],
            "web pages are answered by login.hotel.example",
        ),
        (
            "dead proxy",
            silence(&[("proxy", proxy(Some(false)))]),
            [Excluded, Excluded, Excluded, Excluded, Excluded, Found],
            "proxy.example:3128",
        ),
        (
            "dead proxy that nobody needs",
            with(&[("proxy", proxy(Some(false)))]),
            [Excluded; 6],
            "The Internet is open",
        ),
        (
            "failed DNS probe",
            failed(silence(&[]), "dns", Status::Timeout),
            [Excluded, Excluded, Excluded, Unknown, Excluded, Excluded],
            "not all could be told: dns-dead (dns timeout: no such luck)",
        ),
        (
            "failed DNS probe, open Internet",
            failed(healthy(), "dns", Status::Denied),
            [Excluded, Excluded, Excluded, Unknown, Excluded, Excluded],
            "could not be told: dns-dead",
        ),
        (
            "stale gateway",
            silence(&[("gw", gw("stale"))]),
            [Excluded, Excluded, Unknown, Excluded, Excluded, Excluded],
            "was not confirmed in time",
        ),
        (
            "beyond the gateway",
            silence(&[]),
            [Excluded; 6],
            "have the way beyond the gateway checked",
        ),
    ]
}

#[test]
fn each_scenario_gets_its_cause_and_no_other() {
    for (name, facts, expected, words) in scenarios() {
        let result = RUNBOOK.judge(facts);
        assert_eq!(verdicts(&result), expected, "{name}: {:?}", result.causes);
        assert!(result.conclusion.contains(words), "{name}: {}", result.conclusion);
        for cause in &result.causes {
            assert_eq!(cause.advice.is_empty(), cause.verdict != Found, "{name}: {cause:?}");
            assert!(!cause.evidence.is_empty(), "{name}: {cause:?}");
        }
    }
}

#[test]
fn without_facts_nothing_is_healthy() {
    let result = RUNBOOK.judge(Facts::new());
    assert_eq!(verdicts(&result), [Unknown; 6]);
    assert!(result.conclusion.contains("could be told"), "{}", result.conclusion);
    let shapeless = with(&[("link", json!(5)), ("web", json!({"result": "maybe"}))]);
    let result = RUNBOOK.judge(shapeless);
    assert_eq!((result.causes[0].verdict, result.causes[4].verdict), (Unknown, Unknown));
}

#[test]
fn every_cause_explained_exists_and_every_step_is_a_probe() {
    for cause in RUNBOOK.causes {
        for explained in cause.explains {
            assert!(RUNBOOK.causes.iter().any(|known| known.id == *explained), "{explained}");
        }
    }
    assert!(RUNBOOK.collect.iter().all(|step| spec::probe(step.probe).is_some()));
}
