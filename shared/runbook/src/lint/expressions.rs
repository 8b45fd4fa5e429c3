//! Every expression: that what it asks for can be among the facts, that conditions are conditions, and
//! that what is measured and asked is used.

use std::collections::{BTreeMap, BTreeSet};

use befund_expression::{Expression, Member, Names, Shape};
use serde_json::Value;

use super::Linter;
use crate::diagnostic::Diagnostic;
use crate::document::{Condition, InputKind, Piece, Runbook, Source, Template, With};
use crate::facts;
use crate::language::words::ACCEPTED;

/// What each name in a runbook's expressions stands for.
pub(super) fn shapes(runbook: &Runbook) -> BTreeMap<String, Shape> {
    let mut shapes: BTreeMap<String, Shape> = runbook
        .collect
        .iter()
        .map(|step| {
            let shape = match &step.source {
                Source::Probe { name, version, .. } => facts::of_probe(name, *version),
                Source::Section { kind } => facts::of_section(kind),
            };
            (step.name.clone(), shape)
        })
        .collect();
    let ask = runbook.ask.iter().map(|question| {
        let words = question.choice.iter().map(|choice| choice.value.clone()).collect();
        let optional = question.when.is_some();
        (question.name.clone(), Member { shape: Shape::Word(words), optional })
    });
    shapes.insert("ask".to_owned(), Shape::Object(ask.collect()));
    let inputs = runbook.inputs.iter().map(|(name, input)| {
        let shape = match &input.kind {
            InputKind::Host | InputKind::Name => Shape::Text,
            InputKind::Number { .. } => Shape::Number,
            InputKind::Word(words) => Shape::Word(words.clone()),
            InputKind::Flag => Shape::Flag,
        };
        (name.clone(), Member { shape, optional: false })
    });
    shapes.insert("inputs".to_owned(), Shape::Object(inputs.collect()));
    shapes.insert(ACCEPTED.to_owned(), Shape::Flag);
    shapes
}

/// An expression of a runbook, with its place and what its value is to be.
struct Stands<'a> {
    path: String,
    condition: &'a Condition,
    wanted: Wanted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// True or false.
    Flag,
    /// A text.
    Text,
    /// What can stand within a text.
    Piece,
    /// Anything.
    Any,
}

/// All expressions of a runbook.
fn all(runbook: &Runbook) -> Vec<Stands<'_>> {
    let mut found = Vec::new();
    let mut put = |path: String, condition, wanted| found.push(Stands { path, condition, wanted });
    for step in &runbook.collect {
        if let Source::Probe { with, .. } = &step.source {
            filled(with, &format!("collect.{}", step.name), &mut put);
        }
    }
    for question in &runbook.ask {
        if let Some(when) = &question.when {
            put(format!("ask.{}.when", question.name), when, Wanted::Flag);
        }
    }
    for (index, cause) in runbook.causes.iter().enumerate() {
        let path = format!("causes[{index}]");
        put(format!("{path}.when"), &cause.when, Wanted::Flag);
        for (label, condition) in &cause.evidence {
            put(format!("{path}.evidence.{label}"), condition, Wanted::Any);
        }
        for (index, fix) in cause.fixes.iter().enumerate() {
            let path = format!("{path}.fix[{index}]");
            filled(&fix.with, &path, &mut put);
            if let Some(when) = &fix.when {
                put(format!("{path}.when"), when, Wanted::Flag);
            }
            if let Some(until) = fix.confirm.as_ref().and_then(|confirm| confirm.until.as_ref()) {
                put(format!("{path}.confirm.until"), until, Wanted::Flag);
            }
        }
        if let Some(verify) = &cause.verify {
            put(format!("{path}.verify.until"), &verify.until, Wanted::Flag);
        }
    }
    if let Some(accept) = &runbook.accept {
        put("accept".to_owned(), accept, Wanted::Flag);
    }
    if let Some(escalate) = &runbook.escalate {
        if let Some(when) = &escalate.when {
            put("escalate.when".to_owned(), when, Wanted::Flag);
        }
        put("escalate.to".to_owned(), &escalate.to, Wanted::Text);
    }
    found
}

fn filled<'a>(with: &'a With, path: &str, put: &mut impl FnMut(String, &'a Condition, Wanted)) {
    let mut open: Vec<(String, &Template)> =
        with.iter().map(|(name, template)| (format!("{path}.with.{name}"), template)).collect();
    while let Some((path, template)) = open.pop() {
        match template {
            Template::Fixed(_) => {}
            Template::Filled(pieces) => {
                let wanted = if pieces.len() == 1 { Wanted::Any } else { Wanted::Piece };
                for piece in pieces {
                    match piece {
                        Piece::Said(_) => {}
                        Piece::Filled(condition) => put(path.clone(), condition, wanted),
                    }
                }
            }
            Template::List(items) => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(index, item)| (format!("{path}[{index}]"), item)));
            }
        }
    }
}

