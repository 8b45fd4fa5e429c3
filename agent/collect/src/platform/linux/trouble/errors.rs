//! Recent errors and warnings: those in the journal, else in the text logs, else in the kernel's ring;
//! grouped by who says them and by their shape.

use std::collections::HashMap;

use befund_model::Timestamp;
use befund_model::section::software::{Errors, LogEntry};
use befund_runtime::clock::Clock;
use jiff::SignedDuration;

use crate::collector::{Context, Gap};
use crate::lately::Lately;

use super::shapes::shape;
use super::topics::topic;
use super::{journal, kernel, topics};

/// How many entries are kept.
const MAX_ENTRIES: usize = 200;
/// How much of a message is kept, in bytes.
const MAX_MESSAGE_BYTES: usize = 2048;
/// How much of a text log is looked through, from its end.
const TAIL_BYTES: u64 = 512 << 10;
/// Logs of everything, and those of sign-ins beside them.
const LOGS: [&str; 2] = ["/var/log/syslog", "/var/log/messages"];
const SIGN_INS: [&str; 2] = ["/var/log/auth.log", "/var/log/secure"];

/// What somebody said, as it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) at: Option<Timestamp>,
    pub(crate) severity: &'static str,
    pub(crate) from: Option<String>,
    pub(crate) message: String,
}

/// Section `errors`.
pub(crate) fn errors(cx: &Context) -> Result<Errors, Gap> {
    let mut lost = None;
    if cx.root.is_live() && journal::is_kept(cx) {
        match journal::errors(cx, None) {
            Ok((said, cut)) => {
                let since = day(cx).map(|day| day.since());
                return Ok(told(cx, "journal", said, since.filter(|_| !cut)));
            }
            Err(gap) => lost = Some(gap),
        }
    }
    if let Some(gap) = &lost {
        cx.gap(gap.clone());
    }
    for path in LOGS {
        match cx.root.tail(path, TAIL_BYTES) {
            Ok(bytes) => {
                cx.gap(Gap::failed(format!(
                    "{path} does not tell how grave a line is; its words were gone by"
                )));
                let mut said = syslog(&String::from_utf8_lossy(&bytes));
                said.extend(SIGN_INS.iter().flat_map(|path| sign_ins(cx, path)));
                // Lines of the old form tell no year, and so no time.
                let since = lately(cx, &mut said);
                let timed = said.iter().all(|said| said.at.is_some());
                if timed {
                    said.sort_by_key(|said| said.at);
                }
                return Ok(told(cx, path, said, since.filter(|_| timed)));
            }
            Err(unread) => {
                cx.note::<(), _>(Err(unread));
            }
        }
    }
    let grave = |message: &kernel::Message| {
        severity(message.priority).is_some() || topics::aside(&message.text).is_some()
    };
    let messages = kernel::messages(cx, grave).map_err(|gap| match lost {
        // What is missed most stands first, and decides how the section comes out.
        Some(lost) => Gap { reason: format!("{}; {}", lost.reason, gap.reason), ..lost },
        None => gap,
    })?;
    cx.gap(Gap::unsupported(
        "neither a journal nor a system log is kept here; only the kernel's messages were read",
    ));
    let mut said = messages.into_iter().map(from_kernel).collect();
    let since = lately(cx, &mut said);
    Ok(told(cx, "kernel", said, since))
}

/// The last day; a recorded tree is of any time.
fn day(cx: &Context) -> Option<Lately> {
    let now = cx.root.is_live().then(|| Clock::system().now())?;
    Some(Lately::new(now, SignedDuration::from_hours(24)))
}

/// Keeps what was said in the last day, and gives its beginning.
fn lately(cx: &Context, said: &mut Vec<Said>) -> Option<Timestamp> {
    let day = day(cx)?;
    day.keep(cx, said, |said| said.at);
    Some(day.since())
}

pub(crate) fn from_kernel(message: kernel::Message) -> Said {
    Said {
        at: message.at,
        severity: severity(message.priority).unwrap_or("warning"),
        from: Some("kernel".to_owned()),
        message: message.text,
    }
}

