//! Who signed in and when the machine was started, by last(1) and who(1). Their times are the machine's own
//! and leave the year out, so that the latest that fits is taken: `last` tells the weekday as well.

use befund_model::Timestamp;
use befund_model::section::maintenance::Boot;
use befund_model::section::software::Session;
use jiff::SignedDuration;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];
/// How many years are gone back at most.
const MAX_YEARS: i16 = 12;

/// A time without its year.
struct Partial {
    weekday: Option<Weekday>,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
}

impl Partial {
    /// `Wed May  1 09:12`, or without the weekday; and how many words that were.
    fn read(words: &[&str]) -> Option<(Self, usize)> {
        let weekday = words.first().and_then(|word| DAYS.iter().find(|(name, _)| name == word));
        let from = usize::from(weekday.is_some());
        let [month, day, time] = *words.get(from..from + 3)? else { return None };
        let month = MONTHS.iter().position(|name| *name == month)?;
        let (hour, minute) = time.split_once(':')?;
        let partial = Self {
            weekday: weekday.map(|(_, day)| *day),
            month: i8::try_from(month + 1).ok()?,
            day: day.parse().ok()?,
            hour: hour.parse().ok()?,
            minute: minute.parse().ok()?,
        };
        Some((partial, from + 3))
    }

    /// The latest time that it can have been; a minute is let pass, since seconds are left out.
    fn before(&self, limit: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let limit = limit.checked_add(SignedDuration::from_mins(1)).ok()?;
        let this_year = limit.to_zoned(zone.clone()).year();
        (this_year.checked_sub(MAX_YEARS)?..=this_year).rev().find_map(|year| {
            let date = Date::new(year, self.month, self.day).ok()?;
            if self.weekday.is_some_and(|weekday| weekday != date.weekday()) {
                return None;
            }
            let time = jiff::civil::Time::new(self.hour, self.minute, 0, 0).ok()?;
            let at = date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp();
            (at <= limit).then_some(at)
        })
    }
}

/// What a line of `last` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The account; `reboot` and `shutdown` stand for the machine.
    pub(crate) user: String,
    pub(crate) terminal: String,
    pub(crate) from: Option<String>,
    pub(crate) at: Timestamp,
    /// Whether the session ended because the system stopped without a word.
    pub(crate) crashed: bool,
}

/// Reads `last`, newest first, up to the line that tells when the record began.
pub(crate) fn last(text: &str, now: Timestamp, zone: &TimeZone) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut limit = now;
    for line in text.lines() {
        if line.starts_with("wtmp begins") {
            break;
        }
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (Some(user), Some(terminal)) = (words.first(), words.get(1)) else { continue };
        // Between terminal and time there may be a host.
        let found = (2..words.len().min(6)).find_map(|at| {
            let (partial, length) = Partial::read(&words[at..])?;
            Some((partial, at, length))
        });
        let found =
            found.or_else(|| Partial::read(&words[1..]).map(|(partial, n)| (partial, 1, n)));
        let Some((partial, place, length)) = found else { continue };
        let Some(at) = partial.before(limit, zone) else { continue };
        limit = at;
        let terminal = if place > 1 { *terminal } else { "~" };
        let rest = words.get(place + length..).unwrap_or_default();
        entries.push(Entry {
            user: (*user).to_owned(),
            terminal: terminal.to_owned(),
            from: words.get(2..place).and_then(|host| host.first()).map(|host| (*host).to_owned()),
            at,
            crashed: rest.contains(&"crash"),
        });
    }
    entries
}

