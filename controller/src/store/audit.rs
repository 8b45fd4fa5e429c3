//! The audit record. Entries are written in the transaction of what they tell of; their place in
//! the log is given afterwards, in batches, so that several controllers do not wait for one another.
//! Each place carries a hash over the place before and the entry, so that a change, a deletion or
//! another order shows.

use befund_model::Timestamp;
use befund_model::audit::{AuditEntry, By};
use befund_model::id::AuditId;
use ring::digest::{Context, SHA256};
use serde_json::Value as Json;

use super::open::Store;
use super::repository::{Audit, AuditReceipt, Result};
use super::sql::{Row, Session, args, corrupt, to_json};
use super::write::write;
use super::{bulk, sql};

/// The most entries that get their place in one transaction.
const BATCH: usize = 1_000;
/// The most entries that are read at once.
const MOST: u32 = 1_000;

/// Writes an entry into the transaction of what it tells of.
pub(in crate::store) async fn entry(
    session: &mut Session,
    action: &str,
    object: &str,
    detail: &Json,
    by: &By,
    at: Timestamp,
) -> Result<AuditId> {
    let (id, values) = row(action, object, detail, by, at)?;
    bulk::execute(session, INSERT, vec![values], "").await?;
    Ok(id)
}

/// The statement that [`row`]'s values are for.
pub(in crate::store) const INSERT: &str =
    "INSERT INTO audit (id, at, actor, source, action, object, detail) VALUES";

/// An entry as it is inserted, for many at once.
pub(in crate::store) fn row(
    action: &str,
    object: &str,
    detail: &Json,
    by: &By,
    at: Timestamp,
) -> Result<(AuditId, Vec<sql::Value>)> {
    let id = AuditId::new(at, befund_runtime::clock::random());
    let actor = to_json(&by.actor, "an actor")?;
    let detail = to_json(detail, "an audit entry's detail")?;
    Ok((id, args![id, at, actor, by.source.as_str(), action, object, detail]))
}

/// The proof of an entry that was committed.
pub(in crate::store) const fn receipt(entry: AuditId) -> AuditReceipt {
    AuditReceipt { entry }
}

impl Audit for Store {
    async fn record(
        &self,
        action: &str,
        object: &str,
        detail: &Json,
        by: &By,
        at: Timestamp,
    ) -> Result<AuditReceipt> {
        let id = write!(self, "write an audit entry", |session| {
            entry(session, action, object, detail, by, at).await?
        })?;
        Ok(receipt(id))
    }

    async fn sequence(&self) -> Result<u64> {
        let mut total = 0;
        loop {
            let count = write!(self, "give audit entries their place", |session| {
                sequence_batch(session).await?
            })?;
            total += count as u64;
            if count < BATCH {
                return Ok(total);
            }
        }
    }

    async fn audit(&self, after: i64, limit: u32) -> Result<Vec<AuditEntry>> {
        let limit = limit.clamp(1, MOST);
        self.read("read the audit record")
            .await?
            .rows(
                "SELECT id, seq, at, actor, source, action, object, detail FROM audit \
                 WHERE seq > $1 ORDER BY seq LIMIT $2",
                args![after, limit],
            )
            .await?
            .iter()
            .map(read)
            .collect()
    }
}

async fn sequence_batch(session: &mut Session) -> Result<usize> {
    let head = session
        .row("SELECT value, data FROM meta WHERE key = 'audit' FOR UPDATE", Vec::new())
        .await?
        .ok_or_else(|| corrupt("the audit record", "its head is missing"))?;
    let (mut seq, mut previous) = (head.int(0)?, head.blob(1)?);
    let waiting = session
        .rows(
            "SELECT id, at, actor, source, action, object, detail FROM audit \
             WHERE seq IS NULL ORDER BY id LIMIT $1",
            args![BATCH as i64],
        )
        .await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let mut places = Vec::with_capacity(waiting.len());
    for row in &waiting {
        seq += 1;
        previous = link(&previous, seq, row, 0)?;
        places.push(args![row.blob(0)?, seq, previous.clone()]);
    }
    bulk::execute(
        session,
        "UPDATE audit SET seq = v.column2, hash = v.column3 FROM (VALUES",
        places,
        ") AS v WHERE audit.id = v.column1",
    )
    .await?;
    session
        .execute("UPDATE meta SET value = $1, data = $2 WHERE key = 'audit'", args![seq, previous])
        .await?;
    Ok(waiting.len())
}

/// SHA-256 over the place before, this place, and the entry's columns from `first` on (id, at, actor,
/// source, action, object, detail), each behind its length.
fn link(previous: &[u8], seq: i64, row: &Row, first: usize) -> Result<Vec<u8>> {
    let mut context = Context::new(&SHA256);
    context.update(previous);
    context.update(&seq.to_be_bytes());
    let mut put = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    put(&row.blob(first)?);
    put(&row.int(first + 1)?.to_be_bytes());
    for column in first + 2..first + 7 {
        put(row.text(column)?.as_bytes());
    }
    Ok(context.finish().as_ref().to_vec())
}

/// What is wrong with the audit record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenRecord {
    /// A place is empty: the entry was deleted.
    #[error("the audit record has no entry at place {0}: it was deleted")]
    Gap(i64),
    /// The entry, its place or one before it was changed.
    #[error("the audit record's entry at place {0} does not fit its hash: it was changed or moved")]
    Changed(i64),
    /// The last entries are missing.
    #[error("the audit record ends at place {found}, but it had {expected}: its end was cut off")]
    Cut {
        /// The last place that is there.
        found: i64,
        /// The last place that was given out.
        expected: i64,
    },
}

impl Store {
    /// Goes over the whole audit record: `None` if every entry is as it was written.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn verify_audit(&self) -> Result<Option<BrokenRecord>> {
        let mut session = self.read("verify the audit record").await?;
        let head = session
            .row("SELECT value, data FROM meta WHERE key = 'audit'", Vec::new())
            .await?
            .ok_or_else(|| corrupt("the audit record", "its head is missing"))?;
        let (expected, top) = (head.int(0)?, head.blob(1)?);
        let (mut seq, mut previous) = (0, vec![0; 32]);
        loop {
            let rows = session
                .rows(
                    "SELECT seq, hash, id, at, actor, source, action, object, detail FROM audit \
                     WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
                    args![seq, expected, BATCH as i64],
                )
                .await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                seq += 1;
                if row.int(0)? != seq {
                    return Ok(Some(BrokenRecord::Gap(seq)));
                }
                previous = link(&previous, seq, row, 2)?;
                if row.blob(1)? != previous {
                    return Ok(Some(BrokenRecord::Changed(seq)));
                }
            }
        }
        if seq < expected {
            return Ok(Some(BrokenRecord::Cut { found: seq, expected }));
        }
        Ok((previous != top).then_some(BrokenRecord::Changed(seq)))
    }
}

fn read(row: &Row) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: row.id(0, AuditId::from_slice)?,
        seq: row.maybe_int(1)?,
        at: row.time(2)?,
        actor: row.json(3, "an actor")?,
        source: row.text(4)?,
        action: row.text(5)?,
        object: row.text(6)?,
        detail: row.json(7, "an audit entry's detail")?,
    })
}
