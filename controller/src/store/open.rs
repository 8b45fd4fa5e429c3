//! Opening a database: where it is, how it is set up, and whether its version fits this program.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};

use super::ledger::{Ledger, LedgerError};
use super::repository::{Result, StoreError};
use super::sql::Session;

/// How long a statement may take.
const STATEMENT_DEADLINE: Duration = Duration::from_secs(30);
/// How long to wait for a connection, and for SQLite's write lock.
const WAIT_DEADLINE: Duration = Duration::from_secs(20);
/// From when on a wait for a connection is worth a warning: writers queue up behind one another, and
/// a burst of two seconds is ordinary.
const SLOW_WAIT: Duration = Duration::from_secs(10);
/// SQLite's own cache for the writer and for each reader, in its own unit (negative KiB). Every
/// connection has its own, and the system caches the same pages beneath.
const WRITER_CACHE: &str = "-32768";
const READER_CACHE: &str = "-4096";
/// How often a migration is begun again when another controller migrates at the same time.
const MIGRATION_TRIES: u32 = 10;

/// How a store is opened.
#[derive(Clone, Debug, Default)]
pub struct StoreOptions {
    /// The ledger of what must not roll back, usually `DATA/ledger`; none keeps no ledger.
    pub ledger: Option<PathBuf>,
    /// The most connections that read (SQLite) or the most connections (PostgreSQL); 0 for the
    /// default.
    pub connections: u32,
    /// The most pages that an SQLite database may have; 0 for no limit. Lets tests fill a disk.
    pub most_pages: u32,
}

/// The store: the one door to the database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pools: Pools,
    pub(in crate::store) ledger: Option<Arc<Ledger>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.pools {
            Pools::Sqlite { .. } => "SQLite",
            Pools::Postgres(_) => "PostgreSQL",
        };
        write!(f, "Store({kind})")
    }
}

#[derive(Clone)]
enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither of the two kinds.
    #[error(
        "{0:?} names no database: expected sqlite:PATH, as in sqlite:/var/lib/befund/befund.db, or postgres://USER@HOST/NAME"
    )]
    Address(String),
    /// It cannot be reached or created.
    #[error(
        "cannot open the database {database}: check that it is there, and that this account may use it"
    )]
    Connect {
        /// The address, without its password.
        database: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// It was made by a newer program.
    #[error(
        "the database {database} is from a newer befund-controller (its version is {version}, this program knows up to {known}): install that newer version, or restore a backup that this one made"
    )]
    Newer {
        /// The address, without its password.
        database: String,
        /// The database's version.
        version: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// Its tables could not be brought up to date.
    #[error("cannot bring the tables of the database {database} up to date")]
    Migrate {
        /// The address, without its password.
        database: String,
        /// Why.
        #[source]
        source: MigrateError,
    },
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Store {
    /// Opens (and, for SQLite, creates) a database and brings its tables up to date.
    ///
    /// # Errors
    /// On an address of neither kind, a database that cannot be reached, one from a newer version,
    /// or a ledger that cannot be used.
    pub async fn open(url: &str, options: StoreOptions) -> std::result::Result<Self, OpenError> {
        let pools = if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(OpenError::Address(url.to_owned()));
            }
            open_sqlite(Path::new(path), &options).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            open_postgres(url, &options).await?
        } else {
            return Err(OpenError::Address(shown(url)));
        };
        let ledger = options.ledger.map(Ledger::open).transpose()?.map(Arc::new);
        Ok(Self { pools, ledger })
    }

    /// Lets the connections go.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// Whether controllers of other folders and hosts may use the same database.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        matches!(self.pools, Pools::Postgres(_))
    }

    /// Asks the database something small: whether it answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ping(&self) -> Result<()> {
        self.read("answer").await?.row("SELECT 1", Vec::new()).await.map(|_| ())
    }

    /// What is wrong with the database's file, at most ten findings: SQLite's own check of its
    /// pages. PostgreSQL looks after its files itself, so there is nothing to find there.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn damage(&self) -> Result<Vec<String>> {
        if matches!(self.pools, Pools::Postgres(_)) {
            return Ok(Vec::new());
        }
        let mut session = self.moment("check the database's file").await?;
        let rows = session.rows("PRAGMA quick_check(10)", Vec::new()).await?;
        let findings: Result<Vec<String>> = rows.iter().map(|row| row.text(0)).collect();
        Ok(findings?.into_iter().filter(|finding| finding != "ok").collect())
    }

    /// A connection to read with.
    pub(in crate::store) async fn read(&self, operation: &'static str) -> Result<Session> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                readers.acquire().await.map(|c| Session::sqlite(c, operation))
            }
            Pools::Postgres(pool) => pool.acquire().await.map(|c| Session::postgres(c, operation)),
        }
        .map_err(|source| StoreError::Database { operation, source })
    }

    /// A transaction that sees everything as of one moment, and takes its time.
    pub(in crate::store) async fn moment(&self, operation: &'static str) -> Result<Session> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let transaction = readers
                    .begin()
                    .await
                    .map_err(|source| StoreError::Database { operation, source })?;
                Ok(Session::sqlite_tx(transaction, operation))
            }
            Pools::Postgres(pool) => {
                let transaction = pool
                    .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await
                    .map_err(|source| StoreError::Database { operation, source })?;
                let mut session = Session::postgres_tx(transaction, operation);
                session.takes_its_time().await?;
                Ok(session)
            }
        }
    }

    /// A transaction to write in; on SQLite the only one at a time.
    pub(in crate::store) async fn begin(&self, operation: &'static str) -> Result<Session> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                begin_sqlite(writer).await.map(|tx| Session::sqlite_tx(tx, operation))
            }
            Pools::Postgres(pool) => {
                pool.begin().await.map(|tx| Session::postgres_tx(tx, operation))
            }
        }
        .map_err(|source| StoreError::Database { operation, source })
    }
}

