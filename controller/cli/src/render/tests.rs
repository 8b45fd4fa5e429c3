//! What the renderers print, kept as snapshots: a change of the output is a change of these files.

mod runbooks;

use std::collections::HashMap;

use befund_model::Timestamp;
use befund_model::api::{MachineView, SectionView, SnapshotRecord, TicketView, WorkInfo};
use befund_model::audit::{Actor, AuditEntry};
use befund_model::job::Job;
use befund_model::ticket::Ticket;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::render;
use crate::render::ticket::Lines;
use crate::screen::{Colours, Look};

const MACHINE: &str = "0198c5a2-7c1e-7d20-9a51-3f2b6a0d9e11";
const JOB: &str = "0198c5a2-7c1e-7d20-9a51-3f2b6a0d9e22";
const SNAPSHOT: &str = "0198c5a2-7c1e-7d20-9a51-3f2b6a0d9e33";
const HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn plain() -> Look {
    Look { colours: Colours::Off, width: None, zone: TimeZone::UTC }
}

fn at(clock: &str) -> String {
    format!("2026-03-02T{clock}Z")
}

fn typed<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the shape of the model")
}

fn machine() -> Value {
    json!({
        "id": MACHINE, "name": "pc-9", "os": "Debian GNU/Linux 12", "agent_version": "0.1.0",
        "group": "", "enrolled_at": at("08:00:00"), "last_seen": at("09:59:58"),
        "revoked_at": null, "last_snapshot": SNAPSHOT, "clock_offset_ms": -90_500,
    })
}

fn ticket() -> Value {
    json!({
        "number": 42, "version": 5, "subject": "my VPN drops every hour", "requester": "ada",
        "machine": MACHINE, "status": "waiting_for_user", "priority": "high", "level": "L2",
        "assignee": "bo", "solution": null, "opened_at": at("09:00:00"),
        "updated_at": at("10:00:00"), "request": null,
    })
}

fn job() -> Job {
    typed(json!({
        "id": JOB, "agent": MACHINE, "ticket": 42, "work": { "runbook": "net.no-internet" },
        "parameters": {}, "state": "done", "created_by": "bo", "created_at": at("09:30:00"),
        "deadline": "2026-03-05T09:30:00Z", "ended_at": at("09:30:02"),
        "outcome": { "state": "done", "status": "ok", "took_us": 1_520_000, "result": {
            "runbook": "net.no-internet", "version": 1,
            "conclusion": "No configured DNS server answers.",
            "causes": [
                { "id": "no-link", "title": "No network link", "verdict": "excluded",
                  "evidence": "eth0 is up" },
                { "id": "dns-dead", "title": "DNS does not answer", "verdict": "found",
                  "evidence": "10.0.0.53: timeout", "advice": "Ask the network team." },
                { "id": "captive", "title": "Captive portal", "verdict": "unknown",
                  "evidence": "no \u{1b}[31mHTTP answer" },
            ],
            "facts": {},
        }},
    }))
}

fn view() -> TicketView {
    let entry = |seq: i64, clock: &str, by: &str, event: Value| json!({ "seq": seq, "ticket": 42, "at": at(clock), "by": by, "event": event });
    typed(json!({ "ticket": ticket(), "machine": machine(), "timeline": [
        entry(1, "09:00:00", "ada", json!({
            "kind": "opened", "message": "my VPN drops every hour\n\u{1b}]0;owned\u{7}\nplease help" })),
        entry(2, "09:00:00", "the machine", json!({
            "kind": "snapshot_attached", "snapshot": SNAPSHOT, "sections": 20, "incomplete": 1 })),
        entry(3, "09:20:00", "bo", json!({
            "kind": "changed", "field": "assignee", "from": "nobody", "to": "bo" })),
        entry(4, "09:30:00", "bo", json!({
            "kind": "job_started", "job": JOB, "work": { "runbook": "net.no-internet" } })),
        entry(5, "09:30:01", "the machine", json!({ "kind": "output", "job": JOB, "news": {
            "step_ended": { "step": "dns", "status": "timeout", "summary": "no answer in 2 s" } } })),
        entry(6, "09:30:02", "the machine", json!({
            "kind": "result", "job": JOB, "work": { "runbook": "net.no-internet" }, "state": "done",
            "status": "ok", "summary": "No configured DNS server answers." })),
        entry(7, "10:00:00", "bo", json!({ "kind": "escalated", "from": "L1", "to": "L2" })),
    ]}))
}