/// A group of what was said: the latest, how often, and when first.
struct Group {
    latest: Said,
    topic: Option<&'static str>,
    times: u32,
    first: Option<Timestamp>,
}

/// What was said, newest last. What is said again and again is said once, when it was said last, with
/// how often. If there is more than is kept, warnings of which nothing is known go first, then the
/// oldest.
pub(crate) fn told(
    cx: &Context,
    source: &str,
    said: Vec<Said>,
    since: Option<Timestamp>,
) -> Errors {
    let oldest = said.first().and_then(|said| said.at);
    let mut groups: Vec<Group> = Vec::new();
    let mut known = HashMap::new();
    for said in said.into_iter().rev() {
        let key = (said.severity, said.from.clone(), shape(&said.message));
        let at = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => {
                group.times = group.times.saturating_add(1);
                group.first = said.at.or(group.first);
            }
            None => {
                let (topic, first) = (topic(&said.message), said.at);
                groups.push(Group { latest: said, topic, times: 1, first });
            }
        }
    }
    let matters = |group: &Group| group.topic.is_some() || group.latest.severity != "warning";
    let mut room = MAX_ENTRIES.saturating_sub(groups.iter().filter(|one| matters(one)).count());
    groups.retain(|group| {
        let stays = matters(group) || room > 0;
        room -= usize::from(stays && !matters(group));
        stays
    });
    groups.truncate(MAX_ENTRIES);
    groups.reverse();
    let entries = groups.into_iter().map(|group| entry(cx, group)).collect();
    Errors { source: source.into(), since: since.or(oldest), entries }
}

fn entry(cx: &Context, group: Group) -> LogEntry {
    let Group { latest, topic, times, first } = group;
    LogEntry {
        at: latest.at,
        severity: latest.severity.to_owned(),
        from: latest.from,
        topic: topic.map(str::to_owned),
        message: cx.redactor.text(clipped(&latest.message, MAX_MESSAGE_BYTES).trim_end()),
        times: (times > 1).then_some(times),
        first: first.filter(|_| times > 1),
    }
}

/// The beginning of a text, `cap` bytes at most.
pub(crate) fn clipped(text: &str, cap: usize) -> &str {
    let mut end = text.len().min(cap);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Reads lines of a text log that speak of an error, by their words.
pub(crate) fn syslog(text: &str) -> Vec<Said> {
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
        "link is down",
    ];
    let speaks = |line: &str| {
        let line = line.to_ascii_lowercase();
        WORDS.iter().any(|word| line.contains(word))
    };
    text.lines().filter(|line| speaks(line)).map(|line| syslog_line(line, "error")).collect()
}

/// What a log of sign-ins says of those that failed.
fn sign_ins(cx: &Context, path: &str) -> Vec<Said> {
    let bytes = cx.note(cx.root.tail(path, TAIL_BYTES / 4)).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let failed = text.lines().filter(|line| topics::aside(line) == Some("sign-in"));
    failed.map(|line| syslog_line(line, "warning")).collect()
}

/// `2024-05-01T10:00:00.1+02:00 host program[1]: message`, or with `May  1 10:00:00` in front, which
/// tells no year and so no time.
pub(crate) fn syslog_line(line: &str, severity: &'static str) -> Said {
    let (first, rest) = line.split_once(' ').unwrap_or(("", line));
    let at: Option<Timestamp> = first.parse().ok();
    let old = line.get(16..).filter(|_| {
        line.as_bytes().get(6) == Some(&b' ') && line.as_bytes().get(15) == Some(&b' ')
    });
    let rest = if at.is_some() { rest } else { old.unwrap_or(line) };
    let (head, message) = rest.split_once(": ").unwrap_or(("", rest));
    let from = head.split(' ').next_back().and_then(|program| program.split('[').next());
    let from = from.filter(|from| !from.is_empty()).map(str::to_owned);
    Said { at, severity, from, message: message.to_owned() }
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
