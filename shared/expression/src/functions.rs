//! What expressions can call beside CEL's own functions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use befund_model::Timestamp;
use cel::{Context, ExecutionError};
use regex::{Regex, RegexBuilder};

/// Their names, for the linter.
pub(crate) const NAMES: [&str; 4] = ["percent", "bytes_text", "seconds", "like"];
/// The most patterns that are kept.
const MOST_PATTERNS: usize = 1_000;
/// The most memory of one pattern, bytes.
const PATTERN_BYTES: usize = 1 << 20;

/// Patterns that were read once: reading one takes as long as a thousand comparisons. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Arc<Mutex<HashMap<String, Arc<Regex>>>>);

impl Patterns {
    fn get(&self, pattern: &str) -> Result<Arc<Regex>, ExecutionError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = known.get(pattern) {
            return Ok(Arc::clone(regex));
        }
        let regex = RegexBuilder::new(pattern)
            .size_limit(PATTERN_BYTES)
            .build()
            .map(Arc::new)
            .map_err(|error| failed("like", &error.to_string()))?;
        if known.len() < MOST_PATTERNS {
            known.insert(pattern.to_owned(), Arc::clone(&regex));
        }
        Ok(regex)
    }
}

/// Adds them.
pub(crate) fn add(context: &mut Context<'_, '_>, patterns: &Patterns) {
    // None of the names is CEL's own, so that none is refused; a test calls each.
    let _ = context.add_function("percent", percent);
    let _ = context.add_function("bytes_text", bytes_text);
    let _ = context.add_function("seconds", seconds);
    let patterns = patterns.clone();
    // `like(text, pattern)`: whether a regular expression is found in a text.
    let like = move |text: Arc<String>, pattern: Arc<String>| {
        patterns.get(&pattern).map(|regex| regex.is_match(&text))
    };
    let _ = context.add_function("like", like);
}

/// `percent(part, whole)`: how much of the whole, rounded down; an error where the whole is nothing.
fn percent(part: i64, whole: i64) -> Result<i64, ExecutionError> {
    let scaled = i128::from(part) * 100;
    let share =
        scaled.checked_div(i128::from(whole)).ok_or_else(|| failed("percent", "of nothing"))?;
    i64::try_from(share).map_err(|_| failed("percent", "too large"))
}

/// `bytes_text(n)`: a number of bytes as people read it, as in `1.5 GiB`.
#[expect(clippy::cast_precision_loss, reason = "one digit behind the point is shown")]
fn bytes_text(bytes: i64) -> Arc<String> {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value.abs() >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value.abs() < 100.0);
    Arc::new(format!("{value:.digits$} {}", units[unit]))
}

/// `seconds(time)`: a time of a section (RFC 3339) as Unix seconds, to be compared with `now`.
fn seconds(time: Arc<String>) -> Result<i64, ExecutionError> {
    let time: Timestamp = time.parse().map_err(|_| failed("seconds", "not a time"))?;
    Ok(time.as_second())
}

fn failed(function: &str, why: &str) -> ExecutionError {
    ExecutionError::FunctionError { function: function.to_owned(), message: why.to_owned() }
}
