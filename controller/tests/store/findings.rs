//! Findings: what waits is judged once, tickets first, told on the ticket, and gone with its snapshot.

use befund_controller::store::repository::{
    Findings as _, Ingested, Judged, Judgement, Retention, Snapshots as _, Tickets as _,
};
use befund_model::api::SnapshotRecord;
use befund_model::finding::Finding;
use befund_model::id::{AgentId, Hash, SnapshotId, TicketNumber};
use befund_model::probe::Verdict;
use befund_model::snapshot::Purpose;
use befund_model::ticket::TicketEvent;

use crate::bed::{Bed, at, by, on_both, request, snapshot};

on_both!(
    what_came_in_waits_until_it_was_judged_tickets_first,
    findings_are_told_on_the_ticket_once,
    the_fleet_counts_each_machine_by_its_latest_snapshot,
    other_checks_judge_the_latest_again,
    findings_go_with_their_snapshot,
    a_snapshot_called_good_stays,
);

fn judgement(check: &str, verdict: Verdict) -> Judgement {
    let finding = Finding {
        check: check.to_owned(),
        version: 1,
        verdict,
        reason: String::new(),
        evidence: Vec::new(),
    };
    Judgement { check: check.to_owned(), inputs: Hash::of(b"inputs"), finding: Some(finding) }
}

fn judged(
    agent: AgentId,
    snapshot: SnapshotId,
    ticket: Option<TicketNumber>,
    verdict: Verdict,
) -> Judged {
    let judgements = vec![judgement("disk.space", verdict), judgement("net.link", Verdict::Pass)];
    Judged { agent, snapshot, ticket, checks: Hash::of(b"checks"), judgements }
}

/// A snapshot that came, on a ticket or not.
async fn came(
    bed: &Bed,
    agent: AgentId,
    asked: bool,
    second: i64,
) -> (SnapshotId, Option<TicketNumber>) {
    let mut sent = snapshot(agent, &["one"]);
    if asked {
        sent.purpose = Purpose::Request(request("help"));
    }
    let id = sent.manifest.id;
    let answers = bed.store.ingest(vec![sent], at(second)).await.unwrap();
    let Ingested::Stored { ticket } = answers[0] else { panic!("{answers:?}") };
    (id, ticket)
}

async fn what_came_in_waits_until_it_was_judged_tickets_first(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let (first, _) = came(&bed, agent, false, 5).await;
    let (second, ticket) = came(&bed, agent, true, 6).await;
    let waiting = bed.store.unjudged(10).await.unwrap();
    let order: Vec<_> = waiting.iter().map(|one| (one.manifest.id, one.ticket)).collect();
    assert_eq!(order, [(second, ticket), (first, None)]);
    assert_eq!(bed.store.last_judged(agent).await.unwrap(), None);

    let said = judged(agent, first, None, Verdict::Fail);
    assert!(bed.store.keep_judged(&said, at(7)).await.unwrap());
    assert_eq!(bed.store.judged(agent, first).await.unwrap(), Some(said.clone()));
    assert_eq!(bed.store.last_judged(agent).await.unwrap(), Some(said));
    let waiting = bed.store.unjudged(10).await.unwrap();
    assert_eq!(waiting.iter().map(|one| one.manifest.id).collect::<Vec<_>>(), [second]);
}

async fn findings_are_told_on_the_ticket_once(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let (id, ticket) = came(&bed, agent, true, 5).await;
    for (verdict, second) in [(Verdict::Fail, 6), (Verdict::Warn, 7)] {
        assert!(
            bed.store.keep_judged(&judged(agent, id, ticket, verdict), at(second)).await.unwrap()
        );
    }
    let told = bed.store.timeline(ticket.unwrap(), 0, 10).await.unwrap();
    let judged: Vec<_> = told
        .iter()
        .filter_map(|entry| match entry.event {
            TicketEvent::Judged { snapshot, failed, warned, unknown } => {
                Some((snapshot, failed, warned, unknown))
            }
            _ => None,
        })
        .collect();
    assert_eq!(judged, [(id, 1, 0, 0)]);
}

