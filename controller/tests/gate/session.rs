//! Sessions: orders, events, results, and what breaks the protocol.

use befund_controller::bus::Hint;
use befund_controller::store::repository::Jobs as _;
use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId, TicketNumber};
use befund_model::job::{JobEvent, JobNews, JobState, Order, Outcome};
use befund_model::snapshot::Status;
use befund_proto::v1::agent_message::Body as Said;
use befund_proto::v1::controller_message::Body as Heard;
use befund_proto::v1::goodbye::Reason;
use befund_proto::{CHUNK_BYTES, convert, v1};

use crate::fixture::{TestGate, TestSession};

fn event(job: JobId, seq: u32, what: JobNews) -> Said {
    let event = JobEvent { seq, at: Timestamp::UNIX_EPOCH, what };
    Said::Event(v1::Event {
        job: convert::id::bytes(job.as_bytes()),
        seq,
        body: convert::json::write(&event),
    })
}

fn outcome() -> Outcome {
    Outcome {
        state: JobState::Done,
        status: Status::Ok,
        reason: String::new(),
        result: serde_json::json!({ "text": "x".repeat(10_000) }),
        took_us: 7,
    }
}

async fn send_result(session: &TestSession, job: JobId, outcome: &Outcome) {
    let json = convert::json::write(outcome);
    let chunks: Vec<&[u8]> = json.chunks(CHUNK_BYTES).collect();
    for (part, chunk) in chunks.iter().enumerate() {
        let result = v1::ResultPart {
            job: convert::id::bytes(job.as_bytes()),
            part: u32::try_from(part).expect("few"),
            last: part + 1 == chunks.len(),
            body: convert::id::bytes(chunk),
        };
        session.say(Said::Result(result)).await;
    }
}

async fn next_order(session: &mut TestSession) -> Order {
    match session.next().await {
        Ok(Some(Heard::Order(order))) => {
            convert::json::read("Order.body", &order.body).expect("an order")
        }
        other => panic!("{other:?} instead of an order"),
    }
}

#[tokio::test]
async fn a_job_goes_out_and_its_result_is_durable_before_it_is_acknowledged() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let mut session = machine.session(&gate).await;

    let job = gate.order(machine.agent).await;
    let order = next_order(&mut session).await;
    assert_eq!((order.job, order.agent), (job, machine.agent));
    assert!(order.within_ms > 0 && order.within_ms <= 600_000);

    let accepted = v1::OrderAccepted { job: convert::id::bytes(job.as_bytes()) };
    session.say(Said::OrderAccepted(accepted)).await;
    for (seq, what) in [(1, JobNews::Started), (2, JobNews::Output("hello".to_owned()))] {
        session.say(event(job, seq, what)).await;
    }
    loop {
        match session.next().await {
            Ok(Some(Heard::EventAck(ack))) if ack.seq == 2 => break,
            Ok(Some(Heard::EventAck(_) | Heard::Order(_))) => {}
            other => panic!("{other:?} instead of an acknowledgement"),
        }
    }
    assert_eq!(gate.store.job_events(job, 0, 10).await.expect("read").len(), 2);

    for round in 0..2 {
        send_result(&session, job, &outcome()).await;
        match session.next().await {
            Ok(Some(Heard::ResultAck(ack))) => assert_eq!(ack.job, job.as_bytes().as_slice()),
            other => panic!("{other:?} instead of an acknowledgement in round {round}"),
        }
        let stored = gate.store.job(job).await.expect("read").expect("there");
        assert_eq!((stored.state, stored.outcome), (JobState::Done, Some(outcome())));
    }
    gate.stop().await;
}

#[tokio::test]
async fn an_order_waits_for_its_machine_and_a_cancel_reaches_it() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let job = gate.order(machine.agent).await;
    let mut session = machine.session(&gate).await;
    assert_eq!(next_order(&mut session).await.job, job);
    gate.bus.tell(Hint::Cancel(machine.agent, job));
    match session.next().await {
        Ok(Some(Heard::Cancel(cancel))) => assert_eq!(cancel.job, job.as_bytes().as_slice()),
        other => panic!("{other:?} instead of a cancel"),
    }
    gate.stop().await;
}

/// A job that its machine has taken, cancelled in the store; nobody was told.
async fn cancelled_quietly(gate: &TestGate, session: &mut TestSession, agent: AgentId) -> JobId {
    let job = gate.order(agent).await;
    assert_eq!(next_order(session).await.job, job);
    let accepted = v1::OrderAccepted { job: convert::id::bytes(job.as_bytes()) };
    session.say(Said::OrderAccepted(accepted)).await;
    session.say(event(job, 1, JobNews::Started)).await;
    loop {
        match session.next().await {
            Ok(Some(Heard::EventAck(_))) => break,
            Ok(Some(Heard::Order(_))) => {}
            other => panic!("{other:?} instead of an acknowledgement"),
        }
    }
    let ended = gate.store.cancel(job, &TestGate::by(), gate.clock.now()).await.expect("kept");
    assert!(!ended, "its machine has to be asked");
    job
}