impl Linter<'_> {
    pub(super) fn expressions(&mut self) {
        for Stands { path, condition, wanted } in all(self.runbook()) {
            // The reader read it already; only one that a default made may be new.
            let expression = match Expression::compile(&condition.text, &Names::any()) {
                Ok(expression) => expression,
                Err(error) => {
                    self.error("expression", &path, error.message);
                    continue;
                }
            };
            let (shape, problems) = expression.shape(&self.shapes);
            for problem in problems {
                let place = (problem.line, problem.column);
                let told = self.reading.within(&path, &condition.text, place, problem.message);
                self.diagnostics.extend(told);
            }
            // What a default made of another expression was told with that.
            if self.reading.place(&path).is_none() {
                continue;
            }
            let wrong = match wanted {
                Wanted::Flag if !shape.meets(&Shape::Flag) => Some("true or false"),
                Wanted::Text if !shape.meets(&Shape::Text) => Some("a text"),
                Wanted::Piece
                    if matches!(shape, Shape::List(_) | Shape::Map(_) | Shape::Object(_)) =>
                {
                    Some("a text, number or flag")
                }
                Wanted::Flag | Wanted::Text | Wanted::Piece | Wanted::Any => None,
            };
            if let Some(wanted) = wrong {
                let message = format!("its value is a {}; expected {wanted}", shape.noun());
                self.error("expression", &path, message);
            }
            let constant = expression.roots().next().is_none() && !condition.text.contains("now");
            if wanted == Wanted::Flag && constant {
                self.warn("constant", &path, "it says the same of every machine");
            }
        }
        self.asked_in_order();
    }

    /// A question that depends on one that is asked later is never asked.
    fn asked_in_order(&mut self) {
        let runbook = self.runbook();
        for (index, question) in runbook.ask.iter().enumerate() {
            let Some(when) = &question.when else { continue };
            for later in &runbook.ask[index..] {
                if mentions(&when.text, "ask", &later.name) {
                    let message = format!("`ask.{}` is not answered by then", later.name);
                    self.error("unreachable", &format!("ask.{}.when", question.name), message);
                }
            }
        }
        for step in &runbook.collect {
            let Source::Probe { with, .. } = &step.source else { continue };
            let mut named = BTreeSet::new();
            filled(with, "", &mut |_, condition, _| named.extend(roots(condition)));
            for name in named.iter().filter(|name| *name != "inputs") {
                let message =
                    format!("`{name}` is not known before it is measured; only `inputs` are");
                self.error("unreachable", &format!("collect.{}.with", step.name), message);
            }
        }
    }

    /// What is measured, asked or set and never looked at.
    pub(super) fn used(&mut self) {
        let runbook = self.runbook();
        let stands = all(runbook);
        let named: BTreeSet<String> = stands.iter().flat_map(|it| roots(it.condition)).collect();
        let mentioned = |root: &str, name: &str| {
            stands.iter().any(|it| mentions(&it.condition.text, root, name))
        };
        let mut told: Vec<Diagnostic> = Vec::new();
        let mut tell = |path: String, message: &str| {
            let severity = crate::diagnostic::Severity::Warning;
            told.push(self.reading.diagnostic(severity, "unused", &path, message.to_owned()));
        };
        for question in runbook.ask.iter().filter(|it| !mentioned("ask", &it.name)) {
            tell(format!("ask.{}", question.name), "no expression looks at the answer");
        }
        for name in runbook.inputs.keys().filter(|name| !mentioned("inputs", name)) {
            tell(format!("inputs.{name}"), "no expression looks at it");
        }
        for step in runbook.collect.iter().filter(|step| !named.contains(&step.name)) {
            tell(format!("collect.{}", step.name), "no expression looks at it; it is shown only");
        }
        self.diagnostics.append(&mut told);
    }

    /// The shape of an expression's value; anything if it is none.
    pub(super) fn shape_of(&self, condition: &Condition) -> Shape {
        let expression = Expression::compile(&condition.text, &Names::any());
        expression.map_or(Shape::Any, |expression| expression.shape(&self.shapes).0)
    }

    /// The address that a person is to open.
    pub(super) fn address(&mut self, template: &Template, path: &str) {
        let scheme = |text: &str| text.starts_with("https://") || text.starts_with("http://");
        let begins = match template {
            Template::Fixed(Value::String(text)) => scheme(text),
            Template::Filled(pieces) => match pieces.as_slice() {
                // Only when it is filled in can be seen what it is.
                [Piece::Filled(_)] => true,
                [Piece::Said(text), ..] => scheme(text),
                [] | [Piece::Filled(_), ..] => false,
            },
            Template::Fixed(_) | Template::List(_) => false,
        };
        if !begins {
            self.error(
                "parameter",
                path,
                "expected an address that begins with https:// or http://",
            );
        }
    }
}

fn roots(condition: &Condition) -> Vec<String> {
    let expression = Expression::compile(&condition.text, &Names::any());
    expression.map_or_else(|_| Vec::new(), |it| it.roots().map(str::to_owned).collect())
}

/// Whether a text has `root.name` or `root['name']` in it.
fn mentions(text: &str, root: &str, name: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let dotted = format!("{root}.{name}");
    let by_dot = text.match_indices(&dotted).any(|(at, _)| ends(&text[at + dotted.len()..]));
    let bare = text.replace(['"', '\'', ' '], "");
    by_dot || bare.contains(&format!("{root}[{name}]"))
}
