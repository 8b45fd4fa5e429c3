//! A prediction as it stands in a statement: short enough to be read before signing. Not how it is made.

use befund_model::action::Prediction;

/// The most lines of a prediction in a statement.
pub const MAX_LINES: usize = 24;
/// The most characters of a line.
pub const MAX_LINE: usize = 240;

/// The lines of a prediction; what is too much is cut, visibly.
#[must_use]
pub fn prediction_lines(prediction: &Prediction) -> Vec<String> {
    let mut lines = Vec::new();
    if !prediction.known {
        lines.push("It cannot be predicted what would change.".to_owned());
    } else if !prediction.changes {
        lines.push("Nothing would change.".to_owned());
    }
    // One line for what is left out.
    let room = MAX_LINES - 1 - lines.len();
    lines.extend(prediction.lines.iter().take(room).map(|line| cut(line)));
    if let Some(left_out) = prediction.lines.len().checked_sub(room).filter(|left| *left > 0) {
        lines.push(format!("... and {left_out} more lines, which are not shown."));
    }
    lines
}

fn cut(line: &str) -> String {
    if line.chars().count() <= MAX_LINE {
        return line.to_owned();
    }
    line.chars().take(MAX_LINE - 4).chain(" ...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predicted(lines: Vec<String>) -> Vec<String> {
        prediction_lines(&Prediction { known: true, changes: true, lines })
    }

    #[test]
    fn what_is_left_out_is_told() {
        let many: Vec<String> = (0..30).map(|number| format!("line {number}")).collect();
        let lines = predicted(many);
        assert_eq!(lines.len(), MAX_LINES);
        assert_eq!(
            lines.last().map(String::as_str),
            Some("... and 7 more lines, which are not shown.")
        );
        let lines = predicted(vec!["ä".repeat(300)]);
        assert_eq!(lines[0].chars().count(), MAX_LINE);
        assert!(lines[0].ends_with(" ..."));
    }

    #[test]
    fn what_is_not_known_is_told_first() {
        let unknown =
            Prediction { known: false, changes: true, lines: vec!["no lease file".into()] };
        assert_eq!(prediction_lines(&unknown)[0], "It cannot be predicted what would change.");
        assert_eq!(predicted(vec![]), Vec::<String>::new());
    }
}
