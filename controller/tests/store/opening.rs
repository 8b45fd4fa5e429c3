//! What a store says of a database that it cannot use, and of a disk that is full.

use befund_controller::store::repository::{Ingested, Snapshots as _};
use befund_controller::store::{OpenError, Store, StoreOptions};

use crate::bed::{Bed, at, on_both, snapshot};

on_both!(a_newer_database_is_refused, what_is_open_can_be_opened_beside);

async fn a_newer_database_is_refused(bed: Bed) {
    bed.store.close().await;
    bed.tamper(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 9000, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
    )
    .await;
    let error = Store::open(&bed.url, StoreOptions::default()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { version: 9_000, .. }), "{error:?}");
    assert!(error.to_string().contains("from a newer befund-controller"), "{error}");
}

async fn what_is_open_can_be_opened_beside(bed: Bed) {
    let (one, other) = tokio::join!(bed.again(), bed.again());
    one.ping().await.unwrap();
    other.ping().await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_none_is_named() {
    let error = Store::open("mysql://ada:s3cret@db/befund", StoreOptions::default()).await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("sqlite:PATH") && !text.contains("s3cret"), "{text}");
    let error = Store::open("sqlite:/nowhere/at/all.db", StoreOptions::default()).await;
    assert!(matches!(error, Err(OpenError::Connect { .. })));
}

/// SQLite's own limit gives the same error as a disk without room, from the same place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_acknowledges_nothing() {
    let bed = Bed::sqlite().await;
    let agent = bed.machine("pc-1").await;
    bed.store.close().await;
    let limited = StoreOptions { most_pages: 100, ..StoreOptions::default() };
    let full = Store::open(&bed.url, limited).await.unwrap();
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for index in 0..200 {
        let contents = format!("{index:08}").repeat(1_000);
        let sent = snapshot(agent, &[&contents]);
        match full.ingest(vec![sent.clone()], at(1)).await {
            Ok(answers) => {
                assert_eq!(answers, [Ingested::Stored { ticket: None }]);
                kept.push(sent);
            }
            Err(error) => {
                assert!(error.is_full(), "{error:?}");
                refused.push(sent);
            }
        }
    }
    assert!(kept.len() > 10 && refused.len() > 10, "{} and {}", kept.len(), refused.len());
    full.close().await;

    // With room again: what was acknowledged is there, what was refused is not, and is taken now.
    let store = bed.again().await;
    for sent in &kept {
        assert!(store.snapshot(sent.manifest.id).await.unwrap().is_some());
        assert!(store.section(sent.sections[0].0).await.unwrap().is_some());
    }
    for sent in refused {
        assert_eq!(store.snapshot(sent.manifest.id).await.unwrap(), None);
        let answers = store.ingest(vec![sent], at(2)).await.unwrap();
        assert_eq!(answers, [Ingested::Stored { ticket: None }]);
    }
}
