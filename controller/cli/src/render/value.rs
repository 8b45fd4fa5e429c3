//! JSON of any shape, as an indented outline: for facts and sections, whose kinds grow over time.

use std::fmt::Write as _;

use serde_json::Value;

use crate::render::text;

/// The most levels that are followed; deeper ones are shown as JSON on one line.
const MAX_DEPTH: usize = 8;

/// An outline of the value, each line indented.
pub(crate) fn tree(value: &Value, indent: usize) -> String {
    let mut out = String::new();
    match value {
        Value::Object(_) | Value::Array(_) => children(&mut out, value, indent, 0),
        scalar => {
            let _ = writeln!(out, "{}{}", " ".repeat(indent), brief(scalar));
        }
    }
    out
}

fn children(out: &mut String, value: &Value, indent: usize, depth: usize) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = text::line(name);
                if is_flat(field) || depth == MAX_DEPTH {
                    let _ = writeln!(out, "{pad}{name}: {}", brief(field));
                } else {
                    let _ = writeln!(out, "{pad}{name}:");
                    children(out, field, indent + 2, depth + 1);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Object(fields) if item_is_row(item) => {
                        let row: Vec<String> = fields
                            .iter()
                            .filter(|(_, field)| !field.is_null())
                            .map(|(name, field)| format!("{}={}", text::line(name), brief(field)))
                            .collect();
                        let _ = writeln!(out, "{pad}- {}", row.join(" "));
                    }
                    item if is_flat(item) || depth == MAX_DEPTH => {
                        let _ = writeln!(out, "{pad}- {}", brief(item));
                    }
                    item => {
                        let _ = writeln!(out, "{pad}-");
                        children(out, item, indent + 2, depth + 1);
                    }
                }
            }
        }
        scalar => {
            let _ = writeln!(out, "{pad}{}", brief(scalar));
        }
    }
}

fn item_is_row(item: &Value) -> bool {
    matches!(item, Value::Object(fields) if fields.values().all(is_flat))
}

fn is_flat(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
        _ => true,
    }
}

/// A value on one line.
pub(crate) fn brief(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text::line(text),
        Value::Array(items) if is_flat(value) => {
            items.iter().map(brief).collect::<Vec<_>>().join(", ")
        }
        other => text::line(&other.to_string()),
    }
}

/// The fields of an object on one line, as in `interface=eth0`.
pub(crate) fn pairs(value: &Value) -> String {
    let fields = value.as_object().into_iter().flatten();
    fields
        .map(|(name, field)| format!("{}={}", text::line(name), brief(field)))
        .collect::<Vec<_>>()
        .join(" ")
}
