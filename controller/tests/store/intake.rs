//! Snapshots: kept once, whole, and only what the machine may count on is "already here".

use std::collections::HashSet;

use befund_controller::store::ingest::Ingest;
use befund_controller::store::repository::{
    Agents as _, Basis, IncomingSnapshot, Ingested, KnownSections, Retention, Snapshots as _,
    Tickets as _,
};
use befund_model::id::Hash;
use befund_model::snapshot::Purpose;
use befund_model::ticket::{TicketEvent, TicketStatus};
use befund_runtime::clock::Clock;

use crate::bed::{Bed, at, by, on_both, request, snapshot, unsent};

on_both!(
    a_snapshot_is_kept_as_it_was_sent,
    the_same_snapshot_twice_is_kept_once,
    a_section_of_another_machine_is_missing,
    a_basis_counts_while_it_is_the_latest,
    a_request_opens_one_ticket,
    a_batch_sees_its_own_sections_and_duplicates,
    many_uploads_share_commits,
    snapshots_are_listed_latest_first,
    retention_keeps_what_is_needed,
    retention_beside_uploads_loses_nothing,
);

async fn ingest_one(bed: &Bed, snapshot: &IncomingSnapshot, seconds: i64) -> Ingested {
    bed.store.ingest(vec![snapshot.clone()], at(seconds)).await.unwrap().remove(0)
}

const STORED: Ingested = Ingested::Stored { ticket: None };

async fn a_snapshot_is_kept_as_it_was_sent(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let sent = snapshot(agent, &["one", "two", "one"]);
    assert_eq!(ingest_one(&bed, &sent, 5).await, STORED);

    let kept = bed.store.snapshot(sent.manifest.id).await.unwrap().unwrap();
    assert_eq!(kept.manifest, sent.manifest);
    assert_eq!((kept.agent, kept.received_at, kept.ticket), (agent, at(5), None));
    assert_eq!(bed.store.latest(agent).await.unwrap(), Some(sent.manifest.clone()));
    assert_eq!(bed.store.section(Hash::of(b"two")).await.unwrap(), Some(b"two".to_vec()));
    assert_eq!(bed.store.section(Hash::of(b"three")).await.unwrap(), None);
    let machine = bed.store.machine(agent).await.unwrap().unwrap();
    assert_eq!(machine.last_snapshot, Some(sent.manifest.id));

    // Still there for whoever opens the database next.
    let again = bed.again().await;
    assert_eq!(again.latest(agent).await.unwrap(), Some(sent.manifest));
}

async fn the_same_snapshot_twice_is_kept_once(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let sent = snapshot(agent, &["one"]);
    assert_eq!(ingest_one(&bed, &sent, 5).await, STORED);
    assert_eq!(ingest_one(&bed, &sent, 6).await, Ingested::Duplicate { ticket: None });
    assert_eq!(ingest_one(&bed, &unsent(sent), 7).await, Ingested::Duplicate { ticket: None });
    assert_eq!(bed.store.snapshots(agent, None, 10).await.unwrap().items.len(), 1);
}

async fn a_section_of_another_machine_is_missing(bed: Bed) {
    let (one, other) = (bed.machine("pc-1").await, bed.machine("pc-2").await);
    assert_eq!(ingest_one(&bed, &snapshot(one, &["secret", "mine"]), 5).await, STORED);

    let guess = unsent(snapshot(other, &["secret", "nowhere"]));
    let Ingested::Missing(missing) = ingest_one(&bed, &guess, 6).await else { panic!() };
    let expected: HashSet<Hash> = [Hash::of(b"secret"), Hash::of(b"nowhere")].into();
    assert_eq!(HashSet::from_iter(missing), expected);
    assert_eq!(bed.store.snapshot(guess.manifest.id).await.unwrap(), None, "nothing was kept");

    let asked = [Hash::of(b"secret"), Hash::of(b"mine"), Hash::of(b"nowhere")];
    let known = async |agent| bed.store.known_sections(agent, &asked).await.unwrap();
    assert_eq!(known(other).await, KnownSections::default());
    let own = HashSet::from([Hash::of(b"secret"), Hash::of(b"mine")]);
    assert_eq!(known(one).await.own, own);
    // An older snapshot's sections are known as well.
    assert_eq!(ingest_one(&bed, &snapshot(one, &["newer"]), 6).await, STORED);
    assert_eq!(known(one).await.own, own);

    // Sent by itself, the same bytes are its own as well.
    assert_eq!(ingest_one(&bed, &snapshot(other, &["secret"]), 7).await, STORED);
    assert_eq!(ingest_one(&bed, &unsent(snapshot(other, &["secret"])), 8).await, STORED);
}

