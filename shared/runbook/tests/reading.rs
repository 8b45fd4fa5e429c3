//! What a runbook's text comes to, and what its author is told.

use std::time::Duration;

use befund_model::action::Risk;
use befund_runbook::document::{
    Act, Condition, Consent, InputKind, Piece, Runbook, Source, Template, UndoBy,
};
use befund_runbook::{read, render};
use serde_json::json;

const NO_INTERNET: &str = include_str!("fixtures/no-internet.yaml");

fn runbook() -> Runbook {
    match read(NO_INTERNET) {
        Ok(reading) => reading.runbook,
        Err(problems) => panic!("{}", render("no-internet.yaml", NO_INTERNET, &problems)),
    }
}

#[test]
fn a_runbook_is_read_with_its_defaults() {
    let runbook = runbook();
    assert_eq!((runbook.name.as_str(), runbook.version), ("net.no-internet", 3));
    assert_eq!(runbook.title.de, "Kein Internet");
    assert!(runbook.offline && runbook.resume.disconnect);
    assert_eq!(runbook.limits.output, 1 << 20);
    assert_eq!(runbook.inputs["interface"].kind, InputKind::Name);
    assert_eq!(runbook.inputs["interface"].default, Some(json!("eth0")));

    let names: Vec<&str> = runbook.collect.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["link", "addr", "gw", "dns", "web", "proxy", "log", "queues"]);
    assert_eq!(runbook.collect[3].retry.max, 2);
    assert_eq!(runbook.collect[5].timeout, Duration::from_secs(10), "the probe's own");
    assert_eq!(runbook.collect[7].source, Source::Section { kind: "printers".to_owned() });
    let Source::Probe { name, version, with } = &runbook.collect[6].source else {
        panic!("a probe");
    };
    assert_eq!((name.as_str(), *version), ("log.tail", 1));
    assert_eq!(with["lines"], Template::Fixed(json!(100)));

    let scope = &runbook.ask[0];
    let values: Vec<&str> = scope.choice.iter().map(|choice| choice.text.de.as_str()).collect();
    assert_eq!(values, ["Ja", "Nein", "Ich bin nicht sicher", "Es gibt keine"]);
}

#[test]
fn a_fix_gets_what_its_action_says() {
    let runbook = runbook();
    let fix = |cause: usize, index: usize| runbook.causes[cause].fixes[index].clone();

    let instruct = fix(0, 0);
    assert_eq!(
        (instruct.act, instruct.risk, instruct.consent),
        (Act::Instruct, Risk::Read, Consent::Policy)
    );

    let renew = fix(1, 0);
    assert_eq!((renew.risk, renew.consent), (Risk::Change, Consent::User));
    assert_eq!(renew.undo, UndoBy::None, "there is nothing to put back");
    let confirm = renew.confirm.expect("it touches the network");
    assert_eq!((confirm.within, confirm.until), (Duration::from_secs(60), None));
    let text = "inputs.interface".to_owned();
    assert_eq!(renew.with["interface"], Template::Filled(vec![Piece::Filled(Condition { text })]));

    let restart = fix(2, 0);
    assert_eq!((restart.risk, restart.consent), (Risk::Disruptive, Consent::Present));
    assert_eq!(restart.undo, UndoBy::Action("net.adapter_enable".to_owned()));

    let (flush, servers, script) = (fix(3, 0), fix(3, 1), fix(3, 2));
    assert_eq!((flush.consent, flush.confirm), (Consent::Policy, None));
    assert_eq!((servers.undo, servers.timeout), (UndoBy::Auto, Duration::from_secs(20)));
    assert_eq!(script.risk, Risk::Change, "its signers say so");
    assert!(matches!(script.with["servers"], Template::List(ref items) if items.len() == 2));
    assert!(
        matches!(script.undo, UndoBy::Script(ref undo) if undo.path == "scripts/resolver-undo.sh")
    );

    let verify = runbook.causes[3].verify.as_ref().expect("a verifier");
    assert!(verify.until.text.starts_with("!(gw.neighbor == 'reachable' &&"), "{verify:?}");
}

/// A small runbook that is good, with one line in place of another.
fn small(from: &str, to: &str) -> String {
    const SMALL: &str = "\
api: befund/v1
runbook: net.small
version: 1
title: {en: Small, de: Klein}
about: {en: Little., de: Wenig.}
collect:
  web: {probe: net.http@1}
causes:
  - id: dead
    title: {en: Dead, de: Tot}
    when: \"web.result == 'none'\"
    fix: [{act: dns.flush_cache}]
    verify: {within: 10s}
";
    assert!(SMALL.contains(from), "{from}");
    SMALL.replacen(from, to, 1)
}

fn told(text: &str) -> String {
    let problems = read(text).expect_err("something is wrong");
    render("small.yaml", text, &problems)
}

