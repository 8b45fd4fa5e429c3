//! What the checks say of machines: which checks there are, judging what came in, and showing it with
//! the worst and the rarest first.

use std::cmp::Reverse;

use befund_model::api::{CheckView, FindingView, FindingsView, SnapshotRecord};
use befund_model::probe::Verdict;

use crate::api::problem::Failure;
use crate::state::AppState;
use crate::store::repository::Findings as _;

mod check_set;
mod judging;

pub use check_set::{CheckSet, CheckSetError};
pub use judging::run;

/// The findings of a snapshot: failures first, then warnings, what is unknown, what passes; within each,
/// what fewer machines of the fleet have.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn of(app: &AppState, record: &SnapshotRecord) -> Result<FindingsView, Failure> {
    let snapshot = record.manifest.id;
    let Some(judged) = app.store.judged(record.agent, snapshot).await? else {
        return Ok(FindingsView { snapshot, judged: false, findings: Vec::new() });
    };
    let troubled = app.store.troubled().await?;
    let mut findings: Vec<FindingView> = judged
        .judgements
        .into_iter()
        .filter_map(|judgement| judgement.finding)
        .map(|finding| FindingView {
            machines: troubled.get(&finding.check).copied().unwrap_or_default(),
            check: app.checks.view(&finding.check),
            finding,
        })
        .collect();
    findings.sort_by_key(|view| {
        let FindingView { finding, machines, .. } = view;
        (Reverse(weight(finding.verdict)), *machines, finding.check.clone())
    });
    Ok(FindingsView { snapshot, judged: true, findings })
}

const fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 3,
        Verdict::Warn => 2,
        Verdict::Unknown => 1,
        Verdict::Pass => 0,
    }
}

/// The checks that there are.
#[must_use]
pub fn checks(app: &AppState) -> Vec<CheckView> {
    app.checks.views()
}
