//! Tickets and the audit record: every change through one door, none overwritten, none unnoticed.

use befund_controller::store::repository::{Audit as _, OpenTicket, StoreError, Tickets as _};
use befund_model::api::TicketQuery;
use befund_model::id::TicketNumber;
use befund_model::ticket::{Level, Priority, TicketChange, TicketEvent, TicketStatus};
use serde_json::json;

use crate::bed::{Bed, at, by, named, on_both};

on_both!(
    a_change_tells_and_records,
    concurrent_edits_conflict,
    numbers_are_never_used_twice,
    the_queue_is_urgent_and_old_first,
    a_ticket_that_is_not_there_is_named,
    the_audit_record_shows_tampering,
    sequencing_beside_writers_leaves_no_gap,
);

fn new(subject: &str, priority: Priority) -> OpenTicket {
    OpenTicket {
        subject: subject.to_owned(),
        message: "it is slow".to_owned(),
        requester: "grace".to_owned(),
        machine: None,
        priority,
        level: Level::L1,
    }
}

async fn a_change_tells_and_records(bed: Bed) {
    let ticket = bed.store.open(new("slow", Priority::Normal), &by(), at(0)).await.unwrap();
    let assign = TicketChange::Assign(Some("bo".to_owned()));
    let changed =
        bed.store.change(ticket.number, Some(1), &assign, &named("bo"), at(1)).await.unwrap();
    assert_eq!((changed.version, changed.status), (2, TicketStatus::Open));
    assert_eq!((changed.assignee.as_deref(), changed.updated_at), (Some("bo"), at(1)));
    assert_eq!(bed.store.ticket(ticket.number).await.unwrap(), Some(changed));
    let close = TicketChange::Close { solution: "a new cable".to_owned() };
    bed.store.change(ticket.number, None, &close, &by(), at(2)).await.unwrap();
    let error = bed.store.change(ticket.number, None, &assign, &by(), at(3)).await.unwrap_err();
    assert!(matches!(error, StoreError::Change(_)), "{error:?}");

    let timeline = bed.store.timeline(ticket.number, 0, 10).await.unwrap();
    assert_eq!(timeline.len(), 3, "what was refused is not told");
    assert_eq!(timeline[1].by, "bo");
    assert!(
        matches!(&timeline[2].event, TicketEvent::Solved { solution } if solution == "a new cable")
    );
    let rest = bed.store.timeline(ticket.number, timeline[1].seq, 10).await.unwrap();
    assert_eq!(rest, timeline[2..]);

    assert_eq!(bed.store.sequence().await.unwrap(), 3);
    let actions: Vec<String> =
        bed.store.audit(0, 10).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["ticket.open", "ticket.assign", "ticket.close"]);
}