async fn a_basis_counts_while_it_is_the_latest(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let first = snapshot(agent, &["one", "two"]);
    assert_eq!(ingest_one(&bed, &first, 5).await, STORED);
    let basis = |of: &IncomingSnapshot, sections: &[&str]| {
        let sections = sections.iter().map(|text| Hash::of(text.as_bytes())).collect();
        Some(Basis { snapshot: of.manifest.id, sections })
    };
    let mut good = unsent(snapshot(agent, &["one", "two"]));
    good.basis = basis(&first, &["one", "two"]);
    assert_eq!(ingest_one(&bed, &good, 6).await, STORED);
    // By now another is the latest: every section is looked up, and what is not there is missing.
    let mut stale = unsent(snapshot(agent, &["one", "three"]));
    stale.basis = basis(&first, &["one", "three"]);
    let missing = Ingested::Missing(vec![Hash::of(b"three")]);
    assert_eq!(ingest_one(&bed, &stale, 7).await, missing);
}

async fn a_request_opens_one_ticket(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let mut sent = snapshot(agent, &["one", "two"]);
    let request = request("my VPN drops\nevery hour\0");
    sent.purpose = Purpose::Request(request.clone());
    let Ingested::Stored { ticket: Some(number) } = ingest_one(&bed, &sent, 5).await else {
        panic!("a ticket was asked for")
    };

    let ticket = bed.store.ticket(number).await.unwrap().unwrap();
    assert_eq!(ticket.subject, "my VPN drops");
    assert_eq!(ticket.requester, "grace");
    assert_eq!((ticket.machine, ticket.request), (Some(agent), Some(request.id)));
    assert_eq!((ticket.status, ticket.version), (TicketStatus::New, 1));
    let timeline = bed.store.timeline(number, 0, 10).await.unwrap();
    assert!(
        matches!(&timeline[0].event, TicketEvent::Opened { message } if message.contains("hour"))
    );
    assert!(matches!(timeline[1].event,
        TicketEvent::SnapshotAttached { snapshot, sections: 2, incomplete: 0 }
        if snapshot == sent.manifest.id));
    assert_eq!(timeline.len(), 2);
    let kept = bed.store.snapshot(sent.manifest.id).await.unwrap().unwrap();
    assert_eq!(kept.ticket, Some(number));

    // The same snapshot again, and the same request with another snapshot: the same ticket.
    let duplicate = Ingested::Duplicate { ticket: Some(number) };
    assert_eq!(ingest_one(&bed, &sent, 6).await, duplicate);
    let mut other = snapshot(agent, &["three"]);
    other.purpose = Purpose::Request(request.clone());
    assert_eq!(ingest_one(&bed, &other, 7).await, duplicate);
    assert_eq!(bed.store.ticket_of_request(agent, request.id).await.unwrap(), Some(number));
    assert_eq!(bed.store.timeline(number, 0, 10).await.unwrap().len(), 2);
}

async fn a_batch_sees_its_own_sections_and_duplicates(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let first = snapshot(agent, &["one"]);
    let second = unsent(snapshot(agent, &["one"]));
    let missing = unsent(snapshot(agent, &["two"]));
    let mut asked = snapshot(agent, &["three"]);
    asked.purpose = Purpose::Request(request("help"));
    let mut asked_again = snapshot(agent, &["three"]);
    asked_again.purpose = asked.purpose.clone();
    let batch = vec![second.clone(), first.clone(), second, first, missing, asked, asked_again];
    let answers = bed.store.ingest(batch, at(5)).await.unwrap();

    assert_eq!(answers[0], Ingested::Missing(vec![Hash::of(b"one")]));
    assert_eq!(answers[1], STORED);
    assert_eq!(answers[2], STORED);
    assert_eq!(answers[3], Ingested::Duplicate { ticket: None });
    assert_eq!(answers[4], Ingested::Missing(vec![Hash::of(b"two")]));
    let Ingested::Stored { ticket: Some(number) } = answers[5] else { panic!() };
    assert_eq!(answers[6], Ingested::Duplicate { ticket: Some(number) });
    assert_eq!(bed.store.snapshots(agent, None, 10).await.unwrap().items.len(), 3);
}

async fn many_uploads_share_commits(bed: Bed) {
    let (ingest, writer) = Ingest::new(bed.store.clone(), Clock::system());
    let writer = tokio::spawn(writer);
    let mut agents = Vec::new();
    for index in 0..20 {
        agents.push(bed.machine(&format!("pc-{index}")).await);
    }
    let mut uploads = tokio::task::JoinSet::new();
    for round in 0..20 {
        for agent in &agents {
            let (ingest, agent) = (ingest.clone(), *agent);
            uploads.spawn(async move {
                let changing = format!("{agent} {round}");
                let sent = snapshot(agent, &["the same everywhere", &changing]);
                (sent.manifest.id, ingest.submit(sent).await.unwrap())
            });
        }
    }
    while let Some(upload) = uploads.join_next().await {
        let (id, answer) = upload.unwrap();
        assert_eq!(answer, STORED);
        assert!(bed.store.snapshot(id).await.unwrap().is_some(), "acknowledged and not there");
    }
    drop(ingest);
    writer.await.unwrap();
}

