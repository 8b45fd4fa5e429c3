//! Every part of a document by the form that the tables of the language give it.

use std::collections::HashMap;

use befund_expression::{Expression, Names, near};
use regex::Regex;

use super::places::{Places, Written};
use super::template;
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::Piece;
use crate::language::form::{Form, Need, Object, Sees};
use crate::language::keys::ROOT;
use crate::language::pattern::Pattern;
use crate::language::quantity::{bytes, milliseconds, size_text, time_text};
use crate::language::words::ACCEPTED;
use crate::yaml::{Content, Node, Place, Scalar, Style};

/// How deep lists may stand in a parameter.
const MOST_LISTS: usize = 3;
/// The most characters of a parameter.
const MOST_LONG: usize = 2_000;

/// The places of all parts, and what is wrong with them.
pub(super) fn check(text: &str, root: &Node) -> (Places, Vec<Diagnostic>) {
    let steps = root.get("collect").map(Node::entries).unwrap_or_default();
    let names = steps.iter().map(|(key, _)| key.text.clone());
    let own = ["ask", "inputs"].map(str::to_owned);
    let ending = [ACCEPTED.to_owned()];
    let hint =
        "what can be named are the names under `collect`, `ask.NAME`, `inputs.NAME` and `now`";
    let mut check = Check {
        text,
        ending: Names::new(names.clone().chain(own.clone()).chain(ending), "name", hint),
        names: Names::new(names.chain(own), "name", hint),
        patterns: HashMap::new(),
        places: Places::default(),
        problems: Vec::new(),
    };
    check.object(root, &ROOT, "");
    (check.places, check.problems)
}

struct Check<'a> {
    text: &'a str,
    names: Names,
    /// What an escalation may name.
    ending: Names,
    patterns: HashMap<&'static str, Option<Regex>>,
    places: Places,
    problems: Vec<Diagnostic>,
}

