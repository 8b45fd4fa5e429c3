//! The journal of systemd, read by journalctl: how it lies on the disk is systemd's own affair.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use befund_model::Timestamp;
use befund_model::section::software::LogEntry;

use crate::collector::{Context, Gap};

use super::errors::{entry, severity};
use crate::platform::linux::command::{self, CommandError};

const JOURNALCTL: &str = "/usr/bin/journalctl";
/// How many of the latest lines are read. More than are kept, since many say the same.
const MAX_LINES: usize = 4_000;

/// The errors of the last day in the running system's journal, or in this folder's.
pub(crate) fn errors(cx: &Context, folder: Option<&str>) -> Result<Vec<LogEntry>, Gap> {
    cx.root.trail().at(JOURNALCTL);
    let latest = format!("--lines={MAX_LINES}");
    let mut arguments = vec![
        "--output=json",
        "--output-fields=PRIORITY,_SYSTEMD_UNIT,SYSLOG_IDENTIFIER,MESSAGE",
        // Without it, journalctl leaves out messages of more than 4 KiB.
        "--all",
        "--priority=err",
        "--since=-24h",
        &latest,
        "--no-pager",
        "--quiet",
    ];
    if let Some(folder) = folder {
        arguments.extend(["--directory", folder]);
    }
    let output = command::run(JOURNALCTL, &arguments, Duration::from_secs(5), 32 << 20)
        .map_err(|error| unread(cx, &error))?;
    if !output.complaint.is_empty() {
        // It ends well without the files that are damaged.
        cx.gap(Gap::failed(format!(
            "not all of the journal could be read: {}",
            cx.redactor.text(&output.complaint)
        )));
    }
    let lines = output.bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let (mut entries, mut lost) = (Vec::new(), 0);
    for line in lines {
        match read(cx, line) {
            Some(entry) => entries.push(entry),
            None => lost += 1,
        }
    }
    if lost > 0 {
        cx.gap(Gap::failed(format!("{lost} entries of the journal could not be understood")));
    }
    Ok(entries)
}

fn unread(cx: &Context, error: &CommandError) -> Gap {
    match error {
        CommandError::Ended { complaint, .. } if complaint.contains("insufficient permissions") => {
            Gap::denied("the journal may not be read by this account")
        }
        CommandError::Ended { .. }
        | CommandError::Io { .. }
        | CommandError::Late(_)
        | CommandError::TooMuch(_) => {
            let error = error.to_string();
            Gap::failed(format!("the journal could not be read: {}", cx.redactor.text(&error)))
        }
    }
}

/// What is read of a line of `journalctl -o json` (systemd's JOURNAL_EXPORT_FORMATS). Each value is
/// a text; or a list of bytes, if it is not UTF-8; or a list of such, if a field is there more than
/// once.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "__REALTIME_TIMESTAMP", default)]
    at: Value,
    #[serde(rename = "PRIORITY", default)]
    priority: Value,
    #[serde(rename = "_SYSTEMD_UNIT", default)]
    unit: Value,
    #[serde(rename = "SYSLOG_IDENTIFIER", default)]
    identifier: Value,
    #[serde(rename = "MESSAGE", default)]
    message: Value,
}

pub(crate) fn read(cx: &Context, line: &[u8]) -> Option<LogEntry> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let number = |value: &Value| texts(value).first()?.parse::<i64>().ok();
    let at = number(&line.at).and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let priority = number(&line.priority).and_then(|priority| u64::try_from(priority).ok());
    let from = [&line.identifier, &line.unit].into_iter().find_map(|value| texts(value).pop());
    let message = texts(&line.message);
    if message.is_empty() {
        return None;
    }
    Some(entry(cx, at, severity(priority.unwrap_or(3))?, from, &message.join("\n")))
}

/// The values of a field.
fn texts(value: &Value) -> Vec<String> {
    let bytes = |values: &[Value]| -> Option<Vec<u8>> {
        values.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect()
    };
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => match bytes(values) {
            Some(bytes) => vec![String::from_utf8_lossy(&bytes).into_owned()],
            None => values.iter().flat_map(texts).collect(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}
