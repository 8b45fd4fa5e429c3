//! What an author is told of a runbook that is well-formed and makes no sense.

use befund_runbook::{Severity, load, read, render};

const NO_INTERNET: &str = include_str!("fixtures/no-internet.yaml");
const SMALL: &str = include_str!("fixtures/small.yaml");

/// The small runbook with something in place of something else.
fn small(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from}");
    SMALL.replacen(from, to, 1)
}

fn lines(text: &str) -> String {
    let reading = read(text).unwrap_or_else(|it| panic!("{}", render("small.yaml", text, &it)));
    let told = befund_runbook::lint(&reading);
    assert!(!told.is_empty(), "{text}");
    told.iter().fold(String::new(), |all, it| {
        let (line, column, severity) = (it.line, it.column, it.severity.as_str());
        format!("{all}{line}:{column}: {severity}[{}]: {}: {}\n", it.code, it.path, it.message)
    })
}

fn told(replaced: &[(&str, &str)]) -> String {
    let one = |(from, to): &(&str, &str)| format!("# {to}\n{}", lines(&small(from, to)));
    replaced.iter().map(one).collect()
}

#[test]
fn good_runbooks_are_left_alone() {
    let (_, told) = load(SMALL).expect("a runbook");
    assert_eq!(told, []);
    let (_, told) = load(NO_INTERNET).expect("a runbook");
    assert!(told.iter().all(|it| it.severity == Severity::Warning), "{told:?}");
}

#[test]
fn what_authors_are_shown_is_good() {
    const PAGE: &str = include_str!("../../../docs/runbooks.md");
    let (_, after) = PAGE.split_once("```yaml\n").expect("an example");
    let (example, _) = after.split_once("```").expect("its end");
    let told = match load(example) {
        Ok((_, told)) => told,
        Err(told) => panic!("{}", render("docs/runbooks.md", example, &told)),
    };
    assert_eq!(told, []);
}

#[test]
fn what_is_named_exists() {
    insta::assert_snapshot!(told(&[
        ("net.http@1", "net.htpp@1"),
        ("net.http@1", "net.http@2"),
        ("net.http@1", "net.http@1, with: {chek: x}"),
        ("net.http@1", "net.http@1, with: {check: 5}"),
        ("{probe: net.dns@1}", "{section: printer}"),
        ("explains: [slow]", "explains: [slo]"),
        ("{act: dns.flush_cache}", "{act: service.restart}"),
        ("{act: dns.flush_cache}", "{act: service.restart, with: {service: 5, name: x}}"),
        (
            "{act: dns.flush_cache}",
            "{act: net.mtu_set, with: {interface: '${web.checks}', mtu: 20}}"
        ),
        (
            "{act: dns.flush_cache}",
            "{act: user.open_url, with: {url: 'ftp://x'}, text: {en: a, de: b}}"
        ),
    ]));
}

#[test]
fn what_is_asked_of_facts_can_be_among_them() {
    insta::assert_snapshot!(told(&[
        ("web.result == 'none'", "web.reslt == 'none'"),
        ("web.result == 'none'", "web.result == 'closed'"),
        ("web.result == 'none'", "web.checks.size()"),
        ("web.result == 'none'", "ask.many == 'perhaps'"),
        ("web.result == 'none'", "inputs.host == 5"),
        ("web.result == 'none'", "true"),
        ("'L3' : 'L2'", "3 : 5"),
        ("{probe: net.dns@1}", "{probe: net.dns@1, with: {name: '${web.result}'}}"),
        ("to: user", "when: ask.many == 'no'"),
        ("inputs.host", "\"'x'\""),
        ("!accepted", "accepted == 5"),
        ("  dns: {", "  accepted: {probe: net.link@1}\n  dns: {"),
    ]));
}

#[test]
fn what_is_done_can_be_agreed_to_and_undone() {
    insta::assert_snapshot!(told(&[
        ("{act: dns.flush_cache}", "{act: dns.flush_cache, undo: auto}"),
        ("{act: dns.flush_cache}", "{act: disk.clean_temp, undo: auto}"),
        ("{act: dns.flush_cache}", "{act: dns.flush_cache, risk: disruptive, consent: user}"),
        ("{act: dns.flush_cache}", "{act: machine.reboot}"),
        ("{act: dns.flush_cache}", "{act: net.wifi_radio_on, undo: none}"),
        ("{act: dns.flush_cache}", "{act: net.wifi_radio_on, undo: net.adapter_enable}"),
        ("{act: dns.flush_cache}", "{script: scripts/x.sh, on_interrupt: rerun, undo: auto}"),
        ("{act: dns.flush_cache}", "{act: user.instruct, consent: user}"),
        ("{act: dns.flush_cache}", "{act: dns.flush_cache, timeout: 1h}"),
    ]));
}

#[test]
fn a_cause_is_one_of_its_own_and_verified() {
    insta::assert_snapshot!(told(&[
        ("id: slow", "id: dead"),
        ("explains: [slow]", "explains: [dead]"),
        ("id: slow", "id: slow\n    explains: [dead]"),
        ("verify: {within: 10s}", "evidence: {Result: web.result}"),
        ("verify: {within: 10s}", "verify: {within: 2s}"),
        ("verify: {within: 10s}", "verify: {until: \"web.result == 'none'\"}"),
        ("verify: {within: 10s}", "verify: {within: 1h}"),
        ("  dns: {", "  dns: {timeout: 10m, retry: {max: 9, backoff: 30s}, "),
        ("collect:", "collect:\n  size: {probe: net.link@1}\n  again: {probe: net.http@1}"),
    ]));
}
