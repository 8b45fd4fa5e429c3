//! What machines say of themselves: jobs that people began there, and what they trust.

use befund_controller::store::repository::{Agents as _, Jobs as _};
use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId};
use befund_model::job::{JobEvent, JobNews, JobState, Order, Work};
use befund_proto::v1::agent_message::Body as Said;
use befund_proto::v1::controller_message::Body as Heard;
use befund_proto::v1::goodbye::Reason;
use befund_proto::{convert, v1};
use befund_runtime::clock;

use crate::fixture::{DEADLINE, TestGate, TestSession};

fn order(gate: &TestGate, agent: AgentId) -> Order {
    Order {
        job: JobId::new(gate.clock.now(), clock::random()),
        agent,
        work: Work::Runbook("net.no-internet".into()),
        parameters: serde_json::json!({}),
        ticket: None,
        within_ms: 60_000,
        runbook: None,
    }
}

fn own(order: &Order, job: JobId) -> Said {
    Said::OwnJob(v1::OwnJob {
        job: convert::id::bytes(job.as_bytes()),
        body: convert::json::write(order),
        begun_by: "anna".into(),
    })
}

fn started(job: JobId) -> Said {
    let event = JobEvent { seq: 1, at: Timestamp::UNIX_EPOCH, what: JobNews::Started };
    let body = convert::json::write(&event);
    Said::Event(v1::Event { job: convert::id::bytes(job.as_bytes()), seq: 1, body })
}

async fn acknowledged(session: &mut TestSession) -> u32 {
    match session.next().await {
        Ok(Some(Heard::EventAck(ack))) => ack.seq,
        other => panic!("{other:?} instead of an acknowledgement"),
    }
}

#[tokio::test]
async fn a_job_that_a_person_began_is_kept_before_what_it_tells() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let order = order(&gate, machine.agent);
    // Said again on another session, as after a connection that broke.
    for _ in 0..2 {
        let mut session = machine.session(&gate).await;
        session.say(own(&order, order.job)).await;
        session.say(started(order.job)).await;
        assert_eq!(acknowledged(&mut session).await, 1);
    }
    let job = gate.store.job(order.job).await.expect("read").expect("kept");
    assert_eq!((job.state, job.created_by.as_str()), (JobState::Running, "anna at the machine"));
    assert_eq!(gate.store.job_events(order.job, 0, 10).await.expect("read").len(), 1);
    gate.stop().await;
}

#[tokio::test]
async fn a_job_of_another_machine_is_not_kept_and_what_it_tells_ends() {
    let gate = TestGate::start().await;
    let (machine, other) = (gate.enroll().await, gate.enroll().await);
    let foreign = order(&gate, other.agent);
    let mut session = machine.session(&gate).await;
    session.say(own(&foreign, foreign.job)).await;
    session.say(started(foreign.job)).await;
    assert_eq!(acknowledged(&mut session).await, 1, "it is not said for ever");
    assert_eq!(gate.store.job(foreign.job).await.expect("read"), None);
    let confused = order(&gate, machine.agent);
    session.say(own(&confused, foreign.job)).await;
    match session.next().await {
        Ok(Some(Heard::Goodbye(goodbye))) => assert_eq!(goodbye.reason(), Reason::Protocol),
        other => panic!("{other:?} instead of a goodbye"),
    }
    gate.stop().await;
}

#[tokio::test]
async fn what_a_machine_trusts_is_kept_as_it_last_said() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let mut session = machine.session(&gate).await;
    for version in [3, 4] {
        let state = v1::TrustState {
            root_version: version,
            pinned: true,
            refusal: "it is too old".into(),
            ..v1::TrustState::default()
        };
        session.say(Said::Trust(state)).await;
    }
    // What is answered was said after it.
    session.say(Said::CheckIn(v1::CheckIn { root: vec![1; 32].into() })).await;
    assert!(matches!(session.next().await, Ok(Some(Heard::CheckIn(_)))));
    // A gate that stops keeps what it heard.
    gate.life.drain(DEADLINE).await;
    let trusted = gate.store.trusted(&[machine.agent]).await.expect("read");
    let trust = &trusted[&machine.agent];
    assert_eq!((trust.root_version, trust.pinned), (4, true));
    assert_eq!(trust.refusal.as_deref(), Some("it is too old"));
    gate.store.close().await;
}
