//! The inputs of a run: what the runbook's signed schema admits, and that schema in JSON Schema's words. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use befund_model::language::Language;

use crate::document::{Input, InputKind, MOST_HOST, MOST_NAME, Runbook};

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
    #[error("the runbook {runbook} needs the input {name}: {title}")]
    Missing {
        /// The runbook.
        runbook: String,
        /// The input.
        name: String,
        /// What it is, in the runbook's words.
        title: String,
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
        input.kind.accepts(value).map_err(|expected| InvalidInput::Unfit {
            runbook: runbook.name.clone(),
            name: name.clone(),
            found: value.to_string().chars().take(64).collect(),
            expected,
        })?;
    }
    for (name, input) in &runbook.inputs {
        if input.default.is_none() && !given.contains_key(name) {
            return Err(InvalidInput::Missing {
                runbook: runbook.name.clone(),
                name: name.clone(),
                title: input.title.en.clone(),
            });
        }
    }
    Ok(given.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
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
