//! That the schema which editors use is the one that the tables make, and that it says of a document what the
//! reader says. The validator here knows the words of JSON Schema that the schema uses, and fails on others.

use regex::Regex;
use serde_json::{Value, json};

use super::schema;
use crate::reader;
use crate::yaml::{self, Content, Node, Style};

const COMMITTED: &str = include_str!("../../../../docs/runbook.schema.json");
const FIXTURES: [&str; 2] = [
    include_str!("../../tests/fixtures/no-internet.yaml"),
    include_str!("../../tests/fixtures/small.yaml"),
];

#[test]
fn the_committed_schema_is_what_the_tables_make() {
    let made = format!("{:#}\n", schema());
    let how = "cargo run -p befund-runbook --example schema > docs/runbook.schema.json";
    assert!(made == COMMITTED, "docs/runbook.schema.json is not what the tables make; run {how}");
}

#[test]
fn what_is_read_fits_the_schema() {
    for text in FIXTURES {
        let document = document(text);
        assert_eq!(problems(&schema(), &document, ""), Vec::<String>::new());
    }
}

#[test]
fn what_is_refused_for_its_keys_and_forms_does_not_fit() {
    let replaced = [
        ("runbook: net.small", "runbook: Small"),
        ("version: 1", "version: 0"),
        ("version: 1", "versoin: 1"),
        ("title: {en: Small, de: Klein}", "title: Small"),
        ("collect:", "redact: {}\ncollect:"),
        ("collect:", "limits: {wall: 20}\ncollect:"),
        ("{probe: net.http@1}", "{probe: net.http}"),
        ("{probe: net.http@1}", "{probe: net.http@1, section: printers}"),
        ("  web: {", "  Web: {"),
        ("to: user", "to: boss"),
        ("{act: dns.flush_cache}", "{act: dns.flush}"),
        ("{act: dns.flush_cache}", "{act: dns.flush_cache, undo: {script: /bin/sh}}"),
    ];
    for (from, to) in replaced {
        assert!(FIXTURES[1].contains(from), "{from}");
        let text = FIXTURES[1].replacen(from, to, 1);
        assert!(!problems(&schema(), &document(&text), "").is_empty(), "{to}");
        assert!(reader::read(&text).is_err(), "{to}");
    }
}

fn document(text: &str) -> Value {
    json_of(&yaml::parse(text).expect("YAML"))
}

fn json_of(node: &Node) -> Value {
    match &node.content {
        Content::List(items) => items.iter().map(json_of).collect(),
        Content::Map(entries) => {
            Value::Object(entries.iter().map(|(key, it)| (key.text.clone(), json_of(it))).collect())
        }
        Content::Scalar(scalar) if scalar.style == Style::Plain => {
            serde_json::from_str(&scalar.text).unwrap_or_else(|_| json!(scalar.text))
        }
        Content::Scalar(scalar) => json!(scalar.text),
    }
}

fn problems(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let Value::Object(words) = schema else { panic!("{at}: {schema} is no schema") };
    let fits = |schema: &Value| problems(schema, value, at).is_empty();
    let mut found = Vec::new();
    let mut must = |holds: bool, word: &str| {
        if !holds {
            found.push(format!("{at}: {word}: {value}"));
        }
    };
    let list = |rule: &Value| rule.as_array().cloned().unwrap_or_default();
    let number = |rule: &Value| rule.as_i64().expect("a whole number");
    let matches = |pattern: &Value, text: &str| {
        Regex::new(pattern.as_str().expect("a pattern")).expect("a pattern").is_match(text)
    };
    let members = value.as_object().cloned().unwrap_or_default();
    let mut inner = Vec::new();
    for (word, rule) in words {
        match word.as_str() {
            "$schema" | "title" | "description" | "examples" => {}
            "type" => {
                let types = if rule.is_array() { list(rule) } else { vec![rule.clone()] };
                must(types.iter().any(|it| is_of(value, it)), word);
            }
            "enum" => must(list(rule).contains(value), word),
            "pattern" => must(value.as_str().is_none_or(|text| matches(rule, text)), word),
            "minLength" => {
                must(
                    value.as_str().is_none_or(|it| it.chars().count() as i64 >= number(rule)),
                    word,
                );
            }
            "maxLength" => {
                must(
                    value.as_str().is_none_or(|it| it.chars().count() as i64 <= number(rule)),
                    word,
                );
            }
            "minimum" => must(value.as_i64().is_none_or(|it| it >= number(rule)), word),
            "maximum" => must(value.as_i64().is_none_or(|it| it <= number(rule)), word),
            "maxItems" => {
                must(value.as_array().is_none_or(|it| it.len() as i64 <= number(rule)), word);
            }
            "maxProperties" => must(members.len() as i64 <= number(rule), word),
            "required" => {
                let names = list(rule);
                let there = |it: &Value| members.contains_key(it.as_str().expect("a name"));
                must(!value.is_object() || names.iter().all(there), word);
            }
            "propertyNames" => {
                must(members.keys().all(|name| matches(&rule["pattern"], name)), word);
            }
            "properties" => {
                for (name, member) in &members {
                    if let Some(schema) = rule.get(name) {
                        inner.extend(problems(schema, member, &format!("{at}.{name}")));
                    }
                }
            }
            "additionalProperties" => {
                let known = &words.get("properties").cloned().unwrap_or_default();
                for (name, member) in members.iter().filter(|(name, _)| known.get(name).is_none()) {
                    match rule {
                        Value::Bool(false) => must(false, name),
                        schema => inner.extend(problems(schema, member, &format!("{at}.{name}"))),
                    }
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    inner.extend(problems(rule, item, &format!("{at}[{index}]")));
                }
            }
            "anyOf" => must(list(rule).iter().any(fits), word),
            "oneOf" => must(list(rule).iter().filter(|schema| fits(schema)).count() == 1, word),
            other => panic!("{at}: the schema uses `{other}`, which this test does not know"),
        }
    }
    found.extend(inner);
    found
}

fn is_of(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        other => panic!("the schema uses the type `{other}`, which this test does not know"),
    }
}
