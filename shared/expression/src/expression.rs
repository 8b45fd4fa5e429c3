//! A text in CEL, read: CEL has neither types nor a bound of cost, so what may be written is narrowed here,
//! and what would take too long is refused before it runs.

use std::collections::BTreeSet;

use cel::common::ast::SourceInfo;
use cel::{ExecutionError, IdedExpr, Program, Value};

use crate::names::{NOW, Names};
use crate::scope::Scope;

mod look;
mod strict;

use look::Look;

/// How deep macros (`all`, `exists`, `filter`, `map`) may stand in one another: three deep over 300 items
/// ran for 15 s.
pub(crate) const MOST_NESTED: usize = 2;
/// How deep anything may stand in anything.
pub(crate) const MOST_DEEP: usize = 64;
/// The most characters.
const MOST_LONG: usize = 2_000;
/// The most steps of an evaluation: the product of the nested lists' lengths.
const MOST_STEPS: usize = 1_000_000;

/// Why a text is no expression that may be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// Where in the text, counted from 1.
    pub line: usize,
    /// Where in that line, counted from 1.
    pub column: usize,
    /// What is wrong and what is expected.
    pub message: String,
}

/// A condition or a value over facts.
#[derive(Debug)]
pub struct Expression {
    program: Program,
    text: String,
    roots: BTreeSet<String>,
    nested: usize,
}

impl Expression {
    /// Reads a text.
    ///
    /// # Errors
    /// If it is not CEL, names something or calls a function that does not exist, or is too deep.
    pub fn compile(text: &str, names: &Names) -> Result<Self, ExpressionError> {
        let first = |message: String| ExpressionError { line: 1, column: 1, message };
        if text.len() > MOST_LONG {
            return Err(first(format!("it has more than {MOST_LONG} characters")));
        }
        // The parser goes down one call for each bracket.
        if text.chars().filter(|c| "([{!-".contains(*c)).count() > 4 * MOST_DEEP {
            return Err(first("it has too many brackets and signs".to_owned()));
        }
        let program = Program::compile(text).map_err(|errors| {
            let Some(error) = errors.errors.first() else { return first("it is not CEL".into()) };
            let place = |number: isize| usize::try_from(number).unwrap_or(1).max(1);
            ExpressionError {
                line: place(error.pos.0),
                column: place(error.pos.1),
                message: format!("it is not CEL: {}", error.msg),
            }
        })?;
        let mut look = Look::new(names);
        look.at(program.expression(), 0, 0);
        if let Some((id, message)) = look.problem {
            let (line, column) = place(text, program.source_info(), id);
            return Err(ExpressionError { line, column, message });
        }
        Ok(Self { program, text: text.to_owned(), roots: look.roots, nested: look.nested })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it names, beside [`NOW`].
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(String::as_str).filter(|root| *root != NOW)
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// In words, why there is no answer.
    pub fn value(&self, facts: &Scope) -> Result<Value, String> {
        self.check_cost(facts)?;
        self.program.execute(facts.context()).map_err(|error| in_words(&error, facts.source()))
    }

    /// Evaluates it where `||` and `&&` absorb no error: an error on their left is the result.
    ///
    /// # Errors
    /// In words, why there is no answer.
    pub fn strict_value(&self, facts: &Scope) -> Result<Value, String> {
        self.check_cost(facts)?;
        let strict = strict::strict(self.program.expression());
        Value::resolve(&strict, facts.context()).map_err(|error| in_words(&error, facts.source()))
    }

    fn check_cost(&self, facts: &Scope) -> Result<(), String> {
        let longest = self.roots().map(|root| facts.longest(root)).max().unwrap_or_default();
        let depth = u32::try_from(self.nested).unwrap_or(u32::MAX);
        if longest.checked_pow(depth).is_none_or(|steps| steps > MOST_STEPS) {
            return Err(format!("a list of {longest} entries is too long for this check"));
        }
        Ok(())
    }

    /// Evaluates a condition.
    ///
    /// # Errors
    /// In words, why there is no answer.
    pub fn holds(&self, facts: &Scope) -> Result<bool, String> {
        match self.value(facts)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(format!("the condition is a {}, not true or false", other.type_of())),
        }
    }

    pub(crate) fn tree(&self) -> &IdedExpr {
        self.program.expression()
    }

    /// Where in the text this part of the tree stands.
    pub(crate) fn place(&self, id: u64) -> (usize, usize) {
        place(&self.text, self.program.source_info(), id)
    }
}

fn place(text: &str, source: &SourceInfo, id: u64) -> (usize, usize) {
    let offset = source.offset_for(id).map_or(0, |(start, _)| start);
    position(text, usize::try_from(offset).unwrap_or(0))
}

fn in_words(error: &ExecutionError, source: &str) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("{source} does not tell `{key}`"),
        other => other.to_string().chars().take(200).collect(),
    }
}

/// Line and column, from 1, of a place counted in characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before: String = text.chars().take(offset).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn however_long_and_deep_a_text_is_it_is_read_or_refused() {
        let again = |begin: &str, part: &str| {
            let count = (MOST_LONG - begin.len()) / part.len();
            format!("{begin}{}", part.repeat(count))
        };
        let deep = [
            again("1", "+1"),
            again("os", ".a"),
            again("true", "&&true"),
            again("1", " in 1"),
            again("true", "==true"),
            format!("{}1", again("", "true?1:").trim_end()),
            format!("{}1{}", "(".repeat(900), ")".repeat(900)),
            format!("{}1{}", "[".repeat(900), "]".repeat(900)),
            again("", "!"),
            again("", "-"),
            again("\"", "x"),
            again("1", "//"),
        ];
        for text in deep {
            if let Err(error) = Expression::compile(&text, &Names::any()) {
                assert!(!error.message.is_empty(), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_with_a_place_in_it(text in "[ -~\n]{0,60}") {
            if let Err(error) = Expression::compile(&text, &Names::any()) {
                prop_assert!(error.line >= 1 && error.line <= text.lines().count() + 1, "{error:?}");
                prop_assert!(error.column >= 1);
            }
        }
    }
}
