//! Parameters against what a probe or action takes. What is filled in is judged by the shape of its
//! expression, and by value when it is filled in.

use befund_expression::Shape;
use befund_model::action::{ActionSpec, Takes};
use befund_model::probe::spec::Kind;
use serde_json::Value;

use super::{Linter, listed};
use crate::document::{InputKind, Piece, Template, With};

impl Linter<'_> {
    /// The parameters of an action.
    pub(super) fn action_parameters(&mut self, spec: &ActionSpec, with: &With, path: &str) {
        for (name, template) in with {
            let path = format!("{path}.with.{name}");
            match spec.parameters.iter().find(|known| known.name == name) {
                Some(known) => self.action_parameter(known.takes, template, &path),
                None => {
                    let known = listed(spec.parameters.iter().map(|known| known.name));
                    let message = format!("`{}` takes no `{name}`; it takes {known}", spec.name);
                    self.error("unknown-parameter", &path, message);
                }
            }
        }
        for known in spec.parameters.iter().filter(|known| known.required) {
            if !with.contains_key(known.name) {
                let message = format!("`{}` needs `{}` ({})", spec.name, known.name, known.title);
                self.error("missing-parameter", path, message);
            }
        }
    }

    pub(super) fn probe_parameter(&mut self, kind: Kind, template: &Template, path: &str) {
        match kind {
            Kind::Named(list) => {
                let what = format!("one entry of {} in the machine's policy, by name", list.key());
                self.text(template, path, &what);
            }
            Kind::Number { min, max, .. } => self.number(template, path, min, max),
        }
    }

    fn action_parameter(&mut self, takes: Takes, template: &Template, path: &str) {
        match takes {
            Takes::Named(list) => {
                let what = format!("one entry of {} in the machine's policy, by name", list.key());
                self.text(template, path, &what);
            }
            Takes::Interface => self.name_of(template, path, "an interface's name"),
            Takes::Service => self.name_of(template, path, "a service's name"),
            Takes::Printer => self.name_of(template, path, "a printer's name"),
            Takes::Account => self.name_of(template, path, "an account's name"),
            Takes::Number { min, max } => self.number(template, path, min, max),
            Takes::Word(words) => match template {
                Template::Fixed(Value::String(word)) if words.contains(&word.as_str()) => {}
                Template::Filled(_) => self.text(template, path, "a word"),
                Template::Fixed(_) | Template::List(_) => {
                    let message = format!("expected one of {}", listed(words.iter().copied()));
                    self.error("parameter", path, message);
                }
            },
        }
    }

    fn name_of(&mut self, template: &Template, path: &str, what: &str) {
        self.text(template, path, what);
        if let Template::Fixed(value) = template
            && InputKind::Name.accepts(value).is_err()
            && value.is_string()
        {
            self.warn("parameter", path, format!("this hardly is {what}"));
        }
    }

    /// A text; what is filled in may not be a number, flag, list or object.
    fn text(&mut self, template: &Template, path: &str, what: &str) {
        match template {
            Template::Fixed(Value::String(text)) if !text.trim().is_empty() => {}
            Template::Filled(pieces) => {
                if let Some(shape) = self.alone(pieces)
                    && !shape.meets(&Shape::Text)
                {
                    self.error("parameter", path, format!("a {} is not {what}", shape.noun()));
                }
            }
            Template::Fixed(_) | Template::List(_) => {
                self.error("parameter", path, format!("expected {what}"));
            }
        }
    }

    fn number(&mut self, template: &Template, path: &str, min: u64, max: u64) {
        match template {
            Template::Fixed(value)
                if value.as_u64().is_some_and(|number| (min..=max).contains(&number)) => {}
            Template::Filled(pieces) => {
                let fits = self.alone(pieces).is_some_and(|shape| shape.meets(&Shape::Number));
                if !fits {
                    let message = "expected a whole number: one expression alone, of a number";
                    self.error("parameter", path, message);
                }
            }
            Template::Fixed(_) | Template::List(_) => {
                let message = format!("expected a whole number from {min} to {max}");
                self.error("parameter", path, message);
            }
        }
    }

    /// The shape of what is filled in by one expression alone, which keeps its type.
    fn alone(&self, pieces: &[Piece]) -> Option<Shape> {
        match pieces {
            [Piece::Filled(condition)] => Some(self.shape_of(condition)),
            _ => None,
        }
    }
}
