//! A file of checks in TOML: read whole or not at all, with problems that point at line and column.

use std::fmt;
use std::ops::Range;

use befund_expression::{Expression, Names};
use befund_model::id::Hash;
use befund_model::language::Text;
use serde::Deserialize;
use toml::Spanned;

use crate::check::{Check, Shown};
use crate::facts::names;

/// The most bytes of a file.
const MOST_BYTES: usize = 256 << 10;

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what is expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    check: Vec<Spanned<RawCheck>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheck {
    id: Spanned<String>,
    version: u32,
    title: Text,
    category: String,
    applies: Option<Spanned<String>>,
    fail: Option<Spanned<String>>,
    warn: Option<Spanned<String>>,
    #[serde(default)]
    evidence: Vec<RawShown>,
    explanation: Text,
    user: Text,
    remedy: Text,
    #[serde(default)]
    references: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawShown {
    label: Text,
    value: Spanned<String>,
}

/// Reads a file's text.
///
/// # Errors
/// Everything that is wrong with it, in its order.
pub fn read(text: &str) -> Result<Vec<Check>, Vec<Problem>> {
    if text.len() > MOST_BYTES {
        let message = format!("a file of checks has {MOST_BYTES} bytes at most: split it");
        return Err(vec![Problem { line: 1, column: 1, message }]);
    }
    let raw: RawFile = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![problem(text, at, error.message().to_owned())]
    })?;
    let mut reader = Reader { text, names: names(), problems: Vec::new() };
    let checks: Vec<Check> = raw.check.into_iter().map(|raw| reader.check(raw)).collect();
    for (index, check) in checks.iter().enumerate() {
        if checks[..index].iter().any(|other| other.id == check.id) {
            let at = text.rfind(&format!("{:?}", check.id)).unwrap_or(0);
            reader.problems.push(problem(text, at, format!("there are two checks {:?}", check.id)));
        }
    }
    if reader.problems.is_empty() {
        return Ok(checks);
    }
    reader.problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(reader.problems)
}

struct Reader<'a> {
    text: &'a str,
    names: Names,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn check(&mut self, raw: Spanned<RawCheck>) -> Check {
        let Range { start, .. } = raw.span();
        let raw = raw.into_inner();
        let id = raw.id.get_ref();
        let word = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        if !id.contains('.') || !id.split('.').all(word) {
            let message = format!(
                "{id:?} is no id: expected lower-case words with dots, as in \"disk.space\""
            );
            self.complain(raw.id.span().start, message);
        }
        if raw.fail.is_none() && raw.warn.is_none() {
            self.complain(
                start,
                "the check can neither fail nor warn: give it `fail` or `warn`".to_owned(),
            );
        }
        for reference in &raw.references {
            if !reference.get_ref().starts_with("https://") {
                self.complain(reference.span().start, "a reference is an https address".to_owned());
            }
        }
        let digest = digest(&raw);
        let evidence = raw
            .evidence
            .into_iter()
            .filter_map(|shown| {
                Some(Shown { label: shown.label, value: self.expression(&shown.value)? })
            })
            .collect();
        Check {
            version: raw.version,
            title: raw.title,
            category: raw.category,
            applies: raw.applies.and_then(|text| self.expression(&text)),
            fail: raw.fail.and_then(|text| self.expression(&text)),
            warn: raw.warn.and_then(|text| self.expression(&text)),
            evidence,
            explanation: raw.explanation,
            user: raw.user,
            remedy: raw.remedy,
            references: raw.references.into_iter().map(Spanned::into_inner).collect(),
            id: raw.id.into_inner(),
            digest,
        }
    }

    fn expression(&mut self, text: &Spanned<String>) -> Option<Expression> {
        match Expression::compile(text.get_ref(), &self.names) {
            Ok(expression) => Some(expression),
            Err(error) => {
                let Range { start, .. } = text.span();
                let mut found = problem(self.text, start, error.message);
                // A text over several lines begins on the line after its quotes.
                let opening = self.text.get(start..).unwrap_or_default();
                if opening.starts_with("\"\"\"") || opening.starts_with("'''") {
                    let wrapped = opening[3..].starts_with(['\n', '\r']);
                    found.line += error.line - usize::from(!wrapped);
                    found.column = error.column;
                } else {
                    found.column += error.column;
                }
                self.problems.push(found);
                None
            }
        }
    }

    fn complain(&mut self, at: usize, message: String) {
        self.problems.push(problem(self.text, at, message));
    }
}

/// The hash of everything that a verdict and its evidence depend on.
fn digest(raw: &RawCheck) -> Hash {
    let conditions = [&raw.applies, &raw.fail, &raw.warn];
    let conditions = conditions.map(|text| text.as_ref().map_or("", |text| text.get_ref()));
    let mut bytes = Vec::new();
    let mut put = |part: &str| {
        bytes.extend_from_slice(part.as_bytes());
        bytes.push(0);
    };
    put(raw.id.get_ref());
    put(&raw.version.to_string());
    conditions.into_iter().for_each(&mut put);
    for shown in &raw.evidence {
        [&shown.label.en, &shown.label.de, shown.value.get_ref()]
            .into_iter()
            .for_each(|part| put(part));
    }
    Hash::of(&bytes)
}

fn problem(text: &str, at: usize, message: String) -> Problem {
    let before = text.get(..at).unwrap_or_default();
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    Problem { line: before.matches('\n').count() + 1, column, message }
}

#[cfg(test)]
mod tests;
