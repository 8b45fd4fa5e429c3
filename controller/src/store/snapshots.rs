//! Snapshots and sections: what can be asked of them. How they come in is in `intake`, how they go
//! in `retain`.

use std::collections::HashSet;

use befund_model::Timestamp;
use befund_model::api::{GoodMark, Page, SnapshotRecord};
use befund_model::audit::By;
use befund_model::id::{AgentId, Hash, SnapshotId, TicketNumber};
use befund_model::snapshot::Manifest;
use serde_json::json;

use super::agents::page;
use super::open::Store;
use super::repository::{
    IncomingSnapshot, Ingested, KnownSections, Removed, Result, Retention, Snapshots,
};
use super::sql::{Row, Session, Value, args};
use super::write::write;
use super::{audit, bulk, intake, retain};

const COLUMNS: &str = "agent, received_at, ticket, manifest, id, good_by, good_at";
/// Those of the machine $1 before the one that came at $2 and has the id $3.
const BEFORE: &str = "agent = $1 AND received_at <= $2 AND (received_at < $2 OR id < $3)";
const LATEST_FIRST: &str = "ORDER BY received_at DESC, id DESC";
/// How many hashes are looked up in one statement.
const LOOK_UP: usize = 256;

impl Snapshots for Store {
    async fn latest(&self, agent: AgentId) -> Result<Option<Manifest>> {
        let mut session = self.read("look up a machine's latest snapshot").await?;
        latest(&mut session, agent).await
    }

    async fn known_sections(&self, agent: AgentId, hashes: &[Hash]) -> Result<KnownSections> {
        let mut session = self.read("look up a machine's sections").await?;
        let latest = latest(&mut session, agent).await?;
        let asked: HashSet<Hash> = hashes.iter().copied().collect();
        let mut own: HashSet<Hash> = latest
            .iter()
            .flat_map(|manifest| manifest.sections.iter().map(|line| line.hash))
            .filter(|hash| asked.contains(hash))
            .collect();
        let rest: Vec<Hash> = asked.into_iter().filter(|hash| !own.contains(hash)).collect();
        for part in rest.chunks(LOOK_UP) {
            let (list, mut values) =
                bulk::list(2, part.iter().map(|hash| Value::from(*hash)).collect());
            values.insert(0, Value::from(agent));
            let rows = session
                .rows(format!("SELECT hash FROM owned WHERE agent = $1 AND hash IN {list}"), values)
                .await?;
            for row in rows {
                own.insert(row.id(0, Hash::from_slice)?);
            }
        }
        Ok(KnownSections { latest, own })
    }

    async fn ingest(&self, batch: Vec<IncomingSnapshot>, at: Timestamp) -> Result<Vec<Ingested>> {
        intake::ingest(self, &batch, at).await
    }

    async fn section(&self, hash: Hash) -> Result<Option<Vec<u8>>> {
        self.read("read a section")
            .await?
            .row("SELECT bytes FROM sections WHERE hash = $1", args![hash])
            .await?
            .map(|row| row.blob(0))
            .transpose()
    }

    async fn snapshot(&self, id: SnapshotId) -> Result<Option<SnapshotRecord>> {
        self.read("look up a snapshot")
            .await?
            .row(
                format!(
                    "SELECT {COLUMNS} FROM snapshots WHERE id = $1 ORDER BY received_at LIMIT 1"
                ),
                args![id],
            )
            .await?
            .map(|row| read(&row))
            .transpose()
    }

