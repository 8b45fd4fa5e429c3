//! What has changed on a machine since it was last well: the comparison that a technician makes first.

use std::collections::BTreeSet;

use befund_model::api::{ChangesView, SnapshotRecord};
use befund_model::diff::SnapshotDiff;
use befund_model::probe::Verdict;

use crate::api::problem::Failure;
use crate::snapshots;
use crate::state::AppState;
use crate::store::repository::{Findings as _, Judged, Snapshots as _};

/// How many snapshots before are looked at.
const MOST: u32 = 60;

/// What differs between this snapshot and the last good one: the last before it in which none of the
/// checks failed that fail in it. Where every one before failed too, or none was judged, the one just
/// before it is taken, and said not to be good.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn since_good(app: &AppState, record: &SnapshotRecord) -> Result<ChangesView, Failure> {
    let snapshot = record.manifest.id;
    let nothing = ChangesView { snapshot, since: None, good: false, diff: SnapshotDiff::default() };
    let all = app.store.snapshots(record.agent, None, MOST).await?.items;
    let earlier: Vec<SnapshotRecord> =
        all.into_iter().skip_while(|other| other.manifest.id != snapshot).skip(1).collect();
    let Some(before) = earlier.first() else { return Ok(nothing) };
    let now = app.store.judged(record.agent, snapshot).await?;
    let wrong = failing(now.as_ref());
    let mut good = None;
    for other in &earlier {
        let judged = app.store.judged(record.agent, other.manifest.id).await?;
        if judged.is_some() && failing(judged.as_ref()).is_disjoint(&wrong) {
            good = Some(other);
            break;
        }
    }
    let since = good.unwrap_or(before);
    let diff = snapshots::compare(app, since.manifest.id, snapshot).await?;
    Ok(ChangesView { snapshot, since: Some(since.clone()), good: good.is_some(), diff })
}

/// The checks that fail.
fn failing(judged: Option<&Judged>) -> BTreeSet<&str> {
    let judgements = judged.into_iter().flat_map(|judged| &judged.judgements);
    let findings = judgements.filter_map(|judgement| judgement.finding.as_ref());
    findings
        .filter(|finding| finding.verdict == Verdict::Fail)
        .map(|finding| finding.check.as_str())
        .collect()
}
