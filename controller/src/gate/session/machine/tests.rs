//! The rules of a session, by example and by property.

use befund_model::Timestamp;
use befund_model::job::{JobNews, JobState};
use befund_model::snapshot::Status;
use proptest::prelude::*;

use super::*;

fn message(body: Body) -> v1::AgentMessage {
    v1::AgentMessage { body: Some(body) }
}

fn job(n: u8) -> JobId {
    JobId::new(Timestamp::UNIX_EPOCH, [n; 10])
}

fn greeted() -> Session {
    let mut session = Session::default();
    session.hear(message(Body::Hello(v1::Hello::default()))).expect("a hello");
    session
}

fn event(n: u8, seq: u32) -> v1::AgentMessage {
    let told = JobEvent { seq, at: Timestamp::UNIX_EPOCH, what: JobNews::Output("x".into()) };
    message(Body::Event(v1::Event {
        job: convert::id::bytes(job(n).as_bytes()),
        seq,
        body: convert::json::write(&told),
    }))
}

fn outcome(bytes: usize) -> Outcome {
    Outcome {
        state: JobState::Done,
        status: Status::Ok,
        reason: String::new(),
        result: serde_json::Value::String("r".repeat(bytes)),
        took_us: 1,
    }
}

fn parts(n: u8, outcome: &Outcome) -> Vec<v1::AgentMessage> {
    let json = convert::json::write(outcome);
    let chunks: Vec<&[u8]> = json.chunks(CHUNK_BYTES).collect();
    let last = chunks.len() - 1;
    let part = |(at, chunk): (usize, &&[u8])| {
        message(Body::Result(v1::ResultPart {
            job: convert::id::bytes(job(n).as_bytes()),
            part: u32::try_from(at).expect("few"),
            last: at == last,
            body: convert::id::bytes(chunk),
        }))
    };
    chunks.iter().enumerate().map(part).collect()
}

#[test]
fn nothing_comes_before_the_hello_and_no_second_one_after_it() {
    let mut session = Session::default();
    let beat = message(Body::Heartbeat(v1::Heartbeat {}));
    assert_eq!(session.hear(beat.clone()), Err(Broken::NotGreeted));
    assert_eq!(session.hear(v1::AgentMessage { body: None }), Err(Broken::NotGreeted));
    let mut session = greeted();
    assert_eq!(session.hear(beat), Ok(Heard::Beat));
    assert_eq!(session.hear(message(Body::Hello(v1::Hello::default()))), Err(Broken::GreetedTwice));
}

#[test]
fn a_message_from_a_newer_agent_is_passed_over() {
    assert_eq!(greeted().hear(v1::AgentMessage { body: None }), Ok(Heard::Nothing));
}

#[test]
fn caps_are_kept() {
    let hello = |hello| Session::default().hear(message(Body::Hello(hello)));
    let many = v1::Hello { capabilities: vec![String::new(); 65], ..v1::Hello::default() };
    assert!(matches!(hello(many), Err(Broken::TooLarge(_))));
    let facts = v1::Facts { host_name: "x".repeat(257), ..v1::Facts::default() };
    let long = v1::Hello { facts: Some(facts), ..v1::Hello::default() };
    assert!(matches!(hello(long), Err(Broken::Field(_))));
    assert!(matches!(greeted().hear(event(1, MAX_EVENTS + 1)), Err(Broken::TooLarge(_))));
    let mut session = greeted();
    let broken = parts(1, &outcome(MAX_RESULT_BYTES + 1))
        .into_iter()
        .find_map(|part| session.hear(part).err());
    assert_eq!(broken, Some(Broken::TooLarge("a result")));
}

fn own(n: u8, by: &str, body: &[u8]) -> v1::AgentMessage {
    message(Body::OwnJob(v1::OwnJob {
        job: convert::id::bytes(job(n).as_bytes()),
        body: convert::id::bytes(body),
        begun_by: by.into(),
    }))
}

