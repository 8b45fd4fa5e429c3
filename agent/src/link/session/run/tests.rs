//! Runs, by example.

use std::time::{Duration, Instant};

use befund_model::Timestamp;
use befund_model::id::{AgentId, TicketNumber};
use befund_model::job::{JobState, RunbookOrder, Said};
use befund_model::machine::MachineTrust;
use befund_model::runbook::Mode;
use befund_model::snapshot::Status;

use super::*;
use crate::link::session::{Current, Heard, MAX_UNACKNOWLEDGED_BYTES, without_result};

mod any_order;

fn agent(n: u8) -> AgentId {
    AgentId::new(Timestamp::UNIX_EPOCH, [n; 10])
}

fn id(n: u8) -> JobId {
    JobId::new(Timestamp::UNIX_EPOCH, [n; 10])
}

fn order(n: u8) -> Order {
    let catalogue = "ab".repeat(32);
    Order {
        job: id(n),
        agent: agent(1),
        work: Work::Runbook("net.no-internet".into()),
        parameters: serde_json::json!({}),
        ticket: None,
        within_ms: 1000,
        runbook: Some(RunbookOrder { mode: Mode::Run, catalogue }),
    }
}

fn event(seq: u32) -> Weighed {
    let line = "x".repeat(100);
    Weighed::new(JobEvent { seq, at: Timestamp::UNIX_EPOCH, what: JobNews::Output(line) })
}

fn done() -> Outcome {
    without_result(JobState::Done, Status::Ok, String::new())
}

fn hear(session: &mut Session, heard: Heard) -> Vec<Do> {
    session.heard(heard, Instant::now())
}

fn welcome(session: &mut Session) -> Vec<Do> {
    let current = Current::default();
    let organisation = "Example".into();
    let mut todo =
        hear(session, Heard::Welcome { heartbeat: Duration::from_secs(30), organisation, current });
    assert_eq!(todo.pop(), Some(Do::LookForCatalogue(Some(Current::default()))));
    todo
}

fn connected() -> Session {
    let mut session = Session::new(agent(1));
    assert_eq!(welcome(&mut session), []);
    session
}

fn say(say: Say) -> Do {
    Do::Say(say)
}

fn answer() -> Box<Said> {
    Box::new(Said::Answer { question: "scope".into(), answer: "no".into(), by: "tina".into() })
}

#[test]
fn what_the_executor_journals_is_a_run_and_probes_are_not() {
    assert!(is_run(&order(1)));
    let undo = Order { work: Work::Undo(TicketNumber(7)), runbook: None, ..order(1) };
    assert!(is_run(&undo));
    assert!(!is_run(&Order { work: Work::Probe("net.dns".into()), ..undo }));
}

#[test]
fn a_run_is_accepted_with_its_first_event_and_reported_once_all_is_acknowledged() {
    let mut session = connected();
    let first = Heard::Order(Box::new(order(1)));
    assert_eq!(hear(&mut session, first.clone()), [Do::Begin(Box::new(order(1)))]);
    assert_eq!(hear(&mut session, first.clone()), [], "not twice");
    assert_eq!(
        session.run_event(id(1), event(1)),
        [say(Say::Accepted(id(1))), say(Say::Event(id(1), event(1).event))],
    );
    assert_eq!(hear(&mut session, first), [say(Say::Accepted(id(1)))], "it may have been lost");
    assert_eq!(session.run_event(id(1), event(2)), [say(Say::Event(id(1), event(2).event))]);
    assert_eq!(session.run_ended(id(1), done()), [say(Say::Outcome(id(1), Box::new(done())))]);
    assert_eq!(hear(&mut session, Heard::ResultAck(id(1))), [], "an event is not acknowledged");
    assert_eq!(hear(&mut session, Heard::EventAck(id(1), 2)), [Do::Reported(id(1))]);
    assert_eq!(session.jobs(), 0);
    let late = Heard::Order(Box::new(order(1)));
    assert_eq!(hear(&mut session, late), [], "a late copy is known");
}

#[test]
fn what_was_not_acknowledged_is_said_again_on_the_next_connection() {
    let mut session = connected();
    hear(&mut session, Heard::Order(Box::new(order(1))));
    for seq in 1..=3 {
        session.run_event(id(1), event(seq));
    }
    assert_eq!(hear(&mut session, Heard::EventAck(id(1), 1)), [Do::More(id(1), event(1).bytes)]);
    session.disconnected();
    assert_eq!(session.run_event(id(1), event(4)), [], "nobody is there");
    assert_eq!(session.run_ended(id(1), done()), []);
    let events = (2..=4).map(|seq| say(Say::Event(id(1), event(seq).event)));
    let again: Vec<Do> = std::iter::once(say(Say::Accepted(id(1))))
        .chain(events)
        .chain([say(Say::Outcome(id(1), Box::new(done())))])
        .collect();
    assert_eq!(welcome(&mut session), again);
}

