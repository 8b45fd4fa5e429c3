//! Statements over many rows at once. Row counts are cut into powers of two, so that few different
//! texts exist and each stays prepared.

use std::fmt::Write as _;

use super::repository::Result;
use super::sql::{Row, Session, Value};

/// The most rows of one statement.
const MOST: usize = 256;
/// The most values of one statement (SQLite takes 32,766, PostgreSQL 65,535).
const MOST_VALUES: usize = 8_192;

/// Runs `head (…), (…) tail` over all rows; every row has the same number of values.
pub(in crate::store) async fn execute(
    session: &mut Session,
    head: &str,
    rows: Vec<Vec<Value>>,
    tail: &str,
) -> Result<u64> {
    let mut touched = 0;
    let mut rows = rows.into_iter();
    while let Some(width) = rows.as_slice().first().map(Vec::len) {
        let count = portion(rows.len(), width);
        let values: Vec<Value> = rows.by_ref().take(count).flatten().collect();
        touched += session.execute(text(head, count, width, tail), values).await?;
    }
    Ok(touched)
}

/// The rows that `head (…), (…) tail` finds, over all rows of values.
pub(in crate::store) async fn rows(
    session: &mut Session,
    head: &'static str,
    rows: Vec<Vec<Value>>,
    tail: &'static str,
) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    let mut rows = rows.into_iter();
    while let Some(width) = rows.as_slice().first().map(Vec::len) {
        let count = portion(rows.len(), width);
        let values: Vec<Value> = rows.by_ref().take(count).flatten().collect();
        found.extend(session.rows(text(head, count, width, tail), values).await?);
    }
    Ok(found)
}

/// The list of an `IN`, counted from a place on, padded to a power of two with the last value: the text and the values.
pub(in crate::store) fn list(from: usize, mut values: Vec<Value>) -> (String, Vec<Value>) {
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    let mut text = String::from("(");
    for place in 0..values.len() {
        let comma = if place == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}${}", from + place);
    }
    text.push(')');
    (text, values)
}

fn portion(rows: usize, width: usize) -> usize {
    let most = MOST.min(MOST_VALUES / width.max(1)).max(1);
    let rows = rows.min(most);
    // The largest power of two that fits.
    1 << (usize::BITS - 1 - rows.leading_zeros())
}

fn text(head: &str, rows: usize, width: usize, tail: &str) -> String {
    let mut sql = String::with_capacity(head.len() + tail.len() + rows * width * 6);
    sql.push_str(head);
    let mut place = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { " (" } else { ", (" });
        for column in 0..width {
            place += 1;
            let comma = if column == 0 { "" } else { ", " };
            let _ = write!(sql, "{comma}${place}");
        }
        sql.push(')');
    }
    sql.push_str(tail);
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_into_powers_of_two() {
        assert_eq!(portion(1, 2), 1);
        assert_eq!(portion(255, 2), 128);
        assert_eq!(portion(5_000, 2), 256);
        assert_eq!(portion(5_000, 64), 128);
    }

    #[test]
    fn a_statement_counts_its_places() {
        assert_eq!(text("VALUES", 2, 2, " x"), "VALUES ($1, $2), ($3, $4) x");
        let (list, values) = list(2, vec![Value::from(1i64), Value::from(2i64), Value::from(3i64)]);
        assert_eq!(list, "($2, $3, $4, $5)");
        assert_eq!(values.len(), 4);
    }
}
