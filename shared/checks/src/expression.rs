//! A condition in CEL, with the guards that CEL lacks: it has neither types nor a bound of cost, so what
//! may be written is narrowed here, and what would take too long is refused before it runs.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{EntryExpr, Expr};
use cel::{ExecutionError, IdedExpr, Program, Value};

use crate::facts::{Facts, NOW, known_names};
use crate::functions;

/// How deep macros (`all`, `exists`, `filter`, `map`) may stand in one another: three deep over 300 items
/// ran for 15 s.
const MOST_NESTED: usize = 2;
/// How deep anything may stand in anything.
const MOST_DEEP: usize = 64;
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
    /// If it is not CEL, names a section or function that does not exist, or is too deep.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
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
        let mut look = Look::default();
        look.at(program.expression(), 0, 0);
        if let Some((id, message)) = look.problem {
            let offset = program.source_info().offset_for(id).map_or(0, |(start, _)| start);
            let (line, column) = position(text, usize::try_from(offset).unwrap_or(0));
            return Err(ExpressionError { line, column, message });
        }
        Ok(Self { program, text: text.to_owned(), roots: look.roots, nested: look.nested })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The sections that it names.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(String::as_str).filter(|root| *root != NOW)
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// In words, why there is no answer.
    pub fn value(&self, facts: &Facts) -> Result<Value, String> {
        let longest = self.roots().map(|root| facts.longest(root)).max().unwrap_or_default();
        let depth = u32::try_from(self.nested).unwrap_or(u32::MAX);
        if longest.checked_pow(depth).is_none_or(|steps| steps > MOST_STEPS) {
            return Err(format!("a list of {longest} entries is too long for this check"));
        }
        self.program.execute(facts.context()).map_err(|error| in_words(&error))
    }

    /// Evaluates a condition.
    ///
    /// # Errors
    /// In words, why there is no answer.
    pub fn holds(&self, facts: &Facts) -> Result<bool, String> {
        match self.value(facts)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(format!("the condition is a {}, not true or false", other.type_of())),
        }
    }
}

fn in_words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("the snapshot does not tell `{key}`"),
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

/// What an expression names, and how deep it is.
#[derive(Default)]
struct Look {
    roots: BTreeSet<String>,
    bound: BTreeMap<String, usize>,
    nested: usize,
    problem: Option<(u64, String)>,
}

impl Look {
    fn at(&mut self, node: &IdedExpr, depth: usize, nested: usize) {
        self.nested = self.nested.max(nested);
        if depth > MOST_DEEP {
            return self.complain(node.id, "it is too deep: split it into two checks".to_owned());
        }
        let depth = depth + 1;
        match &node.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => self.name(node.id, name),
            Expr::Select(select) => self.at(&select.operand, depth, nested),
            Expr::Call(call) => {
                if call.target.is_none() {
                    self.function(node.id, &call.func_name);
                }
                call.target.iter().for_each(|target| self.at(target, depth, nested));
                call.args.iter().for_each(|argument| self.at(argument, depth, nested));
            }
            Expr::List(list) => list.elements.iter().for_each(|item| self.at(item, depth, nested)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.at(&entry.key, depth, nested);
                    self.at(&entry.value, depth, nested);
                }
                EntryExpr::StructField(field) => self.at(&field.value, depth, nested),
            }),
            Expr::Struct(_) => {
                self.complain(node.id, "an expression makes no structures".to_owned());
            }
            Expr::Comprehension(macro_) => {
                self.at(&macro_.iter_range, depth, nested);
                if nested == MOST_NESTED {
                    let message =
                        format!("more than {MOST_NESTED} macros stand in one another: split it");
                    return self.complain(node.id, message);
                }
                let second = macro_.iter_var2.iter();
                let bound: Vec<&String> =
                    [&macro_.iter_var, &macro_.accu_var].into_iter().chain(second).collect();
                bound.iter().for_each(|name| *self.bound.entry((*name).clone()).or_default() += 1);
                let inner =
                    [&macro_.accu_init, &macro_.loop_cond, &macro_.loop_step, &macro_.result];
                inner.into_iter().for_each(|part| self.at(part, depth, nested + 1));
                bound.iter().for_each(|name| {
                    self.bound.entry((*name).clone()).and_modify(|count| *count -= 1);
                });
            }
        }
    }

    fn name(&mut self, id: u64, name: &str) {
        if self.bound.get(name).is_some_and(|count| *count > 0) {
            return;
        }
        if name != NOW && !known_names().any(|known| known == name) {
            let near = known_names().find(|known| known.replace('_', "") == name.replace('_', ""));
            let hint = near.map_or_else(
                || {
                    "the sections' names, with underscores for dots, are what can be named"
                        .to_owned()
                },
                |near| format!("did you mean `{near}`?"),
            );
            return self.complain(id, format!("there is no section `{name}`: {hint}"));
        }
        self.roots.insert(name.to_owned());
    }

    fn function(&mut self, id: u64, name: &str) {
        let own = ["size", "string", "int", "double", "min", "max", "type"];
        // Operators begin with a sign, macros' own parts with an at sign.
        let operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
        if !operator && !own.contains(&name) && !functions::NAMES.contains(&name) {
            self.complain(id, format!("there is no function `{name}`"));
        }
    }

    fn complain(&mut self, id: u64, message: String) {
        self.problem.get_or_insert((id, message));
    }
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
            if let Err(error) = Expression::compile(&text) {
                assert!(!error.message.is_empty(), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_with_a_place_in_it(text in "[ -~\n]{0,60}") {
            if let Err(error) = Expression::compile(&text) {
                prop_assert!(error.line >= 1 && error.line <= text.lines().count() + 1, "{error:?}");
                prop_assert!(error.column >= 1);
            }
        }
    }
}
