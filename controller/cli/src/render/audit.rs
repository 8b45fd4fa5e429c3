//! The audit log, the list of enrollment tokens, and what can be run.

use befund_model::api::WorkInfo;
use befund_model::audit::AuditEntry;
use serde_json::Value;

use crate::render::table::{Tone, cell, table, toned};
use crate::render::{table as tables, value};
use crate::screen::Look;

/// Entries of the audit log.
pub(crate) fn entries(look: &Look, entries: &[AuditEntry]) -> String {
    if entries.is_empty() {
        return "No entries.".to_owned();
    }
    let mut rows = table(look, &["seq", "when", "who", "from", "what", "on", "with"]);
    for entry in entries {
        rows.add_row(vec![
            cell(entry.seq.map_or_else(|| "–".to_owned(), |seq| seq.to_string())),
            toned(look.time(entry.at), Tone::Faint),
            cell(entry.actor.name()),
            cell(&entry.source),
            cell(&entry.action),
            cell(&entry.object),
            cell(value::brief(&entry.detail)),
        ]);
    }
    tables::text(&rows, 0)
}

/// The probes.
pub(crate) fn works(look: &Look, works: &[WorkInfo]) -> String {
    let mut rows = table(look, &["name", "what it does", "parameters"]);
    for info in works {
        let parameters = info.parameters.get("properties").and_then(Value::as_object);
        let parameters = parameters
            .map(|properties| properties.keys().cloned().collect::<Vec<_>>().join(", "))
            .filter(|names| !names.is_empty())
            .unwrap_or_else(|| "–".to_owned());
        rows.add_row(vec![cell(info.work.name()), cell(&info.title), cell(parameters)]);
    }
    tables::text(&rows, 0)
}

/// Rows of any shape: the fields of the first row are the columns.
pub(crate) fn rows(look: &Look, rows: &Value, empty: &str) -> String {
    let Some(items) = rows.as_array().or_else(|| rows.get("items")?.as_array()) else {
        return value::tree(rows, 0);
    };
    let Some(first) = items.first().and_then(Value::as_object) else {
        return empty.to_owned();
    };
    let columns: Vec<&str> = first.keys().map(String::as_str).collect();
    let mut lines = table(look, &columns);
    for item in items {
        lines.add_row(
            columns
                .iter()
                .map(|name| cell(value::brief(item.get(*name).unwrap_or(&Value::Null))))
                .collect::<Vec<_>>(),
        );
    }
    tables::text(&lines, 0)
}
