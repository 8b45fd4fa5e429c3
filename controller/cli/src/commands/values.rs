//! Arguments that are more than a word: durations, `key=value`, texts from standard input.

use std::io::Read as _;
use std::time::Duration;

use befund_model::snapshot::MAX_MESSAGE_BYTES;

use crate::exit::Exit;
use crate::failure::Failure;

/// Reads a duration: a whole number and `s`, `m`, `h`, `d` or `y` (365 days).
///
/// # Errors
/// If it is none.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || {
        format!(
            "{text:?} is not a duration: expected a number and a unit, as in 90s, 30m, 2h, 3d or 1y"
        )
    };
    let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let factor: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "y" => 365 * 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    match number.checked_mul(factor) {
        Some(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err(wrong()),
    }
}

/// Reads `key=value`.
///
/// # Errors
/// If there is no `=`, or nothing before it.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not a parameter: expected key=value")),
    }
}

/// Reads a word of a closed set, in any case and with `-` for `_`.
///
/// # Errors
/// If it is none of them; the error lists them.
pub(crate) fn word<T: Copy>(
    text: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    let plain = |word: &str| word.to_ascii_lowercase().replace('_', "-");
    all.iter().copied().find(|value| plain(name(*value)) == plain(text)).ok_or_else(|| {
        let names: Vec<String> = all.iter().map(|value| name(*value).replace('_', "-")).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// A text argument: itself, or standard input for `-`.
///
/// # Errors
/// If standard input cannot be read or has too much.
pub(crate) fn text(what: &str, argument: String) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument);
    }
    let mut text = String::new();
    let most = u64::try_from(MAX_MESSAGE_BYTES).unwrap_or(u64::MAX);
    std::io::stdin()
        .take(most + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::cannot(Exit::Failed, what, format!("standard input: {error}")))?;
    if text.len() > MAX_MESSAGE_BYTES {
        let why = format!("standard input has more than {MAX_MESSAGE_BYTES} bytes");
        return Err(Failure::cannot(Exit::Usage, what, why));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        for bad in ["", "s", "0m", "5", "1w", "-1s", "99999999999999999999d", "1 h", "5ä"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn pairs_are_cut_at_the_first_equals_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("=b").is_err());
        assert!(pair("ab").is_err());
    }
}
