//! Reading snapshots: a snapshot, and a section's content out of its stored frame.

use befund_model::api::{SectionView, SnapshotRecord};
use befund_model::diff::{self, SnapshotDiff};
use befund_model::id::SnapshotId;
use befund_model::snapshot::{MAX_SECTION_BYTES, SectionRef, Volatility};
use serde_json::Value;

use crate::api::caller::Caller;
use crate::api::problem::Failure;
use crate::state::AppState;
use crate::store::repository::{Snapshots as _, StoreError};

/// A snapshot.
///
/// # Errors
/// `not_found`.
pub async fn get(app: &AppState, id: SnapshotId) -> Result<SnapshotRecord, Failure> {
    app.store.snapshot(id).await?.ok_or_else(|| Failure::not_found("snapshot", id))
}

/// One section of a snapshot.
///
/// # Errors
/// `not_found` for a snapshot or a section that is not there.
pub async fn section(app: &AppState, id: SnapshotId, kind: &str) -> Result<SectionView, Failure> {
    let record = get(app, id).await?;
    let Some(line) = record.manifest.section(kind) else {
        return Err(Failure::not_found("section", format_args!("{kind:?} in snapshot {id}")));
    };
    let content = content(app, line).await?;
    Ok(SectionView { snapshot: id, line: line.clone(), content })
}

/// What differs between two snapshots of any machines.
///
/// # Errors
/// `not_found` for a snapshot that is not there.
pub async fn compare(
    app: &AppState,
    a: SnapshotId,
    b: SnapshotId,
) -> Result<SnapshotDiff, Failure> {
    let (a, b) = (get(app, a).await?, get(app, b).await?);
    between(app, &a, &b).await
}

/// What differs between these two.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn between(
    app: &AppState,
    a: &SnapshotRecord,
    b: &SnapshotRecord,
) -> Result<SnapshotDiff, Failure> {
    let same = |line: &SectionRef, other: &SnapshotRecord| {
        other.manifest.section(line.kind.as_str()).is_some_and(|twin| twin.hash == line.hash)
    };
    let mut sides = [Vec::new(), Vec::new()];
    for (side, (record, other)) in sides.iter_mut().zip([(a, b), (b, a)]) {
        for line in &record.manifest.sections {
            // What is the same on both sides is not looked into, nor is what always differs.
            let content = match same(line, other) || line.volatility == Volatility::Volatile {
                true => Value::Null,
                false => content(app, line).await?,
            };
            side.push((line.clone(), content));
        }
    }
    let [a, b] = sides;
    tokio::task::spawn_blocking(move || diff::diff(&a, &b))
        .await
        .map_err(|error| Failure::internal(&error))
}

/// Calls a snapshot good (how its machine should be), or no longer.
///
/// # Errors
/// `not_found`.
pub async fn call_good(
    app: &AppState,
    id: SnapshotId,
    good: bool,
    caller: &Caller,
) -> Result<SnapshotRecord, Failure> {
    let record = app.store.call_good(id, good, &caller.by(), app.clock.now()).await?;
    record.ok_or_else(|| Failure::not_found("snapshot", id))
}

/// A section's content; null if it has none.
///
/// # Errors
/// `internal` if the store lacks it or has something else in its place.
pub async fn content(app: &AppState, line: &SectionRef) -> Result<Value, Failure> {
    let corrupt = |problem: String| {
        Failure::internal(&StoreError::Corrupt { what: format!("section {}", line.hash), problem })
    };
    if line.size == 0 {
        return Ok(Value::Null);
    }
    let Some(frame) = app.store.section(line.hash).await? else {
        return Err(corrupt("it is not there".to_owned()));
    };
    let capacity = usize::try_from(line.size.min(MAX_SECTION_BYTES)).unwrap_or(0);
    // Expanding and reading a large section takes a while: not on the threads that serve.
    let read = tokio::task::spawn_blocking(move || {
        let bytes = zstd::bulk::decompress(&frame, capacity).map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())
    });
    match read.await {
        Ok(read) => read.map_err(corrupt),
        Err(_) => Err(corrupt("it could not be expanded".to_owned())),
    }
}
