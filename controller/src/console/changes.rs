//! What has changed on a machine since it was last well, as a card: what explains trouble most often
//! first.

use askama::Template;
use befund_model::api::{ChangesView, SnapshotRecord};
use befund_model::diff::{Between, Change, ChangeClass};
use befund_model::section;
use befund_model::snapshot::SectionKind;
use serde_json::Value;

use crate::api::problem::Failure;
use crate::changes;
use crate::console::page::Frame;
use crate::state::AppState;

/// How many changes are shown.
const SHOWN: usize = 10;
/// The most characters of a value.
const LONG: usize = 80;

/// The card.
#[derive(Template)]
#[template(path = "changes.html")]
pub struct ChangesCard {
    frame: Frame,
    view: ChangesView,
}

impl ChangesCard {
    /// Of this snapshot.
    ///
    /// # Errors
    /// `internal` if the store cannot be read.
    pub async fn of(
        app: &AppState,
        record: &SnapshotRecord,
        frame: Frame,
    ) -> Result<Self, Failure> {
        Ok(Self { view: changes::since_good(app, record).await?, frame })
    }

    /// As markup for a page that holds it; nothing where there is nothing to compare with.
    #[must_use]
    pub fn markup(&self) -> String {
        if self.view.since.is_none() { String::new() } else { self.render().unwrap_or_default() }
    }

    /// What is shown of them; none where there is nothing to compare with.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        if self.view.since.is_none() { Vec::new() } else { self.shown() }
    }

    fn shown(&self) -> Vec<Line> {
        let ranked = self.view.diff.ranked();
        let shown = ranked.iter().take(SHOWN);
        shown
            .map(|(section, change)| Line {
                between: section.between,
                ..Line::of(&section.kind, change, &self.frame)
            })
            .collect()
    }

    fn more(&self) -> usize {
        self.view.diff.count().saturating_sub(SHOWN)
    }
}

/// One change, in words.
#[derive(Debug)]
pub struct Line {
    /// The class of the change.
    pub class: &'static str,
    /// The section's title.
    pub title: String,
    /// Where in it.
    pub path: String,
    /// Before and after.
    pub values: String,
    /// When.
    pub between: Option<Between>,
}

impl Line {
    /// Of this change.
    #[must_use]
    pub fn of(kind: &SectionKind, change: &Change, frame: &Frame) -> Self {
        Self {
            class: class(change.class, frame),
            title: section::title(kind.as_str(), frame.t.language()).to_owned(),
            path: change.path.clone(),
            values: values(change),
            between: None,
        }
    }
}

fn class(class: ChangeClass, frame: &Frame) -> &'static str {
    let t = frame.t;
    match class {
        ChangeClass::Added => t.pick("added", "neu"),
        ChangeClass::Removed => t.pick("removed", "entfernt"),
        ChangeClass::Upgraded => t.pick("upgraded", "neuere Version"),
        ChangeClass::Downgraded => t.pick("downgraded", "ältere Version"),
        ChangeClass::Grew => t.pick("grew", "mehr"),
        ChangeClass::Shrank => t.pick("shrank", "weniger"),
        ChangeClass::Replaced => t.pick("replaced", "ausgetauscht"),
        ChangeClass::Reconfigured => t.pick("reconfigured", "umgestellt"),
    }
}

/// Before and after, in words; of two lists of words what came and what went.
fn values(change: &Change) -> String {
    match (&change.before, &change.after) {
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            let only = |these: &[Value], those: &[Value], sign: char| -> Vec<String> {
                let alone = these.iter().filter(|one| !those.contains(one));
                alone.map(|one| format!("{sign}{}", brief(one))).collect()
            };
            let moved = [only(before, after, '−'), only(after, before, '+')].concat();
            match moved.is_empty() {
                true => format!("{} → {}", list(before), list(after)),
                false => short(&moved.join(" ")),
            }
        }
        (Some(before), Some(after)) => format!("{} → {}", brief(before), brief(after)),
        (Some(only), None) | (None, Some(only)) => brief(only),
        (None, None) => String::new(),
    }
}

fn list(values: &[Value]) -> String {
    short(&values.iter().map(brief).collect::<Vec<_>>().join(", "))
}

fn brief(value: &Value) -> String {
    match value {
        Value::String(text) => short(text),
        Value::Array(values) => list(values),
        Value::Object(fields) => {
            let told = ["version", "model", "state", "start", "address", "gateway", "command"];
            let word = told.iter().find_map(|name| fields.get(*name).and_then(Value::as_str));
            short(word.unwrap_or_default())
        }
        other => other.to_string(),
    }
}

fn short(words: &str) -> String {
    match words.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}
