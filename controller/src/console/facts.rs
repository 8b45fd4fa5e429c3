//! The facts of a section or a result, whatever their shape: lists of objects as tables, objects as
//! pairs, sizes and times in words. Markup is built by hand because the shape is recursive; every
//! text in it goes through the one escaper.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::console::text::put;
use crate::console::units::scalar;
use crate::console::words::Words;

/// The most rows of one table; a machine has thousands of packages.
pub const MAX_ROWS: usize = 2_000;
/// A list that is longer tells how long it is.
const COUNTED: usize = 5;
/// A text that is longer gets a row of its own.
const LONG: usize = 60;
/// The columns by which a row is known, in the order in which they are read.
const FIRST: [&str; 9] = [
    "name",
    "mount_point",
    "interface",
    "destination",
    "address",
    "port",
    "pid",
    "version",
    "state",
];
/// The columns that are long, and read last.
const LAST: [&str; 4] = ["description", "file", "options", "command"];
/// The deepest that is shown.
const MAX_DEPTH: usize = 8;

/// The facts as markup, safe to put into a page.
#[must_use]
pub fn markup(t: &Words, value: &Value) -> String {
    let mut out = String::new();
    node(&mut out, t, "", value, 0);
    out
}

fn node(out: &mut String, t: &Words, key: &str, value: &Value, depth: usize) {
    if depth > MAX_DEPTH {
        put(out, "…");
        return;
    }
    match value {
        Value::Object(map) if map.is_empty() => nothing(out, t),
        Value::Object(map) => pairs(out, t, map, depth),
        Value::Array(rows) if rows.is_empty() => nothing(out, t),
        Value::Array(rows) if rows.iter().all(Value::is_object) => table(out, t, rows, depth),
        Value::Array(items) => list(out, t, key, items, depth),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            put(out, &scalar(t, key, value));
        }
    }
}

fn nothing(out: &mut String, t: &Words) {
    out.push_str("<span class=\"dim\">");
    put(out, t.no_content);
    out.push_str("</span>");
}

fn pairs(out: &mut String, t: &Words, map: &Map<String, Value>, depth: usize) {
    out.push_str("<dl class=\"facts\">");
    for (key, value) in map {
        let wide = matches!(value, Value::Object(_))
            || matches!(value, Value::Array(items) if items.iter().any(Value::is_object))
            || matches!(value, Value::String(text) if text.len() > LONG);
        out.push_str(if wide { "<div class=\"wide\"><dt>" } else { "<div><dt>" });
        put(out, &label(key));
        if let Value::Array(items) = value
            && items.len() > COUNTED
        {
            let _ = write!(out, " ({})", items.len());
        }
        out.push_str("</dt><dd>");
        node(out, t, key, value, depth + 1);
        out.push_str("</dd></div>");
    }
    out.push_str("</dl>");
}

fn list(out: &mut String, t: &Words, key: &str, items: &[Value], depth: usize) {
    if items.iter().all(|item| !item.is_object() && !item.is_array()) {
        let words: Vec<String> = items.iter().map(|item| scalar(t, key, item)).collect();
        put(out, &words.join(", "));
        return;
    }
    out.push_str("<ul>");
    for item in items.iter().take(MAX_ROWS) {
        out.push_str("<li>");
        node(out, t, key, item, depth + 1);
        out.push_str("</li>");
    }
    out.push_str("</ul>");
}

fn table(out: &mut String, t: &Words, rows: &[Value], depth: usize) {
    let mut columns: Vec<&str> = Vec::new();
    for key in rows.iter().filter_map(Value::as_object).flat_map(Map::keys) {
        if !columns.contains(&key.as_str()) {
            columns.push(key);
        }
    }
    columns.sort_by_key(|column| place(column));
    out.push_str("<div class=\"scroll\" tabindex=\"0\"><table class=\"facts\"><thead><tr>");
    for column in &columns {
        let numbers = rows.iter().any(|row| row.get(column).is_some_and(Value::is_number));
        let class = if numbers { " class=\"number\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\"{class}>");
        put(out, &label(column));
        out.push_str("</th>");
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows.iter().take(MAX_ROWS) {
        out.push_str("<tr>");
        for column in &columns {
            let value = row.get(column).unwrap_or(&Value::Null);
            out.push_str(if value.is_number() { "<td class=\"number\">" } else { "<td>" });
            if !value.is_null() {
                node(out, t, column, value, depth + 1);
            }
            out.push_str("</td>");
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    if rows.len() > MAX_ROWS {
        let _ = write!(out, "<p class=\"dim\">{MAX_ROWS} / {}. ", rows.len());
        put(out, t.more);
        out.push_str("</p>");
    }
}

/// Where a column stands, from the left.
fn place(column: &str) -> usize {
    if let Some(at) = FIRST.iter().position(|first| *first == column) {
        return at;
    }
    let last = LAST.iter().position(|last| *last == column);
    last.map_or(FIRST.len(), |at| FIRST.len() + 1 + at)
}

/// A field's name as a label: without its unit, which the value then carries.
fn label(key: &str) -> String {
    let mut words = crate::console::units::bare(key).replace(['_', '-'], " ");
    if let Some(first) = words.get(..1).map(str::to_uppercase) {
        words.replace_range(..1, &first);
    }
    match words.as_str() {
        "Id" | "Os" | "Cpu" | "Mac" | "Mtu" | "Uid" | "Pid" | "Uuid" | "Sku" | "Tpm" => {
            words.to_uppercase()
        }
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::console::words::EN;

    #[test]
    fn labels_leave_the_unit_to_the_value() {
        assert_eq!(label("size_bytes"), "Size");
        assert_eq!(label("secure_boot"), "Secure boot");
        assert_eq!(label("mac"), "MAC");
    }

    #[test]
    fn whatever_a_machine_sends_is_text() {
        let hostile = "<script>alert(1)</script>\u{202e}\u{1b}";
        let value = json!({ hostile: [{ hostile: hostile }], "list": [hostile, [hostile]] });
        let markup = markup(&EN, &value);
        assert!(!markup.contains("<script"), "{markup}");
        assert!(!markup.contains(['\u{202e}', '\u{1b}']), "{markup}");
        assert!(markup.contains("⟨U+202E⟩␛"), "{markup}");
    }

    #[test]
    fn a_deep_value_ends() {
        let mut value = json!(1);
        for _ in 0..100 {
            value = json!([[value]]);
        }
        assert!(markup(&EN, &value).contains('…'));
    }
}
