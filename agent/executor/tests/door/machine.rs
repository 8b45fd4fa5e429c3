//! Probes of the machine itself, over recorded trees and the running system.

use befund_model::job::JobState;
use befund_model::probe::machine::{DiskSpaceFacts, LogTailFacts, ProcessTopFacts, ServiceFacts};
use befund_model::probe::{ProbeResult, Verdict};
use serde_json::{Value, json};

use crate::common::Fixture;

async fn measure(fixture: &Fixture, probe: &str, parameters: Value) -> ProbeResult {
    let (_, outcome) = fixture.probe(probe, parameters).await;
    assert_eq!(outcome.state, JobState::Done, "{}", outcome.reason);
    serde_json::from_value(outcome.result).expect("a probe's result")
}

#[tokio::test]
async fn a_log_is_told_redacted_and_only_its_end() {
    let fixture = Fixture::start(|_, config| {
        std::fs::write(&config.policy, "[logs]\napp = \"/var/log/app.log\"\n").expect("a policy");
    });
    let mut text: String = (0..5_000).map(|line| format!("line {line} of many\n")).collect();
    text.push_str("connecting with password=hunter2-hunter2\n\u{1b}[2Jlast\n");
    fixture.write("/var/log/app.log", &text);

    let result = measure(&fixture, "log.tail", json!({"log": "app", "lines": 3})).await;

    let facts: LogTailFacts = result.facts().expect("facts");
    assert_eq!(facts.lines.len(), 3);
    assert_eq!(facts.lines[0], "line 4999 of many");
    assert_eq!(facts.lines[2], "\\u{1b}[2Jlast");
    assert_eq!((facts.redacted, facts.cut), (1, false));
    let all = serde_json::to_string(&result).expect("JSON");
    assert!(!all.contains("hunter2"), "{all}");
}

#[tokio::test]
async fn a_log_that_is_not_there_is_unsupported() {
    let fixture = Fixture::start(|_, _| {});
    let result = measure(&fixture, "log.tail", json!({"log": "system"})).await;
    assert_eq!(result.status, befund_model::snapshot::Status::Unsupported);
    assert!(result.reason.contains("/var/log/syslog"), "{}", result.reason);
    assert_eq!(result.facts, Value::Null);
}

#[tokio::test]
async fn services_are_installed_switched_on_and_running() {
    let fixture = Fixture::start(|_, config| {
        let text = "services = [\"a.service\", \"b@1.service\", \"c.service\", \"d.service\"]\n";
        std::fs::write(&config.policy, text).expect("a policy");
    });
    fixture.write("/run/systemd/system/keep", "");
    for file in ["a.service", "b@.service", "c.service"] {
        fixture.write(&format!("/usr/lib/systemd/system/{file}"), "[Unit]\n");
    }
    for name in ["a.service", "b@1.service"] {
        fixture.write(&format!("/etc/systemd/system/multi-user.target.wants/{name}"), "");
    }
    fixture.write("/sys/fs/cgroup/system.slice/a.service/cgroup.procs", "12\n13\n");

    let result = measure(&fixture, "service.state", Value::Null).await;

    let facts: ServiceFacts = result.facts().expect("facts");
    let states: Vec<_> = facts
        .services
        .iter()
        .map(|service| (service.installed, service.enabled, service.running, service.processes))
        .collect();
    let absent = (false, false, false, 0);
    assert_eq!(
        states,
        [(true, true, true, 2), (true, true, false, 0), (true, false, false, 0), absent]
    );
    assert_eq!(result.verdict, Verdict::Warn);
    assert_eq!(result.summary, "b@1.service is switched on and does not run");
}

#[tokio::test]
async fn the_running_system_tells_its_disks_and_processes() {
    let fixture = Fixture::start(|_, config| config.root = "/".into());
    let disks = measure(&fixture, "disk.space", Value::Null).await;
    if let Some(facts) = disks.facts::<DiskSpaceFacts>() {
        assert!(facts.file_systems.iter().all(|system| system.total_bytes > 0));
    } else {
        assert!(disks.reason.contains("no file system on a disk"), "{}", disks.reason);
    }
    let top = measure(&fixture, "process.top", json!({"count": 5, "window_ms": 50})).await;
    let facts: ProcessTopFacts = top.facts().expect("facts");
    assert!(facts.by_cpu.len() <= 5 && !facts.by_memory.is_empty());
    assert!(facts.memory_total_bytes > facts.memory_available_bytes);
    assert!(facts.by_memory.windows(2).all(|pair| pair[0].rss_bytes >= pair[1].rss_bytes));
}
