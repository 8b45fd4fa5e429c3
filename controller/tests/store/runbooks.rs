//! Roots and catalogues follow one another, words to jobs are kept until they are heard, and what fixes came to
//! is counted.

use befund_controller::store::dump::Epoch;
use befund_controller::store::ledger::Told;
use befund_controller::store::repository::{
    JobReport, Jobs as _, KeptCatalogue, KeptRoot, OpenTicket, Runbooks as _, StoreError,
    Tickets as _,
};
use befund_model::api::CauseEffect;
use befund_model::id::{AgentId, JobId, TicketNumber};
use befund_model::job::{Job, JobEvent, JobNews, JobState, Outcome, RunbookOrder, Said, Work};
use befund_model::runbook::{
    Attempt, AttemptEnd, Cause, CauseVerdict, FixRef, Mode, RunbookResult,
};
use befund_model::snapshot::Status;
use befund_model::ticket::{Level, Priority, TicketChange};
use befund_runtime::clock::random;
use serde_json::json;

use crate::bed::{Bed, at, by, on_both};

on_both!(
    roots_follow_one_another,
    catalogues_only_get_newer,
    a_word_is_kept_until_it_is_heard,
    what_fixes_came_to_is_counted,
    a_job_at_work_goes_to_and_fro,
);

fn root(version: u32) -> KeptRoot {
    KeptRoot { version, bytes: vec![version as u8; 10], signatures: vec!["signed".to_owned()] }
}

async fn roots_follow_one_another(bed: Bed) {
    let store = &bed.store;
    store.keep_root(&root(1), &by(), at(1)).await.unwrap();
    store.keep_root(&root(2), &by(), at(2)).await.unwrap();
    store.keep_root(&root(2), &by(), at(3)).await.expect("the same again");

    for wrong in [root(4), root(1), KeptRoot { bytes: vec![9], ..root(2) }] {
        let refused = store.keep_root(&wrong, &by(), at(4)).await;
        assert!(matches!(refused, Err(StoreError::OutOfTurn { .. })), "{refused:?}");
    }
    assert_eq!(store.roots(0).await.unwrap(), [root(1), root(2)]);
    assert_eq!(store.roots(1).await.unwrap(), [root(2)]);
}

fn catalogue(version: u64) -> KeptCatalogue {
    KeptCatalogue {
        version,
        digest: [version as u8; 32],
        manifest: b"{}".to_vec(),
        signatures: vec!["signed".to_owned()],
        at: at(5),
        published_by: by().actor.name().to_owned(),
    }
}

async fn catalogues_only_get_newer(bed: Bed) {
    let store = &bed.store;
    assert_eq!(store.catalogue().await.unwrap(), None);
    let files = [([1; 32], b"one".to_vec()), ([2; 32], b"two".to_vec())];
    store.keep_catalogue(&catalogue(3), &files, &by(), at(5)).await.unwrap();
    // One file is there already.
    let files = [([2; 32], b"two".to_vec()), ([3; 32], b"three".to_vec())];
    store.keep_catalogue(&catalogue(7), &files, &by(), at(5)).await.unwrap();
    store.keep_catalogue(&catalogue(7), &[], &by(), at(6)).await.expect("the same again");

    for older in [catalogue(3), KeptCatalogue { digest: [8; 32], ..catalogue(7) }] {
        let refused = store.keep_catalogue(&older, &[], &by(), at(6)).await;
        assert!(matches!(refused, Err(StoreError::OutOfTurn { .. })), "{refused:?}");
    }
    assert_eq!(store.catalogue().await.unwrap(), Some(catalogue(7)));
    assert_eq!(store.catalogues(9).await.unwrap(), [catalogue(7), catalogue(3)]);
    assert_eq!(store.catalogue_file([3; 32]).await.unwrap(), Some(b"three".to_vec()));
    assert_eq!(store.catalogue_file([4; 32]).await.unwrap(), None);
}

