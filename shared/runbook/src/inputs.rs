//! The inputs of a run: what the runbook's signed schema admits, and that schema in JSON Schema's words. Pure.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use befund_model::language::Language;

use crate::document::{Input, InputKind, Runbook};

/// The most characters of a host's name (RFC 1035, section 2.3.4).
const MOST_HOST: usize = 253;
/// The most characters of the name of a thing that a machine has.
const MOST_NAME: usize = 128;

/// An input that the runbook does not admit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInput {
    /// Not an object.
    #[error("a runbook's inputs are an object of names and values")]
    NoObject,
    /// The runbook has no such input.
    #[error("the runbook {runbook} has no input {name:?}; it has {has}")]
    Unknown {
        /// The runbook.
        runbook: String,
        /// The input.
        name: String,
        /// What there is.
        has: String,
    },
    /// It must be given.
    #[error("the runbook {runbook} needs the input {name}: {expected}")]
    Missing {
        /// The runbook.
        runbook: String,
        /// The input.
        name: String,
        /// What it may be.
        expected: String,
    },
    /// It may not be so.
    #[error("the input {name} of the runbook {runbook} cannot be {found}: it is {expected}")]
    Unfit {
        /// The runbook.
        runbook: String,
        /// The input.
        name: String,
        /// What was given, its beginning.
        found: String,
        /// What it may be.
        expected: String,
    },
}

/// Admits what was given; null is nothing. Defaults are not added: the machine does that.
///
/// # Errors
/// The first input that the runbook's schema does not admit, or that is missing.
pub fn admit(runbook: &Runbook, given: &Value) -> Result<BTreeMap<String, Value>, InvalidInput> {
    let none = Map::new();
    let given = match given {
        Value::Null => &none,
        Value::Object(given) => given,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(InvalidInput::NoObject);
        }
    };
    for (name, value) in given {
        let Some(input) = runbook.inputs.get(name) else {
            let names: Vec<&str> = runbook.inputs.keys().map(String::as_str).collect();
            let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let name = name.chars().take(64).collect();
            return Err(InvalidInput::Unknown { runbook: runbook.name.clone(), name, has });
        };
        if !fits(&input.kind, value) {
            return Err(InvalidInput::Unfit {
                runbook: runbook.name.clone(),
                name: name.clone(),
                found: value.to_string().chars().take(64).collect(),
                expected: expected(&input.kind),
            });
        }
    }
    for (name, input) in &runbook.inputs {
        if input.default.is_none() && !given.contains_key(name) {
            return Err(InvalidInput::Missing {
                runbook: runbook.name.clone(),
                name: name.clone(),
                expected: expected(&input.kind),
            });
        }
    }
    Ok(given.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Whether a value is of this kind.
#[must_use]
pub fn fits(kind: &InputKind, value: &Value) -> bool {
    match (kind, value) {
        (InputKind::Host, Value::String(host)) => is_host(host),
        (InputKind::Number { min, max }, Value::Number(number)) => {
            number.as_i64().is_some_and(|number| (*min..=*max).contains(&number))
        }
        (InputKind::Word(words), Value::String(word)) => words.contains(word),
        (InputKind::Flag, Value::Bool(_)) => true,
        (InputKind::Name, Value::String(name)) => is_name(name),
        (
            InputKind::Host
            | InputKind::Number { .. }
            | InputKind::Word(_)
            | InputKind::Flag
            | InputKind::Name,
            _,
        ) => false,
    }
}

/// An address, or a name of labels of letters, digits and hyphens.
fn is_host(host: &str) -> bool {
    if host.parse::<IpAddr>().is_ok() {
        return true;
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.len() <= MOST_HOST && host.split('.').all(label)
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:@-".contains(&byte);
    !name.is_empty()
        && name.len() <= MOST_NAME
        && !name.starts_with(['-', '.'])
        && name.bytes().all(plain)
}

fn expected(kind: &InputKind) -> String {
    match kind {
        InputKind::Host => "a host's name or address".to_owned(),
        InputKind::Number { min, max } => format!("a whole number from {min} to {max}"),
        InputKind::Word(words) => format!("one of {}", words.join(", ")),
        InputKind::Flag => "true or false".to_owned(),
        InputKind::Name => format!(
            "a name of at most {MOST_NAME} letters, digits and any of ._:@-, beginning with a letter or digit"
        ),
    }
}

/// The inputs as a JSON schema of an object.
#[must_use]
pub fn schema(runbook: &Runbook) -> Value {
    let property = |input: &Input| {
        let mut schema = match &input.kind {
            InputKind::Host => json!({ "type": "string", "maxLength": MOST_HOST }),
            InputKind::Number { min, max } => {
                json!({ "type": "integer", "minimum": min, "maximum": max })
            }
            InputKind::Word(words) => json!({ "type": "string", "enum": words }),
            InputKind::Flag => json!({ "type": "boolean" }),
            InputKind::Name => json!({ "type": "string", "maxLength": MOST_NAME }),
        };
        schema["title"] = json!(input.title.in_language(Language::English));
        if let Some(default) = &input.default {
            schema["default"] = default.clone();
        }
        schema
    };
    let properties: Map<String, Value> =
        runbook.inputs.iter().map(|(name, input)| (name.clone(), property(input))).collect();
    let required: Vec<&String> = runbook
        .inputs
        .iter()
        .filter(|(_, input)| input.default.is_none())
        .map(|(name, _)| name)
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_breaks_out_of_a_name_is_none() {
        for host in ["a b", "a;b", "$(x)", "-rf", "a..b", "a/../b", "", "x\u{0}", "ä.example"] {
            assert!(!fits(&InputKind::Host, &json!(host)), "{host:?}");
        }
        for name in ["-rf", "../x", ".x", "a b", "a;b", "a\nb", "", "a/b", "a\\b", "`x`"] {
            assert!(!fits(&InputKind::Name, &json!(name)), "{name:?}");
        }
        for host in ["intranet.example", "10.0.0.1", "fe80::1", "pc-17"] {
            assert!(fits(&InputKind::Host, &json!(host)), "{host:?}");
        }
        for name in ["cups.service", "eth0", "user@1000.service", "wg-quick@wg0.service"] {
            assert!(fits(&InputKind::Name, &json!(name)), "{name:?}");
        }
    }

    #[test]
    fn a_number_is_whole_and_within_its_limits() {
        let kind = InputKind::Number { min: 1, max: 10 };
        for (value, fit) in [(json!(1), true), (json!(10), true), (json!(0), false)] {
            assert_eq!(fits(&kind, &value), fit, "{value}");
        }
        for value in [json!(1.5), json!("1"), json!(11), json!(null), json!([1])] {
            assert!(!fits(&kind, &value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn an_admitted_name_has_nothing_that_a_shell_or_path_would_read(name in ".{0,40}") {
            if fits(&InputKind::Name, &json!(name)) {
                prop_assert!(!name.contains(['/', '\\', ' ', ';', '$', '`', '|', '&', '\n', '"', '\'']));
                prop_assert!(!name.starts_with(['-', '.']));
            }
        }
    }
}
