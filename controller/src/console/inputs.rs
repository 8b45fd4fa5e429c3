//! What a work takes, as inputs of a form, and back: from its JSON schema (numbers within limits, words to choose
//! from, yes or no, names) to fields, and from filled fields to parameters.

use std::collections::BTreeMap;

use befund_model::api::WorkInfo;
use befund_model::job::Work;
use serde_json::{Map, Value};

/// What the fields' names begin with, to tell them from the form's own.
const PREFIX: &str = "with.";

/// The inputs of one work.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The work, as the form names it.
    pub work: String,
    /// Its inputs.
    pub fields: Vec<Field>,
}

/// One input.
#[derive(Clone, Debug)]
pub struct Field {
    /// The field's name.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What may be put in.
    pub kind: Kind,
    /// What is taken if it stays empty, or what may be written.
    pub hint: String,
    /// Whether it must be filled in.
    pub required: bool,
}

/// What may be put into a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text of so many characters.
    Text(u64),
    /// A whole number.
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// One of these words.
    Word(Vec<String>),
    /// Yes or no.
    Flag,
}

/// A work, as the form names it.
#[must_use]
pub fn key(work: &Work) -> String {
    match work {
        Work::Probe(name) => format!("probe:{name}"),
        Work::Runbook(name) => format!("runbook:{name}"),
        Work::Undo(ticket) => format!("undo:{ticket}"),
    }
}

impl Inputs {
    /// Of every work that takes something.
    #[must_use]
    pub fn of(works: &[WorkInfo]) -> Vec<Self> {
        let taking = works
            .iter()
            .map(|info| Self { work: key(&info.work), fields: Field::all(&info.parameters) });
        taking.filter(|inputs| !inputs.fields.is_empty()).collect()
    }
}

impl Field {
    /// The fields of an object's schema.
    #[must_use]
    pub fn all(schema: &Value) -> Vec<Self> {
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| {
            required.is_some_and(|names| names.iter().any(|one| one.as_str() == Some(name)))
        };
        let fields = properties(schema);
        fields.map(|(name, schema)| Self::of(name, schema, is_required(name))).collect()
    }

    /// Whether it is the field for this parameter.
    #[must_use]
    pub fn is(&self, parameter: &str) -> bool {
        self.name.strip_prefix(PREFIX) == Some(parameter)
    }

    fn of(name: &str, schema: &Value, required: bool) -> Self {
        let text =
            |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |key: &str| schema.get(key).and_then(Value::as_i64);
        let words = schema
            .get("enum")
            .and_then(Value::as_array)
            .map(|words| words.iter().filter_map(|word| Some(word.as_str()?.to_owned())).collect());
        let kind = match (words, number("minimum").zip(number("maximum"))) {
            (Some(words), _) => Kind::Word(words),
            (None, Some((min, max))) => Kind::Number { min, max },
            (None, None) if schema.get("type").and_then(Value::as_str) == Some("boolean") => {
                Kind::Flag
            }
            (None, None) => {
                Kind::Text(schema.get("maxLength").and_then(Value::as_u64).unwrap_or(200))
            }
        };
        let hint = match schema.get("default") {
            Some(Value::String(word)) => word.clone(),
            Some(other) => other.to_string(),
            None => text("description"),
        };
        Self { name: format!("{PREFIX}{name}"), title: text("title"), kind, hint, required }
    }
}

fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
}

/// The parameters that the form's filled fields make by an object's schema; null if none is filled. What it does
/// not take, or not so, is refused where jobs are started.
#[must_use]
pub fn parameters(schema: &Value, fields: &BTreeMap<String, String>) -> Value {
    let kind = |name: &str| {
        let known = properties(schema).find(|(known, _)| *known == name);
        known.and_then(|(_, schema)| schema.get("type")).and_then(Value::as_str)
    };
    let filled = fields.iter().filter_map(|(name, text)| {
        let name = name.strip_prefix(PREFIX)?;
        let text = Some(text.trim()).filter(|text| !text.is_empty())?;
        let value = match kind(name) {
            Some("integer") => text.parse::<i64>().ok().map(Value::from),
            Some("boolean") => text.parse::<bool>().ok().map(Value::from),
            _ => None,
        };
        Some((name.to_owned(), value.unwrap_or_else(|| Value::from(text))))
    });
    let map: Map<String, Value> = filled.collect();
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_works_schema_becomes_inputs() {
        let inputs =
            Inputs::of(&befund_model::probe::catalogue(befund_model::language::Language::English));
        let top = inputs.iter().find(|one| one.work == "probe:process.top").expect("takes two");
        let count = top.fields.iter().find(|field| field.name == "with.count").expect("count");
        assert_eq!((&count.kind, count.hint.as_str()), (&Kind::Number { min: 1, max: 50 }, "10"));
    }

    #[test]
    fn each_kind_of_a_runbooks_inputs_has_its_field() {
        let fields = Field::all(&json!({
            "properties": {
                "deep": { "type": "boolean", "title": "Deep", "default": false },
                "site": { "type": "string", "maxLength": 253, "title": "Site" },
                "where": { "type": "string", "enum": ["here", "there"], "title": "Where" },
            },
            "required": ["site"],
        }));
        let told: Vec<_> =
            fields.iter().map(|field| (&field.kind, field.hint.as_str(), field.required)).collect();
        let words = Kind::Word(vec!["here".to_owned(), "there".to_owned()]);
        assert_eq!(
            told,
            [(&Kind::Flag, "false", false), (&Kind::Text(253), "", true), (&words, "", false)]
        );
    }

    #[test]
    fn only_what_is_filled_is_a_parameter() {
        let schema = json!({ "properties": {
            "count": { "type": "integer" }, "name": { "type": "string" }, "deep": { "type": "boolean" },
        } });
        let made = |fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            parameters(&schema, &fields.collect())
        };
        assert_eq!(
            made(&[("with.count", " 5 "), ("with.window_ms", " "), ("version", "1")]),
            json!({ "count": 5 })
        );
        assert_eq!(made(&[("with.name", "5")]), json!({ "name": "5" }));
        assert_eq!(made(&[("with.deep", "true")]), json!({ "deep": true }));
        assert_eq!(made(&[("with.deep", "perhaps")]), json!({ "deep": "perhaps" }));
        assert_eq!(made(&[("name", "5")]), Value::Null);
    }
}