    async fn snapshots(
        &self,
        agent: AgentId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<SnapshotRecord>> {
        let limit = limit.clamp(1, 500);
        let after = after
            .and_then(|after| after.split_once('/'))
            .and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id.parse::<SnapshotId>().ok()?)));
        let mut session = self.read("list a machine's snapshots").await?;
        let rows = if let Some((at, id)) = after {
            session
                .rows(
                    format!(
                        "SELECT {COLUMNS} FROM snapshots WHERE {BEFORE} {LATEST_FIRST} LIMIT $4"
                    ),
                    args![agent, at, id, limit + 1],
                )
                .await?
        } else {
            session
                .rows(
                    format!(
                        "SELECT {COLUMNS} FROM snapshots WHERE agent = $1 {LATEST_FIRST} LIMIT $2"
                    ),
                    args![agent, limit + 1],
                )
                .await?
        };
        page(rows, limit, read, |row| {
            Ok(format!("{}/{}", row.int(1)?, row.id(4, SnapshotId::from_slice)?))
        })
    }

    async fn before(&self, record: &SnapshotRecord, limit: u32) -> Result<Vec<SnapshotRecord>> {
        let mut session = self.read("list the snapshots before one").await?;
        let sql = format!("SELECT {COLUMNS} FROM snapshots WHERE {BEFORE} {LATEST_FIRST} LIMIT $4");
        let (at, id) = (record.received_at, record.manifest.id);
        let rows = session.rows(sql, args![record.agent, at, id, limit]).await?;
        rows.iter().map(read).collect()
    }

    async fn last_good(&self, record: &SnapshotRecord) -> Result<Option<SnapshotRecord>> {
        let mut session = self.read("look for a machine's last good snapshot").await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM snapshots WHERE {BEFORE} AND good_at IS NOT NULL \
             {LATEST_FIRST} LIMIT 1"
        );
        let (at, id) = (record.received_at, record.manifest.id);
        let row = session.row(sql, args![record.agent, at, id]).await?;
        row.map(|row| read(&row)).transpose()
    }

    async fn call_good(
        &self,
        id: SnapshotId,
        good: bool,
        by: &By,
        at: Timestamp,
    ) -> Result<Option<SnapshotRecord>> {
        write!(self, "call a snapshot good or not", |session| {
            let find = format!(
                "SELECT {COLUMNS} FROM snapshots WHERE id = $1 ORDER BY received_at LIMIT 1 \
                 FOR UPDATE"
            );
            let Some(row) = session.row(find, args![id]).await? else { return Ok(None) };
            let mut record = read(&row)?;
            if record.good.is_some() != good {
                record.good = good.then(|| GoodMark { by: by.actor.name().to_owned(), at });
                let (name, time) =
                    (record.good.as_ref().map(|mark| mark.by.as_str()), good.then_some(at));
                session
                    .execute(
                        "UPDATE snapshots SET good_by = $3, good_at = $4 WHERE id = $1 AND agent = $2",
                        args![id, record.agent, name, time],
                    )
                    .await?;
                let action = if good { "snapshot.good" } else { "snapshot.not_good" };
                let detail = json!({ "machine": record.agent });
                audit::entry(session, action, &format!("snapshot:{id}"), &detail, by, at).await?;
            }
            Some(record)
        })
    }

    async fn retain(&self, retention: Retention, by: &By, at: Timestamp) -> Result<Removed> {
        retain::retain(self, retention, by, at).await
    }
}

async fn latest(session: &mut Session, agent: AgentId) -> Result<Option<Manifest>> {
    session
        .row(
            "SELECT s.manifest FROM agents a \
             JOIN snapshots s ON s.id = a.last_snapshot AND s.agent = a.id WHERE a.id = $1",
            args![agent],
        )
        .await?
        .map(|row| row.packed(0, "a manifest"))
        .transpose()
}

fn read(row: &Row) -> Result<SnapshotRecord> {
    Ok(SnapshotRecord {
        agent: row.id(0, AgentId::from_slice)?,
        received_at: row.time(1)?,
        ticket: row.maybe_int(2)?.map(TicketNumber),
        manifest: row.packed(3, "a manifest")?,
        good: match (row.maybe_text(5)?, row.maybe_time(6)?) {
            (Some(by), Some(at)) => Some(GoodMark { by, at }),
            _ => None,
        },
    })
}
