//! One way to run a statement on either database: values in, rows out. The text of a statement is
//! the same for both (`$1`, `ON CONFLICT`); what differs is folded away here and nowhere else.

use std::borrow::Cow;

use befund_model::Timestamp;
use befund_model::id::Hash;
use futures_util::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Postgres, Row as _, Sqlite, Transaction};

use super::packed::unpack;
use super::repository::{Result, StoreError};

/// The clause that locks the selected rows. SQLite has none and needs none: it has one writer.
const FOR_UPDATE: &str = " FOR UPDATE";

/// What a statement is given.
#[derive(Clone, Debug)]
pub(in crate::store) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
}

macro_rules! values {
    ($($type:ty => |$value:ident| $make:expr),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self { $make }
        }
    )+};
}

values! {
    i64 => |value| Self::Int(Some(value)),
    u32 => |value| Self::Int(Some(i64::from(value))),
    Option<i64> => |value| Self::Int(value),
    Timestamp => |value| Self::Int(Some(value.as_microsecond())),
    Option<Timestamp> => |value| Self::Int(value.map(Timestamp::as_microsecond)),
    befund_model::id::TicketNumber => |value| Self::Int(Some(value.0)),
    Option<befund_model::id::TicketNumber> => |value| Self::Int(value.map(|number| number.0)),
    &str => |value| Self::Text(Some(storable(value))),
    &String => |value| Self::Text(Some(storable(value))),
    String => |value| Self::Text(Some(if value.contains('\0') { storable(&value) } else { value })),
    Option<&str> => |value| Self::Text(value.map(storable)),
    &[u8] => |value| Self::Blob(Some(value.to_vec())),
    &[u8; 32] => |value| Self::Blob(Some(value.to_vec())),
    Vec<u8> => |value| Self::Blob(Some(value)),
    Option<Vec<u8>> => |value| Self::Blob(value),
    Hash => |value| Self::Blob(Some(value.as_bytes().to_vec())),
}

macro_rules! ids {
    ($($id:ident),+) => {$(
        impl From<befund_model::id::$id> for Value {
            fn from(id: befund_model::id::$id) -> Self { Self::Blob(Some(id.as_bytes().to_vec())) }
        }
        impl From<Option<befund_model::id::$id>> for Value {
            fn from(id: Option<befund_model::id::$id>) -> Self {
                Self::Blob(id.map(|id| id.as_bytes().to_vec()))
            }
        }
    )+};
}
ids!(AgentId, SnapshotId, JobId, RequestId, OperatorId, TokenId, CredentialId, AuditId);

/// PostgreSQL's texts have no zero characters; so that both databases keep the same, neither has.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The values of a statement: `args![a, b]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::sql::Value::from($value)),*] };
}
pub(in crate::store) use args;