/// The times from a start to an end, newest last. Of one that another start follows without an end nothing is
/// told: not every way to stop a Mac writes one.
pub(crate) fn boots(entries: &[Entry]) -> Vec<Boot> {
    let mut boots: Vec<Boot> = Vec::new();
    // From the oldest on.
    let mut open: Option<Boot> = None;
    for entry in entries.iter().rev() {
        match entry.user.as_str() {
            "reboot" => {
                boots.extend(open.take());
                open = Some(Boot { started_at: Some(entry.at), ..Boot::default() });
            }
            "shutdown" => {
                if let Some(mut ended) = open.take() {
                    ended.ended_at = Some(entry.at);
                    boots.push(ended);
                }
            }
            _ => {}
        }
    }
    boots.extend(open);
    // What followed tells how it was meant: a start within minutes is a restart.
    let starts: Vec<Option<Timestamp>> = boots.iter().map(|boot| boot.started_at).collect();
    for (boot, next) in boots.iter_mut().zip(starts.into_iter().skip(1)) {
        if let (Some(ended), Some(next)) = (boot.ended_at, next) {
            let soon = next.duration_since(ended) < SignedDuration::from_mins(5);
            boot.end = Some(if soon { "restarted" } else { "shut down" }.into());
        }
    }
    boots
}

/// Reads `who`: `anna     ttys000  May  1 09:15 \t(192.0.2.7)`.
pub(crate) fn who(text: &str, now: Timestamp, zone: &TimeZone) -> Vec<Session> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (user, terminal) = (*words.first()?, *words.get(1)?);
        let (partial, length) = Partial::read(words.get(2..)?)?;
        let from = words.get(2 + length).map(|host| host.trim_matches(['(', ')']).to_owned());
        let from = from.filter(|from| !from.is_empty());
        let kind = match (terminal, &from) {
            ("console", _) => "console",
            (_, Some(_)) => "ssh",
            _ => "tty",
        };
        Some(Session {
            id: None,
            user: user.to_owned(),
            terminal: Some(terminal.to_owned()),
            kind: Some(kind.into()),
            from,
            since: partial.before(now, zone),
            state: None,
        })
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    /// macOS 10.15 to 14.
    const LAST: &str = "anna       ttys001  192.0.2.7                 Wed May  1 09:15   still logged in\nanna       console                       Wed May  1 09:12   still logged in\nreboot     ~                             Wed May  1 09:11\nanna       console                       Tue Dec 26 08:00 - crash (127+00:11)\nreboot     ~                             Tue Dec 26 07:59\nshutdown   ~                             Tue Dec 26 07:57\nreboot     ~                             Mon Dec 25 10:00\nshutdown   ~                             Fri Dec 22 17:00\nreboot     ~                             Fri Dec 22 08:00\n\nwtmp begins Sat Jan  1 10:00\n";

    #[test]
    fn years_are_found() {
        let entries = last(LAST, at("2024-05-01T08:00:00Z"), &berlin());
        assert_eq!(entries[0].from.as_deref(), Some("192.0.2.7"));
        assert_eq!(entries[0].at, at("2024-05-01T07:15:00Z"));
        assert!(entries[3].crashed);
        assert_eq!(entries[3].at, at("2023-12-26T07:00:00Z"));
        assert_eq!(entries.len(), 9);
    }

    #[test]
    fn starts_and_their_ends_are_told() {
        let boots = boots(&last(LAST, at("2024-05-01T08:00:00Z"), &berlin()));
        let ends: Vec<_> = boots.iter().map(|boot| boot.end.as_deref().unwrap_or("-")).collect();
        assert_eq!(ends, ["shut down", "restarted", "-", "-"]);
        assert_eq!(boots[1].ended_at, Some(at("2023-12-26T06:57:00Z")));
    }

    #[test]
    fn sessions_are_read() {
        let text =
            "anna     console  May  1 09:12 \nanna     ttys001  May  1 09:15 \t(192.0.2.7)\nx\n";
        let told = who(text, at("2024-05-01T08:00:00Z"), &berlin());
        assert_eq!(told[1].from.as_deref(), Some("192.0.2.7"));
        assert_eq!(told[0].since, Some(at("2024-05-01T07:12:00Z")));
        assert_eq!(told.len(), 2);
    }
}
