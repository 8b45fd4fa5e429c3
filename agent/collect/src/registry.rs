//! The table of collectors: for each kind of section how long it may take, and its function.
//! Titles, privacy classes and volatility stand with the kinds in [`befund_model::section`].

use std::time::Duration;

use befund_model::section::Known;
use befund_model::snapshot::{PrivacyClass, SectionKind, Volatility};

use crate::Plan;
use crate::collector::{Context, Outcome};
use crate::platform::COLLECTORS;

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The kind of section.
    pub(crate) section: &'static Known,
    /// How long its collector may take.
    pub(crate) deadline: Duration,
    /// The collector.
    pub(crate) run: fn(&Context) -> Outcome,
}

/// The collectors that the plan asks for. Those that may take longest come first, since threads start
/// in this order.
pub(crate) fn selected(plan: &Plan) -> Vec<&'static Entry> {
    let mut entries: Vec<_> = COLLECTORS
        .iter()
        .copied()
        .flatten()
        .filter(|entry| entry.section.class <= plan.up_to)
        .filter(|entry| plan.only.as_ref().is_none_or(|only| only.contains(&entry.section.kind)))
        .collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.deadline));
    entries
}

/// The sections that a collection by this plan yields, sorted by kind: each of them comes, if only
/// with a status and a reason, unless the process dies.
#[must_use]
pub fn expected(plan: &Plan) -> Vec<(SectionKind, PrivacyClass, Volatility)> {
    let mut sections: Vec<_> = selected(plan)
        .into_iter()
        .map(|entry| (entry.section.kind.clone(), entry.section.class, entry.section.volatility))
        .collect();
    sections.sort_by(|a, b| a.0.cmp(&b.0));
    sections
}
