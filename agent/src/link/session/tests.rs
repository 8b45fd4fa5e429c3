//! The session against a model of a controller that forgets, repeats and disconnects.

use proptest::prelude::*;

use befund_model::Timestamp;
use befund_model::job::{JobNews, Work};

use super::*;

fn agent(n: u8) -> AgentId {
    AgentId::new(Timestamp::UNIX_EPOCH, [n; 10])
}

fn order(n: u8, to: AgentId) -> Order {
    Order {
        job: JobId::new(Timestamp::UNIX_EPOCH, [n; 10]),
        agent: to,
        work: Work::Probe("net.dns".into()),
        parameters: serde_json::json!({}),
        ticket: None,
        within_ms: 1000,
        runbook: None,
    }
}

fn output(line: &str) -> JobEvent {
    JobEvent { seq: 99, at: Timestamp::UNIX_EPOCH, what: JobNews::Output(line.into()) }
}

fn done() -> Outcome {
    without_result(JobState::Done, Status::Ok, String::new())
}

fn welcome() -> Heard {
    Heard::Welcome {
        heartbeat: Duration::from_secs(30),
        organisation: "Example".into(),
        current: Current::default(),
    }
}

/// What every welcome leads to.
fn look() -> Do {
    Do::LookForCatalogue(Some(Current::default()))
}

fn base() -> Instant {
    Instant::now()
}

#[test]
fn an_order_is_kept_accepted_run_and_forgotten_after_its_acknowledgement() {
    let now = base();
    let mut session = Session::new(agent(1));
    assert_eq!(session.heard(welcome(), now), [look()]);
    let first = order(1, agent(1));
    let job = first.job;
    let whole = Box::new(first.clone());
    let run = Do::Run(whole.clone());
    assert_eq!(session.heard(Heard::Order(whole.clone()), now), [run]);
    assert_eq!(session.heard(Heard::Order(whole.clone()), now), [], "not twice");
    assert_eq!(session.handed_over(whole.clone()), [Do::KeepOrder(whole.clone())]);
    assert_eq!(session.order_kept(job), [Do::Say(Say::Accepted(job))]);
    assert_eq!(session.handed_over(whole), [], "kept once");
    let [Do::Say(Say::Event(_, event))] = &session.event(job, output("one"))[..] else {
        panic!("an event is said at once")
    };
    assert_eq!(event.seq, 1);
    let [said, Do::KeepOutcome(_, stored, Progress::Said)] = &session.ended(job, done())[..] else {
        panic!("an outcome is said, since its order is kept, and kept")
    };
    assert_eq!(*said, Do::Say(Say::Outcome(job, Box::new(done()))));
    assert_eq!(stored.events.len(), 1);
    assert_eq!(session.outcome_kept(job), [], "not said twice");
    assert_eq!(session.heard(Heard::ResultAck(job), now), [Do::Forget(job)]);
    assert_eq!(session.heard(Heard::Order(Box::new(first)), now), [], "a late copy is known");
    assert_eq!(session.jobs(), 0);
}

#[test]
fn an_order_for_another_machine_is_refused_and_never_run() {
    let mut session = Session::new(agent(1));
    session.heard(welcome(), base());
    let todo = session.heard(Heard::Order(Box::new(order(1, agent(2)))), base());
    let [Do::KeepOutcome(_, kept, Progress::Unsaid)] = &todo[..] else { panic!("{todo:?}") };
    assert_eq!(kept.outcome.state, JobState::Refused);
}

#[test]
fn an_outcome_that_was_said_on_a_connection_that_broke_is_said_on_the_next() {
    let (now, mut session) = (base(), Session::new(agent(1)));
    let job = order(1, agent(1)).job;
    let said = Do::Say(Say::Outcome(job, Box::new(done())));
    session.resume_order(order(1, agent(1)));
    session.heard(welcome(), now);
    assert_eq!(session.ended(job, done()).first(), Some(&said));
    session.disconnected();
    session.heard(welcome(), now);
    assert_eq!(session.outcome_kept(job), [said]);

    // One that was acknowledged before it was kept need not be.
    session.resume_order(order(2, agent(1)));
    let job = order(2, agent(1)).job;
    session.ended(job, done());
    assert_eq!(session.heard(Heard::ResultAck(job), now), [Do::Forget(job)]);
    assert_eq!(session.outcome_kept(job), []);
    assert_eq!(session.jobs(), 1, "the first is not acknowledged");
}

#[test]
fn heartbeats_come_as_often_as_the_controller_said() {
    let now = base();
    let mut session = Session::new(agent(1));
    assert_eq!(session.next_tick(), None);
    session.heard(welcome(), now);
    assert_eq!(session.tick(now + Duration::from_secs(29)), []);
    assert_eq!(session.tick(now + Duration::from_secs(30)), [Do::Say(Say::Heartbeat)]);
    assert_eq!(session.next_tick(), Some(now + Duration::from_secs(60)));
    session.disconnected();
    assert_eq!(session.tick(now + Duration::from_secs(90)), []);
}

#[test]
fn too_much_output_is_cut_and_says_so_and_the_rest_still_comes() {
    let mut session = Session::new(agent(1));
    let only = order(1, agent(1));
    session.resume_order(only.clone());
    let line = "x".repeat(8000);
    for _ in 0..100 {
        session.event(only.job, output(&line));
    }
    session.event(
        only.job,
        JobEvent { what: JobNews::StepStarted { step: "s".into() }, ..output("") },
    );
    let [Do::KeepOutcome(_, kept, _)] = &session.ended(only.job, done())[..] else { panic!() };
    let numbers: Vec<u32> = kept.events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>(), "no gaps");
    let cut = JobNews::Output("… more output was left out".into());
    assert_eq!(kept.events.iter().filter(|event| event.what == cut).count(), 1);
    assert!(kept.events.len() < 60);
    assert!(matches!(kept.events.last().map(|e| &e.what), Some(JobNews::StepStarted { .. })));
}