#[test]
fn after_a_restart_the_executors_runs_are_followed_and_the_machines_own_are_introduced() {
    let mut session = connected();
    let another = Order { agent: agent(2), ..order(3) };
    let found = vec![(order(1), None), (order(2), Some("anna".to_owned())), (another, None)];
    assert_eq!(
        session.unreported(found.clone()),
        [
            say(Say::Accepted(id(1))),
            Do::Follow(id(1), 0),
            say(Say::Own(Box::new(order(2)), "anna".into())),
            Do::Follow(id(2), 0),
        ],
    );
    assert_eq!(session.unreported(found.clone()), [], "once");
    assert_eq!(session.run_event(id(2), event(1)), [say(Say::Event(id(2), event(1).event))]);
    session.disconnected();
    let again = welcome(&mut session);
    assert_eq!(again[1], say(Say::Own(Box::new(order(2)), "anna".into())), "before its events");
    assert_eq!(again[2], say(Say::Event(id(2), event(1).event)));
    session.run_ended(id(2), done());
    hear(&mut session, Heard::EventAck(id(2), 1));
    assert_eq!(hear(&mut session, Heard::ResultAck(id(2))), [Do::Reported(id(2))]);
    assert_eq!(session.unreported(found), [Do::Reported(id(2))], "the executor was not told");
}

#[test]
fn what_the_controller_has_already_is_said_only_where_a_gap_would_be() {
    let mut session = connected();
    session.unreported(vec![(order(1), None), (order(2), None)]);
    session.run_event(id(1), event(1));
    assert_eq!(hear(&mut session, Heard::EventAck(id(1), 3)), [Do::More(id(1), event(1).bytes)]);
    hear(&mut session, Heard::EventAck(id(2), 1));
    for seq in [2, 3] {
        let Weighed { event: told, bytes } = event(seq);
        assert_eq!(
            session.run_event(id(1), event(seq)),
            [say(Say::Event(id(1), told)), Do::More(id(1), bytes)]
        );
    }
    assert_eq!(session.run_event(id(1), event(4)), [say(Say::Event(id(1), event(4).event))]);
    assert_eq!(session.run_event(id(2), event(1)), [Do::More(id(2), event(1).bytes)]);
    assert_eq!(session.run_event(id(2), event(2)), [say(Say::Event(id(2), event(2).event))]);
}

#[test]
fn a_controller_that_has_less_than_it_had_gets_the_run_once_more() {
    let mut session = connected();
    session.unreported(vec![(order(1), Some("anna".to_owned()))]);
    for seq in 1..=5 {
        session.run_event(id(1), event(seq));
    }
    session.run_ended(id(1), done());
    hear(&mut session, Heard::EventAck(id(1), 4));
    session.disconnected();
    welcome(&mut session);
    assert_eq!(hear(&mut session, Heard::EventAck(id(1), 2)), [Do::Follow(id(1), 2)]);
    assert_eq!(hear(&mut session, Heard::ResultAck(id(1))), [], "of the outcome before");
    for seq in 3..=5 {
        assert_eq!(
            session.run_event(id(1), event(seq)),
            [say(Say::Event(id(1), event(seq).event))]
        );
    }
    session.run_ended(id(1), done());
    hear(&mut session, Heard::EventAck(id(1), 5));
    assert_eq!(hear(&mut session, Heard::ResultAck(id(1))), [Do::Reported(id(1))]);
}

#[test]
fn what_would_end_every_session_is_left_out() {
    let mut session = connected();
    session.unreported(vec![(order(1), None)]);
    session.run_event(id(1), event(1));
    let gap = event(3);
    assert_eq!(session.run_event(id(1), gap.clone()), [Do::More(id(1), gap.bytes)]);
    let large = JobEvent {
        seq: 2,
        at: Timestamp::UNIX_EPOCH,
        what: JobNews::Output("x".repeat(MAX_EVENT_BYTES)),
    };
    let weighed = Weighed::new(large);
    assert!(weighed.bytes < 200);
    let [Do::Say(Say::Event(_, told))] = &session.run_event(id(1), weighed)[..] else { panic!() };
    assert!(matches!(&told.what, JobNews::Output(line) if line.contains("too many")), "{told:?}");
    let large = Order { parameters: "x".repeat(MAX_ORDER_BYTES).into(), ..order(2) };
    let todo = session.unreported(vec![(large, Some("ü".repeat(MAX_NAME_BYTES)))]);
    let [Do::Say(Say::Own(told, by)), _] = &todo[..] else { panic!("{todo:?}") };
    assert_eq!(told.parameters, serde_json::json!({}));
    assert_eq!(by.len(), MAX_NAME_BYTES);
}

#[test]
fn an_order_that_was_lost_on_its_way_is_taken_when_it_comes_again() {
    let mut session = connected();
    hear(&mut session, Heard::Order(Box::new(order(1))));
    session.run_lost(id(1));
    assert_eq!(
        hear(&mut session, Heard::Order(Box::new(order(1)))),
        [Do::Begin(Box::new(order(1)))],
    );
    session.run_event(id(1), event(1));
    session.run_lost(id(1));
    assert_eq!(session.jobs(), 1, "the executor has it");
}

