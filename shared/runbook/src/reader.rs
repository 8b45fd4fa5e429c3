//! A runbook's text, read: YAML, then every key by the tables of the language, then the
//! [`Runbook`] with its defaults filled in. All that is wrong is told at once, each with its place.
//!
//! What is read is well-formed. Whether it makes sense (probes that exist, facts that can come, undo that
//! fits) is the linter's to say ([`lint`](crate::lint())), who wrote it the signature's.

use crate::diagnostic::{self, Diagnostic, Severity};
use crate::document::Runbook;
use crate::yaml::{self, Place};

mod build;
mod check;
mod places;
mod template;

use places::Places;

/// The most bytes of a runbook.
pub const MOST_BYTES: usize = yaml::MOST_BYTES;

/// A runbook with the places of its parts, for the linter.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The runbook.
    pub runbook: Runbook,
    text: String,
    places: Places,
}

/// Reads a text.
///
/// # Errors
/// Everything that is wrong with it, in its order.
pub fn read(text: &str) -> Result<Reading, Vec<Diagnostic>> {
    let sorted = |mut problems: Vec<Diagnostic>| {
        diagnostic::sort(&mut problems);
        problems.truncate(yaml::MOST_PROBLEMS);
        problems
    };
    let root = yaml::parse(text).map_err(sorted)?;
    let (places, problems) = check::check(text, &root);
    if !problems.is_empty() {
        return Err(sorted(problems));
    }
    let mut build = build::Build::new(&places);
    let runbook = build.runbook(&root);
    match runbook {
        Some(runbook) if build.problems.is_empty() => {
            Ok(Reading { runbook, text: text.to_owned(), places })
        }
        Some(_) => Err(sorted(build.problems)),
        None => {
            // A test holds that whatever fits the tables can be built.
            let message = "it fits the language and could not be made a runbook of".to_owned();
            build.complain("", "internal", message);
            Err(sorted(build.problems))
        }
    }
}

impl Reading {
    /// Something that is wrong with the part at `path`, or with the nearest one around it that was written.
    pub(crate) fn diagnostic(
        &self,
        severity: Severity,
        code: &'static str,
        path: &str,
        message: String,
    ) -> Diagnostic {
        let Place { line, column } = self.places.of(path);
        let (path, expected) = (path.to_owned(), String::new());
        Diagnostic { severity, code, line, column, path, message, expected }
    }

    /// Something that is wrong with an expression, at a place within it; nothing if it was not written, and a
    /// default stands for it that was made of one that was.
    pub(crate) fn within(
        &self,
        path: &str,
        expression: &str,
        (line, column): (usize, usize),
        message: String,
    ) -> Option<Diagnostic> {
        let key = (path.to_owned(), expression.to_owned());
        let written = self.places.expressions.get(&key)?;
        let Place { line, column } = written.place_of(&self.text, line, column);
        let (severity, code, path) = (Severity::Error, "expression", path.to_owned());
        let expected = String::new();
        Some(Diagnostic { severity, code, line, column, path, message, expected })
    }

    /// Where the part at `path` was written, from 1; `None` if it was not, and a default stands for it.
    #[must_use]
    pub fn place(&self, path: &str) -> Option<(usize, usize)> {
        self.places.parts.get(path).map(|place| (place.line, place.column))
    }
}
