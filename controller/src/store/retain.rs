//! How snapshots go: old ones, machine by machine, then the sections that nothing names any more.

use std::collections::{BTreeMap, BTreeSet};

use befund_model::Timestamp;
use befund_model::audit::By;
use befund_model::id::{AgentId, Hash, SnapshotId};
use befund_model::snapshot::Manifest;
use serde_json::json;

use super::open::Store;
use super::repository::{Removed, Result, Retention};
use super::sql::{Session, Value, args};
use super::write::write;
use super::{audit, bulk};

/// The most snapshots, and the most sections, that go in one transaction: uploads wait for it.
const BATCH: usize = 256;

/// Removes old snapshots and the sections that nothing refers to any more.
pub(in crate::store) async fn retain(
    store: &Store,
    retention: Retention,
    by: &By,
    at: Timestamp,
) -> Result<Removed> {
    let mut removed = Removed::default();
    for agent in with_old(store, retention.before).await? {
        loop {
            let gone = write!(store, "remove a machine's old snapshots", |session| {
                remove_some(session, agent, retention.before).await?
            })?;
            removed.snapshots += gone as u64;
            if gone < BATCH {
                break;
            }
        }
    }
    removed.sections = sweep(store).await?;
    let detail = json!({
        "before": retention.before, "snapshots": removed.snapshots, "sections": removed.sections,
    });
    write!(store, "write down what retention removed", |session| {
        audit::entry(session, "snapshot.retain", "snapshots", &detail, by, at).await?;
    })?;
    Ok(removed)
}

/// The machines that have snapshots from before this time.
async fn with_old(store: &Store, before: Timestamp) -> Result<BTreeSet<AgentId>> {
    store
        .read("look for old snapshots")
        .await?
        .rows(
            "SELECT DISTINCT agent FROM snapshots WHERE taken_at < $1 AND ticket IS NULL AND good_at IS NULL",
            args![before],
        )
        .await?
        .iter()
        .map(|row| row.id(0, AgentId::from_slice))
        .collect()
}

/// Removes some of a machine's old snapshots, and lets go of the sections that its other ones do
/// not name. The machine's row is held, so that none of its uploads is under way.
async fn remove_some(session: &mut Session, agent: AgentId, before: Timestamp) -> Result<usize> {
    let machine = session
        .row("SELECT last_snapshot FROM agents WHERE id = $1 FOR UPDATE", args![agent])
        .await?;
    let latest = match machine {
        Some(row) => row.maybe_id(0, SnapshotId::from_slice)?,
        None => None,
    };
    let rows = session
        .rows(
            "SELECT id, taken_at, ticket, manifest, good_at FROM snapshots WHERE agent = $1 \
             ORDER BY received_at, id",
            args![agent],
        )
        .await?;
    let mut gone: BTreeMap<SnapshotId, Manifest> = BTreeMap::new();
    let mut named: BTreeSet<Hash> = BTreeSet::new();
    for row in &rows {
        let manifest: Manifest = row.packed(3, "a manifest")?;
        let kept = row.maybe_int(2)?.is_some() || row.maybe_int(4)?.is_some();
        let old = row.time(1)? < before && !kept;
        if old && Some(manifest.id) != latest && gone.len() < BATCH {
            gone.insert(manifest.id, manifest);
        } else {
            named.extend(manifest.sections.iter().map(|line| line.hash));
        }
    }
    if gone.is_empty() {
        return Ok(0);
    }
    let (list, mut values) = bulk::list(2, gone.keys().map(|id| Value::from(*id)).collect());
    values.insert(0, Value::from(agent));
    session
        .execute(
            format!("DELETE FROM findings WHERE agent = $1 AND snapshot IN {list}"),
            values.clone(),
        )
        .await?;
    session
        .execute(format!("DELETE FROM snapshots WHERE agent = $1 AND id IN {list}"), values)
        .await?;
    let let_go: BTreeSet<Hash> = gone
        .values()
        .flat_map(|manifest| manifest.sections.iter().map(|line| line.hash))
        .filter(|hash| !named.contains(hash))
        .collect();
    for part in Vec::from_iter(let_go).chunks(BATCH) {
        let (list, mut values) =
            bulk::list(2, part.iter().map(|hash| Value::from(*hash)).collect());
        values.insert(0, Value::from(agent));
        session
            .execute(format!("DELETE FROM owned WHERE agent = $1 AND hash IN {list}"), values)
            .await?;
    }
    Ok(gone.len())
}

/// Removes sections that no machine owns. An upload beside us that names one makes one of the two
/// transactions begin again: the reference from `owned` is checked by the database.
async fn sweep(store: &Store) -> Result<u64> {
    let mut removed = 0;
    loop {
        let gone = write!(store, "remove sections that nothing names", |session| {
            let rows = session
                .rows(
                    "SELECT hash FROM sections WHERE NOT EXISTS \
                     (SELECT 1 FROM owned WHERE owned.hash = sections.hash) LIMIT $1",
                    args![BATCH as i64],
                )
                .await?;
            if rows.is_empty() {
                return Ok(0);
            }
            let hashes =
                rows.iter().map(|row| row.blob(0).map(Value::from)).collect::<Result<_>>()?;
            let (list, values) = bulk::list(1, hashes);
            session
                .execute(
                    format!(
                        "DELETE FROM sections WHERE hash IN {list} AND NOT EXISTS \
                         (SELECT 1 FROM owned WHERE owned.hash = sections.hash)"
                    ),
                    values,
                )
                .await?
        })?;
        removed += gone;
        if gone == 0 {
            return Ok(removed);
        }
    }
}
