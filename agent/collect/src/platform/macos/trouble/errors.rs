//! Recent errors in the unified log: faults of anybody, and errors of the kernel and of those whose errors a
//! technician looks for. A Mac writes thousands of others in a minute that mean nothing, and going over them
//! costs seconds, so that only the last minutes are looked at.

use std::collections::BTreeMap;
use std::time::Duration;

use befund_model::Timestamp;
use befund_model::section::software::{Errors, LogEntry};
use jiff::SignedDuration;

use crate::collector::{Context, Gap};
use crate::lately::Lately;
use crate::platform::macos::asked::{ask, now};
use crate::platform::macos::decode::log::{self, Said};
use crate::platform::macos::ms;
use crate::platform::unix::shapes::shape;

const PREDICATE: &str = "messageType == fault OR (messageType == error AND process IN {\"kernel\", \"airportd\", \"configd\", \"diskarbitrationd\", \"fsck_apfs\", \"loginwindow\", \"opendirectoryd\", \"powerd\", \"softwareupdated\", \"sshd\", \"sudo\", \"timed\", \"WindowServer\", \"cupsd\"})";
/// How far is looked back, and how long: going over the log keeps a processor busy.
const MINUTES: i64 = 20;
const PATIENCE: Duration = ms(2_000);
/// How many entries are kept, and how much of a message.
const MAX_ENTRIES: usize = 200;
const MAX_MESSAGE_CHARS: usize = 2_000;

/// Section `errors`.
pub(super) fn errors(cx: &Context) -> Result<Errors, Gap> {
    let arguments = ["show", "--style", "ndjson", "--last", "20m", "--predicate", PREDICATE];
    // The recording's name would be longer than a name may be.
    let (told, cut) = if cx.root.is_live() {
        ask("/usr/bin/log", &arguments).within(PATIENCE).partly(cx, 4 << 20)?
    } else {
        ask("/usr/bin/log", &["show"]).partly(cx, 4 << 20)?
    };
    let since = now(cx).map(|now| Lately::new(now, SignedDuration::from_mins(MINUTES)).since());
    if let Some(cut) = cut {
        cx.gap(cut);
    }
    Ok(Errors { source: "unified log".into(), since, entries: entries(cx, told.lines()) })
}

/// What was said of one kind: the latest, how often, and when first.
struct Group {
    latest: Said,
    topic: Option<&'static str>,
    times: u32,
    first: Option<Timestamp>,
}

/// Newest last; what was said several times stands once. If there is more than is kept, what has no topic
/// goes first, then the oldest.
fn entries<'a>(cx: &Context, lines: impl Iterator<Item = &'a str>) -> Vec<LogEntry> {
    let mut groups: BTreeMap<(&str, Option<String>, String), (usize, Group)> = BTreeMap::new();
    for (at, said) in lines.filter_map(log::line).enumerate() {
        let key = (said.severity, said.from.clone(), shape(&said.message));
        match groups.get_mut(&key) {
            Some((last, group)) => {
                *last = at;
                group.times = group.times.saturating_add(1);
                group.latest = said;
            }
            None => {
                let (topic, first) = (log::topic(&said.message), said.at);
                groups.insert(key, (at, Group { latest: said, topic, times: 1, first }));
            }
        }
    }
    let mut groups: Vec<(usize, Group)> = groups.into_values().collect();
    groups.sort_by_key(|(at, group)| (group.topic.is_none(), std::cmp::Reverse(*at)));
    groups.truncate(MAX_ENTRIES);
    groups.sort_by_key(|(at, _)| *at);
    let entry = |(_, group): (usize, Group)| {
        let Group { latest, topic, times, first } = group;
        let message: String = latest.message.chars().take(MAX_MESSAGE_CHARS).collect();
        LogEntry {
            at: latest.at,
            severity: latest.severity.to_owned(),
            from: latest.from,
            topic: topic.map(str::to_owned),
            message: cx.redactor.text(message.trim_end()),
            times: (times > 1).then_some(times),
            first: first.filter(|_| times > 1),
        }
    };
    groups.into_iter().map(entry).collect()
}