enum Link {
    Sqlite(PoolConnection<Sqlite>),
    SqliteTx(Transaction<'static, Sqlite>),
    Postgres(PoolConnection<Postgres>),
    PostgresTx(Transaction<'static, Postgres>),
}

/// A connection, or a transaction on one, and what it is for (errors name it).
pub(in crate::store) struct Session {
    link: Link,
    operation: &'static str,
}

macro_rules! on_link {
    ($self:expr, $sql:expr, $values:expr, |$query:ident, $connection:ident| $body:expr) => {{
        let operation = $self.operation;
        macro_rules! run {
            ($db:ty, $conn:expr, $text:expr) => {{
                let mut $query = sqlx::query::<$db>(AssertSqlSafe($text));
                for value in $values {
                    $query = match value {
                        Value::Int(value) => $query.bind(value),
                        Value::Text(value) => $query.bind(value),
                        Value::Blob(value) => $query.bind(value),
                    };
                }
                let $connection = $conn;
                $body
            }};
        }
        match &mut $self.link {
            Link::Sqlite(c) => run!(Sqlite, &mut **c, without_lock($sql)),
            Link::SqliteTx(c) => run!(Sqlite, &mut **c, without_lock($sql)),
            Link::Postgres(c) => run!(Postgres, &mut **c, $sql),
            Link::PostgresTx(c) => run!(Postgres, &mut **c, $sql),
        }
        .map_err(|source| StoreError::Database { operation, source })
    }};
}

fn without_lock(sql: Cow<'static, str>) -> Cow<'static, str> {
    match sql {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix(FOR_UPDATE).unwrap_or(text)),
        Cow::Owned(mut text) => {
            if text.ends_with(FOR_UPDATE) {
                text.truncate(text.len() - FOR_UPDATE.len());
            }
            Cow::Owned(text)
        }
    }
}

impl Session {
    pub(in crate::store) fn sqlite(c: PoolConnection<Sqlite>, operation: &'static str) -> Self {
        Self { link: Link::Sqlite(c), operation }
    }

    pub(in crate::store) fn sqlite_tx(
        c: Transaction<'static, Sqlite>,
        operation: &'static str,
    ) -> Self {
        Self { link: Link::SqliteTx(c), operation }
    }

    pub(in crate::store) fn postgres(c: PoolConnection<Postgres>, operation: &'static str) -> Self {
        Self { link: Link::Postgres(c), operation }
    }

    pub(in crate::store) fn postgres_tx(
        c: Transaction<'static, Postgres>,
        operation: &'static str,
    ) -> Self {
        Self { link: Link::PostgresTx(c), operation }
    }

    /// Runs a statement; answers how many rows it touched.
    pub(in crate::store) async fn execute(
        &mut self,
        sql: impl Into<Cow<'static, str>> + Send,
        values: Vec<Value>,
    ) -> Result<u64> {
        let sql = sql.into();
        on_link!(self, sql, values, |query, connection| query
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))
    }

    /// Every row.
    pub(in crate::store) async fn rows(
        &mut self,
        sql: impl Into<Cow<'static, str>> + Send,
        values: Vec<Value>,
    ) -> Result<Vec<Row>> {
        let sql = sql.into();
        let operation = self.operation;
        on_link!(self, sql, values, |query, connection| query
            .fetch_all(connection)
            .await
            .map(|rows| rows.into_iter().map(|row| Row::new(row, operation)).collect::<Vec<_>>()))
    }

    /// The first row, if there is one.
    pub(in crate::store) async fn row(
        &mut self,
        sql: impl Into<Cow<'static, str>> + Send,
        values: Vec<Value>,
    ) -> Result<Option<Row>> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Every row, one after the other, without holding them all; the callback says whether to go on.
    pub(in crate::store) async fn each(
        &mut self,
        sql: impl Into<Cow<'static, str>> + Send,
        mut take: impl FnMut(Row) -> Result<bool> + Send,
    ) -> Result<()> {
        let sql = sql.into();
        let operation = self.operation;
        let mut outcome = Ok(true);
        let streamed: Result<()> =
            on_link!(self, sql, Vec::<Value>::new(), |query, connection| async {
                let mut rows = query.fetch(connection);
                while let Some(row) = rows.try_next().await? {
                    outcome = take(Row::new(row, operation));
                    if !matches!(outcome, Ok(true)) {
                        break;
                    }
                }
                Ok::<(), sqlx::Error>(())
            }
            .await);
        streamed?;
        outcome.map(|_| ())
    }

    /// Commits. Only after this is anything durable.
    pub(in crate::store) async fn commit(self) -> Result<()> {
        let operation = self.operation;
        match self.link {
            Link::Sqlite(_) | Link::Postgres(_) => Ok(()),
            Link::SqliteTx(transaction) => transaction.commit().await,
            Link::PostgresTx(transaction) => transaction.commit().await,
        }
        .map_err(|source| StoreError::Database { operation, source })
    }

    /// What this session is for.
    pub(in crate::store) const fn operation(&self) -> &'static str {
        self.operation
    }

    /// Lifts the deadline of single statements: what follows reads or writes everything.
    pub(in crate::store) async fn takes_its_time(&mut self) -> Result<()> {
        if self.has_rivals() {
            self.execute("SET LOCAL statement_timeout = 0", Vec::new()).await?;
            self.execute("SET LOCAL idle_in_transaction_session_timeout = 0", Vec::new()).await?;
        }
        Ok(())
    }

    /// Lets PostgreSQL count a timeline's places on from the last; SQLite does so by itself.
    pub(in crate::store) async fn count_events_on(&mut self) -> Result<()> {
        if self.has_rivals() {
            self.rows(
                "SELECT setval(pg_get_serial_sequence('ticket_events', 'seq'), \
                 (SELECT COALESCE(MAX(seq), 0) + 1 FROM ticket_events), false)",
                Vec::new(),
            )
            .await?;
        }
        Ok(())
    }

