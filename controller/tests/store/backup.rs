//! Backup and restore: all of it comes back, on either database, and what must not roll back does
//! not.

use befund_controller::backup::Existing::{Replaced, Stays};
use befund_controller::backup::{BackupError, SealError, backup, restore};
use befund_controller::config::DataFolder;
use befund_controller::store::dump::Epoch;
use befund_controller::store::ledger::Told;
use befund_controller::store::repository::{
    Agents as _, Audit as _, OpenTicket, Rebound, Redeemed, Snapshots as _, Tickets as _,
};
use befund_controller::store::{Store, StoreOptions};
use befund_model::snapshot::Purpose;
use befund_model::ticket::{Level, Priority};

use crate::bed::{Bed, at, by, on_both, redemption, request, snapshot, token};

on_both!(
    what_must_not_roll_back_does_not,
    without_the_ledger_an_epoch_is_raised,
    a_backup_moves_to_another_database,
    a_bad_backup_changes_nothing,
    what_a_database_holds_is_replaced_only_if_that_is_said,
    a_backup_of_an_earlier_version_is_restored,
);

const PASSPHRASE: &str = "correct horse battery";

fn ticket() -> OpenTicket {
    OpenTicket {
        subject: "slow".to_owned(),
        message: String::new(),
        requester: "grace".to_owned(),
        machine: None,
        priority: Priority::Normal,
        level: Level::L1,
    }
}

fn with_ca(bed: &Bed) -> DataFolder {
    let data = DataFolder::new(bed.folder.path());
    std::fs::create_dir(data.ca()).unwrap();
    std::fs::write(data.ca().join("root.key"), "a secret key").unwrap();
    std::fs::write(data.config(), "organisation = 'x'").unwrap();
    data
}

async fn what_must_not_roll_back_does_not(bed: Bed) {
    let data = with_ca(&bed);
    let agent = bed.machine("pc-1").await;
    let token = token(1);
    bed.store.create_token(token.clone(), &by(), at(0)).await.unwrap();
    let first = bed.store.open(ticket(), &by(), at(0)).await.unwrap();
    let file = bed.folder.path().join("backup");
    let made = backup(&bed.store, &data, &file, PASSPHRASE, at(100)).await.unwrap();
    assert!(made.rows > 5);
    let bytes = std::fs::read(&file).unwrap();
    assert!(!bytes.windows(12).any(|part| part == b"a secret key"), "the CA is sealed");

    // After the backup: a machine is revoked, the token is used, tickets are opened.
    bed.store.revoke(agent, &by(), at(101)).await.unwrap();
    let used = redemption(&token);
    bed.store.redeem(used.clone(), at(102)).await.unwrap();
    let last = bed.store.open(ticket(), &by(), at(103)).await.unwrap();
    bed.store.close().await;

    let restored = restore(&file, &data, &bed.url, PASSPHRASE, Replaced, at(200)).await.unwrap();
    assert_eq!((restored.epoch, restored.made_at), (None, at(100)));
    assert_eq!(restored.rows, made.rows);
    let store = bed.again().await;
    assert!(store.binding(agent).await.unwrap().unwrap().revoked);
    assert_eq!(store.tokens(at(104)).await.unwrap(), Vec::new());
    let mut again = redemption(&token);
    again.public_key = b"another".to_vec();
    assert_eq!(store.redeem(again, at(104)).await.unwrap(), Redeemed::UsedUp);
    assert_eq!(store.ticket(first.number).await.unwrap(), Some(first));
    assert_eq!(store.ticket(last.number).await.unwrap(), None, "it is younger than the backup");
    let next = store.open(ticket(), &by(), at(201)).await.unwrap();
    assert!(next.number > last.number);
    store.sequence().await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap(), None);
    assert_eq!(std::fs::read(data.ca().join("root.key")).unwrap(), b"a secret key");
}

async fn without_the_ledger_an_epoch_is_raised(bed: Bed) {
    let data = with_ca(&bed);
    let token = token(3);
    bed.store.create_token(token.clone(), &by(), at(0)).await.unwrap();
    let last = bed.store.open(ticket(), &by(), at(0)).await.unwrap();
    let file = bed.folder.path().join("backup");
    backup(&bed.store, &data, &file, PASSPHRASE, at(100)).await.unwrap();
    bed.store.close().await;
    std::fs::remove_file(data.ledger()).unwrap();
    std::fs::remove_dir_all(data.ca()).unwrap();

    let restored = restore(&file, &data, &bed.url, PASSPHRASE, Replaced, at(200)).await.unwrap();
    assert_eq!(restored.epoch, Some(1));
    let store = bed.again().await;
    assert_eq!(store.tokens(at(1)).await.unwrap(), Vec::new());
    assert_eq!(store.redeem(redemption(&token), at(1)).await.unwrap(), Redeemed::UsedUp);
    let next = store.open(ticket(), &by(), at(201)).await.unwrap();
    assert!(next.number.0 >= last.number.0 + 1_000);
    assert_eq!(std::fs::read(data.ca().join("root.key")).unwrap(), b"a secret key");
    store.close().await;

    // The ledger now reaches beyond that backup: restoring it once more raises nothing.
    let restored = restore(&file, &data, &bed.url, PASSPHRASE, Replaced, at(300)).await.unwrap();
    assert_eq!(restored.epoch, None);
    let store = bed.again().await;
    assert!(store.open(ticket(), &by(), at(301)).await.unwrap().number > next.number);
    assert_eq!(store.redeem(redemption(&token), at(302)).await.unwrap(), Redeemed::UsedUp);
}