#[test]
fn one_that_was_declined_has_an_outcome_and_was_never_accepted() {
    let mut session = connected();
    hear(&mut session, Heard::Order(Box::new(order(1))));
    let declined = without_result(JobState::Failed, Status::Failed, "no".into());
    let told = session.run_ended(id(1), declined.clone());
    assert_eq!(told, [say(Say::Outcome(id(1), Box::new(declined)))]);
    assert_eq!(hear(&mut session, Heard::ResultAck(id(1))), [], "there is nothing to report");
    assert_eq!(session.jobs(), 0);
}

#[test]
fn a_cancel_waits_until_the_executor_has_the_run() {
    let mut session = connected();
    hear(&mut session, Heard::Order(Box::new(order(1))));
    assert_eq!(hear(&mut session, Heard::Cancel(id(1))), []);
    let todo = session.run_event(id(1), event(1));
    assert_eq!(todo.last(), Some(&Do::CancelRun(id(1))));
    assert_eq!(hear(&mut session, Heard::Cancel(id(1))), [Do::CancelRun(id(1))], "again");
    session.run_ended(id(1), without_result(JobState::Cancelled, Status::Failed, String::new()));
    assert_eq!(hear(&mut session, Heard::Cancel(id(1))), []);
}

#[test]
fn a_word_is_passed_on_once_and_then_acknowledged() {
    let mut session = connected();
    let said = || Heard::Said(id(1), 4, answer());
    assert_eq!(hear(&mut session, said()), [], "nobody knows yet what runs");
    session.unreported(vec![(order(1), None)]);
    assert_eq!(hear(&mut session, said()), [Do::PassOn(id(1), 4, answer())]);
    assert_eq!(hear(&mut session, said()), [], "it is on its way");
    session.not_passed_on(id(1), 4);
    assert_eq!(hear(&mut session, said()), [Do::PassOn(id(1), 4, answer())]);
    assert_eq!(session.passed_on(id(1), 4), [say(Say::SaidAck(id(1), 4))]);
    assert_eq!(hear(&mut session, said()), [say(Say::SaidAck(id(1), 4))], "not again");
    session.disconnected();
    assert_eq!(session.passed_on(id(1), 5), [], "nobody is there");
    welcome(&mut session);
    assert_eq!(hear(&mut session, said()), [Do::PassOn(id(1), 4, answer())], "harmless");
    session.run_ended(id(1), done());
    assert_eq!(hear(&mut session, said()), [say(Say::SaidAck(id(1), 4))], "too late");
}

#[test]
fn a_word_to_a_job_that_is_not_at_hand_is_acknowledged() {
    let mut session = connected();
    session.unreported(Vec::new());
    let said = Heard::Said(id(9), 1, answer());
    assert_eq!(hear(&mut session, said), [say(Say::SaidAck(id(9), 1))]);
}

#[test]
fn more_runs_than_may_be_followed_wait_in_the_journal() {
    let mut session = connected();
    let most = u8::try_from(MAX_RUNS).expect("few");
    let all: Vec<_> = (0..=most).map(|n| (order(n), None)).collect();
    let followed = |todo: &[Do]| todo.iter().filter(|d| matches!(d, Do::Follow(..))).count();
    assert_eq!(followed(&session.unreported(all.clone())), MAX_RUNS);
    assert_eq!(hear(&mut session, Heard::Order(Box::new(order(77)))), [], "it waits");
    let waiting = Heard::Said(id(most), 1, answer());
    assert_eq!(hear(&mut session, waiting), [Do::PassOn(id(most), 1, answer())]);
    session.run_ended(id(0), done());
    assert_eq!(hear(&mut session, Heard::ResultAck(id(0))), [Do::Reported(id(0)), Do::LookForRuns],);
    assert_eq!(followed(&session.unreported(all[1..].to_vec())), 1);
}

#[test]
fn what_the_machine_trusts_is_told_when_it_is_another() {
    let mut session = Session::new(agent(1));
    let one = MachineTrust { root_version: 1, ..MachineTrust::default() };
    let two = MachineTrust { root_version: 2, ..MachineTrust::default() };
    let told = |trust: &MachineTrust| say(Say::Trust(Box::new(trust.clone())));
    assert_eq!(session.trusts(one.clone()), []);
    assert_eq!(welcome(&mut session), [told(&one)]);
    assert_eq!(session.trusts(one.clone()), [], "it was said");
    assert_eq!(session.trusts(two.clone()), [told(&two)]);
    session.disconnected();
    session.connecting(Some(two.clone()));
    assert_eq!(welcome(&mut session), [], "the hello said it");
    session.disconnected();
    session.connecting(Some(one));
    assert_eq!(welcome(&mut session), [told(&two)], "it changed after the hello");
}
