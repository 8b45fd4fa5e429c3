//! A machine without a service manager: what an action starts there is the action's own child, and has to go on when
//! the step has ended.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use befund_tests::agent::ticket_in;
use befund_tests::process::{eventually, under_mounts};
use befund_tests::{TestAgent, TestController, TestSigners};

/// Lays scripts of the test's own over the machine's: `$0` is their folder. No service manager is seen behind the empty
/// `/run`.
const MOUNTS: &str = "mount -t tmpfs none /run && mount --bind \"$0\" /etc/init.d && exec \"$@\"";

/// A service as of old: it leaves its number, and detaches itself.
const SCRIPT: &str = r#"#!/bin/sh
is_up() { [ -e 'HERE/number' ] && kill -0 "$(cat 'HERE/number')" 2> /dev/null; }
case "$1" in
    start) setsid sh -c 'echo $$ > "HERE/number"; echo up >> "HERE/note.log"; exec sleep 1000' & while ! is_up; do :; done ;;
    stop) kill "$(cat 'HERE/number')"; echo down >> 'HERE/note.log' ;;
    status) is_up ;;
esac
"#;

const RUNBOOK: &str = r#"
api: befund/v1
runbook: test.service
version: 1
title: {en: "A service does not run", de: "Ein Dienst läuft nicht"}
about: {en: "Looks whether it runs, and starts it.", de: "Sieht nach, ob er läuft, und startet ihn."}
collect:
  note: {probe: log.tail@1, timeout: 10s, with: {log: note}}
causes:
  - id: down
    title: {en: "It does not run", de: "Er läuft nicht"}
    when: "note.lines.size() == 0 || note.lines[note.lines.size() - 1] != 'up'"
    fix:
      - {act: service.start, with: {service: storyd}}
    verify: {within: 20s, every: 1s}
accept: "note.lines.size() > 0 && note.lines[note.lines.size() - 1] == 'up'"
escalate: {to: "'L2-desktop'"}
"#;

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Whether the service's process is there.
fn is_up(folder: &Path) -> bool {
    let number = std::fs::read_to_string(folder.join("number")).unwrap_or_default();
    let state = std::fs::read_to_string(format!("/proc/{}/stat", number.trim()));
    state.is_ok_and(|state| !state.contains(") Z "))
}

#[test]
fn a_service_that_an_action_starts_itself_outlives_the_step() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let controller = TestController::start();
    let operator = controller.admin();
    let signers = TestSigners::introduce(&controller, &operator);
    let mut agent = TestAgent::new();
    let here: PathBuf = agent.folder().to_owned();
    let script = here.join("init.d/storyd");
    write(&script, &SCRIPT.replace("HERE", here.to_str().unwrap()));
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    write(&here.join("note.log"), "nothing\n");
    write(&here.join("runbooks/test.service.yaml"), RUNBOOK);
    let policy = here.join("policy.toml");
    let log = here.join("note.log");
    write(&policy, &format!("[logs]\nnote = {log:?}\n[runbooks]\nunattended = \"change\"\n"));
    signers.publish(&operator, &here.join("runbooks"));
    let token = operator.json(&["enroll", "token", "new"]);
    agent.enroll(token["token"].as_str().unwrap());
    agent.start_link_as(&["--policy", policy.to_str().unwrap()], |command| {
        under_mounts(MOUNTS, &[here.join("init.d").as_os_str()], &command)
    });
    agent.wait_until_connected();
    let id = agent.id();
    eventually("the machine to have the catalogue", || {
        let trust = &operator.json(&["machine", "show", &id])["trust"];
        trust["catalogue_version"].as_u64().is_some_and(|version| version > 0)
    });
    let ticket = ticket_in(&agent.send("it does not run"));

    let run = ["run", "test.service", "--on", &id, "--ticket", &ticket, "--detach"];
    let job = operator.json(&run)["id"].as_str().unwrap().to_owned();
    let state = || operator.json(&["job", "show", &job])["state"].as_str().unwrap().to_owned();
    eventually("it to wait for a signature", || state() == "needs_approval");
    let _ = operator.says(&["approve", &job, "--yes", "--key", &signers.key_of("tina")]);
    eventually("the run to end", || state() == "done");

    let shown = operator.json(&["job", "show", &job]);
    assert_eq!(shown["outcome"]["result"]["attempts"][0]["end"], "verified", "{shown:#}");
    assert!(is_up(&here), "it goes on: {shown:#}");
    // It has the machine's limits and not the step's.
    let number = std::fs::read_to_string(here.join("number")).unwrap();
    let limits = |process: &str| {
        let text = std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
        let of_step = ["Max cpu time", "Max data size", "Max processes"];
        let lines = text.lines().filter(|line| of_step.iter().any(|name| line.starts_with(name)));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(limits(number.trim()), limits("self"));
    let groups = std::fs::read_to_string(format!("/proc/{}/cgroup", number.trim())).unwrap();
    assert!(!groups.contains("befund-run-"), "{groups}");

    let _ = operator.says(&["ticket", "undo", &ticket]);
    assert!(!is_up(&here), "it was stopped again");
}
