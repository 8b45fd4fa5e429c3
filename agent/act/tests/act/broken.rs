//! What nobody should send: unknown actions, parameters that break out, what was noted by somebody else.

use befund_model::action::{ACTIONS, Holds, Undo};
use befund_model::snapshot::Status;
use serde_json::{Value, json};

use crate::common::Made;

#[test]
fn an_unknown_action_is_unsupported() {
    let told = Made::new().perform("machine.explode", &Value::Null);
    assert_eq!((told.status, told.before), (Status::Unsupported, Value::Null));
}

#[test]
fn parameters_that_break_out_reach_no_program() {
    let made = Made::new();
    std::fs::create_dir_all(made.path("/run/systemd/system")).expect("a folder");
    // Whatever is run leaves a trace.
    let trace = made.path("/trace");
    for name in ["systemctl", "lpstat", "cancel", "faillock", "getent", "nmcli", "ip"] {
        made.program(name, &format!("echo \"$0 $@\" >> {}", trace.display()));
    }
    let long = "a".repeat(10_240);
    for spec in ACTIONS {
        for parameter in spec.parameters {
            for text in [
                "; rm -rf /",
                "--flag",
                "../../etc/passwd",
                "a\0b",
                &long,
                "\u{202e}x",
                "$(id)",
                "",
            ] {
                let given = json!({ (parameter.name): text });
                let told = made.perform(spec.name, &given);
                assert_eq!(told.status, Status::Failed, "{}: {told:?}", spec.name);
                assert!(told.commands.is_empty());
                assert_eq!(made.holds(spec.name, &given), Holds::Unknown);
                assert!(!made.predict(spec.name, &given).known);
            }
        }
    }
    assert!(!trace.exists(), "{}", std::fs::read_to_string(&trace).unwrap_or_default());
}

#[test]
fn what_was_noted_in_another_shape_undoes_nothing() {
    let mut made = Made::new();
    made.machine.names = vec!["a.example".to_owned()];
    made.write("/etc/hosts", "1.2.3.4 x\n");
    let good = json!({"interface": "lo", "mtu": 1_400, "name": "a.example", "device": "camera"});
    for spec in ACTIONS.iter().filter(|spec| spec.undo == Undo::Restores) {
        let wanted = good.as_object().expect("an object").iter();
        let takes = |key: &&String| spec.parameters.iter().any(|known| known.name == **key);
        let given: serde_json::Map<String, Value> = wanted
            .filter(|(key, _)| takes(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for before in [json!(-1), json!("x"), json!([[]]), json!({"x": {"y": []}})] {
            let told = made.undo(spec.name, &Value::Object(given.clone()), &before);
            assert_ne!(told.status, Status::Ok, "{}: {told:?}", spec.name);
        }
    }
}

#[test]
fn a_program_that_hangs_is_killed_at_the_deadline() {
    let mut made = Made::new();
    made.within_ms = 200;
    made.write("/run/systemd/resolve/resolv.conf", "");
    made.program("resolvectl", "exec sleep 4322");
    let told = made.perform("dns.flush_cache", &Value::Null);
    assert_eq!(told.status, Status::Timeout, "{told:?}");
    assert_eq!(told.commands[0].exit, None);
}