async fn snapshots_are_listed_latest_first(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let mut ids = Vec::new();
    for index in 0..7 {
        let sent = snapshot(agent, &["one"]);
        // Two come at the same time.
        assert_eq!(ingest_one(&bed, &sent, index / 2).await, STORED);
        ids.push((index / 2, sent.manifest.id));
    }
    ids.sort_unstable();
    ids.reverse();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = bed.store.snapshots(agent, after.as_deref(), 3).await.unwrap();
        seen.extend(page.items.iter().map(|record| record.manifest.id));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(seen, ids.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
}

async fn retention_keeps_what_is_needed(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let taken = |contents: &[&str], seconds: i64| {
        let mut sent = snapshot(agent, contents);
        sent.manifest.taken_at = at(seconds);
        sent
    };
    let old = taken(&["old only", "shared"], 10);
    let mut ticketed = taken(&["on a ticket"], 20);
    ticketed.purpose = Purpose::Request(request("help"));
    let young = taken(&["young"], 200);
    let latest = taken(&["shared", "latest"], 30);
    for sent in [&old, &ticketed, &young, &latest] {
        assert!(matches!(ingest_one(&bed, sent, 300).await, Ingested::Stored { .. }));
    }

    let retention = Retention { before: at(100) };
    let removed = bed.store.retain(retention, &by(), at(400)).await.unwrap();

    assert_eq!((removed.snapshots, removed.sections), (1, 1));
    assert_eq!(bed.store.snapshot(old.manifest.id).await.unwrap(), None);
    for kept in [&ticketed, &young, &latest] {
        assert!(bed.store.snapshot(kept.manifest.id).await.unwrap().is_some());
        for (hash, bytes) in &kept.sections {
            assert_eq!(bed.store.section(*hash).await.unwrap().as_ref(), Some(bytes));
        }
    }
    // What was removed is no longer "already here".
    let again = unsent(taken(&["old only"], 500));
    assert_eq!(ingest_one(&bed, &again, 500).await, Ingested::Missing(vec![Hash::of(b"old only")]));
    let nothing = bed.store.retain(retention, &by(), at(600)).await.unwrap();
    assert_eq!((nothing.snapshots, nothing.sections), (0, 0));
}

/// Two machines keep naming and sending the same few sections while retention removes everything
/// that is old: whatever was acknowledged can be read whole afterwards.
async fn retention_beside_uploads_loses_nothing(bed: Bed) {
    const ROUNDS: usize = 120;
    let mut uploads = tokio::task::JoinSet::new();
    for name in ["pc-1", "pc-2", "pc-3"] {
        let (store, agent) = (bed.again().await, bed.machine(name).await);
        uploads.spawn(async move {
            for round in 0..ROUNDS {
                let contents = [format!("section {}", round % 4), format!("other {}", round % 3)];
                let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
                let full = snapshot(agent, &contents);
                let mut known = unsent(full.clone());
                known.manifest.taken_at = at(0);
                let answer = store.ingest(vec![known.clone()], at(1)).await.unwrap().remove(0);
                let Ingested::Missing(missing) = answer else {
                    assert_eq!(answer, STORED);
                    continue;
                };
                known.sections = full.sections;
                known.sections.retain(|(hash, _)| missing.contains(hash));
                // What was there a moment ago may be gone by now; then that is told.
                let answer = store.ingest(vec![known], at(1)).await.unwrap().remove(0);
                assert!(matches!(answer, STORED | Ingested::Missing(_)), "{answer:?}");
            }
        });
    }
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let retaining = {
        let store = bed.again().await;
        tokio::spawn(async move {
            let mut removed = 0;
            while stopped.try_recv().is_err() {
                let gone = store.retain(Retention { before: at(100) }, &by(), at(2)).await.unwrap();
                removed += gone.sections;
            }
            removed
        })
    };
    while let Some(upload) = uploads.join_next().await {
        upload.unwrap();
    }
    stop.send(()).unwrap();
    assert!(retaining.await.unwrap() > 0, "retention was at work meanwhile");

    for name in ["pc-1", "pc-2", "pc-3"] {
        let machine = bed.store.find_machine(name).await.unwrap().unwrap();
        for record in bed.store.snapshots(machine.id, None, 500).await.unwrap().items {
            for line in &record.manifest.sections {
                let bytes = bed.store.section(line.hash).await.unwrap();
                assert_eq!(bytes.map(|bytes| Hash::of(&bytes)), Some(line.hash));
            }
        }
    }
}
