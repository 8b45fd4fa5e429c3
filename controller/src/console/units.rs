//! Single values in words, by the unit that their field's name carries (`_bytes`, `_us`, …).

use befund_model::Timestamp;
use serde_json::Value;

use crate::console::page::span;
use crate::console::words::Words;

#[derive(Clone, Copy)]
enum Unit {
    Bytes,
    Seconds(f64),
    Plain(&'static str),
}

const UNITS: [(&str, Unit); 13] = [
    ("_bytes", Unit::Bytes),
    ("_us", Unit::Seconds(1e-6)),
    ("_ms", Unit::Seconds(1e-3)),
    ("_seconds", Unit::Seconds(1.0)),
    ("_s", Unit::Seconds(1.0)),
    ("_percent", Unit::Plain(" %")),
    ("_mhz", Unit::Plain(" MHz")),
    ("_mts", Unit::Plain(" MT/s")),
    ("_mbit", Unit::Plain(" Mbit/s")),
    ("_mwh", Unit::Plain(" mWh")),
    ("_dbm", Unit::Plain(" dBm")),
    ("_celsius", Unit::Plain(" °C")),
    ("_rpm", Unit::Plain(" rpm")),
];

/// A field's name without its unit.
#[must_use]
pub fn bare(key: &str) -> &str {
    let cut = |(suffix, _): &(&str, Unit)| key.strip_suffix(suffix).filter(|bare| !bare.is_empty());
    UNITS.iter().find_map(cut).unwrap_or(key)
}

/// A single value in words.
#[must_use]
pub fn scalar(t: &Words, key: &str, value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(true) => t.yes.to_owned(),
        Value::Bool(false) => t.no.to_owned(),
        Value::String(text) => moment(text).unwrap_or_else(|| text.clone()),
        Value::Number(number) => {
            let unit =
                UNITS.iter().find(|(suffix, _)| key.ends_with(suffix)).map(|(_, unit)| *unit);
            match (unit, number.as_f64()) {
                (Some(Unit::Bytes), Some(bytes)) => size(t, bytes),
                (Some(Unit::Seconds(factor)), Some(count)) => duration(t, count * factor),
                (Some(Unit::Plain(unit)), _) => format!("{number}{unit}"),
                (Some(Unit::Bytes | Unit::Seconds(_)), None) | (None, _) => number.to_string(),
            }
        }
        Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// An RFC 3339 time in UTC, to the second.
fn moment(text: &str) -> Option<String> {
    let shaped = text.len() >= 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
    let at: Timestamp = shaped.then(|| text.parse().ok())??;
    let whole = Timestamp::from_second(at.as_second()).ok()?.to_string();
    Some(format!("{} UTC", whole.trim_end_matches('Z').replace('T', " ")))
}

/// A number of bytes, in binary units.
fn size(t: &Words, bytes: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = bytes;
    let mut unit = 0;
    while value.abs() >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value.abs() < 100.0);
    decimal(t, format!("{value:.digits$} {}", units[unit]))
}

fn duration(t: &Words, seconds: f64) -> String {
    let amount = seconds.abs();
    if amount == 0.0 {
        "0 s".to_owned()
    } else if amount < 1e-3 {
        format!("{:.0} µs", seconds * 1e6)
    } else if amount < 1.0 {
        decimal(t, format!("{:.1} ms", seconds * 1e3))
    } else if amount < 120.0 {
        decimal(t, format!("{seconds:.1} s"))
    } else {
        // A positive number of whole seconds; one too large for the type becomes its largest.
        span(t, format!("{amount:.0}").parse().unwrap_or(u64::MAX))
    }
}

fn decimal(t: &Words, text: String) -> String {
    if t.lang == "de" { text.replace('.', ",") } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::console::words::{DE, EN};

    #[test]
    fn units_come_from_the_names() {
        assert_eq!(scalar(&EN, "size_bytes", &json!(1_610_612_736)), "1.5 GiB");
        assert_eq!(scalar(&DE, "size_bytes", &json!(1_610_612_736)), "1,5 GiB");
        assert_eq!(scalar(&EN, "took_us", &json!(850)), "850 µs");
        assert_eq!(scalar(&EN, "uptime_s", &json!(259_200)), "3 days");
        assert_eq!(scalar(&EN, "charge_percent", &json!(42)), "42 %");
        assert_eq!(scalar(&EN, "port", &json!(53)), "53");
        assert_eq!(scalar(&EN, "at", &json!("2026-01-02T03:04:05.6Z")), "2026-01-02 03:04:05 UTC");
    }
}