#[test]
fn the_queue() {
    let mut second: Ticket = typed(ticket());
    second.number = befund_model::id::TicketNumber(7);
    second.assignee = None;
    let rows = [typed(ticket()), second];
    insta::assert_snapshot!("queue", render::ticket::list(&plain(), &rows));
    let narrow = Look { width: Some(72), ..plain() };
    let text = render::ticket::list(&narrow, &rows);
    assert!(text.lines().all(|line| line.chars().count() <= 72), "{text}");
}

#[test]
fn a_ticket_as_a_technician_reads_it() {
    let jobs = HashMap::from([(job().id, job())]);
    let text = render::ticket::one(&plain(), &view(), &jobs, Lines::Running);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
    insta::assert_snapshot!("ticket", text);
    let all = render::ticket::one(&plain(), &view(), &jobs, Lines::All);
    assert!(all.contains("no answer in 2 s") && !text.contains("no answer in 2 s"), "{all}");
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let jobs = HashMap::from([(job().id, job())]);
    let coloured = Look { colours: Colours::On, ..plain() };
    let text = render::ticket::one(&coloured, &view(), &jobs, Lines::Running);
    let mut stripped = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        stripped.push_str(before);
        let (codes, after) = after.split_once('m').expect("only colours and weights");
        assert!(codes.chars().all(|c| c.is_ascii_digit() || c == ';'), "{codes}");
        rest = after;
    }
    stripped.push_str(rest);
    assert_ne!(text, stripped);
    let trimmed: String = stripped.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    assert_eq!(trimmed, render::ticket::one(&plain(), &view(), &jobs, Lines::Running));
}

#[test]
fn a_job() {
    insta::assert_snapshot!("job", render::job::job(&plain(), &job()));
    let mut probe = job();
    probe.work = befund_model::job::Work::Probe("net.dns".into());
    let outcome = probe.outcome.as_mut().expect("it ended");
    outcome.result = json!({
        "probe": "net.dns", "version": 1, "status": "ok", "summary": "1 of 2 servers answer",
        "facts": { "name": "example.com", "servers": [
            { "server": "10.0.0.53", "answer": null, "error": "timeout" },
            { "server": "10.0.0.54", "answer": ["192.0.2.1", "192.0.2.2"], "took_us": 1200 },
        ]}, "took_us": 2_000_000,
    });
    insta::assert_snapshot!("probe", render::job::ended(&plain(), &probe, None));
}

#[test]
fn machines() {
    let mut value = machine();
    value["connected"] = json!(true);
    let connected: MachineView = typed(value.clone());
    value["revoked_at"] = json!(at("09:00:00"));
    let revoked: MachineView = typed(value);
    insta::assert_snapshot!(
        "machines",
        render::machine::list(&plain(), &[connected.clone(), revoked])
    );
    insta::assert_snapshot!("machine", render::machine::one(&plain(), &connected));
}

#[test]
fn snapshots() {
    let line = json!({
        "kind": "os", "status": "partial", "reason": "no /etc/os-release", "hash": HASH,
        "size": 57_000, "class": "on_request", "volatility": "stable", "redacted": 2, "took_us": 1250,
    });
    let record: SnapshotRecord = typed(json!({
        "agent": MACHINE, "received_at": at("09:00:01"), "ticket": 42,
        "manifest": { "id": SNAPSHOT, "taken_at": at("09:00:00"), "sections": [line] },
    }));
    insta::assert_snapshot!(
        "snapshots",
        render::snapshot::list(&plain(), std::slice::from_ref(&record))
    );
    insta::assert_snapshot!("snapshot", render::snapshot::one(&plain(), &record));
    let view: SectionView = typed(json!({
        "snapshot": SNAPSHOT, "line": line,
        "content": { "name": "Debian", "uptime_s": 5, "deep": { "list": [[1, 2], [3]] } },
    }));
    insta::assert_snapshot!("section", render::snapshot::section(&plain(), &view));
}

