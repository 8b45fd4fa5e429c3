//! The database as rows of JSON, the same for both kinds, so that a backup of one can be restored
//! into the other. What credentials people hold is left out: after a restore they sign in again.

use befund_model::Timestamp;
use befund_model::audit::{Actor, By};
use data_encoding::BASE64;
use serde_json::{Value as Json, json};

use super::ledger::Told;
use super::open::Store;
use super::packed::{pack_text, unpack};
use super::repository::Result;
use super::sql::{Row, Session, Value, args, corrupt};
use super::{audit, bulk, effects};

#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Blob,
    /// JSON that is kept packed; a backup has it as text.
    Packed,
}
use Kind::{Blob, Int, Packed, Text};

struct Table {
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
    /// How many of the last columns backups of earlier versions do not have; they may be null.
    later: usize,
}

/// What is backed up, in the order in which it can be put back.
const TABLES: &[Table] = &[
    Table { name: "meta", columns: &[("key", Text), ("value", Int), ("data", Blob)], later: 0 },
    Table {
        name: "tokens",
        columns: &[
            ("id", Blob),
            ("secret_hash", Blob),
            ("uses_left", Int),
            ("expires_at", Int),
            ("machine_group", Text),
            ("network", Text),
            ("created_by", Text),
            ("created_at", Int),
        ],
        later: 0,
    },
    Table {
        name: "redemptions",
        columns: &[("token", Blob), ("key_hash", Blob), ("agent", Blob), ("at", Int)],
        later: 0,
    },
    Table {
        name: "agents",
        columns: &[
            ("id", Blob),
            ("name", Text),
            ("folded", Text),
            ("os", Text),
            ("agent_version", Text),
            ("machine_group", Text),
            ("public_key", Blob),
            ("recovery_counter", Int),
            ("enrolled_at", Int),
            ("last_seen", Int),
            ("revoked_at", Int),
            ("last_snapshot", Blob),
            ("clock_offset_ms", Int),
            ("certificate_until", Int),
            ("trust", Text),
        ],
        later: 2,
    },
    Table { name: "sections", columns: &[("hash", Blob), ("bytes", Blob)], later: 0 },
    Table { name: "owned", columns: &[("agent", Blob), ("hash", Blob)], later: 0 },
    Table {
        name: "snapshots",
        columns: &[
            ("id", Blob),
            ("agent", Blob),
            ("received_at", Int),
            ("taken_at", Int),
            ("ticket", Int),
            ("manifest", Packed),
            ("good_by", Text),
            ("good_at", Int),
        ],
        later: 2,
    },
    Table {
        name: "tickets",
        columns: &[
            ("number", Int),
            ("version", Int),
            ("changed_by", Text),
            ("subject", Text),
            ("folded", Text),
            ("requester", Text),
            ("machine", Blob),
            ("status", Text),
            ("priority", Int),
            ("level", Text),
            ("assignee", Text),
            ("solution", Text),
            ("opened_at", Int),
            ("updated_at", Int),
            ("request", Blob),
        ],
        later: 0,
    },
    Table {
        name: "ticket_events",
        columns: &[("seq", Int), ("ticket", Int), ("at", Int), ("by_name", Text), ("event", Text)],
        later: 0,
    },
    Table {
        name: "jobs",
        columns: &[
            ("id", Blob),
            ("agent", Blob),
            ("ticket", Int),
            ("work", Text),
            ("parameters", Text),
            ("state", Text),
            ("created_by", Text),
            ("created_at", Int),
            ("deadline", Int),
            ("ended_at", Int),
            ("outcome", Text),
            ("answered", Int),
            ("last_event", Int),
            ("audit", Blob),
            ("cancel_at", Int),
            ("runbook", Text),
        ],
        later: 2,
    },
    Table {
        name: "job_events",
        columns: &[("job", Blob), ("seq", Int), ("at", Int), ("what", Text)],
        later: 0,
    },
    Table {
        name: "job_said",
        columns: &[
            ("job", Blob),
            ("seq", Int),
            ("body", Text),
            ("at", Int),
            ("said_by", Text),
            ("heard", Int),
        ],
        later: 0,
    },
    Table {
        name: "run_results",
        columns: &[
            ("job", Blob),
            ("cause", Text),
            ("fix_index", Int),
            ("runbook", Text),
            ("runbook_version", Int),
            ("ticket", Int),
            ("act", Text),
            ("came_to", Text),
            ("at", Int),
            ("came_back", Int),
        ],
        later: 1,
    },
    Table {
        name: "trust_roots",
        columns: &[
            ("version", Int),
            ("bytes", Blob),
            ("signatures", Text),
            ("at", Int),
            ("added_by", Text),
        ],
        later: 0,
    },
    Table { name: "catalogue_files", columns: &[("digest", Blob), ("bytes", Blob)], later: 0 },
    Table {
        name: "catalogues",
        columns: &[
            ("version", Int),
            ("digest", Blob),
            ("manifest", Blob),
            ("signatures", Text),
            ("at", Int),
            ("published_by", Text),
        ],
        later: 0,
    },
    Table {
        name: "operators",
        columns: &[
            ("id", Blob),
            ("name", Text),
            ("folded", Text),
            ("role", Text),
            ("disabled", Int),
            ("created_at", Int),
            ("password_hash", Text),
        ],
        later: 0,
    },
    Table {
        name: "audit",
        columns: &[
            ("id", Blob),
            ("at", Int),
            ("actor", Text),
            ("source", Text),
            ("action", Text),
            ("object", Text),
            ("detail", Text),
            ("seq", Int),
            ("hash", Blob),
        ],
        later: 0,
    },
];

