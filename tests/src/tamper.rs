//! What stories see and do in a database past the program under test, as somebody with access to
//! it could. Not for what the program itself can tell.

use anyhow::{Context as _, Result};

use crate::postgres::TestPostgres;

/// How many tickets there are.
///
/// # Errors
/// If the database refuses.
pub fn tickets(database: &TestPostgres) -> Result<u64> {
    count(database, "SELECT count(*) FROM tickets")
}

/// How many entries of the audit record have their place.
///
/// # Errors
/// If the database refuses.
pub fn placed_entries(database: &TestPostgres) -> Result<u64> {
    count(database, "SELECT count(*) FROM audit WHERE seq IS NOT NULL")
}

/// Changes the audit record's first entry.
///
/// # Errors
/// If the database refuses.
pub fn change_first_entry(database: &TestPostgres) -> Result<()> {
    database.run("UPDATE audit SET source = 'elsewhere' WHERE seq = 1").map(|_| ())
}

/// Makes the database one of a version that no program knows.
///
/// # Errors
/// If the database refuses.
pub fn make_newer(database: &TestPostgres) -> Result<()> {
    let statement = "INSERT INTO _sqlx_migrations \
         (version, description, success, checksum, execution_time) \
         SELECT 9000, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    database.run(statement).map(|_| ())
}

fn count(database: &TestPostgres, statement: &str) -> Result<u64> {
    database.run(statement)?.trim().parse().context("a count is a number")
}
