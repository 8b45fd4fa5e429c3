//! Texts that fit: one line, no control characters, cut with a visible mark. What comes from a machine or a
//! person may be of any length.

use std::time::Duration;

use serde_json::Value;

use befund_model::action::{Acted, Command, Prediction};
use befund_model::job::MAX_EVENT_BYTES;

/// The most characters of one line.
pub(super) const MAX_LINE: usize = 300;
/// The most lines of a prediction, and the most characters of each, so that it fits into one piece of news
/// whatever the letters are.
const MAX_LINES: usize = 20;
const MAX_PREDICTED: usize = 160;
/// The most commands of an action that are kept, and the most bytes of output of each.
const MAX_COMMANDS: usize = 8;
const MAX_OUTPUT: usize = 2_048;
/// The most bytes of an action's result, as JSON.
const MAX_ACTED: usize = MAX_EVENT_BYTES - 1_024;

/// The text as one line, at most [`MAX_LINE`] characters of it.
pub(super) fn line(text: &str) -> String {
    cut(text, MAX_LINE)
}

/// The text as one line, at most `most` characters of it and a mark.
pub(super) fn cut(text: &str, most: usize) -> String {
    let mut line: String = text
        .trim()
        .chars()
        .take(most)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if text.trim().chars().nth(most).is_some() {
        line.push('…');
    }
    line
}

/// A fact, shown within a line.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => cut(text, 80),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            cut(&value.to_string(), 80)
        }
    }
}

/// What was measured, shown as evidence: a list as its entries, one after the other.
pub(super) fn evidence(measured: &Value) -> String {
    match measured {
        Value::Array(entries) if entries.is_empty() => "none".to_owned(),
        Value::Array(entries) => {
            let entries: Vec<String> = entries.iter().map(value).collect();
            cut(&entries.join(", "), 160)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            value(measured)
        }
    }
}

/// A duration, for people.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, 0) => format!("{} ms", duration.as_millis()),
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

/// The prediction, cut.
pub(super) fn prediction(mut prediction: Prediction) -> Prediction {
    let more = prediction.lines.len().saturating_sub(MAX_LINES);
    prediction.lines.truncate(MAX_LINES);
    prediction.lines.iter_mut().for_each(|text| *text = cut(text, MAX_PREDICTED));
    if more > 0 {
        prediction.lines.push(format!("… and {more} more"));
    }
    prediction
}

/// What is told and kept in the result of what an action came to: cut, and without what undoing needs, which
/// stays in the machine's journal.
pub(super) fn acted(acted: &Acted) -> Acted {
    let mut told = Acted { before: Value::Null, ..acted.clone() };
    told.reason = line(&told.reason);
    told.summary = line(&told.summary);
    told.commands.truncate(MAX_COMMANDS);
    for command in &mut told.commands {
        command.line.truncate(16);
        command.line.iter_mut().for_each(|word| *word = cut(word, 80));
    }
    let mut room = MAX_OUTPUT;
    loop {
        told.commands.iter_mut().for_each(|command| end_of(command, room));
        let size = serde_json::to_vec(&told).map_or(0, |bytes| bytes.len());
        if size <= MAX_ACTED {
            return told;
        }
        if room == 0 {
            told.commands.pop();
        }
        room /= 2;
    }
}

/// Keeps only the end of the output, which says most.
fn end_of(command: &mut Command, room: usize) {
    let excess = command.output.len().saturating_sub(room);
    if excess > 0 {
        let length = command.output.len();
        let from = (excess..length).find(|at| command.output.is_char_boundary(*at));
        command.output.drain(..from.unwrap_or(length));
        command.cut = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_shows_where_it_was_cut() {
        assert_eq!(line("two\nlines"), "two lines");
        let long = line(&"ä".repeat(1_000));
        assert_eq!(long.chars().count(), MAX_LINE + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn evidence_is_read_and_not_decoded() {
        let servers = serde_json::json!(["192.0.2.53", "192.0.2.54", 7]);
        assert_eq!(evidence(&servers), "192.0.2.53, 192.0.2.54, 7");
        assert_eq!(evidence(&serde_json::json!([])), "none");
        assert_eq!(evidence(&serde_json::json!("open")), "open");
        assert!(evidence(&serde_json::json!(vec!["a long word"; 50])).ends_with('…'));
    }

    #[test]
    fn durations_read_as_people_say_them() {
        let said = [0, 1, 60, 61].map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(said, ["0 ms", "1 s", "1 min", "1 min 1 s"]);
    }
}
