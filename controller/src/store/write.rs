//! Transactions that are begun again when another writer stood in the way.

use std::time::Duration;

use super::repository::StoreError;

/// How often a transaction is begun again.
pub(in crate::store) const TRIES: u32 = 8;

/// Runs a body in a transaction and commits it; begins again when it lost against another writer.
/// The body must not move anything in.
macro_rules! write {
    ($store:expr, $operation:literal, |$session:ident| $body:block) => {{
        let mut tries = 0;
        loop {
            let result: $crate::store::repository::Result<_> = async {
                let mut session = $store.begin($operation).await?;
                let $session = &mut session;
                let value = $body;
                session.commit().await?;
                Ok(value)
            }
            .await;
            match result {
                Err(error) if tries < $crate::store::write::TRIES && error.is_rivalry() => {
                    tries += 1;
                    $crate::store::write::pause(tries).await;
                }
                result => break result,
            }
        }
    }};
}
pub(in crate::store) use write;

/// Waits a little, not all for the same time.
pub(in crate::store) async fn pause(tries: u32) {
    let [jitter] = befund_runtime::clock::random::<1>();
    let millis = u64::from(tries) * 2 + u64::from(jitter % 16) * u64::from(tries);
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

impl StoreError {
    fn code(&self) -> Option<String> {
        let Self::Database { source: sqlx::Error::Database(error), .. } = self else { return None };
        error.code().map(std::borrow::Cow::into_owned)
    }

    /// Whether another writer stood in the way, so that the same may work when tried again.
    pub(in crate::store) fn is_rivalry(&self) -> bool {
        // PostgreSQL: serialization failure, deadlock, a section removed beside us (foreign key),
        // the same row inserted beside us. SQLite: busy, and busy while taking a newer snapshot.
        self.code().is_some_and(|code| {
            matches!(code.as_str(), "40001" | "40P01" | "23503" | "23505" | "5" | "517")
        })
    }

    /// Whether it is the data that the database refused, not the database that failed.
    pub(in crate::store) fn is_about_data(&self) -> bool {
        match self.code() {
            // PostgreSQL's classes for data and constraints.
            Some(code) if code.len() == 5 => code.starts_with("22") || code.starts_with("23"),
            // SQLite's primary codes: too big, constraint, mismatch, range.
            Some(code) => {
                code.parse::<i64>().is_ok_and(|code| matches!(code & 0xff, 18 | 19 | 20 | 25))
            }
            None => false,
        }
    }

    /// Whether the database has no room left: nothing was kept, and it may work again later.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.code().is_some_and(|code| code == "53100" || code == "13")
    }
}
