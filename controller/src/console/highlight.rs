//! What matters first about a machine: a few lines out of a snapshot. A section that cannot be read
//! is left out here; the machine's page says why.

use befund_model::api::SnapshotRecord;
use befund_model::language::Language;
use befund_model::machine::Machine;
use befund_model::section;
use befund_model::snapshot::Status;
use serde_json::Value;

use crate::console::page::Frame;
use crate::console::units::scalar;
use crate::snapshots;
use crate::state::AppState;

/// From how full on a file system deserves a look, in per cent.
const FULL_PERCENT: u64 = 90;

/// One line.
#[derive(Clone, Debug)]
pub struct Highlight {
    /// What.
    pub label: &'static str,
    /// The fact, in words.
    pub text: String,
    /// Whether it deserves a look.
    pub bad: bool,
}

impl Highlight {
    /// Of a machine's latest snapshot; empty where there is none.
    pub async fn of(app: &AppState, machine: &Machine, frame: &Frame) -> Vec<Self> {
        let Some(id) = machine.last_snapshot else { return Vec::new() };
        match snapshots::get(app, id).await {
            Ok(record) => Self::read(app, &record, frame).await,
            Err(_) => Vec::new(),
        }
    }

    /// Of this snapshot.
    pub async fn read(app: &AppState, record: &SnapshotRecord, frame: &Frame) -> Vec<Self> {
        let t = frame.t;
        let mut lines = Vec::new();
        let mut add = |label: &'static str, text: Option<String>, bad: bool| {
            lines.extend(text.filter(|text| !text.is_empty()).map(|text| Self {
                label,
                text,
                bad,
            }));
        };
        let of = |kind: &'static str| facts_of(app, record, kind);
        let system = of("system").await;
        let words = ["vendor", "model"].into_iter().filter_map(|key| word(&system, key));
        add(t.model, Some(words.collect::<Vec<_>>().join(" ")), false);
        add(t.processor, word(&of("cpu").await, "model"), false);
        let memory = of("memory").await;
        let usage = of("memory.usage").await;
        let total = memory.get("total_bytes").map(|bytes| scalar(t, "_bytes", bytes));
        let free = usage.get("available_bytes").map(|bytes| scalar(t, "_bytes", bytes));
        let free = free.map(|free| format!(" ({free} {})", t.pick("available", "verfügbar")));
        add(t.memory, total.map(|total| total + &free.unwrap_or_default()), false);
        let uptime = of("uptime").await;
        add(t.uptime, uptime.get("uptime_s").map(|span| scalar(t, "_s", span)), false);
        if let Some((mount, percent)) = fullest(&of("filesystems.usage").await) {
            add(t.fullest, Some(format!("{mount}: {percent} %")), percent >= FULL_PERCENT);
        }
        add(t.addresses, reachable(&of("network.addresses").await), false);
        add(t.failed_services, failed(&of("services.state").await), true);
        add(t.troubles, Some(troubled(record, t.language())), true);
        lines
    }
}

async fn facts_of(app: &AppState, record: &SnapshotRecord, kind: &str) -> Value {
    match record.manifest.section(kind) {
        Some(line) => snapshots::content(app, line).await.unwrap_or(Value::Null),
        None => Value::Null,
    }
}

fn word(facts: &Value, key: &str) -> Option<String> {
    facts.get(key)?.as_str().map(str::to_owned)
}

fn rows<'a>(facts: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    facts.get(list).and_then(Value::as_array).into_iter().flatten()
}

fn fullest(usage: &Value) -> Option<(String, u64)> {
    rows(usage, "filesystems")
        .filter_map(|row| {
            let used = row.get("used_bytes")?.as_u64()?;
            let available = row.get("available_bytes")?.as_u64()?;
            let all = used.checked_add(available).filter(|all| *all > 0)?;
            Some((word(row, "mount_point")?, used.saturating_mul(100) / all))
        })
        .max_by_key(|(mount, percent)| (*percent, std::cmp::Reverse(mount.len())))
}

fn reachable(addresses: &Value) -> Option<String> {
    let words: Vec<String> = rows(addresses, "addresses")
        .filter_map(|row| word(row, "address"))
        .filter(|address| {
            !address.starts_with("127.") && address != "::1" && !address.starts_with("fe80")
        })
        .take(4)
        .collect();
    Some(words.join(", "))
}

fn failed(services: &Value) -> Option<String> {
    let words: Vec<String> = rows(services, "services")
        .filter(|row| row.get("state").and_then(Value::as_str) == Some("failed"))
        .filter_map(|row| word(row, "name"))
        .take(5)
        .collect();
    Some(words.join(", "))
}

fn troubled(record: &SnapshotRecord, language: Language) -> String {
    let lines = record.manifest.sections.iter().filter(|line| match line.status {
        Status::Partial | Status::Denied | Status::Timeout | Status::Failed => true,
        Status::Ok | Status::Unsupported => false,
    });
    let titles = lines.map(|line| section::title(line.kind.as_str(), language));
    titles.collect::<Vec<_>>().join("; ")
}