async fn job(bed: &Bed, agent: AgentId, ticket: Option<TicketNumber>) -> JobId {
    let job = Job {
        id: JobId::new(at(0), random()),
        agent,
        ticket,
        work: Work::Runbook("net.no-internet".to_owned()),
        parameters: json!({}),
        state: JobState::Waiting,
        created_by: "ada".to_owned(),
        created_at: at(10),
        deadline: at(1_000),
        ended_at: None,
        outcome: None,
        runbook: Some(RunbookOrder { mode: Mode::Run, catalogue: "ab".repeat(32) }),
    };
    bed.store.start(&job, &by(), at(10)).await.unwrap();
    let kept = bed.store.job(job.id).await.unwrap().expect("it was started");
    assert_eq!(kept.runbook, job.runbook);
    job.id
}

async fn a_word_is_kept_until_it_is_heard(bed: Bed) {
    let (store, agent) = (&bed.store, bed.machine("pc-17").await);
    let other = bed.machine("pc-18").await;
    let job = job(&bed, agent, None).await;
    let answer = |answer: &str| Said::Answer {
        question: "scope".to_owned(),
        answer: answer.to_owned(),
        by: "tina for the user".to_owned(),
    };
    assert_eq!(store.say(job, &answer("no"), &by(), at(11)).await.unwrap(), 1);
    assert_eq!(store.say(job, &answer("yes"), &by(), at(12)).await.unwrap(), 2);

    store.heard(other, job, 1).await.expect("nothing of another's is changed");
    store.heard(agent, job, 1).await.unwrap();

    let unheard = store.unheard(&[agent, other]).await.unwrap();
    let said: Vec<_> = unheard.iter().map(|word| (word.agent, word.seq, &word.said)).collect();
    assert_eq!(said, [(agent, 2, &answer("yes"))]);
    let ended = outcome(JobState::Cancelled, json!(null));
    tell(&bed, agent, JobReport { outcome: Some(Box::new(ended)), ..JobReport::new(job) }).await;
    assert_eq!(store.unheard(&[agent]).await.unwrap(), []);
    let late = store.say(job, &answer("late"), &by(), at(13)).await;
    assert!(matches!(late, Err(StoreError::OutOfTurn { .. })), "{late:?}");
}

fn outcome(state: JobState, result: serde_json::Value) -> Outcome {
    Outcome { state, status: Status::Ok, reason: String::new(), result, took_us: 1 }
}

async fn tell(bed: &Bed, agent: AgentId, report: JobReport) {
    let progress = bed.store.report(agent, &[report], at(20)).await.unwrap();
    assert!(progress[0].is_some());
}

/// A run that found that no name server answers, and emptied the cache.
fn run(end: AttemptEnd) -> RunbookResult {
    let cause = |id: &str, verdict| Cause {
        id: id.to_owned(),
        title: id.to_owned(),
        verdict,
        evidence: String::new(),
        advice: String::new(),
    };
    let mut result: RunbookResult = serde_json::from_value(json!({
        "runbook": "net.no-internet", "version": 3, "conclusion": "", "causes": [], "facts": {},
    }))
    .unwrap();
    // What follows from another was not found.
    result.causes = vec![
        cause("dns-dead", CauseVerdict::Found),
        cause("link-down", CauseVerdict::Excluded),
        cause("line-dead", CauseVerdict::Explained),
    ];
    result.attempts = vec![Attempt {
        fix: FixRef { cause: "dns-dead".to_owned(), index: 0 },
        act: "dns.flush_cache".to_owned(),
        parameters: json!({}),
        risk: befund_model::action::Risk::Change,
        prediction: None,
        consent: None,
        approval: None,
        acted: None,
        undone: None,
        end,
        reason: String::new(),
    }];
    result
}

