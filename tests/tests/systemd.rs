//! The shipped units under a real systemd: who runs as whom, and what a snapshot then tells of the
//! machine's services and its journal.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use befund_tests::programs::program;
use befund_tests::systemd::{Layer, TestMachine};
use befund_tests::{TestController, TestOperator};
use serde_json::{Value, json};

/// An account that owns nothing.
const NOBODY: &str = "65534";

/// A machine on which the agent is installed as its packages would, or why there is none.
fn booted() -> Result<TestMachine, String> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent/systemd");
    let mut layer = Layer::new();
    layer.file("/usr/bin/befund-agent", &program("befund-agent"));
    for unit in [
        "befund-agent.service",
        "befund-executor.service",
        "befund-executor.socket",
        "befund-people.socket",
    ] {
        layer.file(&format!("/usr/lib/systemd/system/{unit}"), &shipped.join(unit));
    }
    layer.file("/usr/lib/sysusers.d/befund.conf", &shipped.join("befund.sysusers"));
    layer.file("/usr/lib/tmpfiles.d/befund.conf", &shipped.join("befund.tmpfiles"));
    layer.wants("befund-executor.socket");
    layer.wants("befund-people.socket");
    layer.wants("dbus.socket");
    layer.unit("broken.service", "[Service]\nExecStart=/bin/sh -c 'exit 42'\n");
    layer.unit("killed.service", "[Service]\nExecStart=/bin/sh -c 'kill -KILL $$$$'\n");
    layer.unit("lasting.service", "[Service]\nExecStart=/bin/sleep infinity\n");
    TestMachine::boot(layer)
}

fn enroll(machine: &TestMachine, controller: &TestController) {
    let account = machine.says(&["id", "-u", "befund"]);
    let _ = machine.says(&["install", "-d", "-o", "befund", "-g", "befund", "/var/lib/befund"]);
    let mut enroll = machine.command(&["setpriv", "--reuid", &account, "--regid", "befund"]);
    enroll.args(["--clear-groups", "--", "/usr/bin/befund-agent", "enroll", "-"]);
    let mut enroll = enroll.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    enroll.stdin.take().unwrap().write_all(controller.token(&[]).as_bytes()).unwrap();
    assert!(enroll.wait().unwrap().success());
}

/// A field of `/proc/PID/status` of a service's main process.
fn status(machine: &TestMachine, unit: &str, field: &str) -> String {
    let pid = machine.says(&["systemctl", "show", "--property=MainPID", "--value", unit]);
    let status = machine.says(&["cat", &format!("/proc/{pid}/status")]);
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').split_whitespace().next().unwrap().to_owned()
}

fn section(operator: &TestOperator, snapshot: &str, kind: &str) -> Value {
    operator.json(&["snapshot", "show", snapshot, "--section", kind])
}

#[test]
fn the_units_run_as_they_promise_and_tell_what_systemd_knows() {
    let machine = match booted() {
        Ok(machine) => machine,
        Err(why) => {
            writeln!(std::io::stderr(), "SKIPPED the units under systemd: {why}").unwrap();
            return;
        }
    };
    let controller = TestController::start();
    let operator = controller.admin();
    enroll(&machine, &controller);
    let _ = machine.says(&["logger", "-p", "user.err", "-t", "story", "login password=hunter2"]);

    // Everybody may knock at the people's door, and systemd hands it to the executor beside the link's.
    let mode = machine.says(&["stat", "--format=%a %U", "/run/befund/people.sock"]);
    assert_eq!(mode, "666 root");
    let listed = machine.says(&["/usr/bin/befund-agent", "fix"]);
    assert!(listed.contains("Nothing may be started here"), "{listed}");

    // The unit says that it is up once people can ask.
    let _ = machine.says(&["systemctl", "start", "befund-agent.service"]);
    let account = machine.says(&["id", "-u", "befund"]);
    assert_eq!(status(&machine, "befund-agent.service", "Uid"), account);
    assert_eq!(status(&machine, "befund-agent.service", "CapEff"), format!("{:016x}", 0));
    assert_eq!(status(&machine, "befund-agent.service", "NoNewPrivs"), "1");

    let send = ["/usr/bin/befund-agent", "send", "--yes", "-m", "it does not print"];
    let said = machine.says_as(NOBODY, &send);
    assert!(said.contains("#1"), "{said}");

    assert_eq!(status(&machine, "befund-executor.service", "Uid"), "0");
    // How exposed the process is that talks to the network, by systemd's own reckoning: 0 to 10.
    let exposure = machine.says(&["systemd-analyze", "security", "befund-agent.service"]);
    let rated = exposure.lines().find(|line| line.contains("Overall exposure level")).unwrap();
    let rated: f64 = rated.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    assert!(rated < 4.0, "{exposure}");

    let view = operator.json(&["ticket", "show", "1"]);
    let snapshot = view["timeline"][1]["event"]["snapshot"].as_str().unwrap();
    let state = section(&operator, snapshot, "services.state");
    assert_eq!(state["line"]["status"], "ok", "{}", state["line"]);
    assert_eq!(state["content"]["system"], "degraded");
    let services = state["content"]["services"].as_array().unwrap();
    let of = |name: &str| services.iter().find(|service| service["name"] == name).unwrap();
    let failed = json!({ "name": "broken", "state": "failed", "detail": "failed", "result": "exit-code", "exit_status": 42 });
    assert_eq!(of("broken"), &failed);
    assert_eq!(
        (&of("killed")["result"], &of("killed")["exit_status"]),
        (&json!("signal"), &json!(9))
    );
    assert_eq!(
        (&of("lasting")["state"], &of("lasting")["detail"]),
        (&json!("active"), &json!("running"))
    );
    assert_eq!(of("befund-agent")["state"], "active");

    let errors = section(&operator, snapshot, "errors");
    assert_eq!(errors["content"]["source"], "journal", "{}", errors["line"]);
    let entries = errors["content"]["entries"].as_array().unwrap();
    let ours = entries.iter().find(|entry| entry["from"] == "story").unwrap();
    assert_eq!(ours["message"], "login password=[redacted:password]");

    // A job goes the same way.
    let agent = view["ticket"]["machine"].as_str().unwrap();
    let output = operator.says(&["run", "service.state", "--on", agent]);
    assert!(!output.is_empty());

    for unit in ["befund-agent.service", "befund-executor.service"] {
        let _ = machine.says(&["systemctl", "stop", unit]);
        let result = ["systemctl", "show", "--property=Result", "--value", unit];
        assert_eq!(machine.says(&result), "success", "{unit}");
    }
}
