//! Spans of the week, as in `Mon-Fri 07:00-19:00`, in the machine's own time. Pure.

use std::fmt;
use std::str::FromStr;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MINUTES: u16 = 24 * 60;

/// A time of the week, as the machine's clock shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Days since Monday, 0 to 6.
    pub day: u8,
    /// Minutes since midnight, 0 to 1,439.
    pub minute: u16,
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = DAYS.get(usize::from(self.day)).copied().unwrap_or("?");
        write!(f, "{day} {:02}:{:02}", self.minute / 60, self.minute % 60)
    }
}

/// A span of each of some days; one that ends before it begins goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    first: u8,
    last: u8,
    from: u16,
    to: u16,
}

impl Hours {
    /// Whether a time is in it; its end is not.
    #[must_use]
    pub fn contains(&self, time: LocalTime) -> bool {
        let on = |day: u8| {
            if self.first <= self.last {
                (self.first..=self.last).contains(&day)
            } else {
                day >= self.first || day <= self.last
            }
        };
        if self.from < self.to {
            return on(time.day) && (self.from..self.to).contains(&time.minute);
        }
        let yesterday = (time.day + 6) % 7;
        (on(time.day) && time.minute >= self.from) || (on(yesterday) && time.minute < self.to)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |day: u8| DAYS.get(usize::from(day)).copied().unwrap_or("?");
        f.write_str(day(self.first))?;
        if self.first != self.last {
            write!(f, "-{}", day(self.last))?;
        }
        let (from, to) = (self.from, self.to);
        write!(f, " {:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected days and hours, as in `Mon-Fri 07:00-19:00`".to_owned();
        let (days, times) = text.split_once(' ').ok_or_else(wrong)?;
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let (from, to) = times.split_once('-').ok_or_else(wrong)?;
        let day = |text: &str| {
            let place = DAYS.iter().position(|day| *day == text)?;
            u8::try_from(place).ok()
        };
        let hours = Self {
            first: day(first).ok_or_else(wrong)?,
            last: day(last).ok_or_else(wrong)?,
            from: minute(from).filter(|minute| *minute < MINUTES).ok_or_else(wrong)?,
            to: minute(to).ok_or_else(wrong)?,
        };
        if hours.from == hours.to { Err(wrong()) } else { Ok(hours) }
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= MINUTES).then_some(all)
}