#[test]
fn a_job_of_its_own_is_introduced_by_its_order_and_an_account() {
    let order = Order {
        job: job(1),
        agent: befund_model::id::AgentId::new(Timestamp::UNIX_EPOCH, [1; 10]),
        work: befund_model::job::Work::Runbook("net.no-internet".into()),
        parameters: serde_json::json!({}),
        ticket: None,
        within_ms: 1_000,
        runbook: None,
    };
    let body = convert::json::write(&order);
    let heard = greeted().hear(own(1, "anna", &body));
    assert_eq!(heard, Ok(Heard::Own(Box::new(order), "anna".into())));
    for (message, field) in [
        (own(2, "anna", &body), "OwnJob.job"),
        (own(1, "", &body), "OwnJob.begun_by"),
        (own(1, "a\nb", &body), "OwnJob.begun_by"),
        (own(1, &"x".repeat(MAX_NAME_BYTES + 1), &body), "OwnJob.begun_by"),
        (own(1, "anna", b"{}"), "OwnJob.body"),
    ] {
        let heard = greeted().hear(message);
        assert!(matches!(&heard, Err(Broken::Field(f)) if f.field == field), "{heard:?}");
    }
    let long = greeted().hear(own(1, "anna", &[b' '; MAX_ORDER_BYTES + 1]));
    assert!(matches!(long, Err(Broken::TooLarge(_))), "{long:?}");
}

#[test]
fn what_a_machine_trusts_comes_with_its_hello_or_later() {
    let state = v1::TrustState { root_version: 3, ..v1::TrustState::default() };
    let trust = MachineTrust { root_version: 3, ..MachineTrust::default() };
    let hello = v1::Hello { trust: Some(state.clone()), ..v1::Hello::default() };
    let heard = Session::default().hear(message(Body::Hello(hello)));
    assert!(matches!(&heard, Ok(Heard::Hello { trust: Some(told), .. }) if *told == trust));
    assert_eq!(greeted().hear(message(Body::Trust(state))), Ok(Heard::Trusts(trust)));
    let wrong = v1::TrustState { catalogue: vec![1; 5].into(), ..v1::TrustState::default() };
    assert!(matches!(greeted().hear(message(Body::Trust(wrong))), Err(Broken::Field(_))));
}

#[test]
fn events_come_without_gaps_and_may_be_repeated() {
    let mut session = greeted();
    for seq in [4, 5, 4, 5, 6] {
        assert!(matches!(session.hear(event(1, seq)), Ok(Heard::Event(..))), "{seq}");
    }
    assert_eq!(session.hear(event(1, 8)), Err(Broken::Gap { job: job(1), last: 6, got: 8 }));
}

#[test]
fn an_outcome_that_is_not_final_is_none() {
    let mut outcome = outcome(1);
    outcome.state = JobState::Running;
    let heard = greeted().hear(parts(1, &outcome).remove(0));
    assert_eq!(heard, Err(Broken::NotFinal(job(1))));
}

proptest! {
    /// Two results whose parts come in any interleaving come out whole.
    #[test]
    fn interleaved_results_come_out_whole(
        first in 0usize..60_000,
        second in 0usize..60_000,
        order in proptest::collection::vec(any::<bool>(), 0..80),
    ) {
        let outcomes = [outcome(first), outcome(second)];
        let mut queues = [parts(1, &outcomes[0]), parts(2, &outcomes[1])]
            .map(|parts| parts.into_iter().collect::<std::collections::VecDeque<_>>());
        let mut session = greeted();
        let mut whole = Vec::new();
        let order = order.into_iter().chain(std::iter::repeat_n(true, 80)).chain(
            std::iter::repeat_n(false, 80),
        );
        for pick in order {
            if let Some(part) = queues[usize::from(pick)].pop_front()
                && let Heard::Finished(job, outcome) = session.hear(part).expect("in order")
            {
                whole.push((job, *outcome));
            }
        }
        whole.sort_by_key(|(job, _)| *job);
        let [first, second] = outcomes;
        prop_assert_eq!(whole, vec![(job(1), first), (job(2), second)]);
        prop_assert!(session.results.is_empty());
    }

    /// Whatever comes, memory stays bounded and nothing panics.
    #[test]
    fn any_messages_keep_memory_bounded(
        messages in proptest::collection::vec((0u8..8, 0u32..4, any::<bool>(), 0usize..5_000), 0..300),
    ) {
        let mut session = greeted();
        for (n, part, last, size) in messages {
            let _ = session.hear(message(Body::Result(v1::ResultPart {
                job: convert::id::bytes(job(n).as_bytes()),
                part,
                last,
                body: vec![b'1'; size].into(),
            })));
            let _ = session.hear(event(n, part));
            prop_assert!(session.results.len() <= MAX_RESULTS);
            prop_assert!(session.running.len() <= MAX_RUNNING);
            prop_assert!(session.results.iter().all(|r| r.bytes.len() <= MAX_RESULT_BYTES));
        }
    }
}
