//! A snapshot's sections as expressions see them.

use std::collections::BTreeMap;

use befund_expression::{Names, Patterns, Scope};
use befund_model::Timestamp;
use befund_model::section;
use befund_model::snapshot::{SectionRef, Status};

/// The name of a section in expressions: its own, with underscores for dots.
#[must_use]
pub fn name_of(kind: &str) -> String {
    kind.replace('.', "_")
}

/// What a check may name: the sections, beside `now`, which is the snapshot's time.
pub(crate) fn names() -> Names {
    let sections = section::ALL.iter().map(|known| name_of(known.kind.as_str()));
    let hint = "the sections' names, with underscores for dots, are what can be named";
    Names::new(sections, "section", hint)
}

/// What a check may look at. Made once for each snapshot: most of a judgement's cost is here.
pub struct Facts {
    scope: Scope,
    missing: BTreeMap<String, (Status, String)>,
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
        let mut scope = Scope::new("the snapshot", taken_at, patterns);
        let mut missing = BTreeMap::new();
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
                Some(content) => scope.add(name, content),
            }
        }
        Self { scope, missing }
    }

    pub(crate) const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Why this section cannot be asked, if it cannot.
    pub(crate) fn lacking(&self, name: &str) -> Option<(Status, String)> {
        if self.scope.has(name) {
            return None;
        }
        let gone = || (Status::Unsupported, "the snapshot has no such section".to_owned());
        Some(self.missing.get(name).cloned().unwrap_or_else(gone))
    }
}