#[test]
fn a_difference() {
    let difference = typed(
        json!({ "unchanged": 12, "volatile": ["processes", "uptime"], "sections": [
            { "kind": "packages", "before": "ok", "after": "partial", "more": 3, "changes": [
                { "path": "packages[bash amd64].version", "before": "5.1", "after": "5.2", "class": "upgraded" },
                { "path": "packages[evil amd64]", "after": { "version": "1\u{1b}[2J" }, "class": "added" },
                { "path": "packages[old amd64].version", "before": "1", "class": "removed" },
            ]},
            { "kind": "wifi", "after": "ok", "changes": [] },
        ]}),
    );
    insta::assert_snapshot!("diff", render::snapshot::diff(&plain(), &difference));
    let same = typed(json!({ "unchanged": 1, "volatile": [], "sections": [] }));
    insta::assert_snapshot!("diff_same", render::snapshot::diff(&plain(), &same));
}

#[test]
fn findings_and_what_changed() {
    let text = |en: &str| json!({ "en": en, "de": "–" });
    let check = json!({
        "id": "disk.space", "version": 1, "category": "storage", "title": text("Free space"),
        "explanation": text("It is nearly full."), "user": text("The disk is nearly full."),
        "remedy": text("Clear caches."), "references": ["https://help.example/disk"],
    });
    let finding = |check: &str, verdict: &str, reason: &str| {
        let evidence = json!([{ "label": text("Least free"), "value": "/home\u{1b}[2J 1.0 GiB" }]);
        let evidence = if reason.is_empty() { evidence } else { json!([]) };
        json!({
            "check": check, "version": 1, "verdict": verdict, "reason": reason, "evidence": evidence,
        })
    };
    let view = typed(json!({ "snapshot": SNAPSHOT, "judged": true, "findings": [
        { "finding": finding("disk.space", "fail", ""), "machines": 3, "check": check },
        { "finding": finding("gone.check", "unknown", "os is denied"), "machines": 0, "check": null },
        { "finding": finding("net.link", "pass", ""), "machines": 0, "check": null },
    ]}));
    insta::assert_snapshot!("findings", render::finding::of_snapshot(&plain(), &view));
    insta::assert_snapshot!("check", render::finding::explained(&plain(), &typed(check)));
    let changes = typed(json!({
        "snapshot": SNAPSHOT, "good": true,
        "since": {
            "agent": MACHINE, "received_at": at("08:00:01"), "ticket": null,
            "manifest": { "id": SNAPSHOT, "taken_at": at("08:00:00"), "sections": [] },
        },
        "diff": { "unchanged": 3, "volatile": [], "sections": [
            { "kind": "cpu", "before": "ok", "after": "ok", "changes": [
                { "path": "microcode", "before": "0x1", "after": "0x2", "class": "upgraded" },
            ]},
            { "kind": "network.dns", "before": "ok", "after": "ok", "changes": [
                { "path": "servers", "before": ["a"], "after": ["b"], "class": "reconfigured" },
            ]},
        ]},
    }));
    insta::assert_snapshot!("changes", render::snapshot::changes(&plain(), &changes));
}

#[test]
fn the_audit_log_works_and_tokens() {
    let entry = AuditEntry {
        id: typed(json!(JOB)),
        seq: Some(1),
        at: at("09:00:00").parse::<Timestamp>().expect("a time"),
        actor: Actor::System,
        source: "local".into(),
        action: "agent.revoke".into(),
        object: format!("agent:{MACHINE}"),
        detail: json!({ "why": "stolen" }),
    };
    insta::assert_snapshot!("audit", render::audit::entries(&plain(), &[entry]));
    let works: Vec<WorkInfo> = typed(json!([
        { "work": { "probe": "net.dns" }, "title": "resolves names",
          "parameters": { "properties": { "name": {} } } },
        { "work": { "probe": "net.link" }, "title": "cards and signals", "parameters": {} },
    ]));
    insta::assert_snapshot!("works", render::audit::works(&plain(), &works));
    let tokens = json!([{ "id": JOB, "uses": 1, "used": 0 }]);
    insta::assert_snapshot!("tokens", render::audit::rows(&plain(), &tokens, "None."));
}
