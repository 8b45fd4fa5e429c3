//! What has changed on a machine: since it was last well, which is the comparison that a technician makes
//! first, and from snapshot to snapshot, which is its history.

use std::collections::BTreeSet;

use befund_model::api::{ChangesView, HistoryEntry, KindOfChange, Page, SnapshotRecord};
use befund_model::diff::{Between, SnapshotDiff};
use befund_model::id::AgentId;
use befund_model::probe::Verdict;
use befund_model::snapshot::SectionKind;

use crate::api::problem::Failure;
use crate::snapshots;
use crate::state::AppState;
use crate::store::repository::{Findings as _, Judged, Snapshots as _};

/// How many snapshots before are looked at.
const MOST: u32 = 60;
/// How many changes an entry of the history lists.
const LISTED: usize = 12;

/// What differs between this snapshot and the last good one: the last before it that somebody has called
/// good, or else in which none of the checks failed that fail in it. Where every one before failed too, or
/// none was judged, the one just before it is taken, and said not to be good.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn since_good(app: &AppState, record: &SnapshotRecord) -> Result<ChangesView, Failure> {
    let snapshot = record.manifest.id;
    let nothing = ChangesView { snapshot, since: None, good: false, diff: SnapshotDiff::default() };
    let mut way = app.store.before(record, MOST).await?;
    let good = match app.store.last_good(record).await? {
        Some(called) => {
            // Beyond what is looked at, it is the end of the way all the same.
            let at = way.iter().position(|other| other.manifest.id == called.manifest.id);
            let at = at.unwrap_or_else(|| {
                way.push(called);
                way.len() - 1
            });
            Some(at)
        }
        None => without_these_failures(app, record, &way).await?,
    };
    // The first of what lies between is the one that is compared with.
    way.truncate(good.unwrap_or_default() + 1);
    let Some(since) = way.last() else { return Ok(nothing) };
    let mut diff = snapshots::between(app, since, record).await?;
    for section in &mut diff.sections {
        section.between = when(&section.kind, record, &way);
    }
    Ok(ChangesView { snapshot, since: Some(since.clone()), good: good.is_some(), diff })
}

/// The last of these in which none of the checks failed that fail in this one.
async fn without_these_failures(
    app: &AppState,
    record: &SnapshotRecord,
    earlier: &[SnapshotRecord],
) -> Result<Option<usize>, Failure> {
    let now = app.store.judged(record.agent, record.manifest.id).await?;
    let wrong = failing(now.as_ref());
    for (index, other) in earlier.iter().enumerate() {
        let judged = app.store.judged(record.agent, other.manifest.id).await?;
        if judged.is_some() && failing(judged.as_ref()).is_disjoint(&wrong) {
            return Ok(Some(index));
        }
    }
    Ok(None)
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

/// Between which of the snapshots this section has become what it is: `way` leads back, from the last
/// before `record` to the one that it is compared with.
fn when(kind: &SectionKind, record: &SnapshotRecord, way: &[SnapshotRecord]) -> Option<Between> {
    let hash = |one: &SnapshotRecord| one.manifest.section(kind.as_str()).map(|line| line.hash);
    let (now, then) = (hash(record), hash(way.last()?));
    let after = way.iter().rev().take_while(|one| hash(one) == then).last()?;
    let until = way.iter().take_while(|one| hash(one) == now).last().unwrap_or(record);
    Some(Between { after: after.manifest.taken_at, until: until.manifest.taken_at })
}

/// What changed on a machine from each snapshot to the next, the latest first; snapshots that say the same
/// as the one before are passed over. A page looks at `rows` snapshots and may be empty all the same.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn history(
    app: &AppState,
    machine: AgentId,
    after: Option<&str>,
    rows: u32,
) -> Result<Page<HistoryEntry>, Failure> {
    let Page { items: mut seen, next } = app.store.snapshots(machine, after, rows).await?;
    if let Some(next) = &next {
        // What the last of this page differs from is the first of the next.
        seen.extend(app.store.snapshots(machine, Some(next), 1).await?.items);
    }
    let mut items = Vec::new();
    for pair in seen.windows(2) {
        let [later, before] = pair else { continue };
        if later.manifest.root() == before.manifest.root() {
            continue;
        }
        let diff = snapshots::between(app, before, later).await?;
        let ranked = diff.ranked();
        if ranked.is_empty() {
            continue;
        }
        let listed = ranked.iter().take(LISTED).map(|(section, change)| KindOfChange {
            section: section.kind.clone(),
            change: (*change).clone(),
        });
        items.push(HistoryEntry {
            snapshot: later.manifest.id,
            before: before.manifest.id,
            between: Between { after: before.manifest.taken_at, until: later.manifest.taken_at },
            ticket: later.ticket,
            changes: listed.collect(),
            more: u32::try_from(diff.count().saturating_sub(LISTED)).unwrap_or(u32::MAX),
        });
    }
    Ok(Page { items, next })
}