impl Check<'_> {
    fn part(&mut self, node: &Node, form: &Form, path: &str) {
        self.places.parts.insert(path.to_owned(), node.place);
        match form {
            Form::Object(object) => self.object(node, object, path),
            Form::By(objects) => self.one_of(node, objects, path),
            Form::Either(one, many) => {
                let form = if matches!(node.content, Content::Map(_)) { many } else { one };
                self.part(node, form, path);
            }
            Form::Map { names, of, most } => self.map(node, names, of, *most, path),
            Form::List { of, most } => self.list(node, of, *most, path),
            Form::Both(most) => self.both(node, *most, path),
            Form::Template => self.template(node, path, 0),
            Form::Refused(why) => self.complain(node.place, "refused", path, (*why).to_owned()),
            Form::Text(_)
            | Form::Pattern(_)
            | Form::Words(_)
            | Form::Flag
            | Form::Whole { .. }
            | Form::Duration { .. }
            | Form::Size { .. }
            | Form::Expression(_)
            | Form::Value => match &node.content {
                Content::Scalar(scalar) if node.scalar().is_some() => {
                    self.scalar(node.place, scalar, form, path);
                }
                Content::Scalar(_) | Content::List(_) | Content::Map(_) => {
                    self.wrong(node, &says(form), path);
                }
            },
        }
    }

    fn scalar(&mut self, place: Place, scalar: &Scalar, form: &Form, path: &str) {
        let text = scalar.text.as_str();
        let shown = shown(text);
        match form {
            Form::Text(most) => self.text(place, text, *most, path),
            Form::Pattern(pattern) => {
                if !self.fits(pattern, text) {
                    let message = format!("`{shown}` does not fit");
                    self.expected(place, "form", path, message, pattern.says.to_owned());
                }
            }
            Form::Words(words) => {
                let words = words();
                if !words.contains(&text) {
                    let message = match near(text, words.iter().copied()) {
                        Some(near) => format!("there is no `{shown}`: did you mean `{near}`?"),
                        None => format!("there is no `{shown}`"),
                    };
                    let expected = format!("one of {}", listed(words));
                    self.expected(place, "unknown-word", path, message, expected);
                }
            }
            Form::Flag => {
                if scalar.style != Style::Plain || !["true", "false"].contains(&text) {
                    let message = format!("`{shown}` is neither true nor false");
                    self.expected(place, "wrong-type", path, message, says(form));
                }
            }
            Form::Whole { min, max } => {
                let number = text.parse::<i64>().ok().filter(|_| scalar.style == Style::Plain);
                match number {
                    Some(number) if (*min..=*max).contains(&number) => {}
                    Some(_) => {
                        let message = format!("{shown} is out of range");
                        self.expected(place, "out-of-range", path, message, says(form));
                    }
                    None => {
                        let quoted = scalar.style != Style::Plain;
                        let what = if quoted { "a quoted text" } else { "no whole number" };
                        let message = format!("`{shown}` is {what}");
                        self.expected(place, "wrong-type", path, message, says(form));
                    }
                }
            }
            Form::Duration { min, max } => {
                self.quantity(place, milliseconds(text), (*min, *max), "time", &shown, form, path);
            }
            Form::Size { min, max } => {
                self.quantity(place, bytes(text), (*min, *max), "size", &shown, form, path);
            }
            Form::Expression(sees) => self.expression(place, scalar, (text, 0), *sees, path),
            Form::Value => {
                if text.chars().count() > MOST_LONG {
                    let message = format!("it has more than {MOST_LONG} characters");
                    self.complain(place, "too-long", path, message);
                }
            }
            Form::Both(_)
            | Form::Template
            | Form::List { .. }
            | Form::Map { .. }
            | Form::Object(_)
            | Form::By(_)
            | Form::Either(..)
            | Form::Refused(_) => {}
        }
    }

    #[expect(clippy::too_many_arguments, reason = "times and sizes differ in all of these")]
    fn quantity(
        &mut self,
        place: Place,
        amount: Option<u64>,
        (min, max): (u64, u64),
        noun: &str,
        shown: &str,
        form: &Form,
        path: &str,
    ) {
        let (code, message) = match amount {
            Some(amount) if (min..=max).contains(&amount) => return,
            Some(_) => ("out-of-range", format!("{shown} is out of range")),
            None => ("wrong-type", format!("`{shown}` is no {noun}")),
        };
        self.expected(place, code, path, message, says(form));
    }

    fn text(&mut self, place: Place, text: &str, most: usize, path: &str) {
        if text.trim().is_empty() {
            self.complain(place, "empty", path, "the text is empty".to_owned());
        } else if text.chars().count() > most {
            let message = format!("it has {} characters; {most} is the most", text.chars().count());
            self.complain(place, "too-long", path, message);
        } else if text.chars().any(|c| c.is_control() && c != '\n') {
            let message = "it has a control character in it".to_owned();
            self.complain(place, "form", path, message);
        }
    }

    /// An expression that begins `skipped` characters within the scalar.
    fn expression(
        &mut self,
        at: Place,
        scalar: &Scalar,
        (text, skipped): (&str, usize),
        sees: Sees,
        path: &str,
    ) {
        let names = match sees {
            Sees::Facts => &self.names,
            Sees::Ending => &self.ending,
        };
        let written = Written { at, scalar: scalar.clone(), skipped };
        if let Err(error) = Expression::compile(text, names) {
            let place = written.place_of(self.text, error.line, error.column);
            self.complain(place, "expression", path, error.message);
        }
        self.places.expressions.insert((path.to_owned(), text.to_owned()), written);
    }

    fn template(&mut self, node: &Node, path: &str, lists: usize) {
        self.places.parts.insert(path.to_owned(), node.place);
        match &node.content {
            Content::Scalar(scalar) if node.scalar().is_some() => {
                if scalar.text.chars().count() > MOST_LONG {
                    let message = format!("it has more than {MOST_LONG} characters");
                    return self.complain(node.place, "too-long", path, message);
                }
                match template::pieces(&scalar.text) {
                    Ok(pieces) => {
                        for (skipped, piece) in pieces {
                            if let Piece::Filled(condition) = piece {
                                let text = (condition.text.as_str(), skipped);
                                self.expression(node.place, scalar, text, Sees::Facts, path);
                            }
                        }
                    }
                    Err(template::Unclosed { at }) => {
                        let within = Place { line: 1, column: at + 1 };
                        let place = scalar.place_of(self.text, node.place, within);
                        let message = "`${` has no `}` that ends it; `$${` stands for itself";
                        self.complain(place, "expression", path, message.to_owned());
                    }
                }
            }
            Content::List(items) if lists < MOST_LISTS => {
                for (index, item) in items.iter().enumerate() {
                    self.template(item, &format!("{path}[{index}]"), lists + 1);
                }
            }
            Content::Scalar(_) | Content::List(_) | Content::Map(_) => {
                self.wrong(node, &says(&Form::Template), path);
            }
        }
    }

    fn both(&mut self, node: &Node, most: usize, path: &str) {
        let Content::Map(entries) = &node.content else {
            return self.wrong(node, &says(&Form::Both(most)), path);
        };
        for (key, value) in entries {
            let path = join(path, &key.text);
            self.places.parts.insert(path.clone(), value.place);
            if !["en", "de"].contains(&key.text.as_str()) {
                let message = format!("`{}` is no language that Befund speaks", shown(&key.text));
                let cut = value.scalar().is_none();
                let hint = if cut { "; quote a text that has a comma in it" } else { "" };
                let expected = format!("`en` and `de`{hint}");
                self.expected(key.place, "unknown-key", &path, message, expected);
            } else if let Some(text) = value.text() {
                self.text(value.place, text, most, &path);
            } else {
                self.wrong(value, &says(&Form::Text(most)), &path);
            }
        }
        for language in ["en", "de"].into_iter().filter(|language| node.get(language).is_none()) {
            let message = format!("the text in the language `{language}` is missing");
            self.complain(node.place, "missing-key", path, message);
        }
    }

    fn list(&mut self, node: &Node, of: &Form, most: usize, path: &str) {
        let Content::List(items) = &node.content else {
            return self.wrong(node, &format!("a list of {}", says(of)), path);
        };
        if items.len() > most {
            let message = format!("it has {} entries; {most} is the most", items.len());
            self.complain(node.place, "too-long", path, message);
        }
        for (index, item) in items.iter().enumerate().take(most) {
            self.part(item, of, &format!("{path}[{index}]"));
        }
    }

    fn map(&mut self, node: &Node, names: &'static Pattern, of: &Form, most: usize, path: &str) {
        let Content::Map(entries) = &node.content else {
            return self.wrong(node, &format!("a mapping of names to {}", says(of)), path);
        };
        if entries.len() > most {
            let message = format!("it has {} entries; {most} is the most", entries.len());
            self.complain(node.place, "too-long", path, message);
        }
        for (key, value) in entries.iter().take(most) {
            let path = join(path, &key.text);
            if !self.fits(names, &key.text) {
                let message = format!("`{}` is no name that can stand here", shown(&key.text));
                self.expected(key.place, "form", &path, message, names.says.to_owned());
            }
            self.part(value, of, &path);
        }
    }

    fn one_of(&mut self, node: &Node, objects: &[&'static Object], path: &str) {
        let Content::Map(_) = &node.content else {
            let nouns: Vec<&str> = objects.iter().map(|object| object.noun).collect();
            return self.wrong(node, &format!("a mapping: {}", nouns.join(", or ")), path);
        };
        let given: Vec<&&'static Object> =
            objects.iter().filter(|object| node.get(tells(object)).is_some()).collect();
        match given.as_slice() {
            [one] => self.object(node, one, path),
            [] => {
                let first: Vec<&str> = objects.iter().copied().map(tells).collect();
                let slip = node.entries().iter().find_map(|(key, _)| {
                    let near = near(&key.text, first.iter().copied())?;
                    Some(format!(": did you mean `{near}` by `{}`?", shown(&key.text)))
                });
                let message = format!("it does not say what it is{}", slip.unwrap_or_default());
                let expected = format!("one of the keys {}", listed(first));
                self.expected(node.place, "missing-key", path, message, expected);
            }
            [_, ..] => {
                let first = listed(given.iter().map(|object| tells(object)));
                let message = format!("{first} exclude each other");
                self.complain(node.place, "excluded", path, message);
            }
        }
    }

    fn object(&mut self, node: &Node, object: &'static Object, path: &str) {
        let Content::Map(entries) = &node.content else {
            return self.wrong(node, &format!("a mapping: {}", object.noun), path);
        };
        self.places.parts.insert(path.to_owned(), node.place);
        for (key, value) in entries {
            let path = join(path, &key.text);
            match object.keys.iter().find(|known| known.name == key.text) {
                Some(known) if matches!(known.form, Form::Refused(_)) => {
                    self.part(&Node { place: key.place, ..value.clone() }, &known.form, &path);
                }
                Some(known) => self.part(value, &known.form, &path),
                None => {
                    let known: Vec<&str> = object.allowed().map(|key| key.name).collect();
                    let shown = shown(&key.text);
                    let message = match near(&key.text, known.iter().copied()) {
                        Some(near) => format!("there is no key `{shown}`: did you mean `{near}`?"),
                        None => format!("there is no key `{shown}` in {}", object.noun),
                    };
                    let expected = format!("one of the keys {}", listed(known));
                    self.expected(key.place, "unknown-key", &path, message, expected);
                }
            }
        }
        for key in object.keys {
            if key.need == Need::Required && node.get(key.name).is_none() {
                let message = format!("`{}` is missing", key.name);
                let expected = format!("{}: {}", says(&key.form), key.says);
                self.expected(node.place, "missing-key", path, message, expected);
            }
        }
    }

    fn fits(&mut self, pattern: &'static Pattern, text: &str) -> bool {
        // A test holds that every pattern can be read.
        let read = || Regex::new(pattern.regex).ok();
        let regex = self.patterns.entry(pattern.regex).or_insert_with(read);
        regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    fn wrong(&mut self, node: &Node, expected: &str, path: &str) {
        let message = format!("there is {} here", node.noun());
        self.expected(node.place, "wrong-type", path, message, expected.to_owned());
    }

    fn complain(&mut self, place: Place, code: &'static str, path: &str, message: String) {
        self.expected(place, code, path, message, String::new());
    }

    fn expected(
        &mut self,
        place: Place,
        code: &'static str,
        path: &str,
        message: String,
        expected: String,
    ) {
        let Place { line, column } = place;
        let (severity, path) = (Severity::Error, path.to_owned());
        self.problems.push(Diagnostic { severity, code, line, column, path, message, expected });
    }
}

/// The key that tells an object from others.
fn tells(object: &Object) -> &'static str {
    object.keys.first().map_or("", |key| key.name)
}

