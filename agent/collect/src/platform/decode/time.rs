//! Times as Windows writes them: counted from 1601, WMI's text, system times, OLE's days.

use befund_model::Timestamp;

/// From 1601-01-01 to 1970-01-01, in units of 100 ns.
const TO_UNIX: i64 = 116_444_736_000_000_000;

/// A `FILETIME`: 100 ns since 1601, in UTC. Zero and the largest number stand for never.
pub(crate) fn filetime(units: u64) -> Option<Timestamp> {
    let units = i64::try_from(units).ok().filter(|units| !matches!(*units, 0 | i64::MAX))?;
    let micros = (units - TO_UNIX).div_euclid(10);
    Timestamp::from_microsecond(micros).ok()
}

/// The same as a `FILETIME`, in whole seconds.
pub(crate) fn to_filetime(time: Timestamp) -> Option<u64> {
    let units = time.as_second().checked_mul(10_000_000)?.checked_add(TO_UNIX)?;
    u64::try_from(units).ok()
}

/// Seconds since 1970; zero and the largest number stand for never.
pub(crate) fn unix(seconds: u32) -> Option<Timestamp> {
    if matches!(seconds, 0 | u32::MAX) {
        return None;
    }
    Timestamp::from_second(i64::from(seconds)).ok()
}

/// WMI's `yyyymmddHHMMSS.mmmmmmsUUU`, where `UUU` is the distance from UTC in minutes
/// (`CIM_DATETIME`). Stars stand for what is not told; then there is no time.
pub(crate) fn wmi(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let date = civil(
        number(0, 4)?,
        number(4, 6)?,
        number(6, 8)?,
        number(8, 10)?,
        number(10, 12)?,
        number(12, 14)?,
    )?;
    let micros = if text.get(14..15) == Some(".") { number(15, 21).unwrap_or(0) } else { 0 };
    let sign = match text.get(21..22) {
        Some("+") => 1,
        Some("-") => -1,
        _ => return None,
    };
    let minutes = number(22, 25)? * sign;
    let seconds = date.checked_sub(minutes * 60)?;
    Timestamp::from_microsecond(seconds.checked_mul(1_000_000)?.checked_add(micros)?).ok()
}

/// Days since 1899-12-30 as OLE counts them (`DATE`), in UTC. Zero stands for never.
pub(crate) fn ole(days: f64) -> Option<Timestamp> {
    if !days.is_finite() || days.abs() < 1.0 || days.abs() > 3_000_000.0 {
        return None;
    }
    // 25 569 days lie between the two beginnings.
    let seconds = (days - 25_569.0) * 86_400.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked above to be small")]
    Timestamp::from_second(seconds.round() as i64).ok()
}

/// A date and time of day in UTC, in seconds since 1970.
pub(crate) fn civil(
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
) -> Option<i64> {
    let year = i16::try_from(year).ok().filter(|year| *year >= 1601)?;
    let small = |number: i64| i8::try_from(number).ok();
    let date = jiff::civil::DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    )
    .ok()?;
    date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_times_are_read() {
        let told = |time: Option<Timestamp>| time.map(|time| time.to_string());
        // From the documentation of CIM_DATETIME: an hour east of UTC.
        assert_eq!(
            told(wmi("20240501103000.250000+060")).as_deref(),
            Some("2024-05-01T09:30:00.25Z")
        );
        assert_eq!(told(wmi("20240501103000.000000-300")).as_deref(), Some("2024-05-01T15:30:00Z"));
        assert_eq!(wmi("********000000.000000+000"), None);
        assert_eq!(wmi("20240231103000.000000+060"), None);
        assert_eq!(
            told(filetime(133_590_294_000_000_000)).as_deref(),
            Some("2024-05-01T09:30:00Z")
        );
        assert_eq!(filetime(0), None);
        assert_eq!(filetime(u64::MAX), None);
        assert_eq!(filetime(i64::MAX as u64), None);
        assert_eq!(told(ole(45_413.395_833_333_336)).as_deref(), Some("2024-05-01T09:30:00Z"));
        assert_eq!(ole(0.0), None);
        assert_eq!(unix(0), None);
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "\\PC{0,40}", digits in "[0-9.*+-]{0,30}", units: u64, days: f64) {
            let _ = (wmi(&text), wmi(&digits), filetime(units), ole(days));
        }
    }
}