async fn hears_cancel(session: &mut TestSession, job: JobId) {
    loop {
        match session.next().await {
            Ok(Some(Heard::Cancel(cancel))) => {
                return assert_eq!(cancel.job, job.as_bytes().as_slice());
            }
            Ok(Some(Heard::Order(_))) => {}
            other => panic!("{other:?} instead of a cancel"),
        }
    }
}

#[tokio::test]
async fn a_cancel_that_was_lost_in_a_flood_of_hints_reaches_its_machine() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let mut session = machine.session(&gate).await;
    let job = cancelled_quietly(&gate, &mut session, machine.agent).await;
    // All of it before the gate has a chance to listen: the first hints are overwritten.
    gate.bus.tell(Hint::Cancel(machine.agent, job));
    for number in 0..10_000 {
        gate.bus.tell(Hint::Ticket(TicketNumber(number)));
    }
    hears_cancel(&mut session, job).await;
    gate.stop().await;
}

#[tokio::test]
async fn a_cancel_waits_for_a_machine_that_is_away() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let mut session = machine.session(&gate).await;
    let job = cancelled_quietly(&gate, &mut session, machine.agent).await;
    drop(session);
    let mut session = machine.session(&gate).await;
    hears_cancel(&mut session, job).await;
    gate.stop().await;
}

#[tokio::test]
async fn an_order_that_nobody_told_is_found_at_the_next_heartbeat() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let mut session = machine.session(&gate).await;
    // The look at the session's start is over once an order was handed out after it.
    let first = gate.order(machine.agent).await;
    assert_eq!(next_order(&mut session).await.job, first);
    let accepted = v1::OrderAccepted { job: convert::id::bytes(first.as_bytes()) };
    session.say(Said::OrderAccepted(accepted)).await;

    let quiet = JobId::new(gate.clock.now(), [3; 10]);
    let told = gate.store.job(first).await.expect("read").expect("there");
    let job = befund_model::job::Job { id: quiet, state: JobState::Waiting, ..told };
    gate.store.start(&job, &TestGate::by(), gate.clock.now()).await.expect("a job");
    session.say(Said::Heartbeat(v1::Heartbeat {})).await;
    let mut found = next_order(&mut session).await.job;
    while found == first {
        found = next_order(&mut session).await.job;
    }
    assert_eq!(found, quiet);
    gate.stop().await;
}

#[tokio::test]
async fn a_machine_cannot_speak_for_anothers_job() {
    let gate = TestGate::start().await;
    let (owner, thief) = (gate.enroll().await, gate.enroll().await);
    let job = gate.order(owner.agent).await;
    let mut session = thief.session(&gate).await;
    session.say(event(job, 1, JobNews::Started)).await;
    session
        .say(Said::OrderAccepted(v1::OrderAccepted { job: convert::id::bytes(job.as_bytes()) }))
        .await;
    send_result(&session, job, &outcome()).await;
    loop {
        match session.next().await {
            Ok(Some(Heard::ResultAck(_))) => break,
            Ok(Some(Heard::EventAck(_))) => {}
            other => panic!("{other:?}"),
        }
    }
    let stored = gate.store.job(job).await.expect("read").expect("there");
    assert_eq!((stored.state, stored.outcome), (JobState::Waiting, None));
    assert!(gate.store.job_events(job, 0, 10).await.expect("read").is_empty());
    gate.stop().await;
}

#[tokio::test]
async fn who_breaks_the_protocol_is_told_so() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let job = JobId::new(gate.clock.now(), [1; 10]);
    let open = || async { TestSession::open(machine.link(&gate).await).await.expect("open") };

    let session = open().await;
    session.say(Said::Heartbeat(v1::Heartbeat {})).await;
    assert_eq!(session.goodbye().await, Reason::Protocol);

    let broken = [
        Said::Hello(v1::Hello::default()),
        Said::CheckIn(v1::CheckIn { root: vec![0; 31].into() }),
        Said::OrderAccepted(v1::OrderAccepted { job: vec![0; 17].into() }),
        Said::Result(v1::ResultPart { part: 1, ..part(job) }),
        Said::Result(v1::ResultPart { last: true, body: b"{}".to_vec().into(), ..part(job) }),
        Said::Result(v1::ResultPart { body: vec![0; CHUNK_BYTES + 1].into(), ..part(job) }),
    ];
    for said in broken {
        let session = machine.session(&gate).await;
        session.say(said.clone()).await;
        assert_eq!(session.goodbye().await, Reason::Protocol, "{said:?}");
    }

    // Over the cap of a message: refused before it is read.
    let session = machine.session(&gate).await;
    session
        .say(Said::Event(v1::Event { body: vec![0; 20_000].into(), ..v1::Event::default() }))
        .await;
    assert_eq!(session.goodbye().await, Reason::Protocol);
    gate.stop().await;
}

fn part(job: JobId) -> v1::ResultPart {
    v1::ResultPart { job: convert::id::bytes(job.as_bytes()), ..v1::ResultPart::default() }
}

#[tokio::test]
async fn sessions_hear_that_the_controller_stops() {
    let gate = TestGate::start().await;
    let machine = gate.enroll().await;
    let session = machine.session(&gate).await;
    assert!(gate.live.connected(machine.agent));
    gate.life.stop();
    assert_eq!(session.goodbye().await, Reason::Stopping);
    gate.stop().await;
}
