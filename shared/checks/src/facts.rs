//! A snapshot's sections as expressions see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use befund_model::Timestamp;
use befund_model::section;
use befund_model::snapshot::{SectionRef, Status};
use cel::objects::{Key, Map};
use cel::{Context, Env, Value};

use crate::functions::{self, Patterns};

/// The name of a section in expressions: its own, with underscores for dots.
#[must_use]
pub fn name_of(kind: &str) -> String {
    kind.replace('.', "_")
}

/// The sections that an expression may name, beside `now`.
pub(crate) fn known_names() -> impl Iterator<Item = String> {
    section::ALL.iter().map(|known| name_of(known.kind.as_str()))
}

/// The name of the snapshot's time, Unix seconds.
pub(crate) const NOW: &str = "now";

/// What a check may look at. Made once for each snapshot: most of a judgement's cost is here.
pub struct Facts {
    context: Context<'static, 'static>,
    missing: BTreeMap<String, (Status, String)>,
    longest: BTreeMap<String, usize>,
}

impl Facts {
    /// The facts of a snapshot taken at `taken_at`: its manifest's lines with the bytes of each section
    /// that is at hand. A section that is not there, or says nothing, is missing with its reason.
    #[must_use]
    pub fn new<'a>(
        taken_at: Timestamp,
        patterns: &Patterns,
        sections: impl IntoIterator<Item = (&'a SectionRef, Option<&'a [u8]>)>,
    ) -> Self {
        let mut context = Context::with_env(Arc::new(Env::stdlib()));
        functions::add(&mut context, patterns);
        context.add_variable_from_value(NOW, Value::Int(taken_at.as_second()));
        let mut missing = BTreeMap::new();
        let mut longest = BTreeMap::new();
        for (line, bytes) in sections {
            let name = name_of(line.kind.as_str());
            let content = bytes.and_then(|bytes| serde_json::from_slice(bytes).ok());
            match content {
                Some(serde_json::Value::Null) | None => {
                    let reason = match line.status {
                        Status::Ok => "its content is not at hand".to_owned(),
                        _ => line.reason.clone(),
                    };
                    missing.insert(name, (line.status, reason));
                }
                Some(content) => {
                    longest.insert(name.clone(), longest_list(&content));
                    context.add_variable_from_value(name, value(content));
                }
            }
        }
        Self { context, missing, longest }
    }

    pub(crate) const fn context(&self) -> &Context<'static, 'static> {
        &self.context
    }

    /// Why this section cannot be asked, if it cannot.
    pub(crate) fn lacking(&self, name: &str) -> Option<(Status, String)> {
        if name == NOW || self.longest.contains_key(name) {
            return None;
        }
        let gone = || (Status::Unsupported, "the snapshot has no such section".to_owned());
        Some(self.missing.get(name).cloned().unwrap_or_else(gone))
    }

    /// The length of the longest list in a section.
    pub(crate) fn longest(&self, name: &str) -> usize {
        self.longest.get(name).copied().unwrap_or_default()
    }
}

fn longest_list(content: &serde_json::Value) -> usize {
    match content {
        serde_json::Value::Array(items) => {
            items.iter().map(longest_list).max().unwrap_or_default().max(items.len())
        }
        serde_json::Value::Object(fields) => {
            fields.values().map(longest_list).max().unwrap_or_default()
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => 0,
    }
}

/// A JSON value for expressions. Every whole number is an `int`: CEL does not compare `uint` with `int`,
/// and authors write `int`.
fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::String(Arc::new(text)),
        serde_json::Value::Array(items) => {
            Value::List(Arc::new(items.into_iter().map(value).collect()))
        }
        serde_json::Value::Object(fields) => {
            let map = fields
                .into_iter()
                .map(|(name, content)| (Key::String(Arc::new(name)), value(content)))
                .collect();
            Value::Map(Map { map: Arc::new(map) })
        }
    }
}
