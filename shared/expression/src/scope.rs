//! The facts that expressions are evaluated over. Not here: where they come from, and why some are missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use befund_model::Timestamp;
use cel::objects::{Key, Map};
use cel::{Context, Env, Value};

use crate::functions::{self, Patterns};
use crate::names::NOW;

/// Facts, by the names that expressions have for them, and [`NOW`].
pub struct Scope {
    source: &'static str,
    context: Context<'static, 'static>,
    longest: BTreeMap<String, usize>,
}

impl Scope {
    /// None yet but the time. `source` is what tells the facts, as in `the snapshot`, for messages.
    #[must_use]
    pub fn new(source: &'static str, now: Timestamp, patterns: &Patterns) -> Self {
        let mut context = Context::with_env(Arc::new(Env::stdlib()));
        functions::add(&mut context, patterns);
        context.add_variable_from_value(NOW, Value::Int(now.as_second()));
        Self { source, context, longest: BTreeMap::new() }
    }

    /// Adds facts under a name; later ones take the place of earlier ones.
    pub fn add(&mut self, name: impl Into<String>, facts: serde_json::Value) {
        let name = name.into();
        self.longest.insert(name.clone(), longest_list(&facts));
        self.context.add_variable_from_value(name, value(facts));
    }

    /// Whether this name has facts.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        name == NOW || self.longest.contains_key(name)
    }

    pub(crate) const fn source(&self) -> &'static str {
        self.source
    }

    pub(crate) const fn context(&self) -> &Context<'static, 'static> {
        &self.context
    }

    /// The length of the longest list in what this name stands for.
    pub(crate) fn longest(&self, name: &str) -> usize {
        self.longest.get(name).copied().unwrap_or_default()
    }
}

fn longest_list(facts: &serde_json::Value) -> usize {
    match facts {
        serde_json::Value::Array(items) => {
            items.iter().map(longest_list).max().unwrap_or_default().max(items.len())
        }
        // A macro goes over an object's names as over a list.
        serde_json::Value::Object(fields) => {
            fields.values().map(longest_list).max().unwrap_or_default().max(fields.len())
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