async fn concurrent_edits_conflict(bed: Bed) {
    let ticket = bed.store.open(new("slow", Priority::Normal), &by(), at(0)).await.unwrap();
    let mut edits = tokio::task::JoinSet::new();
    for index in 0..20 {
        let (store, number) = (bed.store.clone(), ticket.number);
        edits.spawn(async move {
            let close = TicketChange::Close { solution: format!("solution {index}") };
            store.change(number, Some(1), &close, &named(&format!("tech-{index}")), at(1)).await
        });
    }
    let (mut closed, mut conflicts) = (Vec::new(), Vec::new());
    while let Some(edit) = edits.join_next().await {
        match edit.unwrap() {
            Ok(ticket) => closed.push(ticket),
            Err(StoreError::Conflict { by, .. }) => conflicts.push(by),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((closed.len(), conflicts.len()), (1, 19));
    let timeline = bed.store.timeline(ticket.number, 0, 100).await.unwrap();
    assert_eq!(timeline.len(), 2);
    assert!(conflicts.iter().all(|by| *by == timeline[1].by), "the winner is named");
}

async fn numbers_are_never_used_twice(bed: Bed) {
    let mut opens = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = bed.store.clone();
        opens.spawn(async move { store.open(new("x", Priority::Low), &by(), at(0)).await });
    }
    let mut numbers = Vec::new();
    while let Some(ticket) = opens.join_next().await {
        numbers.push(ticket.unwrap().unwrap().number.0);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
}

async fn the_queue_is_urgent_and_old_first(bed: Bed) {
    let mut expected = Vec::new();
    for (index, priority) in
        [Priority::Low, Priority::Urgent, Priority::Normal, Priority::Urgent, Priority::High]
            .into_iter()
            .enumerate()
    {
        let subject = format!("100% {index}");
        let ticket = bed.store.open(new(&subject, priority), &by(), at(0)).await.unwrap();
        expected.push((std::cmp::Reverse(priority), ticket.number));
    }
    expected.sort_unstable();
    let mut seen = Vec::new();
    let mut query = TicketQuery { limit: Some(2), ..TicketQuery::default() };
    loop {
        let page = bed.store.tickets(&query).await.unwrap();
        seen.extend(
            page.items.iter().map(|ticket| (std::cmp::Reverse(ticket.priority), ticket.number)),
        );
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);

    let close = TicketChange::Close { solution: "done".to_owned() };
    bed.store.change(expected[0].1, None, &close, &by(), at(1)).await.unwrap();
    let count = async |query: TicketQuery| bed.store.tickets(&query).await.unwrap().items.len();
    assert_eq!(count(TicketQuery::default()).await, 4);
    assert_eq!(count(TicketQuery { all: true, ..TicketQuery::default() }).await, 5);
    let closed = Some(TicketStatus::Closed);
    assert_eq!(count(TicketQuery { status: closed, ..TicketQuery::default() }).await, 1);
    let urgent = Some(Priority::Urgent);
    assert_eq!(count(TicketQuery { priority: urgent, ..TicketQuery::default() }).await, 1);
    let q = |q: &str| TicketQuery { q: Some(q.to_owned()), all: true, ..TicketQuery::default() };
    assert_eq!(count(q("00% 2")).await, 1);
    assert_eq!(count(q("_00%")).await, 0, "an underscore stands for itself");
}

async fn a_ticket_that_is_not_there_is_named(bed: Bed) {
    let comment = TicketChange::Comment("hello".to_owned());
    let error = bed.store.change(TicketNumber(42), None, &comment, &by(), at(0)).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no ticket 42");
    assert_eq!(bed.store.ticket(TicketNumber(42)).await.unwrap(), None);
    assert_eq!(bed.store.sequence().await.unwrap(), 0, "what did not happen is not recorded");
}

async fn the_audit_record_shows_tampering(bed: Bed) {
    for index in 0..5 {
        let detail = json!({ "index": index });
        bed.store
            .record("sign-in.failed", "operator:ada", &detail, &by(), at(index))
            .await
            .unwrap();
    }
    assert_eq!(bed.store.audit(0, 10).await.unwrap(), Vec::new(), "no place yet");
    assert_eq!(bed.store.sequence().await.unwrap(), 5);
    assert_eq!(bed.store.sequence().await.unwrap(), 0);
    let entries = bed.store.audit(2, 10).await.unwrap();
    assert_eq!(entries.iter().filter_map(|entry| entry.seq).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(entries[0].detail, json!({ "index": 2 }));
    assert_eq!(bed.store.verify_audit().await.unwrap(), None);

    // Each is a change from outside that the record itself must show; the later ones come earlier.
    for (statement, told) in [
        ("UPDATE audit SET source = 'elsewhere' WHERE seq = 5", "entry at place 5 does not fit"),
        ("UPDATE audit SET seq = 99 WHERE seq = 4", "no entry at place 4"),
        ("UPDATE audit SET detail = '{}' WHERE seq = 3", "entry at place 3 does not fit"),
        ("DELETE FROM audit WHERE seq = 2", "no entry at place 2"),
        ("DELETE FROM audit WHERE seq > 1", "ends at place 1"),
    ] {
        bed.tamper(statement).await;
        let broken = bed.store.verify_audit().await.unwrap().unwrap().to_string();
        assert!(broken.contains(told), "{statement}: {broken}");
    }
}

async fn sequencing_beside_writers_leaves_no_gap(bed: Bed) {
    let mut work = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let store = bed.store.clone();
        work.spawn(async move {
            for index in 0..25 {
                let detail = json!({ "writer": writer, "index": index });
                store.record("test", "nothing", &detail, &by(), at(index)).await.unwrap();
            }
        });
    }
    for _ in 0..2 {
        let store = bed.again().await;
        work.spawn(async move {
            for _ in 0..10 {
                store.sequence().await.unwrap();
            }
        });
    }
    while let Some(done) = work.join_next().await {
        done.unwrap();
    }
    bed.store.sequence().await.unwrap();
    let entries = bed.store.audit(0, 1_000).await.unwrap();
    let places: Vec<i64> = entries.iter().filter_map(|entry| entry.seq).collect();
    assert_eq!(places, (1..=100).collect::<Vec<_>>());
    assert_eq!(bed.store.verify_audit().await.unwrap(), None);
}
