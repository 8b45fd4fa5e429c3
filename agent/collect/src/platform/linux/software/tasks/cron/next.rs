//! When a line of cron runs next (crontab(5)): five fields of numbers, or a word for them.

use befund_model::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// How many days are looked at: 29 February comes at least every eight years.
const MAX_DAYS: usize = 8 * 366;
const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A field: a bit for each number that it has, and whether it is every number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    bits: u64,
    every: bool,
}

impl Field {
    /// `*`, `1-5`, `*/15`, `1,3,5`, names for the numbers from `first` on.
    fn parse(text: &str, least: u64, most: u64, names: &[&str], first: u64) -> Option<Self> {
        let number = |text: &str| -> Option<u64> {
            let named = names.iter().zip(first..).find(|(name, _)| name.eq_ignore_ascii_case(text));
            let number = named.map_or_else(|| text.parse().ok(), |(_, number)| Some(number))?;
            (least..=most).contains(&number).then_some(number)
        };
        let mut bits = 0;
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
                None => (part, 1_usize),
            };
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (least, most),
                Some((from, to)) => (number(from)?, number(to)?),
                None if step > 1 => (number(range)?, most),
                None => (number(range)?, number(range)?),
            };
            (from..=to).step_by(step).for_each(|number| bits |= 1 << number);
        }
        (bits != 0).then_some(Self { bits, every: text.starts_with('*') })
    }

    const fn has(self, number: i8) -> bool {
        number >= 0 && self.bits >> number & 1 == 1
    }
}

/// When it runs next after a time; `None` if the line is not understood, or it never does.
pub(crate) fn after(schedule: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let schedule = match schedule {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other => other,
    };
    let fields: Vec<&str> = schedule.split_ascii_whitespace().collect();
    let &[minute, hour, day, month, weekday] = fields.as_slice() else { return None };
    let minutes = Field::parse(minute, 0, 59, &[], 0)?;
    let hours = Field::parse(hour, 0, 23, &[], 0)?;
    let days = Field::parse(day, 1, 31, &[], 0)?;
    let months = Field::parse(month, 1, 12, MONTHS, 1)?;
    let mut weekdays = Field::parse(weekday, 0, 7, DAYS, 0)?;
    // Sunday is 0 and 7.
    weekdays.bits |= weekdays.bits >> 7 & 1;
    let is_day = |date: Date| {
        let by_day = days.has(date.day());
        let by_weekday = weekdays.has(date.weekday().to_sunday_zero_offset());
        // Where both are said, either is enough.
        let day =
            if days.every || weekdays.every { by_day && by_weekday } else { by_day || by_weekday };
        months.has(date.month()) && day
    };
    let start = now.to_zoned(zone.clone()).datetime();
    let mut date = start.date();
    for _ in 0..MAX_DAYS {
        if is_day(date) {
            for hour in (0..24).filter(|hour| hours.has(*hour)) {
                for minute in (0..60).filter(|minute| minutes.has(*minute)) {
                    let at = date.to_datetime(Time::new(hour, minute, 0, 0).ok()?);
                    // A time that the change of clocks leaves out is the one after the gap.
                    let at = at.to_zoned(zone.clone()).ok()?.timestamp();
                    if at > now {
                        return Some(at);
                    }
                }
            }
        }
        date = date.tomorrow().ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(schedule: &str) -> Option<String> {
        // A Thursday, 10:00:01 in Berlin.
        let now: Timestamp = "2024-05-02T08:00:01Z".parse().expect("a time");
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        after(schedule, now, &berlin).map(|at| at.to_string())
    }

    #[test]
    fn lines_run_when_cron_runs_them() {
        for (schedule, expected) in [
            ("* * * * *", "2024-05-02T08:01:00Z"),
            ("*/15 * * * *", "2024-05-02T08:15:00Z"),
            ("17 * * * *", "2024-05-02T08:17:00Z"),
            ("0 10 * * *", "2024-05-03T08:00:00Z"),
            ("30 3 * * 0", "2024-05-05T01:30:00Z"),
            ("30 3 * * 7", "2024-05-05T01:30:00Z"),
            ("0 0 1 * *", "2024-05-31T22:00:00Z"),
            ("0 9 13 * fri", "2024-05-03T07:00:00Z"),
            ("0 0 29 feb *", "2028-02-28T23:00:00Z"),
            ("5-10/2 12 * * 1-5", "2024-05-02T10:05:00Z"),
            ("@weekly", "2024-05-04T22:00:00Z"),
            // The night in which clocks go forward: 2:30 is not there.
            ("30 2 31 3 *", "2025-03-31T00:30:00Z"),
        ] {
            assert_eq!(told(schedule).as_deref(), Some(expected), "{schedule}");
        }
        for never in
            ["0 0 31 2 *", "@reboot", "61 * * * *", "* * * *", "*/0 * * * *", "9-3 * * * *"]
        {
            assert_eq!(told(never), None, "{never}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([*0-9,/@ -]|jan|sun|\\PC){0,30}") {
            told(&text);
        }

        #[test]
        fn the_next_run_comes_later(minute in 0..60, hour in 0..24, seconds in 0_i64..4_000_000_000) {
            let now = Timestamp::from_second(seconds).expect("a time");
            let next = after(&format!("{minute} {hour} * * *"), now, &TimeZone::UTC).expect("a time");
            let wait = next.as_second() - seconds;
            prop_assert!(wait > 0 && wait <= 86_400, "{}", wait);
        }
    }
}
