//! Jobs: states only move forward, events and outcomes count once, and everything is told.

use befund_controller::store::repository::{
    JobProgress, JobReport, Jobs as _, OpenTicket, StoreError, Tickets as _,
};
use befund_model::id::{AgentId, JobId, TicketNumber};
use befund_model::job::{Job, JobEvent, JobNews, JobState, Outcome, Work};
use befund_model::snapshot::Status;
use befund_model::ticket::{Level, Priority, TicketEvent};
use befund_runtime::clock::random;
use serde_json::json;

use crate::bed::{Bed, at, by, on_both};

on_both!(
    a_job_goes_its_way_onto_the_ticket,
    events_come_in_order_and_once,
    a_result_counts_once,
    what_nobody_began_is_cancelled_here,
    what_is_late_expires,
    only_its_own_machine_moves_a_job,
    what_came_together_is_kept_together,
    states_follow_the_rule,
);

fn job(agent: AgentId, ticket: Option<TicketNumber>) -> Job {
    Job {
        id: JobId::new(at(0), random()),
        agent,
        ticket,
        work: Work::Probe("net.dns".to_owned()),
        parameters: json!({ "name": "example.org" }),
        state: JobState::Waiting,
        created_by: "ada".to_owned(),
        created_at: at(10),
        deadline: at(1_000),
        ended_at: None,
        outcome: None,
        runbook: None,
    }
}

fn outcome(state: JobState) -> Outcome {
    Outcome {
        state,
        status: Status::Ok,
        reason: String::new(),
        result: json!({ "summary": "all servers answered" }),
        took_us: 9,
    }
}

fn event(seq: u32, what: JobNews) -> JobEvent {
    JobEvent { seq, at: at(20), what }
}

fn output(seq: u32) -> JobEvent {
    event(seq, JobNews::Output(format!("line {seq}")))
}

/// One job's report by itself.
async fn say(bed: &Bed, agent: AgentId, report: JobReport, second: i64) -> Option<JobProgress> {
    let reports = [report];
    bed.store.report(agent, &reports, at(second)).await.unwrap().remove(0)
}

fn delivered(job: JobId) -> JobReport {
    JobReport { delivered: true, ..JobReport::new(job) }
}

fn events(job: JobId, events: &[JobEvent]) -> JobReport {
    JobReport { events: events.to_vec(), ..JobReport::new(job) }
}

fn ended(job: JobId, state: JobState) -> JobReport {
    JobReport { outcome: Some(Box::new(outcome(state))), ..JobReport::new(job) }
}

async fn ticket(bed: &Bed) -> TicketNumber {
    let ticket = OpenTicket {
        subject: "slow".to_owned(),
        message: String::new(),
        requester: "grace".to_owned(),
        machine: None,
        priority: Priority::Normal,
        level: Level::L1,
    };
    bed.store.open(ticket, &by(), at(0)).await.unwrap().number
}

async fn a_job_goes_its_way_onto_the_ticket(bed: Bed) {
    let (agent, ticket) = (bed.machine("pc-1").await, ticket(&bed).await);
    let job = job(agent, Some(ticket));
    let started = bed.store.start(&job, &by(), at(10)).await.unwrap();
    assert_eq!(started.job, job);
    let waiting = bed.store.waiting(&[agent], at(11)).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].receipt), (1, started.receipt));
    assert_eq!(waiting[0].job, job);

    assert!(say(&bed, agent, delivered(job.id), 12).await.unwrap().changed);
    assert!(!say(&bed, agent, delivered(job.id), 12).await.unwrap().changed, "said twice");
    assert!(bed.store.waiting(&[agent], at(12)).await.unwrap().is_empty());
    let news = [event(1, JobNews::Started), output(2)];
    let told = say(&bed, agent, events(job.id, &news), 13).await.unwrap();
    assert_eq!((told.ticket, told.last_event), (Some(ticket), 2));
    assert_eq!(bed.store.job(job.id).await.unwrap().unwrap().state, JobState::Running);
    let running = bed.store.jobs_in(JobState::Running, 9).await.unwrap();
    assert_eq!(running.iter().map(|job| job.id).collect::<Vec<_>>(), [job.id]);
    assert!(bed.store.jobs_in(JobState::NeedsApproval, 9).await.unwrap().is_empty());
    assert!(say(&bed, agent, ended(job.id, JobState::Done), 14).await.unwrap().ended);

    let ended = bed.store.job(job.id).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.ended_at), (JobState::Done, Some(at(14))));
    assert_eq!(ended.outcome, Some(outcome(JobState::Done)));
    let told = bed.store.timeline(ticket, 0, 100).await.unwrap();
    assert!(matches!(told[1].event, TicketEvent::JobStarted { job: id, .. } if id == job.id));
    assert!(matches!(&told[2].event, TicketEvent::Output { news: JobNews::Started, .. }));
    assert!(matches!(&told[4].event, TicketEvent::Result { summary, state: JobState::Done, .. }
        if summary == "all servers answered"));
    assert_eq!(told.len(), 5);
    assert!(!say(&bed, agent, delivered(job.id), 15).await.unwrap().changed, "it moved on");
}