#[test]
fn an_author_is_told_everything_at_once_and_where() {
    let text = "\
api: befund/v2
runbok: net.small
version: \"1\"
title: Small
about: {en: Little., fr: Peu.}
limits: {wall: 20 minutes, output: 99MiB}
redact: {addr.mac: hmac}
collect:
  web: {prob: net.http@1}
  dns: {probe: net.dns, timeout: 5}
ask:
  scope: {text: {en: ' ', de: Hm?}, choice: [yes, 7!], default: yes, to: users}
causes:
  - id: Dead
    when: \"web.result == 'none' && dsn.x\"
    fix:
      - {act: dns.flush_cach, undo: {script: /bin/sh}}
      - {script: scripts/x.sh, act: dns.flush_cache}
    verify: 10s
escalate: {to: \"'L2'\", attach: [facts]}
";
    insta::assert_snapshot!(told(text));
}

#[test]
fn what_is_no_yaml_of_ours_is_refused() {
    let deep = format!("api: {}1{}", "[".repeat(30), "]".repeat(30));
    let texts = [
        String::new(),
        "a: [1".to_owned(),
        "a: &x 1\nb: *x".to_owned(),
        "a: !!binary x".to_owned(),
        "a: 1\na: 2".to_owned(),
        "[a]: 1".to_owned(),
        "a: 1\n---\nb: 2".to_owned(),
        deep,
        "- just\n- a list".to_owned(),
        "x".repeat(300 << 10),
    ];
    let all: String = texts
        .iter()
        .map(|text| {
            let problems = read(text).expect_err("something is wrong");
            problems.iter().fold(String::new(), |all, it| {
                format!("{all}{}:{}: {}: {}\n", it.line, it.column, it.code, it.message)
            })
        })
        .collect();
    insta::assert_snapshot!(all);
}

#[test]
fn an_expression_is_pointed_into_however_it_is_written() {
    let written = [
        ("\"web.result == 'none'\"", "web.result == nobody"),
        ("\"web.result == 'none'\"", "'web.result == ''x'' && nobody'"),
        ("\"web.result == 'none'\"", "\"web.result == \\\"x\\\" && nobody\""),
        ("\"web.result == 'none'\"", "|\n      web.result == 'x' &&\n      nobody"),
        ("\"web.result == 'none'\"", ">-\n      web.result == 'x' &&\n      nobody"),
        (
            "{act: dns.flush_cache}",
            "{act: dns.flush_cache, with: {a: \"x ${web.result} ${nobody}\"}}",
        ),
        ("{act: dns.flush_cache}", "{act: dns.flush_cache, with: {a: \"x ${web.result\"}}"),
    ];
    for (from, to) in written {
        let text = small(from, to);
        let problems = read(&text).expect_err("there is no such name");
        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        let line = text.lines().nth(problem.line - 1).expect("the line");
        let rest: String = line.chars().skip(problem.column - 1).collect();
        let expected = ["nobody", "${web.result", "web.result == 'x' &&"];
        let at = expected.iter().position(|begin| rest.starts_with(begin));
        // A folded text is pointed at as a whole.
        let wanted = if to.contains(">-") { 2 } else { usize::from(!to.contains("nobody")) };
        assert_eq!(at, Some(wanted), "{to}: {rest:?} {problem:?}");
    }
}

#[test]
fn what_does_not_go_together_is_told() {
    let replaced = [
        (
            "{act: dns.flush_cache}",
            "{act: net.adapter_restart, risk: change, with: {interface: x}}",
        ),
        ("{act: dns.flush_cache}", "{script: scripts/x}"),
        ("web.result == 'none'", "accepted"),
        ("causes:", "inputs:\n  n: {type: number, min: 5, max: 3, title: {en: a, de: b}}\ncauses:"),
        (
            "causes:",
            "inputs:\n  n: {type: host, min: 5, title: {en: a, de: b}, default: a b}\ncauses:",
        ),
        ("causes:", "inputs:\n  n: {type: word, title: {en: a, de: b}}\ncauses:"),
        ("causes:", "ask:\n  q: {text: {en: a, de: b}, choice: [maybe], default: no}\ncauses:"),
    ];
    let all: String = replaced.iter().map(|(from, to)| told(&small(from, to))).collect();
    insta::assert_snapshot!(all);
}

#[test]
fn a_value_is_what_it_looks_like_unless_it_is_quoted() {
    let to = "{act: dns.flush_cache, with: {a: 5, b: \"5\", c: true, d: 1.5, e: \"$${x}\", f: \"${1}\", g: nan, h: -2}}";
    let runbook = read(&small("{act: dns.flush_cache}", to)).expect("a runbook").runbook;
    let with = &runbook.causes[0].fixes[0].with;
    let fixed = |name: &str| match &with[name] {
        Template::Fixed(value) => value.clone(),
        other => panic!("{name}: {other:?}"),
    };
    let values = ["a", "b", "c", "d", "e", "g", "h"].map(fixed);
    let expected =
        [json!(5), json!("5"), json!(true), json!(1.5), json!("${x}"), json!("nan"), json!(-2)];
    assert_eq!(values, expected);
    assert!(matches!(with["f"], Template::Filled(_)));
}
