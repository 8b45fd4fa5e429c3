//! Whom machines trust, over the years: keys come and go, runbooks are withdrawn, catalogues expire; and an administrator
//! sees which machine has what.

use befund_tests::NotingMachine;
use befund_tests::process::eventually;

fn assert_says(said: &str, part: &str) {
    assert!(said.contains(part), "{part:?} is missing in: {said}");
}

/// What is told of all machines.
fn machines(machine: &NotingMachine) -> String {
    machine.operator.says(&["trust", "machines"])
}

#[test]
fn keys_change_hands_and_who_lags_is_shown_until_it_is_back() {
    let mut machine = NotingMachine::unattended(|text| text);
    let root = machine.signers.folder().join("root.json");
    let next = machine.signers.folder().join("root.2.json");
    let (root, next) = (root.to_str().unwrap(), next.to_str().unwrap());
    let says = |machine: &NotingMachine, arguments: &[&str]| machine.operator.says(arguments);
    eventually("the machine to have told what it trusts", || {
        says(&machine, &["trust", "machines"]).contains("The one machine is up to date.")
    });
    let policy =
        machine.operator.json(&["trust", "machines"])["items"][0]["trust"]["policy"].clone();
    assert_eq!(policy.as_str().map(str::len), Some(64), "the policy's digest");
    machine.agent.stop();

    // Otto takes Ada's place, and throws her out.
    let otto = machine.signers.key_of("otto");
    let more = ["trust", "next", root, "--remove", "ada", "--role", "root=otto"];
    says(&machine, &[&more[..], &["--role", "catalogue=otto", "--to", next]].concat());
    says(&machine, &["trust", "sign", next, "--key", &otto]);
    let alone = machine.operator.run(&["trust", "add", next]);
    assert_eq!(alone.status.code(), Some(2), "those of the root before have to sign as well");
    says(&machine, &["trust", "sign", next, "--key", &machine.signers.key_of("ada")]);
    says(&machine, &["trust", "add", next]);
    let folder = machine.folder();
    let folder = folder.to_str().unwrap();
    let gone = ["runbook", "sign", folder, "--version", "2", "--key"];
    says(&machine, &[&gone[..], &[&machine.signers.key_of("ada")]].concat());
    let refused = machine.operator.run(&["runbook", "publish", folder]);
    assert_eq!(refused.status.code(), Some(2), "Ada signs nothing any more");
    says(&machine, &[&gone[..], &[&otto]].concat());
    says(&machine, &["runbook", "publish", folder]);

    let lags = says(&machine, &["trust", "machines", "--behind"]);
    assert_says(&lags, "behind: root 1 of 2, catalogue 1 of 2");
    assert_says(&lags, "1 of 1 machine not up to date");
    machine.connect();
    machine.wait_for_catalogue(2);
    eventually("nothing to lag", || {
        says(&machine, &["trust", "machines"]).contains("The one machine is up to date.")
    });

    // Who signed before is no signer of the machine's any more, and who came is one.
    let ticket = machine.ticket("nothing was noted");
    let job = machine.start(&ticket, &[]);
    machine.wait_for(&job, "needs_approval");
    machine.approve(&job);
    machine.wait_for(&job, "done");
}

#[test]
fn a_policy_that_was_changed_is_told_with_the_next_heartbeat() {
    let mut machine = NotingMachine::unattended(|text| text);
    let config = machine.controller.data().join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("heartbeat_seconds = 30", "heartbeat_seconds = 5"))
        .unwrap();
    machine.controller.stop();
    machine.controller.serve();
    let told = || {
        let all = machine.operator.json(&["trust", "machines"]);
        let trust = &all["items"][0]["trust"];
        (trust["policy"].clone(), trust["policy_refusal"].as_str().map(str::to_owned))
    };
    eventually("the policy to be told", || told().0.is_string());
    let before = told();
    let policy = machine.agent.folder().join("policy.toml");
    let text = std::fs::read_to_string(&policy).unwrap();

    std::fs::write(&policy, format!("{text}deny = [\"net.*\"]\n")).unwrap();

    eventually("another policy", || told().0 != before.0);
    std::fs::write(&policy, format!("{text}dney = []\n")).unwrap();
    eventually("why it is of no use", || told().1.is_some_and(|why| why.contains("dney")));
}

#[test]
fn what_was_withdrawn_or_has_expired_is_run_nowhere_and_everybody_is_told() {
    let mut machine = NotingMachine::unattended(|text| text);
    let ticket = machine.ticket("nothing was noted");
    let (ada, folder) = (machine.signers.key_of("ada"), machine.folder());
    let folder = folder.to_str().unwrap();
    let run = ["run", "test.note", "--on", &machine.agent.id(), "--detach"];
    machine.agent.stop();

    let sign = ["runbook", "sign", folder, "--version", "2", "--valid", "15s", "--key", &ada];
    let _ = machine.operator.says(&sign);
    let _ = machine.operator.says(&["runbook", "publish", folder]);
    let late = machine.start(&ticket, &[]);
    eventually("the catalogue to expire", || {
        machine.operator.says(&["runbook", "catalogues"]).contains("EXPIRED")
    });
    let expired = machine.operator.run(&run);
    let said = String::from_utf8(expired.stderr).unwrap();
    assert_says(&said, "version 2 of the catalogue expired at");
    assert_says(&said, "befund runbook publish");
    let listed = machine.operator.run(&["runbook", "list"]);
    assert_says(&String::from_utf8(listed.stderr).unwrap(), "machines run nothing of it");
    machine.connect();
    machine.wait_for(&late, "refused");
    assert_says(&machines(&machine), "The catalogue expired");
    eventually("the machine to tell why it does not take it", || {
        machines(&machine).contains("refused what was handed out")
    });
    assert_says(&machines(&machine), "sign it anew with a higher version");

    machine.agent.stop();
    let _ = machine.operator.says(&["runbook", "sign", folder, "--version", "3", "--key", &ada]);
    let _ = machine.operator.says(&["runbook", "publish", folder]);
    let waiting = machine.start(&ticket, &[]);
    let _ = machine.operator.says(&["runbook", "withdraw", "--key", &ada, "--yes"]);
    machine.connect();
    machine.wait_for_catalogue(4);
    // Ordered before it was withdrawn, it reaches the machine afterwards.
    machine.wait_for(&waiting, "refused");
    eventually("nothing to lag", || machines(&machine).contains("The one machine is up to date."));
    let none = machine.operator.run(&run);
    assert_eq!(none.status.code(), Some(4), "{none:?}");
}
