//! Times and sizes as authors write them: a whole number and a unit.

use std::time::Duration;

/// The units of time, in milliseconds.
pub(crate) const TIMES: [(&str, u64); 4] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
/// The units of size, in bytes.
pub(crate) const SIZES: [(&str, u64); 3] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20)];

/// A time in milliseconds; `None` if it is not written as one.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    read(text, &TIMES)
}

/// A size in bytes; `None` if it is not written as one.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    read(text, &SIZES)
}

fn read(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// A time as an author writes it, in the largest unit that fits.
pub(crate) fn time_text(milliseconds: u64) -> String {
    text_of(milliseconds, &TIMES)
}

/// A size as an author writes it, in the largest unit that fits.
pub(crate) fn size_text(bytes: u64) -> String {
    text_of(bytes, &SIZES)
}

fn text_of(amount: u64, units: &[(&str, u64)]) -> String {
    let fits = |(_, factor): &&(&str, u64)| amount > 0 && amount.is_multiple_of(*factor);
    match units.iter().rev().find(fits) {
        Some((name, factor)) => format!("{}{name}", amount / factor),
        None => format!("{amount}{}", units[0].0),
    }
}

/// A time as an author writes it.
pub(crate) fn duration_text(duration: Duration) -> String {
    time_text(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_read() {
        let times = [("500ms", 500), ("5s", 5_000), ("10m", 600_000), ("2h", 7_200_000), ("0s", 0)];
        for (text, expected) in times {
            assert_eq!(milliseconds(text), Some(expected), "{text}");
        }
        assert_eq!(
            (bytes("1MiB"), bytes("64KiB"), bytes("1B")),
            (Some(1 << 20), Some(64 << 10), Some(1))
        );
        for text in [
            "",
            "5",
            "s",
            "5 s",
            "5S",
            "-5s",
            "5.5s",
            "5d",
            "99999999999999999999s",
            "9999999999999999h",
        ] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(amount in any::<u64>()) {
            prop_assert_eq!(milliseconds(&time_text(amount)), Some(amount));
            prop_assert_eq!(bytes(&size_text(amount)), Some(amount));
        }
    }
}
