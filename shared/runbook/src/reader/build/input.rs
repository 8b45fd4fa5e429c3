//! What whoever starts a run may set.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Build, both, named, text, value, whole};
use crate::document::{Input, InputKind};
use crate::language::words::{InputType, Word};
use crate::yaml::Node;

impl Build<'_> {
    pub(super) fn inputs(&mut self, node: Option<&Node>) -> Option<BTreeMap<String, Input>> {
        named(node).map(|(name, node)| Some((name.to_owned(), self.input(name, node)?))).collect()
    }

    fn input(&mut self, name: &str, node: &Node) -> Option<Input> {
        let path = format!("inputs.{name}");
        let kind = InputType::read(node.get("type")?.text()?)?;
        let fits: &[&str] = match kind {
            InputType::Number => &["min", "max"],
            InputType::Word => &["words"],
            InputType::Host | InputType::Flag | InputType::Name => &[],
        };
        for key in ["min", "max", "words"] {
            if node.get(key).is_some() && !fits.contains(&key) {
                let word = text(node, "type")?;
                let message = format!("an input of type `{word}` has no `{key}`");
                self.complain(&format!("{path}.{key}"), "unknown-key", message);
            }
        }
        let kind = match kind {
            InputType::Host => InputKind::Host,
            InputType::Flag => InputKind::Flag,
            InputType::Name => InputKind::Name,
            InputType::Number => {
                let (min, max) = (whole(node, "min", 0)?, whole(node, "max", 1_000_000)?);
                if min > max {
                    let message = format!("nothing is from {min} to {max}");
                    self.complain(&path, "out-of-range", message);
                }
                InputKind::Number { min, max }
            }
            InputType::Word => {
                let items = node.get("words").map(Node::items).unwrap_or_default();
                let words: Vec<String> = items
                    .iter()
                    .map(|item| item.text().map(str::to_owned))
                    .collect::<Option<_>>()?;
                if words.len() < 2 {
                    let message = "a word is chosen from at least two: list them in `words`";
                    self.complain(&path, "too-short", message.to_owned());
                }
                InputKind::Word(words)
            }
        };
        let default = node.get("default").and_then(Node::scalar).map(|scalar| match kind {
            // A host or a word may look like a number.
            InputKind::Host | InputKind::Word(_) | InputKind::Name => {
                Value::from(scalar.text.as_str())
            }
            InputKind::Number { .. } | InputKind::Flag => value(scalar),
        });
        let input = Input { kind, default, title: both(node.get("title")?)? };
        if let Some(default) = &input.default
            && let Err(expected) = input.kind.accepts(default)
        {
            let message = format!("the default does not fit: expected {expected}");
            self.complain(&format!("{path}.default"), "form", message);
        }
        Some(input)
    }
}
