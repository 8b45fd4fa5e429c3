//! Jobs that people begin at the machine itself: kept on the machine's word, within bounds.

use befund_controller::store::repository::{
    Adopted, Audit as _, JobReport, Jobs as _, OpenTicket, Tickets as _,
};
use befund_model::id::{AgentId, JobId, TicketNumber};
use befund_model::job::{JobEvent, JobNews, JobState, Order, Outcome, RunbookOrder, Work};
use befund_model::runbook::Mode;
use befund_model::snapshot::Status;
use befund_model::ticket::{Level, Priority, TicketEvent};
use befund_runtime::clock::random;
use serde_json::json;

use crate::bed::{Bed, at, by, on_both};

on_both!(
    one_is_kept_once_and_goes_its_way,
    a_ticket_is_named_only_by_its_own_machine,
    a_number_is_taken_once,
    too_many_in_a_day_are_not_kept,
);

fn order(agent: AgentId, ticket: Option<TicketNumber>) -> Order {
    Order {
        job: JobId::new(at(0), random()),
        agent,
        work: Work::Runbook("net.no-internet".to_owned()),
        parameters: json!({ "site": "intranet.example" }),
        ticket,
        within_ms: 60_000,
        runbook: Some(RunbookOrder { mode: Mode::Run, catalogue: "ab".repeat(32) }),
    }
}

async fn ticket(bed: &Bed, machine: Option<AgentId>) -> TicketNumber {
    let ticket = OpenTicket {
        subject: "no internet".to_owned(),
        message: String::new(),
        requester: "anna".to_owned(),
        machine,
        priority: Priority::Normal,
        level: Level::L1,
    };
    bed.store.open(ticket, &by(), at(0)).await.unwrap().number
}

async fn one_is_kept_once_and_goes_its_way(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let order = order(agent, None);
    let adopted = bed.store.adopt(agent, &order, "anna", at(10)).await.unwrap();
    assert_eq!(adopted, Adopted::New(None));
    assert_eq!(bed.store.adopt(agent, &order, "anna", at(11)).await.unwrap(), Adopted::Known);
    let job = bed.store.job(order.job).await.unwrap().unwrap();
    assert_eq!((job.state, job.created_by.as_str()), (JobState::Delivered, "anna at the machine"));
    assert_eq!((job.created_at, job.deadline, job.ticket), (at(10), at(70), None));
    assert_eq!(
        (job.work, job.parameters, job.runbook),
        (order.work, order.parameters, order.runbook)
    );
    assert!(bed.store.waiting(&[agent], at(11)).await.unwrap().is_empty(), "it is not given out");

    let outcome = Outcome {
        state: JobState::Done,
        status: Status::Ok,
        reason: String::new(),
        result: json!({}),
        took_us: 5,
    };
    let report = JobReport {
        events: vec![JobEvent { seq: 1, at: at(12), what: JobNews::Started }],
        outcome: Some(Box::new(outcome)),
        ..JobReport::new(order.job)
    };
    let progress = bed.store.report(agent, &[report], at(12)).await.unwrap();
    assert!(progress[0].unwrap().ended);
    assert_eq!(bed.store.job(order.job).await.unwrap().unwrap().state, JobState::Done);

    bed.store.sequence().await.unwrap();
    let entries = bed.store.audit(0, 100).await.unwrap();
    let entry = entries.iter().find(|entry| entry.action == "job.adopt").unwrap();
    assert_eq!((entry.actor.name(), entry.at), ("anna", at(10)));
    assert_eq!(entry.object, format!("agent:{agent}"));
    assert_eq!(entries.iter().filter(|entry| entry.action == "job.adopt").count(), 1);
}

async fn a_ticket_is_named_only_by_its_own_machine(bed: Bed) {
    let (agent, other) = (bed.machine("pc-1").await, bed.machine("pc-2").await);
    let (own, foreign) = (ticket(&bed, Some(agent)).await, ticket(&bed, Some(other)).await);
    for (named, kept) in
        [(Some(own), Some(own)), (Some(foreign), None), (Some(TicketNumber(4_711)), None)]
    {
        let adopted = bed.store.adopt(agent, &order(agent, named), "anna", at(10)).await.unwrap();
        assert_eq!(adopted, Adopted::New(kept));
    }
    let told = bed.store.timeline(own, 0, 100).await.unwrap();
    let started = told.iter().find(|entry| matches!(entry.event, TicketEvent::JobStarted { .. }));
    assert_eq!(started.unwrap().by, "anna at the machine");
    assert_eq!(bed.store.timeline(foreign, 0, 100).await.unwrap().len(), 1);
}

async fn a_number_is_taken_once(bed: Bed) {
    let (agent, other) = (bed.machine("pc-1").await, bed.machine("pc-2").await);
    let first = order(agent, None);
    bed.store.adopt(agent, &first, "anna", at(10)).await.unwrap();
    let stolen = Order { agent: other, ..first.clone() };
    let told = bed.store.adopt(other, &stolen, "eve", at(11)).await.unwrap();
    assert!(matches!(told, Adopted::Refused(_)), "{told:?}");
    let told = bed.store.adopt(other, &order(agent, None), "eve", at(11)).await.unwrap();
    assert!(matches!(told, Adopted::Refused(_)), "{told:?}");
    let job = bed.store.job(first.job).await.unwrap().unwrap();
    assert_eq!((job.agent, job.created_by.as_str()), (agent, "anna at the machine"));
    let far = Order { within_ms: u64::MAX, ..order(agent, None) };
    bed.store.adopt(agent, &far, "anna", at(10)).await.unwrap();
    let deadline = bed.store.job(far.job).await.unwrap().unwrap().deadline;
    assert_eq!(deadline, at(10 + 31 * 24 * 3600));
}

async fn too_many_in_a_day_are_not_kept(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    for _ in 0..100 {
        let told = bed.store.adopt(agent, &order(agent, None), "anna", at(10)).await.unwrap();
        assert_eq!(told, Adopted::New(None));
    }
    let told = bed.store.adopt(agent, &order(agent, None), "anna", at(11)).await.unwrap();
    assert!(matches!(told, Adopted::Refused(_)), "{told:?}");
    let day = 24 * 3600;
    let told = bed.store.adopt(agent, &order(agent, None), "anna", at(11 + day)).await.unwrap();
    assert_eq!(told, Adopted::New(None));
}
