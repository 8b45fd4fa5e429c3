//! What changed between two snapshots of a machine.
//!
//! Works on the sections' JSON rather than on their types, so that it also compares what a newer
//! agent sent.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Timestamp;
use crate::section;
use crate::snapshot::{SectionKind, SectionRef, Status, Volatility};

mod class;

pub use class::{ChangeClass, compare_versions, weight};

/// The most changes that are listed for one section; the rest is counted.
pub const MAX_CHANGES: usize = 500;

/// What changed between two snapshots.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SnapshotDiff {
    /// The sections that differ, sorted by kind.
    pub sections: Vec<SectionDiff>,
    /// How many sections are the same in both.
    pub unchanged: u32,
    /// Volatile sections that differ, as they always do; sorted.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub volatile: Vec<SectionKind>,
}

/// What changed in a section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SectionDiff {
    /// Which one.
    pub kind: SectionKind,
    /// Its status in the first snapshot; absent if it has no such section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Status>,
    /// Its status in the second snapshot; absent if it has no such section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Status>,
    /// The changes, in the order of the section.
    pub changes: Vec<Change>,
    /// How many more changes there are than [`MAX_CHANGES`].
    #[serde(default)]
    pub more: u32,
    /// When all of it happened, as closely as the snapshots in between tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<Between>,
}

/// Two times at which snapshots were taken, between which something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Between {
    /// The last time at which it was as before.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub after: Timestamp,
    /// The first time at which it was as it is now.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub until: Timestamp,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Change {
    /// Where: fields with dots, objects of a list by their key in brackets, as in
    /// `packages[bash amd64].version`.
    pub path: String,
    /// What it was; absent if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; absent if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// What kind of change it is.
    pub class: ChangeClass,
}

impl SnapshotDiff {
    /// The changes of all sections, those first that explain trouble most often, with their sections.
    #[must_use]
    pub fn ranked(&self) -> Vec<(&SectionDiff, &Change)> {
        let sections = self.sections.iter();
        let mut changes: Vec<(&SectionDiff, &Change)> = sections
            .flat_map(|section| section.changes.iter().map(move |change| (section, change)))
            .collect();
        changes.sort_by_key(|(section, change)| {
            std::cmp::Reverse(weight(section.kind.as_str(), &change.path))
        });
        changes
    }

    /// How many changes there are, with those that are not listed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sections.iter().map(|section| section.changes.len() + section.more as usize).sum()
    }
}

/// Compares two snapshots, each given as the lines of its manifest with the sections' content.
///
/// Sections with the same hash are not looked into, so a caller may leave their content `null`. A
/// section that one side could not read is reported by its statuses, not as thousands of losses.
#[must_use]
pub fn diff(a: &[(SectionRef, Value)], b: &[(SectionRef, Value)]) -> SnapshotDiff {
    let mut kinds: Vec<&SectionKind> = a.iter().chain(b).map(|(line, _)| &line.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut result = SnapshotDiff::default();
    for kind in kinds {
        let before = a.iter().find(|(line, _)| line.kind == *kind);
        let after = b.iter().find(|(line, _)| line.kind == *kind);
        let volatile =
            before.or(after).is_some_and(|(line, _)| line.volatility == Volatility::Volatile);
        if let (Some((one, _)), Some((other, _))) = (before, after)
            && one.hash == other.hash
            && one.status == other.status
        {
            result.unchanged += 1;
        } else if volatile
            && before.map(|(line, _)| line.status) == after.map(|(line, _)| line.status)
        {
            result.volatile.push(kind.clone());
        } else {
            result.sections.push(compare(kind, before, after));
        }
    }
    result
}

fn compare(
    kind: &SectionKind,
    before: Option<&(SectionRef, Value)>,
    after: Option<&(SectionRef, Value)>,
) -> SectionDiff {
    let mut found = Found {
        keys: section::known(kind.as_str()).map_or(&[], |known| known.keys),
        changes: Vec::new(),
        more: 0,
    };
    if let (Some((_, old)), Some((line, new))) = (before, after)
        && !old.is_null()
        && !new.is_null()
        && line.volatility == Volatility::Stable
    {
        found.value("", old, new);
    }
    SectionDiff {
        kind: kind.clone(),
        before: before.map(|(line, _)| line.status),
        after: after.map(|(line, _)| line.status),
        changes: found.changes,
        more: found.more,
        between: None,
    }
}

struct Found {
    keys: &'static [&'static str],
    changes: Vec<Change>,
    more: u32,
}

impl Found {
    fn value(&mut self, path: &str, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => self.object(path, old, new),
            (Value::Array(old), Value::Array(new)) if self.keyed(old) && self.keyed(new) => {
                self.list(path, old, new);
            }
            (old, new) if old != new => self.push(path.to_owned(), Some(old), Some(new)),
            _ => {}
        }
    }

    fn object(&mut self, path: &str, old: &Map<String, Value>, new: &Map<String, Value>) {
        let mut names: Vec<&String> = old.keys().collect();
        names.extend(new.keys().filter(|name| !old.contains_key(*name)));
        for name in names {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match (old.get(name), new.get(name)) {
                (Some(old), Some(new)) => self.value(&path, old, new),
                // A list that is left out is an empty one.
                (Some(old @ Value::Array(_)), None) => {
                    self.value(&path, old, &Value::Array(vec![]))
                }
                (None, Some(new @ Value::Array(_))) => {
                    self.value(&path, &Value::Array(vec![]), new)
                }
                (old, new) => self.push(path, old, new),
            }
        }
    }

    /// Matches the objects of two lists by their keys. Objects with the same key (two modules
    /// without a slot) are matched in order.
    fn list(&mut self, path: &str, old: &[Value], new: &[Value]) {
        let mut theirs =
            std::collections::BTreeMap::<String, std::collections::VecDeque<&Value>>::new();
        for item in new {
            theirs.entry(self.key(item)).or_default().push_back(item);
        }
        for item in old {
            let key = self.key(item);
            match theirs.get_mut(&key).and_then(std::collections::VecDeque::pop_front) {
                Some(other) if other == item => {}
                Some(other) => self.value(&format!("{path}[{key}]"), item, other),
                None => self.push(format!("{path}[{key}]"), Some(item), None),
            }
        }
        for (key, items) in theirs {
            for item in items {
                self.push(format!("{path}[{key}]"), None, Some(item));
            }
        }
    }

    fn keyed(&self, list: &[Value]) -> bool {
        list.iter().all(|item| !self.key(item).is_empty())
    }

    fn key(&self, item: &Value) -> String {
        let mut key = String::new();
        let Some(item) = item.as_object() else { return key };
        for value in self.keys.iter().filter_map(|name| item.get(*name)) {
            if !key.is_empty() {
                key.push(' ');
            }
            match value {
                Value::String(text) => key.push_str(text),
                other => key.push_str(&other.to_string()),
            }
        }
        key
    }

    fn push(&mut self, path: String, before: Option<&Value>, after: Option<&Value>) {
        if self.changes.len() < MAX_CHANGES {
            let class = ChangeClass::of(&path, before, after);
            let (before, after) = (before.cloned(), after.cloned());
            self.changes.push(Change { path, before, after, class });
        } else {
            self.more += 1;
        }
    }
}

#[cfg(test)]
#[path = "diff/tests.rs"]
mod tests;