async fn what_fixes_came_to_is_counted(bed: Bed) {
    let (store, agent) = (&bed.store, bed.machine("pc-17").await);
    for (end, reopened) in [
        (AttemptEnd::Verified, true),
        (AttemptEnd::Verified, false),
        (AttemptEnd::Refused, false),
        (AttemptEnd::NotVerified, true),
    ] {
        let open = OpenTicket {
            subject: "no internet".to_owned(),
            message: String::new(),
            requester: "anna".to_owned(),
            machine: Some(agent),
            priority: Priority::Normal,
            level: Level::L1,
        };
        let ticket = store.open(open, &by(), at(5)).await.unwrap().number;
        let job = job(&bed, agent, Some(ticket)).await;
        assert_eq!(store.unended(&[ticket]).await.unwrap(), [(ticket, job, JobState::Waiting)]);
        let result = serde_json::to_value(run(end)).unwrap();
        let ended = outcome(JobState::Done, result);
        let report = JobReport { outcome: Some(Box::new(ended)), ..JobReport::new(job) };
        tell(&bed, agent, report.clone()).await;
        assert_eq!(store.unended(&[ticket]).await.unwrap(), []);
        store.report(agent, &[report], at(21)).await.expect("said twice, it counts once");
        let close = TicketChange::Close { solution: "it works".to_owned() };
        store.change(ticket, None, &close, &by(), at(30)).await.unwrap();
        // A ticket that came back twice is one that came back.
        for _ in 0..if reopened { 2 } else { 0 } {
            let again = TicketChange::Reopen { reason: "it came back".to_owned() };
            store.change(ticket, None, &again, &by(), at(40)).await.unwrap();
            store.change(ticket, None, &close, &by(), at(50)).await.unwrap();
        }
    }

    let effect = |fix, act: &str, came_up, done, verified, came_back| CauseEffect {
        runbook: "net.no-internet".to_owned(),
        cause: "dns-dead".to_owned(),
        fix,
        act: act.to_owned(),
        title: None,
        came_up,
        done,
        verified,
        came_back,
    };
    // What did not help is no reason why a ticket came back.
    let expected = [effect(None, "", 4, 0, 0, 2), effect(Some(0), "dns.flush_cache", 4, 3, 2, 1)];
    assert_eq!(store.effects(Some("net.no-internet")).await.unwrap(), expected);
    assert_eq!(store.effects(None).await.unwrap(), expected);
    assert_eq!(store.effects(Some("printer.queue")).await.unwrap(), []);

    // They are counted anew from a backup, also of a version that kept no word of what came back.
    for of_before in [false, true] {
        let mut rows = Vec::new();
        let take = |table: &'static str, row| {
            rows.push((table, row));
            true
        };
        store.dump(take).await.unwrap();
        let told = Told::default();
        let mut into = store.restore(told, Epoch::Same, at(90), at(91)).await.unwrap();
        for (table, mut row) in rows {
            if of_before && table == "run_results" {
                row.pop();
            }
            into.row(table, row).await.unwrap();
        }
        into.commit().await.unwrap();
        assert_eq!(store.effects(None).await.unwrap(), expected, "{of_before}");
    }
}

async fn a_job_at_work_goes_to_and_fro(bed: Bed) {
    let agent = bed.machine("pc-17").await;
    let job = job(&bed, agent, None).await;
    let news = [
        JobNews::Started,
        JobNews::State(JobState::Asking),
        JobNews::State(JobState::NeedsApproval),
        JobNews::State(JobState::Running),
        JobNews::State(JobState::Done),
    ];
    let expected = [
        JobState::Running,
        JobState::Asking,
        JobState::NeedsApproval,
        JobState::Running,
        // What is final, only an outcome says.
        JobState::Running,
    ];
    for ((seq, what), expected) in (1..).zip(news).zip(expected) {
        let events = vec![JobEvent { seq, at: at(20), what }];
        tell(&bed, agent, JobReport { events, ..JobReport::new(job) }).await;
        assert_eq!(bed.store.job(job).await.unwrap().unwrap().state, expected);
    }
}