/// What a form takes, in words.
fn says(form: &Form) -> String {
    match form {
        Form::Text(most) => format!("a text of at most {most} characters"),
        Form::Both(_) => "a text in both languages, as in `{en: Yes, de: Ja}`".to_owned(),
        Form::Pattern(pattern) => pattern.says.to_owned(),
        Form::Words(words) => format!("one of {}", listed(words())),
        Form::Flag => "`true` or `false`".to_owned(),
        Form::Whole { min: i64::MIN, .. } => "a whole number".to_owned(),
        Form::Whole { min, max } => format!("a whole number from {min} to {max}"),
        Form::Duration { min, max } => {
            let (min, max) = (time_text(*min), time_text(*max));
            format!("a time from {min} to {max}, as a whole number with `ms`, `s`, `m` or `h`")
        }
        Form::Size { min, max } => {
            let (min, max) = (size_text(*min), size_text(*max));
            format!("a size from {min} to {max}, as a whole number with `B`, `KiB` or `MiB`")
        }
        Form::Expression(_) => "an expression, as in `web.result == 'open'`".to_owned(),
        Form::Value => "a text, a number, or `true` or `false`".to_owned(),
        Form::Template => "a text, a number, `true` or `false`, or a list of these".to_owned(),
        Form::List { of, .. } => format!("a list of {}", says(of)),
        Form::Map { of, .. } => format!("a mapping of names to {}", says(of)),
        Form::Object(object) => object.noun.to_owned(),
        Form::By(objects) => {
            objects.iter().map(|object| object.noun).collect::<Vec<_>>().join(", or ")
        }
        Form::Either(one, other) => format!("{}, or {}", says(one), says(other)),
        Form::Refused(why) => (*why).to_owned(),
    }
}

fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn join(path: &str, key: &str) -> String {
    let key = shown(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// A text as it can stand in a message.
fn shown(text: &str) -> String {
    let plain = text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c });
    plain.collect()
}
