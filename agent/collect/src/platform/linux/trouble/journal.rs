//! The journal of systemd, read by journalctl: how it lies on the disk is systemd's own affair. The
//! newest entries come first, so that whatever cuts the answer short leaves the latest; what is asked
//! for is found by the journal's indexes, so that a journal of many gigabytes takes no longer.

use std::time::Duration;

use serde_json::{Map, Value};

use befund_model::Timestamp;

use crate::collector::{Context, Gap};

use super::errors::{Said, severity};
use crate::platform::linux::command::{self, CommandError};

const JOURNALCTL: &str = "/usr/bin/journalctl";
/// Where journals lie.
const FOLDERS: [&str; 2] = ["/var/log/journal", "/run/log/journal"];
/// As far ahead as [`Lately`](crate::lately::Lately) tells.
const AHEAD: &str = "--until=+24h";
/// How many of the latest lines are read. More than are kept, since many say the same.
pub(crate) const MAX_LINES: usize = 4_000;
/// The most bytes of an answer; what is left out is older than what came.
const MAX_BYTES: usize = 6 << 20;

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a> {
    /// As `-24h`.
    pub(crate) since: &'a str,
    /// As `warning`, or a range as `notice..info`.
    pub(crate) priority: Option<&'a str>,
    /// As `_TRANSPORT=kernel`; those of one field are alternatives (journalctl(1)).
    pub(crate) matches: &'a [&'a str],
    /// The fields, with commas between.
    pub(crate) fields: &'a str,
    pub(crate) lines: usize,
    /// After how long what came is enough.
    pub(crate) within: Duration,
}

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Found<T> {
    /// The newest last.
    pub(crate) values: Vec<T>,
    /// Whether older ones were left out, by their number or for the time that it took.
    pub(crate) cut: bool,
}

/// Whether this system keeps a journal.
pub(crate) fn is_kept(cx: &Context) -> bool {
    FOLDERS.iter().any(|folder| !cx.root.list(folder).unwrap_or_default().is_empty())
}

/// The errors and warnings of the last day in the running system's journal, or in this folder's.
pub(crate) fn errors(cx: &Context, folder: Option<&str>) -> Result<(Vec<Said>, bool), Gap> {
    let fields = "PRIORITY,_SYSTEMD_UNIT,SYSLOG_IDENTIFIER,MESSAGE";
    let grave = Query {
        since: "-24h",
        priority: Some("warning"),
        matches: &[],
        fields,
        lines: MAX_LINES,
        within: Duration::from_millis(2_500),
    };
    let Found { values: mut said, cut } = read_all(cx, folder, &grave, Record::said)?;
    // Some trouble is only mentioned: a link that went, a segmentation fault, a wrong password.
    type Take = fn(&Record) -> Option<Said>;
    for (matches, take) in [
        (&["_TRANSPORT=kernel"][..], Record::aside as Take),
        (&["SYSLOG_FACILITY=4", "SYSLOG_FACILITY=10"], Record::aside),
        (&["_TRANSPORT=stdout"], Record::of_service),
    ] {
        let within = Duration::from_millis(1_000);
        let asides = Query {
            priority: Some("notice..info"),
            matches,
            lines: MAX_LINES / 2,
            within,
            ..Query { since: "-24h", priority: None, matches: &[], fields, lines: 0, within }
        };
        said.extend(read_all(cx, folder, &asides, take)?.values);
    }
    said.sort_by_key(|said| said.at);
    Ok((said, cut))
}

/// Asks journalctl, and keeps what is made of each record; what it complains of is noted.
pub(crate) fn read_all<T>(
    cx: &Context,
    folder: Option<&str>,
    query: &Query<'_>,
    make: impl Fn(&Record) -> Option<T>,
) -> Result<Found<T>, Gap> {
    cx.root.trail().at(JOURNALCTL);
    let (lines, since) = (format!("--lines={}", query.lines), format!("--since={}", query.since));
    let (fields, priority) = (
        format!("--output-fields={}", query.fields),
        query.priority.map(|priority| format!("--priority={priority}")),
    );
    let mut arguments = vec!["--output=json", &fields, &since, &lines];
    // The newest first. Older versions count the lines from the beginning otherwise.
    arguments.push("--reverse");
    // What a clock has written that was far ahead would come first, for as long as it was ahead.
    arguments.push(AHEAD);
    // Without it, journalctl leaves out messages of more than 4 KiB.
    arguments.extend(["--all", "--no-pager", "--quiet"]);
    arguments.extend(priority.as_deref());
    if let Some(folder) = folder {
        arguments.extend(["--directory", folder]);
    }
    arguments.extend(query.matches);
    let (output, cut) = command::run_partly(JOURNALCTL, &arguments, query.within, MAX_BYTES)
        .map_err(|error| unread(cx, &error))?;
    if !output.complaint.is_empty() {
        // It ends well without the files that are damaged.
        cx.gap(Gap::failed(format!(
            "not all of the journal could be read: {}",
            cx.redactor.text(&output.complaint)
        )));
    }
    let mut bytes = output.bytes.as_slice();
    if let Some(cut) = &cut {
        cx.gap(Gap::failed(format!("only the latest of the journal was read: {cut}")));
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        bytes = &bytes[..whole];
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let (mut values, mut read, mut lost) = (Vec::new(), 0, 0);
    for line in lines {
        read += 1;
        match Record::parse(line) {
            Some(record) => values.extend(make(&record)),
            None => lost += 1,
        }
    }
    if lost > 0 {
        cx.gap(Gap::failed(format!("{lost} entries of the journal could not be understood")));
    }
    values.reverse();
    Ok(Found { values, cut: cut.is_some() || read >= query.lines })
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

/// A line of `journalctl -o json` (systemd's JOURNAL_EXPORT_FORMATS). Each value is a text; or a list
/// of bytes, if it is not UTF-8; or a list of such, if a field is there more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record(Map<String, Value>);

impl Record {
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok().map(Self)
    }

    /// The first value of a field.
    pub(crate) fn text(&self, field: &str) -> Option<String> {
        self.0.get(field).map(texts)?.into_iter().next().filter(|text| !text.is_empty())
    }

    /// When it was written.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        let micros = self.text("__REALTIME_TIMESTAMP")?.parse().ok()?;
        Timestamp::from_microsecond(micros).ok()
    }

    /// The whole message.
    pub(crate) fn message(&self) -> Option<String> {
        let message = self.0.get("MESSAGE").map(texts)?;
        (!message.is_empty()).then(|| message.join("\n"))
    }

    /// What it says, if that is grave.
    pub(crate) fn said(&self) -> Option<Said> {
        let priority = self.text("PRIORITY").and_then(|priority| priority.parse::<u64>().ok());
        let severity = severity(priority.unwrap_or(3))?;
        Some(Said { at: self.at(), severity, from: self.from(), message: self.message()? })
    }

    /// What it says, if it speaks of trouble without being grave.
    fn aside(&self) -> Option<Said> {
        let message = self.message()?;
        super::topics::aside(&message)?;
        Some(Said { at: self.at(), severity: "warning", from: self.from(), message })
    }

    /// What a service printed, if that says why it does not run.
    fn of_service(&self) -> Option<Said> {
        let message = self.message()?;
        super::topics::of_service(&message)?;
        Some(Said { at: self.at(), severity: "warning", from: self.from(), message })
    }

    fn from(&self) -> Option<String> {
        let value = |field| self.0.get(field).map(texts)?.pop();
        value("SYSLOG_IDENTIFIER").or_else(|| value("_SYSTEMD_UNIT"))
    }
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
