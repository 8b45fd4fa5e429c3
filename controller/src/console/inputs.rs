//! What a work takes, as inputs of a form, and back: from its schema (numbers within limits, names of
//! entries in the machine's policy) to fields, and from filled fields to parameters.

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
    /// The smallest and the largest number, or none for text.
    pub limits: Option<(i64, i64)>,
    /// What is taken if it stays empty, or what may be written.
    pub hint: String,
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
        let taking = works.iter().map(|info| Self {
            work: key(&info.work),
            fields: properties(info).map(|(name, schema)| Field::of(name, schema)).collect(),
        });
        taking.filter(|inputs| !inputs.fields.is_empty()).collect()
    }
}

impl Field {
    fn of(name: &str, schema: &Value) -> Self {
        let text =
            |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |key: &str| schema.get(key).and_then(Value::as_i64);
        let limits = number("minimum").zip(number("maximum"));
        let hint =
            number("default").map_or_else(|| text("description"), |number| number.to_string());
        Self { name: format!("{PREFIX}{name}"), title: text("title"), limits, hint }
    }
}

fn properties(info: &WorkInfo) -> impl Iterator<Item = (&str, &Value)> {
    let properties = info.parameters.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
}

/// The parameters that the form's filled fields make for a work; null if none is filled. What it does
/// not take, or not so, is refused where jobs are started.
#[must_use]
pub fn parameters(works: &[WorkInfo], work: &Work, fields: &BTreeMap<String, String>) -> Value {
    let is_number = |name: &str| {
        works.iter().filter(|info| info.work == *work).flat_map(properties).any(
            |(known, schema)| {
                known == name && schema.get("type").and_then(Value::as_str) == Some("integer")
            },
        )
    };
    let filled = fields.iter().filter_map(|(name, text)| {
        let name = name.strip_prefix(PREFIX)?;
        let text = Some(text.trim()).filter(|text| !text.is_empty())?;
        let number = text.parse::<u64>().ok().filter(|_| is_number(name));
        Some((name.to_owned(), number.map_or_else(|| Value::from(text), Value::from)))
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
        let inputs = Inputs::of(&befund_model::probe::catalogue());
        let top = inputs.iter().find(|one| one.work == "probe:process.top").expect("takes two");
        let count = top.fields.iter().find(|field| field.name == "with.count").expect("count");
        assert_eq!((count.limits, count.hint.as_str()), (Some((1, 50)), "10"));
        assert!(inputs.iter().all(|one| one.work != "runbook:net.no-internet"));
    }

    #[test]
    fn only_what_is_filled_is_a_parameter() {
        let works = befund_model::probe::catalogue();
        let made = |work: &str, fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            parameters(&works, &Work::Probe(work.to_owned()), &fields.collect())
        };
        let top = [("with.count", " 5 "), ("with.window_ms", " "), ("version", "1")];
        assert_eq!(made("process.top", &top), json!({ "count": 5 }));
        assert_eq!(made("net.dns", &[("with.name", "5")]), json!({ "name": "5" }));
        assert_eq!(made("net.dns", &[("name", "5")]), Value::Null);
    }
}
