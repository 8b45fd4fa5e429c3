//! A rehearsal's file, read: the same part of YAML as a runbook's, with numbers and truths as they look. Not here: what
//! its keys mean, which is [`super::Rehearsal`]'s.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Rehearsal;
use crate::diagnostic::{Diagnostic, render};
use crate::yaml::{self, Content, Node, Scalar, Style};

/// Why a text is no rehearsal.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It is not YAML, or none that runbooks are written in.
    #[error("the rehearsal cannot be read:\n{}", render("rehearsal", text, problems))]
    Yaml {
        /// The text.
        text: String,
        /// All that is wrong.
        problems: Vec<Diagnostic>,
    },
    /// Its keys are not those of a rehearsal.
    #[error("this is no rehearsal: see the keys that one has")]
    Form(#[source] serde_json::Error),
}

/// Reads a rehearsal's file.
///
/// # Errors
/// Why it is none.
pub fn read(text: &str) -> Result<Rehearsal, Unread> {
    let root =
        yaml::parse(text).map_err(|problems| Unread::Yaml { text: text.to_owned(), problems })?;
    Rehearsal::deserialize(value(&root)).map_err(Unread::Form)
}

/// A node as JSON.
fn value(node: &Node) -> Value {
    match &node.content {
        Content::Scalar(scalar) => scalar_value(scalar),
        Content::List(items) => items.iter().map(value).collect(),
        Content::Map(entries) => {
            let members = entries.iter().map(|(key, node)| (key.text.clone(), value(node)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

/// A plain word is what it looks like (YAML's core schema, 10.3.2); what stands in quotes is a text.
fn scalar_value(scalar: &Scalar) -> Value {
    let text = scalar.text.as_str();
    if scalar.style != Style::Plain {
        return Value::from(text);
    }
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => {
            let numeric = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
            let whole = text.parse::<i64>().ok().map(Value::from);
            let broken = || text.parse::<f64>().ok().filter(|_| numeric).map(Value::from);
            whole.or_else(broken).unwrap_or_else(|| Value::from(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_what_they_look_like_and_quotes_make_them_texts() {
        let file = "runbook: a.b\nscenario: one\nfacts:\n  x: {n: -3, f: 1.5, t: true, z: null, s: '7', d: 2026-01-02, v: 1.2.3}\nconsent: no\nexpect: {accepted: unknown}\n";
        let rehearsal = read(file).expect("a rehearsal");
        let facts = json!({"n": -3, "f": 1.5, "t": true, "z": null, "s": "7", "d": "2026-01-02", "v": "1.2.3"});
        assert_eq!(rehearsal.facts["x"].facts, facts);
    }

    #[test]
    fn what_is_no_rehearsal_says_why() {
        let yaml = read("runbook: [").expect_err("no YAML");
        assert!(yaml.to_string().contains("rehearsal:2:1: error[yaml]"), "{yaml}");
        let Unread::Form(form) = read("runbook: a.b\nfact: {}\n").expect_err("no key of one")
        else {
            panic!("its form is wrong");
        };
        assert!(form.to_string().contains("unknown field `fact`"), "{form}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-c:\\[\\]{}'\", 0-9.~\n-]{0,60}") {
            if let Err(unread) = read(&text) {
                prop_assert!(!unread.to_string().is_empty());
            }
        }
    }
}