/// One thing that happens to the session.
#[derive(Clone, Debug)]
enum Happens {
    Connect,
    Disconnect,
    Order(u8),
    Event(u8),
    End(u8),
    AckEvents(u8, u32),
    AckResult(u8),
    Cancel(u8),
    FailToKeep(bool),
}

fn happens() -> impl Strategy<Value = Happens> {
    let job = 0..4_u8;
    prop_oneof![
        Just(Happens::Connect),
        Just(Happens::Disconnect),
        job.clone().prop_map(Happens::Order),
        job.clone().prop_map(Happens::Event),
        job.clone().prop_map(Happens::End),
        (job.clone(), 0..6_u32).prop_map(|(job, seq)| Happens::AckEvents(job, seq)),
        job.clone().prop_map(Happens::AckResult),
        job.prop_map(Happens::Cancel),
        any::<bool>().prop_map(Happens::FailToKeep),
    ]
}

/// What a controller that believes everything would have seen.
#[derive(Default)]
struct Seen {
    kept: BTreeMap<JobId, u32>,
    runs: BTreeMap<JobId, u32>,
    outcomes_kept: BTreeMap<JobId, u32>,
    highest: BTreeMap<JobId, u32>,
}

proptest! {
    /// Whatever comes in whatever order: an order is kept before it is accepted, and what was
    /// accepted runs once, an outcome is kept once and not said before its order or it was, events have no gaps, and nothing is said while
    /// nobody is connected.
    #[test]
    fn the_promises_hold_in_any_order(steps in proptest::collection::vec(happens(), 0..120)) {
        let now = base();
        let me = agent(1);
        let mut session = Session::new(me);
        let mut seen = Seen::default();
        let mut keeping_fails = false;
        for step in steps {
            let id = |n: u8| order(n, me).job;
            let mut todo: VecDeque<Do> = match step {
                Happens::Connect => session.heard(welcome(), now),
                Happens::Disconnect => { session.disconnected(); Vec::new() }
                Happens::Order(n) => session.heard(Heard::Order(Box::new(order(n, me))), now),
                Happens::Event(n) => session.event(id(n), output("line")),
                Happens::End(n) => session.ended(id(n), done()),
                Happens::AckEvents(n, seq) => {
                    // A controller has what it acknowledges, from an earlier run of the job.
                    let highest = seen.highest.entry(id(n)).or_default();
                    *highest = (*highest).max(seq);
                    session.heard(Heard::EventAck(id(n), seq), now)
                }
                Happens::AckResult(n) => session.heard(Heard::ResultAck(id(n)), now),
                Happens::Cancel(n) => session.heard(Heard::Cancel(id(n)), now),
                Happens::FailToKeep(fails) => { keeping_fails = fails; Vec::new() }
            }.into();
            while let Some(next) = todo.pop_front() {
                match next {
                    Do::KeepOrder(order) if keeping_fails => {
                        let stopped = session.order_lost(order.job);
                        prop_assert_eq!(&stopped, &[Do::Stop(order.job)]);
                        seen.runs.remove(&order.job);
                    }
                    Do::KeepOrder(order) => {
                        *seen.kept.entry(order.job).or_default() += 1;
                        todo.extend(session.order_kept(order.job));
                    }
                    Do::Run(order) => {
                        *seen.runs.entry(order.job).or_default() += 1;
                        todo.extend(session.handed_over(order));
                    }
                    Do::KeepOutcome(job, ..) => {
                        *seen.outcomes_kept.entry(job).or_default() += 1;
                        todo.extend(session.outcome_kept(job));
                    }
                    Do::Say(say) => {
                        prop_assert!(session.is_connected());
                        match say {
                            Say::Accepted(job) => prop_assert!(seen.kept.contains_key(&job)),
                            Say::Event(job, event) => {
                                let highest = seen.highest.entry(job).or_default();
                                prop_assert!(event.seq <= *highest + 1, "a gap before {}", event.seq);
                                *highest = (*highest).max(event.seq);
                            }
                            Say::Outcome(job, _) => {
                                let kept = seen.kept.contains_key(&job);
                                prop_assert!(kept || seen.outcomes_kept.contains_key(&job));
                            }
                            Say::Heartbeat | Say::CheckIn(_) => {}
                            Say::SaidAck(..) | Say::Own(..) | Say::Trust(_) => {
                                prop_assert!(false, "{:?} of a probe", say)
                            }
                        }
                    }
                    Do::Stop(_) | Do::Forget(_) | Do::Snapshot | Do::Renew | Do::Reconnect
                    | Do::End(_) | Do::LookForCatalogue(_) => {}
                    Do::Begin(_) | Do::Follow(..) | Do::More(..) | Do::CancelRun(_)
                    | Do::Reported(_) | Do::LookForRuns | Do::PassOn(..) => {
                        prop_assert!(false, "{:?} for a probe", next)
                    }
                }
            }
        }
        for (job, runs) in seen.runs {
            prop_assert_eq!(runs, 1, "{} ran more than once", job);
        }
        for (job, kept) in seen.outcomes_kept {
            prop_assert_eq!(kept, 1, "{}", job);
        }
    }
}
