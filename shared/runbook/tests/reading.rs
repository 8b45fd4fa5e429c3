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
