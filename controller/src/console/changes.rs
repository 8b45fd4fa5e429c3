//! What has changed on a machine since it was last well, as a card: what explains trouble most often
//! first.

use askama::Template;
use befund_model::api::{ChangesView, SnapshotRecord};
use befund_model::diff::{Change, ChangeClass};
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

    fn shown(&self) -> Vec<(&SectionKind, &Change)> {
        self.view.diff.ranked().into_iter().take(SHOWN).collect()
    }

    fn more(&self) -> usize {
        let beyond = self.view.diff.sections.iter().map(|section| section.more as usize);
        (self.view.diff.ranked().len() + beyond.sum::<usize>()).saturating_sub(SHOWN)
    }

    fn title<'a>(&self, kind: &'a SectionKind) -> &'a str {
        section::title(kind.as_str(), self.frame.t.language())
    }

    fn class(&self, class: &ChangeClass) -> &'static str {
        let t = self.frame.t;
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

    /// Before and after, in words.
    fn values(&self, change: &Change) -> String {
        match (&change.before, &change.after) {
            (Some(before), Some(after)) => format!("{} → {}", brief(before), brief(after)),
            (Some(only), None) | (None, Some(only)) => brief(only),
            (None, None) => String::new(),
        }
    }
}

fn brief(value: &Value) -> String {
    let words = match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let told = ["version", "model", "state", "start", "address", "gateway"];
            let word = told.iter().find_map(|name| fields.get(*name).and_then(Value::as_str));
            word.unwrap_or_default().to_owned()
        }
        other => other.to_string(),
    };
    if words.chars().count() > LONG {
        words.chars().take(LONG).chain(['…']).collect()
    } else {
        words
    }
}
