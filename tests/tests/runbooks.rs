//! A signed runbook, through every front door: published, handed to the machine, run from a ticket, signed by a
//! technician, done, verified, and undone.

use befund_tests::agent::ticket_in;
use befund_tests::catalogue::LOOK;
use befund_tests::noting::{BEFORE, Consent, NotingMachine};
use befund_tests::process::eventually;
use befund_tests::{Books, TestAgent, TestController, TestSigners};

/// One that lets the runbook be run while nobody is signed in.
fn machine() -> NotingMachine {
    NotingMachine::new(Consent::Policy, "unattended = \"change\"", |_, command| command)
}

#[test]
fn a_fix_is_signed_done_verified_and_undone() {
    let machine = machine();
    let ticket = ticket_in(&machine.agent.send("nothing was noted"));

    let job = machine.start(&ticket, &[]);
    machine.wait_for(&job, "needs_approval");
    assert!(!machine.log().contains("noted"), "nothing is done before it is signed");
    let key = machine.signers.key_of("tina");
    let approved = machine.operator.says(&["approve", &job, "--yes", "--key", &key]);
    assert!(approved.contains("scripts/note.sh"), "{approved}");
    machine.wait_for(&job, "done");

    assert!(machine.log().contains("noted"));
    let shown = machine.job(&job);
    let result = &shown["outcome"]["result"];
    assert_eq!(result["accepted"], true, "{shown}");
    assert_eq!(result["attempts"][0]["end"], "verified", "{shown}");
    let view = machine.operator.says(&["ticket", "show", &ticket, "--all"]);
    assert!(view.contains("writing"), "{view}");

    let _ = machine.operator.says(&["ticket", "undo", &ticket]);
    assert_eq!(machine.log(), BEFORE);
}

/// The catalogue after it knows neither the runbook nor its scripts.
#[test]
fn a_change_is_undone_by_the_script_that_it_was_signed_with() {
    let machine = NotingMachine::unattended(|text| text);
    let ticket = machine.ticket("nothing was noted");
    let job = machine.start(&ticket, &[]);
    machine.wait_for(&job, "needs_approval");
    machine.approve(&job);
    machine.wait_for(&job, "done");
    assert!(machine.log().contains("noted"));
    let folder = machine.folder();
    for name in ["scripts/note.sh", "scripts/erase.sh", "test.halt.yaml"] {
        std::fs::remove_file(folder.join(name)).unwrap();
    }
    let text = std::fs::read_to_string(folder.join("test.note.yaml")).unwrap();
    let (before, after) = (text.find("    fix:").unwrap(), text.find("    verify:").unwrap());
    let advised = format!("{}{}", &text[..before], text[after..].split_once('\n').unwrap().1);
    std::fs::write(folder.join("test.note.yaml"), advised).unwrap();
    machine.signers.publish(&machine.operator, &folder);
    machine.wait_for_catalogue(2);

    let undone = machine.operator.says(&["ticket", "undo", &ticket]);

    assert_eq!(machine.log(), BEFORE, "{undone}");
}

#[test]
fn a_dry_run_tells_what_would_be_done_and_does_nothing() {
    let machine = machine();
    let ticket = ticket_in(&machine.agent.send("nothing was noted"));
    let job = machine.start(&ticket, &["--dry-run"]);
    machine.wait_for(&job, "done");
    let shown = machine.job(&job);
    assert_eq!(shown["outcome"]["result"]["attempts"][0]["end"], "predicted", "{shown}");
    assert!(!machine.log().contains("noted"));
}

#[test]
fn who_is_not_among_the_signers_lets_nothing_happen() {
    let machine = machine();
    let ticket = ticket_in(&machine.agent.send("nothing was noted"));
    let job = machine.start(&ticket, &[]);
    machine.wait_for(&job, "needs_approval");

    // Ada signs catalogues, not changes.
    let ada = machine.signers.key_of("ada");
    let _ = machine.operator.run(&["approve", &job, "--yes", "--key", &ada]);
    let _ = machine.operator.says(&["decline", &job]);
    eventually("the run to end", || {
        !["needs_approval", "running"].contains(&machine.job(&job)["state"].as_str().unwrap())
    });

    assert!(!machine.log().contains("noted"));
    let shown = machine.job(&job);
    assert_eq!(shown["outcome"]["result"]["attempts"][0]["end"], "not_approved", "{shown}");
}

#[test]
fn without_a_catalogue_no_runbook_is_run_and_it_is_said_what_to_do() {
    let controller = TestController::start();
    let operator = controller.admin();
    let agent = TestAgent::connected_by(&operator);
    let run = ["run", "net.no-internet", "--on", &agent.id()];
    let refused = operator.run(&run);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(4), "{told}");
    for word in ["befund runbook sign", "befund runbook publish"] {
        assert!(told.contains(word), "{word} in: {told}");
    }

    // It is run as soon as it was published: the machine fetches what the order is for.
    let signers = TestSigners::publishing(&controller, &operator, Books::Look);
    let _ = operator.says(&["run", LOOK, "--on", &agent.id()]);
    signers.publish(&operator, Books::Shipped);
    let dry = ["run", "system.pending-reboot", "--on", &agent.id(), "--dry-run", "--detach"];
    let job = operator.json(&dry)["id"].as_str().unwrap().to_owned();
    eventually("the run to end", || operator.json(&["job", "show", &job])["state"] == "done");
}