    /// Whether other writers can be at work beside this one.
    pub(in crate::store) const fn has_rivals(&self) -> bool {
        matches!(self.link, Link::Postgres(_) | Link::PostgresTx(_))
    }
}

enum AnyRow {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

impl From<sqlx::sqlite::SqliteRow> for AnyRow {
    fn from(row: sqlx::sqlite::SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl From<sqlx::postgres::PgRow> for AnyRow {
    fn from(row: sqlx::postgres::PgRow) -> Self {
        Self::Postgres(row)
    }
}

/// A row of either database; columns by their place.
pub(in crate::store) struct Row {
    row: AnyRow,
    operation: &'static str,
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty),+ $(,)?) => {$(
        $(#[$doc])*
        pub(in crate::store) fn $name(&self, column: usize) -> Result<$type> {
            match &self.row {
                AnyRow::Sqlite(row) => row.try_get::<$type, _>(column),
                AnyRow::Postgres(row) => row.try_get::<$type, _>(column),
            }
            .map_err(|source| StoreError::Database { operation: self.operation, source })
        }
    )+};
}

impl Row {
    fn new(row: impl Into<AnyRow>, operation: &'static str) -> Self {
        Self { row: row.into(), operation }
    }

    getters! {
        int: i64,
        maybe_int: Option<i64>,
        text: String,
        maybe_text: Option<String>,
        blob: Vec<u8>,
        maybe_blob: Option<Vec<u8>>,
    }

    /// A time.
    pub(in crate::store) fn time(&self, column: usize) -> Result<Timestamp> {
        time(self.int(column)?)
    }

    /// A time that may be missing.
    pub(in crate::store) fn maybe_time(&self, column: usize) -> Result<Option<Timestamp>> {
        self.maybe_int(column)?.map(time).transpose()
    }

    /// An id, by its type's reader.
    pub(in crate::store) fn id<T>(
        &self,
        column: usize,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<T> {
        let bytes = self.blob(column)?;
        read(&bytes).ok_or_else(|| corrupt("an id", format!("it has {} bytes", bytes.len())))
    }

    /// An id that may be missing.
    pub(in crate::store) fn maybe_id<T>(
        &self,
        column: usize,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Option<T>> {
        self.maybe_blob(column)?
            .map(|bytes| {
                read(&bytes)
                    .ok_or_else(|| corrupt("an id", format!("it has {} bytes", bytes.len())))
            })
            .transpose()
    }

    /// A word of one of our enums.
    pub(in crate::store) fn word<T>(
        &self,
        column: usize,
        what: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        let word = self.text(column)?;
        read(&word).ok_or_else(|| corrupt(what, format!("{word:?} is no such word")))
    }

    /// A value that is kept packed.
    pub(in crate::store) fn packed<T: serde::de::DeserializeOwned>(
        &self,
        column: usize,
        what: &'static str,
    ) -> Result<T> {
        from_json(&unpack(&self.blob(column)?, what)?, what)
    }

    /// A value that is kept as JSON.
    pub(in crate::store) fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: usize,
        what: &'static str,
    ) -> Result<T> {
        from_json(&self.text(column)?, what)
    }

    /// A value that is kept as JSON and may be missing.
    pub(in crate::store) fn maybe_json<T: serde::de::DeserializeOwned>(
        &self,
        column: usize,
        what: &'static str,
    ) -> Result<Option<T>> {
        self.maybe_text(column)?.map(|text| from_json(&text, what)).transpose()
    }
}

fn time(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| corrupt("a time", format!("{micros} µs is out of range")))
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| corrupt(what, error.to_string()))
}

/// A value as it is kept.
pub(in crate::store) fn to_json<T: serde::Serialize>(
    value: &T,
    what: &'static str,
) -> Result<String> {
    serde_json::to_string(value).map_err(|error| corrupt(what, error.to_string()))
}

/// What is stored and cannot be understood.
pub(in crate::store) fn corrupt(what: impl Into<String>, problem: impl Into<String>) -> StoreError {
    StoreError::Corrupt { what: what.into(), problem: problem.into() }
}