async fn the_fleet_counts_each_machine_by_its_latest_snapshot(bed: Bed) {
    let (one, other) = (bed.machine("pc-1").await, bed.machine("pc-2").await);
    let (old, _) = came(&bed, one, false, 5).await;
    let (new, _) = came(&bed, one, false, 6).await;
    let (theirs, _) = came(&bed, other, false, 7).await;
    for (agent, id, verdict) in
        [(one, new, Verdict::Pass), (one, old, Verdict::Fail), (other, theirs, Verdict::Warn)]
    {
        bed.store.keep_judged(&judged(agent, id, None, verdict), at(8)).await.unwrap();
    }
    let troubled = bed.store.troubled().await.unwrap();
    assert_eq!(troubled.into_iter().collect::<Vec<_>>(), [("disk.space".to_owned(), 1)]);
}

async fn other_checks_judge_the_latest_again(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let (old, _) = came(&bed, agent, false, 5).await;
    let (new, _) = came(&bed, agent, false, 6).await;
    for id in [old, new] {
        bed.store.keep_judged(&judged(agent, id, None, Verdict::Pass), at(7)).await.unwrap();
    }
    assert_eq!(bed.store.judge_again(Hash::of(b"checks")).await.unwrap(), 0);
    assert_eq!(bed.store.judge_again(Hash::of(b"others")).await.unwrap(), 1);
    let waiting = bed.store.unjudged(10).await.unwrap();
    assert_eq!(waiting.iter().map(|one| one.manifest.id).collect::<Vec<_>>(), [new]);
}

async fn findings_go_with_their_snapshot(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let (old, _) = came(&bed, agent, false, 5).await;
    came(&bed, agent, false, 6).await;
    bed.store.keep_judged(&judged(agent, old, None, Verdict::Pass), at(7)).await.unwrap();
    bed.store.retain(Retention { before: at(1_000_000_000) }, &by(), at(8)).await.unwrap();
    assert_eq!(bed.store.snapshot(old).await.unwrap(), None);
    assert_eq!(bed.store.judged(agent, old).await.unwrap(), None);
    let late = judged(agent, old, None, Verdict::Pass);
    assert!(!bed.store.keep_judged(&late, at(9)).await.unwrap(), "it is gone");
    assert_eq!(bed.store.judged(agent, old).await.unwrap(), None);
}

async fn a_snapshot_called_good_stays(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let (good, _) = came(&bed, agent, false, 5).await;
    let (old, _) = came(&bed, agent, false, 6).await;
    let (latest, _) = came(&bed, agent, false, 7).await;
    let called = bed.store.call_good(good, true, &by(), at(8)).await.unwrap().expect("it is there");
    let mark = called.good.expect("called good");
    assert_eq!((mark.by.as_str(), mark.at), (by().actor.name(), at(8)));
    assert_eq!(
        bed.store.call_good(SnapshotId::new(at(1), [9; 10]), true, &by(), at(8)).await.unwrap(),
        None
    );

    let of = async |id| bed.store.snapshot(id).await.unwrap().expect("it is there");
    let ids = |records: Vec<SnapshotRecord>| -> Vec<SnapshotId> {
        records.iter().map(|one| one.manifest.id).collect()
    };
    assert_eq!(ids(bed.store.before(&of(latest).await, 9).await.unwrap()), [old, good]);
    assert_eq!(ids(bed.store.before(&of(latest).await, 1).await.unwrap()), [old]);
    assert_eq!(ids(bed.store.before(&of(good).await, 9).await.unwrap()), []);
    let last = bed.store.last_good(&of(latest).await).await.unwrap();
    assert_eq!(last.map(|one| one.manifest.id), Some(good));
    assert_eq!(bed.store.last_good(&of(good).await).await.unwrap(), None, "not itself");

    let retention = Retention { before: at(1_000_000_000) };
    assert_eq!(bed.store.retain(retention, &by(), at(9)).await.unwrap().snapshots, 1);
    let left = bed.store.snapshots(agent, None, 10).await.unwrap().items;
    assert_eq!(ids(left), [latest, good]);
    assert_eq!(bed.store.snapshot(old).await.unwrap(), None);

    bed.store.call_good(good, false, &by(), at(10)).await.unwrap();
    assert_eq!(bed.store.retain(retention, &by(), at(11)).await.unwrap().snapshots, 1);
}
