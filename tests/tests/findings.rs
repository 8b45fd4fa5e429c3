//! Findings, from a machine's snapshot to a technician's screen, and a site's own checks.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use befund_tests::agent::ticket_in;
use befund_tests::process::{eventually, run};
use befund_tests::{TestAgent, TestController, TestOperator};
use serde_json::Value;

/// Always warns, and shows the machine's own name.
const OWN: &str = r#"
[[check]]
id = "site.name"
version = 1
title = { en = "The machine has another name", de = "Der Rechner heißt anders" }
category = "site"
warn = "os.hostname != ''"
evidence = [{ label = { en = "Name", de = "Name" }, value = "os.hostname" }]
explanation = { en = "A check that always warns.", de = "Eine Prüfung, die immer warnt." }
user = { en = "This machine has a name.", de = "Dieses Gerät hat einen Namen." }
remedy = { en = "None is needed.", de = "Keine nötig." }
"#;

/// Waits until the ticket was told what the checks say, and answers the snapshot's id.
fn judged(operator: &TestOperator, ticket: &str) -> String {
    let mut watch =
        operator.command(&["watch", ticket, "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let snapshot = lines
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap())
        .find(|entry| entry["event"]["kind"] == "judged")
        .map(|entry| entry["event"]["snapshot"].as_str().unwrap().to_owned());
    watch.kill().unwrap();
    watch.wait().unwrap();
    snapshot.expect("the ticket is told of findings")
}

fn finding<'a>(view: &'a Value, check: &str) -> &'a Value {
    let findings = view["findings"].as_array().unwrap();
    findings.iter().find(|one| one["finding"]["check"] == check).unwrap()
}

#[test]
fn a_ticket_tells_what_is_wrong_with_its_machine() {
    let mut controller = TestController::initialised(None);
    std::fs::create_dir(controller.data().join("checks")).unwrap();
    std::fs::write(controller.data().join("checks/own.toml"), OWN).unwrap();
    controller.serve();
    let agent = TestAgent::connected_to(&controller);
    let operator = controller.admin();
    let ticket = ticket_in(&agent.send("something is odd"));

    let snapshot = judged(&operator, &ticket);
    let read = || operator.json(&["snapshot", "findings", &snapshot]);
    assert_eq!(read()["judged"], true);
    // Machines count by their latest snapshot, which may be the one that the agent sent at its start.
    eventually("the machine to count", || finding(&read(), "site.name")["machines"] == 1);
    let view = read();
    let own = finding(&view, "site.name");
    assert_eq!(own["finding"]["verdict"], "warn");
    assert_eq!(own["check"]["remedy"]["de"], "Keine nötig.");
    let name = operator.json(&["snapshot", "show", &snapshot, "--section", "os"]);
    assert_eq!(own["finding"]["evidence"][0]["value"], name["content"]["hostname"]);
    let order: Vec<&str> = view["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["finding"]["verdict"].as_str().unwrap())
        .collect();
    let rank = |word: &str| ["fail", "warn", "unknown", "pass"].iter().position(|w| *w == word);
    assert!(order.is_sorted_by_key(|word| rank(word).unwrap()), "{order:?}");
    for one in view["findings"].as_array().unwrap() {
        let explained = one["finding"]["reason"].as_str().is_some_and(|why| !why.is_empty());
        assert_eq!(explained, one["finding"]["verdict"] == "unknown", "{one}");
    }
    let shown = operator.says(&["snapshot", "findings", &snapshot]);
    assert!(shown.contains("warn    This machine has a name. site.name"), "{shown}");
}

#[test]
fn a_check_is_tried_before_it_is_used_and_a_wrong_one_names_its_place() {
    let mut controller = TestController::start();
    let agent = TestAgent::connected_to(&controller);
    let operator = controller.admin();
    let ticket = ticket_in(&agent.send("something is odd"));
    let snapshot = judged(&operator, &ticket);

    let good = controller.folder().join("good.toml");
    std::fs::write(&good, OWN).unwrap();
    let good = good.to_str().unwrap();
    assert!(operator.says(&["check", "lint", good]).contains("1 check"));
    let findings = operator.json(&["check", "test", good, "--snapshot", &snapshot]);
    assert_eq!(
        (&findings[0]["check"], &findings[0]["verdict"]),
        (&"site.name".into(), &"warn".into())
    );
    assert!(operator.says(&["check", "explain", "disk.space"]).contains("What to do"));

    let wrong = OWN.replace("os.hostname != ''", "os.hostname !=");
    let bad = controller.folder().join("bad.toml");
    std::fs::write(&bad, &wrong).unwrap();
    let linted = operator.run(&["check", "lint", good, bad.to_str().unwrap()]);
    assert_eq!(linted.status.code(), Some(1));
    let told = String::from_utf8_lossy(&linted.stdout).into_owned();
    assert!(told.contains("bad.toml:7:"), "{told}");

    // A controller does not judge by half of what its site wants.
    controller.stop();
    std::fs::create_dir(controller.data().join("checks")).unwrap();
    std::fs::write(controller.data().join("checks/bad.toml"), &wrong).unwrap();
    let refused = run(&mut controller.command("serve"));
    assert!(!refused.status.success());
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("bad.toml are wrong: 7:"), "{why}");
    let doctor = run(&mut controller.command("doctor"));
    let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(told.contains("FAIL  checks") && told.contains("bad.toml are wrong: 7:"), "{told}");
}