impl Table {
    fn columns(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

/// Whether what happened after the backup is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epoch {
    /// The ledger reaches beyond the backup.
    Same,
    /// It does not: outstanding tokens are void and ticket numbers jump.
    Raised,
}

impl Store {
    /// Every row of every table, as of one moment; the callback says whether to go on.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn dump(
        &self,
        mut take: impl FnMut(&'static str, Vec<Json>) -> bool + Send,
    ) -> Result<()> {
        let mut session = self.moment("read everything for a backup").await?;
        for table in TABLES {
            let sql = format!("SELECT {} FROM {}", table.columns(), table.name);
            session.each(sql, |row| Ok(take(table.name, read(table, &row)?))).await?;
        }
        Ok(())
    }

    /// Begins to replace everything by what a backup holds: one transaction, nothing of which
    /// counts before [`RestoreInto::commit`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn restore(
        &self,
        told: Told,
        epoch: Epoch,
        made_at: Timestamp,
        at: Timestamp,
    ) -> Result<RestoreInto> {
        let mut session = self.begin("restore a backup").await?;
        session.takes_its_time().await?;
        session.execute("DELETE FROM credentials", Vec::new()).await?;
        for table in TABLES.iter().rev() {
            session.execute(format!("DELETE FROM {}", table.name), Vec::new()).await?;
        }
        Ok(RestoreInto { session, told, epoch, made_at, at, waiting: None })
    }
}

/// A restore under way; dropped without a commit, it never was.
pub struct RestoreInto {
    session: Session,
    told: Told,
    epoch: Epoch,
    made_at: Timestamp,
    at: Timestamp,
    waiting: Option<(&'static Table, Vec<Vec<Value>>)>,
}

/// How many rows are inserted at once.
const BATCH: usize = 64;

impl RestoreInto {
    /// Puts a row back.
    ///
    /// # Errors
    /// If there is no such table, or the row is not one of it, or the database fails.
    pub async fn row(&mut self, table: &str, mut values: Vec<Json>) -> Result<()> {
        let table = TABLES
            .iter()
            .find(|known| known.name == table)
            .ok_or_else(|| corrupt("a backup", format!("this program has no table {table:?}")))?;
        let shapes = table.columns.len() - table.later..=table.columns.len();
        if !shapes.contains(&values.len()) {
            return Err(corrupt("a backup", format!("a row of {} has another shape", table.name)));
        }
        values.resize(table.columns.len(), Json::Null);
        let row = values
            .into_iter()
            .zip(table.columns)
            .map(|(value, (_, kind))| value_of(value, *kind))
            .collect::<Result<Vec<Value>>>()?;
        if self
            .waiting
            .as_ref()
            .is_some_and(|(other, rows)| other.name != table.name || rows.len() >= BATCH)
        {
            self.flush().await?;
        }
        self.waiting.get_or_insert_with(|| (table, Vec::new())).1.push(row);
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let Some((table, rows)) = self.waiting.take() else { return Ok(()) };
        let head = format!("INSERT INTO {} ({}) VALUES", table.name, table.columns());
        bulk::execute(&mut self.session, &head, rows, "").await?;
        Ok(())
    }

