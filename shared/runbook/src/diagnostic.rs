//! What is wrong with a runbook's text, or only odd, and where; and how an author reads it.

use std::fmt::Write as _;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The runbook cannot be used.
    Error,
    /// It can, and probably does not do what was meant.
    Warning,
}

impl Severity {
    /// The word that authors read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A word for programs, as in `unknown-key`; it stays the same while messages are reworded.
    pub code: &'static str,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Where in the document, as in `causes[2].fix[0].act`; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What is expected instead; empty where the message says it.
    pub expected: String,
}

/// The order in which an author reads them: as they stand in the file.
pub(crate) fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|one, other| {
        let place = |it: &Diagnostic| (it.line, it.column, it.severity);
        place(one).cmp(&place(other)).then_with(|| one.path.cmp(&other.path))
    });
    diagnostics.dedup();
}

/// The most characters of a line of the text that are shown.
const MOST_SHOWN: usize = 160;

/// Diagnostics of the file `name` with this `text`, as a person reads them: `name:line:column: error[code]:
/// message`, the line with a mark under the place, and what is expected.
#[must_use]
pub fn render(name: &str, text: &str, diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    for it in diagnostics {
        let Diagnostic { line, column, code, path, message, expected, .. } = it;
        let at = if path.is_empty() { String::new() } else { format!("{path}: ") };
        let severity = it.severity.as_str();
        // Writing to a text cannot fail.
        let _ = writeln!(out, "{name}:{line}:{column}: {severity}[{code}]: {at}{message}");
        if let Some(source) = line.checked_sub(1).and_then(|index| lines.get(index)) {
            let (shown, mark) = window(source, *column);
            let gutter = line.to_string();
            let _ = writeln!(out, " {gutter} | {shown}");
            let _ = writeln!(out, " {:gutter$} | {:mark$}^", "", "", gutter = gutter.len());
        }
        if !expected.is_empty() {
            let _ = writeln!(out, "   = expected: {expected}");
        }
    }
    out
}

/// What is shown of a line, and before how many characters of that the mark stands.
fn window(source: &str, column: usize) -> (String, usize) {
    let place = column.saturating_sub(1).min(source.chars().count());
    let from = if place < MOST_SHOWN { 0 } else { place - MOST_SHOWN / 2 };
    let shown = source.chars().skip(from).take(MOST_SHOWN);
    // A tab or a sign that turns the line around would put the mark elsewhere.
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    (shown.map(plain).collect(), place - from)
}
