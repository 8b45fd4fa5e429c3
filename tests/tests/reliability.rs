//! What happens when one side is away, killed, or shut out: nothing is lost, nothing happens twice.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use befund_tests::agent::ticket_in;
use befund_tests::catalogue::LOOK;
use befund_tests::process::eventually;
use befund_tests::{Books, TestAgent, TestController, TestOperator, TestSigners};
use serde_json::Value;

/// The exit code of `send` when the request is kept on the machine.
const KEPT: i32 = 3;

fn tickets(operator: &TestOperator) -> Vec<Value> {
    operator.json(&["ticket", "list"])["items"].as_array().unwrap().clone()
}

fn is_connected(operator: &TestOperator, agent: &str) -> bool {
    let machine: Value = operator.json(&["machine", "show", agent]);
    machine["connected"].as_bool().unwrap()
}

#[test]
fn a_request_made_while_the_controller_is_away_arrives_later_and_once() {
    let mut controller = TestController::start();
    let mut agent = TestAgent::connected_to(&controller);
    controller.stop();

    let sent = agent.send("my VPN drops every hour");
    assert_eq!(sent.status.code(), Some(KEPT), "{}", String::from_utf8_lossy(&sent.stderr));

    agent.kill();
    agent.start_link(&[]);
    controller.serve();
    agent.wait_until_connected();
    let operator = controller.admin();
    eventually("the request to arrive", || tickets(&operator).len() == 1);
    assert_eq!(tickets(&operator)[0]["subject"], "my VPN drops every hour");

    agent.stop();
    agent.link();
    assert_eq!(tickets(&operator).len(), 1, "a second connection sends nothing again");
}

#[test]
fn what_was_acknowledged_outlives_a_kill_of_the_controller() {
    let mut controller = TestController::start();
    let mut agent = TestAgent::connected_to(&controller);
    let sent = agent.send("the screen flickers");
    let ticket = ticket_in(&sent);

    controller.kill();
    controller.serve();
    let operator = controller.admin();
    let shown = operator.json(&["ticket", "show", &ticket]);
    assert_eq!(shown["ticket"]["subject"], "the screen flickers");
    assert!(agent.process().is_running(), "the agent outlives its controller");
    eventually("the agent to come back", || is_connected(&operator, &agent.id()));
}

#[test]
fn a_job_waits_for_a_machine_that_is_off() {
    let controller = TestController::start();
    let mut agent = TestAgent::connected_to(&controller);
    let operator = controller.admin();
    let id = agent.id();
    agent.stop();
    eventually("the machine to be gone", || !is_connected(&operator, &id));

    let job = operator.json(&["run", "disk.space", "--on", &id, "--detach"]);
    let job = job["id"].as_str().unwrap().to_owned();
    assert_eq!(operator.json(&["job", "show", &job])["state"], "waiting");

    agent.link();
    eventually("the job to be done", || operator.json(&["job", "show", &job])["state"] == "done");
    let done = operator.json(&["job", "show", &job]);
    assert_eq!(done["outcome"]["result"]["probe"], "disk.space");
}

#[test]
fn a_revoked_machine_is_shut_out_at_once_and_stays_out() {
    let controller = TestController::start();
    let mut agent = TestAgent::connected_to(&controller);
    let operator = controller.admin();

    let id = agent.id();
    let _ = operator.says(&["agent", "revoke", &id, "--yes"]);
    eventually("its stream to end", || !is_connected(&operator, &id));
    let job = operator.run(&["run", "disk.space", "--on", &id, "--detach"]);
    assert!(!job.status.success(), "no job is taken for a revoked machine");

    agent.stop();
    agent.start_link(&[]);
    let sent = agent.send("let me in");
    assert!(!sent.status.success());
    assert!(!is_connected(&operator, &id));
    assert!(tickets(&operator).is_empty());
}

#[test]
fn an_agent_killed_in_the_middle_of_a_job_ends_it_once() {
    let controller = TestController::start();
    let operator = controller.admin();
    let _signers = TestSigners::publishing(&controller, &operator, Books::Look);
    let mut agent = TestAgent::connected_by(&operator);
    let job = operator.json(&["run", LOOK, "--on", &agent.id(), "--detach"]);
    let job = job["id"].as_str().unwrap().to_owned();

    agent.kill();
    agent.link();
    eventually("the job to end", || {
        let state = operator.json(&["job", "show", &job])["state"].as_str().unwrap().to_owned();
        ["done", "failed"].contains(&state.as_str())
    });
}