async fn events_come_in_order_and_once(bed: Bed) {
    let (agent, ticket) = (bed.machine("pc-1").await, ticket(&bed).await);
    let job = job(agent, Some(ticket));
    bed.store.start(&job, &by(), at(10)).await.unwrap();
    let send = async |news: &[JobEvent]| {
        say(&bed, agent, events(job.id, news), 11).await.unwrap().last_event
    };
    assert_eq!(send(&[output(1), output(2)]).await, 2);
    assert_eq!(send(&[output(2), output(3)]).await, 3, "a duplicate is passed over");
    assert_eq!(send(&[output(5)]).await, 3, "a gap is not jumped");
    assert_eq!(send(&[output(4), output(6)]).await, 4);
    assert_eq!(send(&[]).await, 4);
    assert_eq!(send(&[output(1)]).await, 4);
    let kept = bed.store.job_events(job.id, 1, 10).await.unwrap();
    assert_eq!(kept, [output(2), output(3), output(4)]);
    assert_eq!(bed.store.timeline(ticket, 0, 100).await.unwrap().len(), 2 + 4);
}

async fn a_result_counts_once(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let job = job(agent, None);
    bed.store.start(&job, &by(), at(10)).await.unwrap();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let store = bed.store.clone();
        let id = job.id;
        all.spawn(async move {
            let reports = [ended(id, JobState::Done)];
            store.report(agent, &reports, at(11)).await.unwrap()[0].unwrap().ended
        });
    }
    let kept = all.join_all().await.into_iter().filter(|kept| *kept).count();
    assert_eq!(kept, 1);
    assert!(!say(&bed, agent, ended(job.id, JobState::Failed), 12).await.unwrap().ended);
    assert_eq!(bed.store.job(job.id).await.unwrap().unwrap().state, JobState::Done);
}

async fn what_nobody_began_is_cancelled_here(bed: Bed) {
    let (agent, ticket) = (bed.machine("pc-1").await, ticket(&bed).await);
    let (waiting, taken) = (job(agent, Some(ticket)), job(agent, None));
    for job in [&waiting, &taken] {
        bed.store.start(job, &by(), at(10)).await.unwrap();
    }
    say(&bed, agent, delivered(taken.id), 11).await.unwrap();
    assert!(bed.store.cancel(waiting.id, &by(), at(12)).await.unwrap());
    assert_eq!(bed.store.to_cancel(&[agent]).await.unwrap(), []);
    assert!(!bed.store.cancel(taken.id, &by(), at(12)).await.unwrap(), "the machine is asked");
    assert_eq!(bed.store.to_cancel(&[agent]).await.unwrap(), [(agent, taken.id)]);
    assert_eq!(bed.store.job(taken.id).await.unwrap().unwrap().state, JobState::Delivered);
    let over = bed.store.job(waiting.id).await.unwrap().unwrap();
    assert_eq!((over.state, over.ended_at), (JobState::Cancelled, Some(at(12))));
    assert!(over.outcome.unwrap().reason.contains("before the machine had it"));
    assert!(!say(&bed, agent, delivered(waiting.id), 13).await.unwrap().changed);
    say(&bed, agent, ended(taken.id, JobState::Cancelled), 14).await.unwrap();
    assert_eq!(bed.store.to_cancel(&[agent]).await.unwrap(), [], "it ended");
    let told = bed.store.timeline(ticket, 0, 100).await.unwrap();
    assert!(matches!(
        told.last().unwrap().event,
        TicketEvent::Result { state: JobState::Cancelled, .. }
    ));
    let error = bed.store.cancel(JobId::new(at(0), random()), &by(), at(12)).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "job", .. }), "{error:?}");
}