    /// Lets what must not roll back stand, and makes it all count.
    ///
    /// # Errors
    /// If the database fails; then everything is as it was.
    pub async fn commit(mut self) -> Result<()> {
        self.flush().await?;
        let Self { mut session, told, epoch, made_at, at, .. } = self;
        for (agent, revoked_at) in &told.revoked {
            session
                .execute(
                    "UPDATE agents SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
                    args![*agent, *revoked_at],
                )
                .await?;
        }
        for (token, left) in &told.tokens {
            session
                .execute(
                    "UPDATE tokens SET uses_left = $2 WHERE id = $1 AND uses_left > $2",
                    args![*token, *left],
                )
                .await?;
        }
        session
            .execute(
                "UPDATE meta SET value = $1 WHERE key = 'ticket' AND value < $1",
                args![told.tickets],
            )
            .await?;
        session
            .execute("UPDATE meta SET value = $1 WHERE key = 'epoch'", args![told.epoch])
            .await?;
        if epoch == Epoch::Raised {
            session.execute("UPDATE tokens SET uses_left = 0", Vec::new()).await?;
            session
                .execute(
                    "UPDATE meta SET value = value + $1 WHERE key = 'ticket'",
                    args![super::ledger::EPOCH_STEP],
                )
                .await?;
        }
        session.count_events_on().await?;
        effects::recount(&mut session).await?;
        let by = By { actor: Actor::System, source: "local".to_owned() };
        let detail = json!({ "made_at": made_at, "epoch": told.epoch });
        audit::entry(&mut session, "controller.restore", "controller", &detail, &by, at).await?;
        session.commit().await
    }
}

fn read(table: &Table, row: &Row) -> Result<Vec<Json>> {
    table
        .columns
        .iter()
        .enumerate()
        .map(|(column, (_, kind))| {
            Ok(match kind {
                Int => row.maybe_int(column)?.map_or(Json::Null, Json::from),
                Text => row.maybe_text(column)?.map_or(Json::Null, Json::from),
                Packed => match row.maybe_blob(column)? {
                    Some(kept) => Json::from(unpack(&kept, table.name)?.into_owned()),
                    None => Json::Null,
                },
                Blob => row
                    .maybe_blob(column)?
                    .map_or(Json::Null, |bytes| Json::from(BASE64.encode(&bytes))),
            })
        })
        .collect()
}

fn value_of(value: Json, kind: Kind) -> Result<Value> {
    let wrong = || corrupt("a backup", "a value is not of its column's kind");
    Ok(match (kind, value) {
        (Int, Json::Null) => Value::Int(None),
        (Text, Json::Null) => Value::Text(None),
        (Blob | Packed, Json::Null) => Value::Blob(None),
        (Int, Json::Number(number)) => Value::Int(Some(number.as_i64().ok_or_else(wrong)?)),
        (Text, Json::String(text)) => Value::Text(Some(text)),
        (Blob, Json::String(text)) => {
            Value::Blob(Some(BASE64.decode(text.as_bytes()).map_err(|_| wrong())?))
        }
        (Packed, Json::String(text)) => Value::Blob(Some(pack_text(&text, "a backup")?)),
        (Int | Text | Blob | Packed, _) => return Err(wrong()),
    })
}