/// Begins to write. A full disk makes SQLite end a transaction by itself, which leaves the connection
/// counting one that is no more; such a connection is replaced.
async fn begin_sqlite(
    writer: &SqlitePool,
) -> sqlx::Result<sqlx::Transaction<'static, sqlx::Sqlite>> {
    match writer.begin_with("BEGIN IMMEDIATE").await {
        Err(sqlx::Error::InvalidSavePointStatement) => {
            writer.acquire().await?.close().await?;
            writer.begin_with("BEGIN IMMEDIATE").await
        }
        begun => begun,
    }
}

async fn open_sqlite(path: &Path, options: &StoreOptions) -> std::result::Result<Pools, OpenError> {
    let database = format!("sqlite:{}", path.display());
    let failed = |source| OpenError::Connect { database: database.clone(), source };
    let mut connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .page_size(8_192)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(WAIT_DEADLINE)
        .statement_cache_capacity(256)
        .pragma("wal_autocheckpoint", "4000");
    if options.most_pages > 0 {
        connect = connect.pragma("max_page_count", options.most_pages.to_string());
    }
    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(WAIT_DEADLINE)
            .acquire_slow_threshold(SLOW_WAIT)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let writing = connect.clone().pragma("cache_size", WRITER_CACHE);
    let writer = pool().max_connections(1).connect_with(writing).await.map_err(failed)?;
    migrate(&sqlx::migrate!("migrations/sqlite"), &database, || writer.acquire()).await?;
    let count = if options.connections == 0 { 4 } else { options.connections };
    let readers = pool()
        .max_connections(count)
        .connect_with(
            connect
                .create_if_missing(false)
                .pragma("query_only", "1")
                .pragma("cache_size", READER_CACHE),
        )
        .await
        .map_err(failed)?;
    Ok(Pools::Sqlite { writer, readers })
}

async fn open_postgres(url: &str, options: &StoreOptions) -> std::result::Result<Pools, OpenError> {
    let database = shown(url);
    let failed = |source| OpenError::Connect { database: database.clone(), source };
    let millis = |deadline: Duration| deadline.as_millis().to_string();
    let connect = PgConnectOptions::from_str(url)
        .map_err(failed)?
        .application_name("befund-controller")
        .statement_cache_capacity(256)
        .options([
            ("statement_timeout", millis(STATEMENT_DEADLINE)),
            ("lock_timeout", millis(WAIT_DEADLINE)),
            ("idle_in_transaction_session_timeout", millis(2 * STATEMENT_DEADLINE)),
            ("synchronous_commit", "on".to_owned()),
        ]);
    let count = if options.connections == 0 { 16 } else { options.connections };
    let pool = PgPoolOptions::new()
        .acquire_timeout(WAIT_DEADLINE)
        .test_before_acquire(false)
        .max_connections(count)
        .connect_with(connect)
        .await
        .map_err(failed)?;
    migrate(&sqlx::migrate!("migrations/postgres"), &database, || pool.acquire()).await?;
    Ok(Pools::Postgres(pool))
}

/// Brings the tables up to date. Without advisory locks, which not every database that speaks
/// PostgreSQL's protocol has: where two controllers migrate at once, one of them fails, and looks
/// again.
async fn migrate<DB, F>(
    migrator: &Migrator,
    database: &str,
    mut connection: impl FnMut() -> F,
) -> std::result::Result<(), OpenError>
where
    DB: sqlx::Database,
    DB::Connection: Migrate,
    F: Future<Output = std::result::Result<sqlx::pool::PoolConnection<DB>, sqlx::Error>>,
{
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
    let mut tries = 0;
    loop {
        let mut connection = connection()
            .await
            .map_err(|source| OpenError::Connect { database: database.to_owned(), source })?;
        let source = match run(migrator, &mut *connection).await {
            Ok(()) => return Ok(()),
            Err(MigrateError::VersionMissing(version)) => {
                return Err(OpenError::Newer { database: database.to_owned(), version, known });
            }
            Err(source) => source,
        };
        tries += 1;
        if tries >= MIGRATION_TRIES {
            return Err(OpenError::Migrate { database: database.to_owned(), source });
        }
        drop(connection);
        tokio::time::sleep(Duration::from_millis(50 * u64::from(tries))).await;
    }
}

async fn run<C: Migrate>(
    migrator: &Migrator,
    connection: &mut C,
) -> std::result::Result<(), MigrateError> {
    let unlocked =
        Migrator { migrations: migrator.migrations.clone(), locking: false, ..Migrator::DEFAULT };
    unlocked.run_direct(None, connection, false).await
}

/// An address without its password.
fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((account, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    let name = account.split(':').next().unwrap_or(account);
    format!("{scheme}://{name}@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(shown("postgres://ada:s3cret@db/befund"), "postgres://ada@db/befund");
        assert_eq!(shown("postgres://db/befund"), "postgres://db/befund");
    }
}
