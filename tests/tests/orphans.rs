//! The link is killed on a machine without systemd: what it had started ends by itself.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use befund_tests::process::eventually;
use befund_tests::{TestAgent, TestController};

/// The processes whose parent this is.
fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap();
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| stat(*pid).is_some_and(|(found, _)| found == parent)).collect()
}

/// Parent and start of a process, which together with its number tell it from a later one.
fn stat(pid: u32) -> Option<(u32, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    // A zombie has ended.
    (fields[0] != "Z").then(|| Some((fields[1].parse().ok()?, fields[19].parse().ok()?)))?
}

#[test]
fn what_runs_for_a_link_that_is_killed_ends_with_it() {
    let controller = TestController::start();
    let (mut agent, mute) = TestAgent::with_a_mute_page(&controller);
    let operator = controller.admin();
    let job = operator.json(&["run", "net.http", "--on", &agent.id(), "--detach"]);
    let job = job["id"].as_str().unwrap().to_owned();
    let mut taken = None;
    eventually("the job to ask the one that never answers", || {
        taken = mute.accept().ok();
        taken.is_some()
    });

    let executors = children(agent.process().pid());
    let [executor] = executors[..] else { panic!("{executors:?} instead of one executor") };
    let collectors = children(executor);
    assert!(!collectors.is_empty(), "the job runs in a child");
    let all = collectors.iter().chain(&executors);
    let began: Vec<_> = all.map(|pid| (*pid, stat(*pid).unwrap().1)).collect();
    let lives = |pid, began| stat(pid).is_some_and(|(_, start)| start == began);

    agent.kill();
    eventually("the executor and the job's child to be ended", || {
        !began.iter().any(|(pid, start)| lives(*pid, *start))
    });

    // Nothing is in the way of another link, which does the job again.
    let policy = agent.folder().join("policy.toml");
    agent.start_link(&["--policy", policy.to_str().unwrap()]);
    agent.wait_until_connected();
    eventually("the job to end", || {
        let state = operator.json(&["job", "show", &job])["state"].as_str().unwrap().to_owned();
        ["done", "failed"].contains(&state.as_str())
    });
}