async fn what_is_late_expires(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let (late, mut young) = (job(agent, None), job(agent, None));
    young.deadline = at(5_000);
    for job in [&late, &young] {
        bed.store.start(job, &by(), at(10)).await.unwrap();
    }
    assert_eq!(bed.store.expire(at(999)).await.unwrap(), []);
    let waiting = bed.store.waiting(&[agent], at(1_000)).await.unwrap();
    assert_eq!(waiting.iter().map(|audited| audited.job.id).collect::<Vec<_>>(), [young.id]);
    assert_eq!(bed.store.expire(at(1_000)).await.unwrap(), [late.id]);
    assert_eq!(bed.store.expire(at(1_000)).await.unwrap(), []);
    let expired = bed.store.job(late.id).await.unwrap().unwrap();
    assert_eq!(expired.state, JobState::Expired);
    // What the machine found out all the same is kept, once; the state stays.
    assert!(say(&bed, agent, ended(late.id, JobState::Done), 1_001).await.unwrap().ended);
    assert!(!say(&bed, agent, ended(late.id, JobState::Done), 1_002).await.unwrap().ended);
    let expired = bed.store.job(late.id).await.unwrap().unwrap();
    assert_eq!((expired.state, expired.ended_at), (JobState::Expired, Some(at(1_000))));
    assert_eq!(expired.outcome, Some(outcome(JobState::Done)));
}

async fn only_its_own_machine_moves_a_job(bed: Bed) {
    let (agent, other) = (bed.machine("pc-1").await, bed.machine("pc-2").await);
    let job = job(agent, None);
    bed.store.start(&job, &by(), at(10)).await.unwrap();
    for report in [delivered(job.id), events(job.id, &[output(1)]), ended(job.id, JobState::Done)] {
        assert_eq!(say(&bed, other, report, 11).await, None);
    }
    assert!(bed.store.waiting(&[other], at(11)).await.unwrap().is_empty());
    assert_eq!(bed.store.job(job.id).await.unwrap(), Some(job));
}

async fn what_came_together_is_kept_together(bed: Bed) {
    let (agent, ticket) = (bed.machine("pc-1").await, ticket(&bed).await);
    let (first, second) = (job(agent, Some(ticket)), job(agent, None));
    for job in [&first, &second] {
        bed.store.start(job, &by(), at(10)).await.unwrap();
    }
    let whole = JobReport {
        delivered: true,
        events: vec![event(1, JobNews::Started), output(2)],
        ..ended(first.id, JobState::Done)
    };
    let unknown = delivered(JobId::new(at(0), random()));
    let reports = [whole, unknown, delivered(second.id)];
    let progress = bed.store.report(agent, &reports, at(11)).await.unwrap();
    let ended = JobProgress { ticket: Some(ticket), last_event: 2, ended: true, changed: true };
    let taken = JobProgress { ticket: None, last_event: 0, ended: false, changed: true };
    assert_eq!(progress, [Some(ended), None, Some(taken)]);
    let told = bed.store.timeline(ticket, 0, 100).await.unwrap();
    assert!(matches!(&told[2].event, TicketEvent::Output { news: JobNews::Started, .. }));
    assert!(matches!(&told[4].event, TicketEvent::Result { state: JobState::Done, .. }));
    assert_eq!(bed.store.job(first.id).await.unwrap().unwrap().state, JobState::Done);
    assert_eq!(bed.store.job(second.id).await.unwrap().unwrap().state, JobState::Delivered);
}

/// Random walks of everything that can be asked for: the state only ever goes where the model's
/// rule lets it.
async fn states_follow_the_rule(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    for _ in 0..25 {
        let job = job(agent, None);
        bed.store.start(&job, &by(), at(10)).await.unwrap();
        let mut state = JobState::Waiting;
        let mut steps = Vec::new();
        for choice in random::<6>() {
            steps.push(choice % 7);
            match choice % 7 {
                0 => drop(say(&bed, agent, delivered(job.id), 11).await.unwrap()),
                1 => {
                    let began = events(job.id, &[event(1, JobNews::Started)]);
                    say(&bed, agent, began, 11).await.unwrap();
                }
                2 => drop(say(&bed, agent, events(job.id, &[output(2)]), 11).await.unwrap()),
                3 => drop(say(&bed, agent, ended(job.id, JobState::Done), 11).await.unwrap()),
                4 => drop(say(&bed, agent, ended(job.id, JobState::Refused), 11).await.unwrap()),
                5 => drop(bed.store.cancel(job.id, &by(), at(11)).await.unwrap()),
                _ => drop(bed.store.expire(at(1_000)).await.unwrap()),
            }
            let found = bed.store.job(job.id).await.unwrap().unwrap();
            assert!(
                found.state == state || state.may_become(found.state),
                "{steps:?}: {state} became {}",
                found.state
            );
            assert_eq!(found.state.is_final(), found.outcome.is_some(), "{steps:?}");
            assert_eq!(found.state.is_final(), found.ended_at.is_some(), "{steps:?}");
            state = found.state;
        }
    }
}
