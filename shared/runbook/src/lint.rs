//! Whether a runbook that was read makes sense: what it names exists, its facts can come, what it changes can be
//! undone as it says, and it ends. It is asked before a runbook is signed and again before it is used. Not
//! here: whether it helps, which tests against machines show.

use std::collections::BTreeMap;

use befund_expression::Shape;

use crate::diagnostic::{self, Diagnostic, Severity};
use crate::document::Runbook;
use crate::reader::{self, Reading};

mod causes;
mod collect;
mod expressions;
mod fixes;
mod parameters;

/// Looks at a runbook.
#[must_use]
pub fn lint(reading: &Reading) -> Vec<Diagnostic> {
    let shapes = expressions::shapes(&reading.runbook);
    let mut linter = Linter { reading, shapes, diagnostics: Vec::new() };
    linter.collect();
    linter.causes();
    linter.fixes();
    linter.expressions();
    linter.used();
    diagnostic::sort(&mut linter.diagnostics);
    linter.diagnostics
}

/// Reads a text and looks at it: the runbook, with what is only odd about it.
///
/// # Errors
/// Everything that is wrong with it, what is only odd included.
pub fn load(text: &str) -> Result<(Runbook, Vec<Diagnostic>), Vec<Diagnostic>> {
    let reading = reader::read(text)?;
    let told = lint(&reading);
    if told.iter().any(|it| it.severity == Severity::Error) {
        return Err(told);
    }
    Ok((reading.runbook, told))
}

struct Linter<'a> {
    reading: &'a Reading,
    /// What each name in expressions stands for.
    shapes: BTreeMap<String, Shape>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Linter<'a> {
    const fn runbook(&self) -> &'a Runbook {
        &self.reading.runbook
    }

    fn error(&mut self, code: &'static str, path: &str, message: impl Into<String>) {
        self.tell(Severity::Error, code, path, message.into());
    }

    fn warn(&mut self, code: &'static str, path: &str, message: impl Into<String>) {
        self.tell(Severity::Warning, code, path, message.into());
    }

    fn tell(&mut self, severity: Severity, code: &'static str, path: &str, message: String) {
        self.diagnostics.push(self.reading.diagnostic(severity, code, path, message));
    }
}

/// Names as they stand in a message.
fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
