//! What technicians are told around a run: how often it helped, how it is handed on when it did not, and what becomes of
//! it while the machine is away.

use befund_tests::NotingMachine;
use befund_tests::process::eventually;

fn assert_says(said: &str, part: &str) {
    assert!(said.contains(part), "{part:?} is missing in: {said}");
}

#[test]
fn whoever_chooses_a_runbook_sees_how_often_it_helped_and_whether_the_trouble_came_back() {
    let machine = NotingMachine::unattended(|text| text);
    let ticket = machine.ticket("nothing was noted");
    let listed = machine.operator.says(&["runbook", "list", "--ticket", &ticket]);
    assert!(!listed.contains("found so far"), "it never ran: {listed}");

    let job = machine.start(&ticket, &[]);
    machine.wait_for(&job, "needs_approval");
    machine.approve(&job);
    machine.wait_for(&job, "done");
    let listed = machine.operator.says(&["runbook", "list", "--ticket", &ticket]);
    assert_says(&listed, "Nothing is noted: found once");
    assert_says(&listed, "scripts/note.sh: done once, put right once\n");
    assert!(!listed.contains("Too much"), "what was never found is not counted: {listed}");

    let close = ["ticket", "close", &ticket, "--solution", "the word is there"];
    let _ = machine.operator.says(&close);
    let _ = machine.operator.says(&["ticket", "reopen", &ticket, "--reason", "it is gone again"]);
    let listed = machine.operator.says(&["runbook", "list", "--ticket", &ticket]);
    assert_says(&listed, "scripts/note.sh: done once, put right once, 1 came back");
}

#[test]
fn what_did_not_help_goes_to_the_next_level_with_a_brief_even_if_nobody_knows_to_which_group() {
    // The group hangs on a fact that this machine never has.
    let machine = NotingMachine::unattended(|text| {
        let more = "  gone: {probe: log.tail@1, timeout: 10s, with: {log: nowhere}}\n  note: {probe: log.tail@1";
        text.replace("  note: {probe: log.tail@1", more)
            .replace("'L2-desktop'", "gone.lines.size() > 0 ? 'L2-network' : 'L2-desktop'")
            .replace("within: 20s", "within: 5s")
            .replace("echo noted >>", "true >>")
    });
    let ticket = machine.ticket("nothing was noted");
    let job = machine.start(&ticket, &[]);
    machine.wait_for(&job, "needs_approval");
    machine.approve(&job);
    machine.wait_for(&job, "done");
    let result = &machine.job(&job)["outcome"]["result"];
    assert_eq!(result["accepted"], false, "{result}");
    assert!(result["escalate_to"].is_null(), "{result}");
    let why = result["escalate_unknown"].as_str().unwrap();
    assert_says(why, "gone");
    let explained = machine.operator.says(&["job", "explain", &job]);
    assert_says(&explained, "It should go on to the next level; to which group could not be told");

    let unsure = machine.operator.run(&["ticket", "escalate", &ticket]);
    assert_eq!(unsure.status.code(), Some(2), "nobody is there to confirm it");
    let message = "Two others on the floor have it too.";
    let said = machine.operator.says(&["ticket", "escalate", &ticket, "-m", message, "--yes"]);
    assert_says(&said, "Handed on to L2.");
    let view = machine.operator.json(&["ticket", "show", &ticket]);
    assert_eq!(view["ticket"]["level"], "L2");
    let written = view["timeline"].as_array().unwrap().iter().rev();
    let brief = written.filter_map(|entry| entry["event"]["text"].as_str()).next().unwrap();
    let lines: Vec<&str> = brief.lines().collect();
    assert_eq!(lines[0], message);
    assert_eq!(lines[2], "To look at next:");
    assert_eq!(lines[3], "- Nothing is noted: Write the word down by hand.");
    for line in [
        "- Could not be measured: ",
        "The runbook cannot tell to which group it goes: ",
        "Symptom: nothing was noted",
        "Found:\n- Nothing is noted",
        "[scripts/note.sh]: done, still there",
        "Ruled out: Too much is noted",
    ] {
        assert_says(brief, line);
    }
    assert!(lines.len() < 40, "it is read in a minute: {brief}");
}

#[test]
fn a_change_on_a_machine_that_is_away_waits_for_it_and_is_signed_when_it_is_back() {
    let mut machine = NotingMachine::unattended(|text| text);
    let ticket = machine.ticket("nothing was noted");
    machine.agent.stop();
    eventually("the machine to be away", || {
        machine.operator.json(&["machine", "show", &machine.agent.id()])["connected"] == false
    });

    let job = machine.start(&ticket, &[]);
    assert_eq!(machine.job(&job)["state"], "waiting");
    assert_says(&machine.operator.says(&["approve"]), "Nothing waits for a signature.");
    let early = machine.operator.run(&["approve", &job, "--yes"]);
    assert_eq!(early.status.code(), Some(5), "nothing is signed before the machine says what");

    machine.connect();
    machine.wait_for(&job, "needs_approval");
    assert!(!machine.log().contains("noted"), "nothing is done before it is signed");
    assert_says(&machine.operator.says(&["approve"]), &job);
    machine.approve(&job);
    machine.wait_for(&job, "done");
    assert!(machine.log().contains("noted"));
    assert_eq!(machine.job(&job)["outcome"]["result"]["accepted"], true);
}