/// From each kind to the other: everything is there, and goes on.
async fn a_backup_moves_to_another_database(bed: Bed) {
    let data = with_ca(&bed);
    let agent = bed.machine("pc-1").await;
    let mut sent = snapshot(agent, &["one", "two\u{0}"]);
    sent.purpose = Purpose::Request(request("help"));
    bed.store.ingest(vec![sent.clone()], at(5)).await.unwrap();
    bed.store.sequence().await.unwrap();
    let file = bed.folder.path().join("backup");
    backup(&bed.store, &data, &file, PASSPHRASE, at(100)).await.unwrap();

    let other = if bed.postgres.is_some() { Bed::sqlite().await } else { Bed::postgres().await };
    other.store.close().await;
    let there = DataFolder::new(other.folder.path());
    restore(&file, &there, &other.url, PASSPHRASE, Stays, at(200)).await.unwrap();

    let store = Store::open(&other.url, StoreOptions::default()).await.unwrap();
    let record = bed.store.snapshot(sent.manifest.id).await.unwrap();
    assert_eq!(store.snapshot(sent.manifest.id).await.unwrap(), record);
    assert_eq!(store.machine(agent).await.unwrap(), bed.store.machine(agent).await.unwrap());
    let number = record.unwrap().ticket.unwrap();
    let timeline = bed.store.timeline(number, 0, 10).await.unwrap();
    assert_eq!(store.timeline(number, 0, 10).await.unwrap(), timeline);
    for (hash, bytes) in &sent.sections {
        assert_eq!(store.section(*hash).await.unwrap().as_ref(), Some(bytes));
    }
    let next = store.open(ticket(), &by(), at(201)).await.unwrap();
    let first = store.timeline(next.number, 0, 10).await.unwrap();
    assert!(first[0].seq > timeline[1].seq, "the timeline is counted on");
    store.sequence().await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap(), None);
    assert_eq!(std::fs::read(there.config()).unwrap(), b"organisation = 'x'");
}

async fn a_bad_backup_changes_nothing(bed: Bed) {
    let data = with_ca(&bed);
    let kept = bed.store.open(ticket(), &by(), at(0)).await.unwrap();
    let file = bed.folder.path().join("backup");
    let short = backup(&bed.store, &data, &file, "short", at(1)).await.unwrap_err();
    assert!(matches!(short, BackupError::Passphrase(5)), "{short:?}");
    assert!(!file.exists());
    backup(&bed.store, &data, &file, PASSPHRASE, at(1)).await.unwrap();
    let ledger = std::fs::read(data.ledger()).unwrap();
    let good = std::fs::read(&file).unwrap();
    let attempt = async |bytes: &[u8], passphrase: &str| {
        std::fs::write(&file, bytes).unwrap();
        match restore(&file, &data, &bed.url, passphrase, Replaced, at(2)).await.unwrap_err() {
            BackupError::Seal { source, .. } => source,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(attempt(&good, "wrong horse battery").await, SealError::Passphrase);
    for end in [20, 40, good.len() / 2, good.len() - 1] {
        assert_eq!(attempt(&good[..end], PASSPHRASE).await, SealError::Truncated, "{end}");
    }
    assert_eq!(attempt(b"PK\x03\x04 something else", PASSPHRASE).await, SealError::NotABackup);
    for place in [60, good.len() / 2] {
        let mut altered = good.clone();
        altered[place] ^= 1;
        let told = attempt(&altered, PASSPHRASE).await;
        assert!(matches!(told, SealError::Altered | SealError::Truncated), "{place}: {told:?}");
    }
    let longer = [good.as_slice(), b"more"].concat();
    let told = attempt(&longer, PASSPHRASE).await;
    assert!(matches!(told, SealError::Altered | SealError::Truncated), "{told:?}");

    assert_eq!(bed.store.ticket(kept.number).await.unwrap(), Some(kept));
    assert_eq!(std::fs::read(data.ledger()).unwrap(), ledger);
}

async fn what_a_database_holds_is_replaced_only_if_that_is_said(bed: Bed) {
    let data = with_ca(&bed);
    let kept = bed.store.open(ticket(), &by(), at(0)).await.unwrap();
    let file = bed.folder.path().join("backup");
    backup(&bed.store, &data, &file, PASSPHRASE, at(1)).await.unwrap();
    let later = bed.store.open(ticket(), &by(), at(2)).await.unwrap();
    let refused = restore(&file, &data, &bed.url, PASSPHRASE, Stays, at(3)).await.unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty), "{refused:?}");
    for kept in [kept, later] {
        assert_eq!(bed.store.ticket(kept.number).await.unwrap(), Some(kept));
    }
    assert_eq!(bed.store.holders().await.unwrap(), [], "it let go");
}

/// What was added to the tables since may be missing, and is empty then.
async fn a_backup_of_an_earlier_version_is_restored(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let mut rows = Vec::new();
    let keep = |table: &'static str, values: Vec<serde_json::Value>| {
        rows.push((table, values));
        true
    };
    bed.store.dump(keep).await.unwrap();
    let mut into = bed.store.restore(Told::default(), Epoch::Same, at(1), at(2)).await.unwrap();
    for (table, mut values) in rows {
        if table == "agents" {
            values.truncate(13);
        }
        into.row(table, values).await.unwrap();
    }
    let error = into.row("agents", vec![serde_json::Value::Null; 12]).await.unwrap_err();
    assert!(error.to_string().contains("shape"), "{error}");
    into.commit().await.unwrap();
    assert_eq!(bed.store.machine(agent).await.unwrap().unwrap().name, "pc-1");
    assert_eq!(bed.store.rebind(agent, b"key", at(1)).await.unwrap(), Rebound::Bound);
}
