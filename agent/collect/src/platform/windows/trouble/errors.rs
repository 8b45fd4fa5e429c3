//! Errors of the last day in the logs of the system and of programs; what was said several times stands
//! once.

use std::collections::HashMap;
use std::time::Duration;

use befund_model::section::software::{Errors, LogEntry};

use super::super::software::uptime::now;
use super::events::{Handle, Messages, query_all};
use crate::collector::{Context, Gap};
use crate::lately::Lately;
use crate::platform::decode::event::{Event, severity, topic};

/// Critical ones and errors of 24 h, in milliseconds.
const QUERY: &str =
    "*[System[(Level=1 or Level=2) and TimeCreated[timediff(@SystemTime) <= 86400000]]]";
/// The most events that are looked at, the latest of each log.
const MAX_EVENTS: usize = 2_000;
/// How many entries are kept, the latest.
const MAX_ENTRIES: usize = 200;
/// How much of a message is kept, in bytes.
const MAX_MESSAGE_BYTES: usize = 2_048;
/// How long the words of all entries may take.
const WORDS_WITHIN: Duration = Duration::from_millis(2_500);

/// Section `errors`.
pub(crate) fn errors(cx: &Context) -> Result<Errors, Gap> {
    let mut groups: Vec<(Event, Handle, LogEntry)> = Vec::new();
    let mut known: HashMap<(String, u32, String), usize> = HashMap::new();
    let lately = now().map(|now| Lately::new(now, jiff::SignedDuration::from_hours(24)));
    let mut ahead = 0;
    let channels = [("System", QUERY), ("Application", QUERY)];
    query_all(cx, &channels, MAX_EVENTS, |event, handle| {
        if lately.zip(event.at).is_some_and(|(lately, at)| lately.is_ahead(at)) {
            ahead += 1;
            return;
        }
        let key = (event.provider.clone(), event.id, event.line());
        if let Some(at) = known.get(&key) {
            if let Some((_, _, entry)) = groups.get_mut(*at) {
                entry.times = Some(entry.times.unwrap_or(1).saturating_add(1));
                entry.first = event.at;
            }
            return;
        }
        known.insert(key, groups.len());
        let entry = LogEntry {
            at: event.at,
            severity: severity(event.level).into(),
            from: Some(event.from().to_owned()),
            topic: topic(&event).map(str::to_owned),
            ..LogEntry::default()
        };
        groups.push((event, handle, entry));
    })?;
    Lately::note_ahead(cx, ahead);
    groups.sort_by_key(|(event, _, _)| std::cmp::Reverse(event.at));
    groups.truncate(MAX_ENTRIES);
    let mut messages = Messages::within(WORDS_WITHIN);
    let mut entries: Vec<LogEntry> = groups
        .into_iter()
        .map(|(event, handle, mut entry)| {
            let words = messages.of(&event.provider, &handle).unwrap_or_else(|| event.line());
            let text = format!("{}: {}", event.id, cut(&words));
            entry.message = cx.redactor.text(text.trim_end_matches([':', ' ']));
            entry
        })
        .collect();
    entries.reverse();
    let since = lately.map(|lately| lately.since());
    Ok(Errors { source: "event log".into(), since, entries })
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_MESSAGE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
