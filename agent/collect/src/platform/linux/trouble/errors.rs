//! Recent errors: those in the journal, else in the text logs, else in the kernel's ring.

use std::collections::HashMap;

use befund_model::Timestamp;
use befund_model::section::software::{Errors, LogEntry};

use crate::collector::{Context, Gap};

use super::journal;
use crate::platform::linux::software::uptime;

/// How many entries are kept, the latest.
const MAX_ENTRIES: usize = 200;
/// How much of a message is kept, in bytes.
const MAX_MESSAGE_BYTES: usize = 2048;
/// How much of a text log is looked through, from its end.
const TAIL_BYTES: u64 = 512 << 10;

/// Section `errors`.
pub(crate) fn errors(cx: &Context) -> Result<Errors, Gap> {
    let journal = ["/var/log/journal", "/run/log/journal"]
        .iter()
        .any(|folder| !cx.root.list(folder).unwrap_or_default().is_empty());
    let mut lost = None;
    if cx.root.is_live() && journal {
        match journal::errors(cx, None) {
            Ok(entries) => return Ok(told("journal", entries)),
            Err(gap) => lost = Some(gap),
        }
    }
    if let Some(gap) = &lost {
        cx.gap(gap.clone());
    }
    for path in ["/var/log/syslog", "/var/log/messages"] {
        match cx.root.tail(path, TAIL_BYTES) {
            Ok(bytes) => {
                cx.gap(Gap::failed(format!(
                    "{path} does not tell how grave a line is; its words were gone by"
                )));
                return Ok(told(path, syslog(cx, &String::from_utf8_lossy(&bytes))));
            }
            Err(unread) => {
                cx.note::<(), _>(Err(unread));
            }
        }
    }
    let entries = kernel(cx).map_err(|gap| match lost {
        // What is missed most stands first, and decides how the section comes out.
        Some(lost) => Gap { reason: format!("{}; {}", lost.reason, gap.reason), ..lost },
        None => gap,
    })?;
    cx.gap(Gap::unsupported(
        "neither a journal nor a system log is kept here; only the kernel's messages were read",
    ));
    Ok(told("kernel", entries))
}

/// The latest of these, newest last. What is said again and again is said once, when it was said
/// last, with how often.
pub(crate) fn told(source: &str, entries: Vec<LogEntry>) -> Errors {
    let mut latest: Vec<LogEntry> = Vec::new();
    let mut known = HashMap::new();
    for entry in entries.into_iter().rev() {
        let key = (entry.severity.clone(), entry.from.clone(), entry.message.to_string());
        let at = *known.entry(key).or_insert(latest.len());
        match latest.get_mut(at) {
            Some(later) => {
                later.times = Some(later.times.unwrap_or(1).saturating_add(1));
                later.first = entry.at;
            }
            None => latest.push(entry),
        }
    }
    latest.truncate(MAX_ENTRIES);
    latest.reverse();
    Errors { source: source.into(), since: None, entries: latest }
}

/// Reads lines of a text log that speak of an error, by their words.
pub(crate) fn syslog(cx: &Context, text: &str) -> Vec<LogEntry> {
    const WORDS: &[&str] = &[
        "error",
        "fail",
        "fatal",
        "panic",
        "critical",
        "segfault",
        "out of memory",
        "denied",
        "oops",
    ];
    let speaks = |line: &str| {
        let line = line.to_ascii_lowercase();
        WORDS.iter().any(|word| line.contains(word))
    };
    text.lines().filter(|line| speaks(line)).map(|line| syslog_line(cx, line)).collect()
}

/// `2024-05-01T10:00:00.1+02:00 host program[1]: message`, or with `May  1 10:00:00` in front, which
/// tells no year and so no time.
fn syslog_line(cx: &Context, line: &str) -> LogEntry {
    let (first, rest) = line.split_once(' ').unwrap_or(("", line));
    let at: Option<Timestamp> = first.parse().ok();
    let old = line.get(16..).filter(|_| {
        line.as_bytes().get(6) == Some(&b' ') && line.as_bytes().get(15) == Some(&b' ')
    });
    let rest = if at.is_some() { rest } else { old.unwrap_or(line) };
    let (head, message) = rest.split_once(": ").unwrap_or(("", rest));
    let from = head.split(' ').next_back().and_then(|program| program.split('[').next());
    entry(cx, at, "error", from.filter(|from| !from.is_empty()).map(str::to_owned), message)
}

/// The kernel's ring (`/dev/kmsg`), errors and worse.
fn kernel(cx: &Context) -> Result<Vec<LogEntry>, Gap> {
    if !cx.root.is_live() {
        return Err(Gap::unsupported("the tree has no log"));
    }
    cx.root.trail().at("/dev/kmsg");
    let booted_at = uptime::boot_time(cx).ok().flatten();
    let records = ring().map_err(|error| {
        let gap = if error == rustix::io::Errno::ACCESS || error == rustix::io::Errno::PERM {
            Gap::denied
        } else {
            Gap::failed
        };
        gap(format!("/dev/kmsg, the kernel's messages, could not be read: {error}"))
    })?;
    Ok(records.iter().filter_map(|record| kernel_line(cx, record, booted_at)).collect())
}

/// The records of the kernel's ring, as they are written there.
pub(crate) fn ring() -> rustix::io::Result<Vec<String>> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    use rustix::io::Errno;
    /// More than the ring of any kernel holds.
    const MAX_RECORDS: usize = 100_000;
    let ring = openat(
        CWD,
        "/dev/kmsg",
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut records = Vec::new();
    let mut record = vec![0; 8192];
    for _ in 0..MAX_RECORDS {
        match rustix::io::read(&ring, &mut record[..]) {
            Ok(read) => {
                // Only errors: the priority's lower three bits stand first.
                let text = String::from_utf8_lossy(&record[..read]);
                if grave(&text).is_some() {
                    records.push(text.into_owned());
                }
            }
            Err(Errno::AGAIN) => break,
            // The record was overwritten meanwhile; the next one is there.
            Err(Errno::PIPE) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(records)
}

fn grave(record: &str) -> Option<u64> {
    let priority = record.split(',').next()?.parse::<u64>().ok()? & 7;
    (priority <= 3).then_some(priority)
}

/// `priority,sequence,microseconds,flags;message`.
pub(crate) fn kernel_line(
    cx: &Context,
    record: &str,
    booted_at: Option<Timestamp>,
) -> Option<LogEntry> {
    let priority = grave(record)?;
    let (head, message) = record.split_once(';')?;
    let micros: i64 = head.split(',').nth(2)?.parse().ok()?;
    let at =
        booted_at.and_then(|boot| boot.checked_add(jiff::SignedDuration::from_micros(micros)).ok());
    let message = message.lines().next()?;
    Some(entry(cx, at, severity(priority)?, Some("kernel".into()), message))
}

pub(crate) fn entry(
    cx: &Context,
    at: Option<Timestamp>,
    severity: &str,
    from: Option<String>,
    message: &str,
) -> LogEntry {
    let mut end = message.len().min(MAX_MESSAGE_BYTES);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    LogEntry {
        at,
        severity: severity.into(),
        from,
        topic: None,
        message: cx.redactor.text(message[..end].trim_end()),
        times: None,
        first: None,
    }
}

pub(crate) const fn severity(priority: u64) -> Option<&'static str> {
    match priority {
        0 => Some("emergency"),
        1 => Some("alert"),
        2 => Some("critical"),
        3 => Some("error"),
        4 => Some("warning"),
        _ => None,
    }
}
