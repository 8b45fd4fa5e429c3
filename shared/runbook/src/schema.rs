//! The language as a JSON schema (draft 2020-12), for editors: made of the same tables by which runbooks are read.
//! It knows every key, word and form; what expressions say and what goes together, only the linter knows.

use serde_json::{Map, Value, json};

use crate::language::form::{Form, Key, Need, Object};
use crate::language::keys::ROOT;
use crate::language::quantity::{SIZES, TIMES, size_text, time_text};

/// The schema. The same for a version of Befund, whatever the machine.
#[must_use]
pub fn schema() -> Value {
    let mut whole = object(&ROOT);
    if let Value::Object(members) = &mut whole {
        let draft = "https://json-schema.org/draft/2020-12/schema";
        members.insert("$schema".to_owned(), Value::from(draft));
        members.insert("title".to_owned(), Value::from("Befund runbook"));
    }
    whole
}

fn object(object: &Object) -> Value {
    let properties: Map<String, Value> =
        object.allowed().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> =
        object.keys.iter().filter(|key| key.need == Need::Required).map(|key| key.name).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn property(key: &Key) -> Value {
    let mut value = of(&key.form);
    let says = match key.need {
        Need::Required => key.says.to_owned(),
        Need::Default(default) => format!("{} By default: {default}.", key.says),
    };
    if let Value::Object(members) = &mut value {
        members.insert("description".to_owned(), Value::from(says));
    }
    value
}

fn of(form: &Form) -> Value {
    match form {
        Form::Text(most) => text(*most),
        Form::Both(most) => json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["en", "de"],
            "properties": {"en": text(*most), "de": text(*most)},
        }),
        Form::Pattern(pattern) => json!({"type": "string", "pattern": pattern.regex}),
        Form::Words(words) => json!({"enum": words()}),
        Form::Flag => json!({"type": "boolean"}),
        Form::Whole { min: i64::MIN, .. } => json!({"type": "integer"}),
        Form::Whole { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Form::Duration { min, max } => quantity(&TIMES, &time_text(*min), &time_text(*max)),
        Form::Size { min, max } => quantity(&SIZES, &size_text(*min), &size_text(*max)),
        Form::Expression(_) => json!({"type": "string", "minLength": 1, "maxLength": 2_000}),
        Form::Value => json!({"type": ["string", "number", "boolean"]}),
        Form::Template => {
            let scalar = of(&Form::Value);
            json!({"anyOf": [scalar, {"type": "array", "items": {}}]})
        }
        Form::List { of: item, most } => {
            json!({"type": "array", "maxItems": most, "items": of(item)})
        }
        Form::Map { names, of: value, most } => json!({
            "type": "object",
            "maxProperties": most,
            "propertyNames": {"pattern": names.regex},
            "additionalProperties": of(value),
        }),
        Form::Object(it) => object(it),
        Form::By(objects) => {
            json!({"oneOf": objects.iter().map(|it| object(it)).collect::<Vec<_>>()})
        }
        Form::Either(one, other) => json!({"anyOf": [of(one), of(other)]}),
        // It has no place among the keys that are allowed.
        Form::Refused(_) => json!(false),
    }
}

fn text(most: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": most})
}

fn quantity(units: &[(&str, u64)], min: &str, max: &str) -> Value {
    let units: Vec<&str> = units.iter().map(|(unit, _)| *unit).collect();
    let pattern = format!("^[0-9]{{1,19}}(?:{})$", units.join("|"));
    json!({"type": "string", "pattern": pattern, "examples": [min, max]})
}

#[cfg(test)]
mod tests;
