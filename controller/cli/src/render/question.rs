//! A question to the technician, and what they typed for an answer.

use std::fmt::Write as _;

use befund_model::id::JobId;
use befund_model::job::Question;

use crate::render::text;

/// The question with its answers, as it is asked on the terminal.
pub(crate) fn asked(question: &Question) -> String {
    let mut out = format!("    {}\n", text::block(&question.text.en, 4));
    for (number, choice) in (1..).zip(&question.choice) {
        let (value, words) = (text::line(&choice.value), text::line(&choice.text.en));
        let words = if words == value { String::new() } else { format!(": {words}") };
        let _ = writeln!(out, "      {number}  {value}{words}");
    }
    let _ = write!(out, "    Your answer ({} if nobody answers): ", text::line(&question.default));
    out
}

/// How it is answered by somebody who is not at this terminal.
pub(crate) fn elsewhere(job: JobId, question: &Question) -> String {
    let values: Vec<String> =
        question.choice.iter().map(|choice| text::line(&choice.value)).collect();
    format!(
        "    answer it: befund job answer {job} {} {}",
        text::line(&question.name),
        values.join("|")
    )
}

/// The choice that was typed, by its number or its word.
pub(crate) fn read(question: &Question, line: &str) -> Option<String> {
    let typed = line.trim();
    let by_word = question.choice.iter().find(|choice| choice.value.eq_ignore_ascii_case(typed));
    let by_number = || {
        let number: usize = typed.parse().ok()?;
        question.choice.get(number.checked_sub(1)?)
    };
    by_word.or_else(by_number).map(|choice| choice.value.clone())
}
