//! What a check is.

use std::collections::BTreeSet;

use befund_expression::Expression;
use befund_model::id::Hash;
use befund_model::language::Text;

/// A rule over facts.
#[derive(Debug)]
pub struct Check {
    /// Its id, as in `disk.space`.
    pub id: String,
    /// Raised when its meaning changes.
    pub version: u32,
    /// What it is about, for people.
    pub title: Text,
    /// The kind of complaint that it helps with, as in `slow`, `network`.
    pub category: String,
    /// Whether it concerns the machine at all; without one it always does.
    pub applies: Option<Expression>,
    /// When it fails.
    pub fail: Option<Expression>,
    /// When it warns; asked only if it does not fail.
    pub warn: Option<Expression>,
    /// The facts that it shows.
    pub evidence: Vec<Shown>,
    /// What the verdict means, for a technician.
    pub explanation: Text,
    /// One sentence for the person at the machine.
    pub user: Text,
    /// What to do.
    pub remedy: Text,
    /// Where to read on.
    pub references: Vec<String>,
    /// The hash of its conditions and evidence: what was judged by others is judged again.
    pub digest: Hash,
}

/// A fact that a check shows.
#[derive(Debug)]
pub struct Shown {
    /// What it is.
    pub label: Text,
    /// The fact.
    pub value: Expression,
}

impl Check {
    /// The sections that it reads, by their names in expressions.
    #[must_use]
    pub fn sections(&self) -> BTreeSet<&str> {
        let conditions = [&self.applies, &self.fail, &self.warn].into_iter().flatten();
        let shown = self.evidence.iter().map(|shown| &shown.value);
        conditions.chain(shown).flat_map(Expression::roots).collect()
    }
}
