//! Runs against a model of an executor that keeps everything and a controller that forgets, repeats and disconnects.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Happens {
    Connect,
    Disconnect,
    Restart,
    Order(u8),
    Journal(u8),
    Read(u8),
    End(u8),
    Acknowledge(u8),
    AcknowledgeResult(u8),
    Word(u8, u32),
    Restore(u8),
}

fn happens() -> impl Strategy<Value = Happens> {
    let job = 0..3_u8;
    prop_oneof![
        2 => Just(Happens::Connect),
        1 => Just(Happens::Disconnect),
        1 => Just(Happens::Restart),
        2 => job.clone().prop_map(Happens::Order),
        6 => job.clone().prop_map(Happens::Journal),
        8 => job.clone().prop_map(Happens::Read),
        2 => job.clone().prop_map(Happens::End),
        3 => job.clone().prop_map(Happens::Acknowledge),
        2 => job.clone().prop_map(Happens::AcknowledgeResult),
        1 => (job.clone(), 1..3_u32).prop_map(|(job, seq)| Happens::Word(job, seq)),
        1 => job.prop_map(Happens::Restore),
    ]
}

/// The executor's journal of a run, and how far it is followed.
#[derive(Default)]
struct Journaled {
    events: u32,
    ended: bool,
    reported: bool,
    /// The last event that was read, by whoever follows it; absent where nobody does.
    read: Option<u32>,
    /// Bytes that may be read.
    room: usize,
}

/// What the controller has.
#[derive(Default)]
struct Kept {
    /// The last event that is durable, and the last one that came on this connection.
    durable: u32,
    came: Option<u32>,
    outcome: bool,
}

struct World {
    session: Session,
    executor: BTreeMap<JobId, Journaled>,
    controller: BTreeMap<JobId, Kept>,
}

impl World {
    fn act(&mut self, todo: Vec<Do>) -> Result<(), TestCaseError> {
        for next in todo {
            match next {
                Do::Begin(order) => {
                    let run = self.executor.entry(order.job).or_default();
                    (run.read, run.room) = (Some(0), MAX_UNACKNOWLEDGED_BYTES);
                }
                Do::Follow(job, after) => {
                    let run = self.executor.get_mut(&job).expect("it is in the journal");
                    (run.read, run.room) = (Some(after), MAX_UNACKNOWLEDGED_BYTES);
                }
                Do::More(job, bytes) => {
                    let run = self.executor.get_mut(&job).expect("it is in the journal");
                    run.room += bytes;
                    prop_assert!(run.room <= MAX_UNACKNOWLEDGED_BYTES, "room that was never taken");
                }
                Do::Reported(job) => {
                    let run = self.executor.get_mut(&job).expect("it is in the journal");
                    let kept = &self.controller[&job];
                    prop_assert!(run.ended && kept.outcome && kept.durable == run.events);
                    run.reported = true;
                }
                Do::Say(said) => {
                    prop_assert!(self.session.is_connected());
                    self.hear(said)?;
                }
                Do::PassOn(job, seq, _) => {
                    let acknowledged = self.session.passed_on(job, seq);
                    self.act(acknowledged)?;
                }
                Do::LookForCatalogue(_) | Do::LookForRuns => {}
                other => prop_assert!(false, "{other:?} for a run"),
            }
        }
        Ok(())
    }

    /// The controller hears something: its rule is that events come without a gap.
    fn hear(&mut self, said: Say) -> Result<(), TestCaseError> {
        match said {
            Say::Event(job, event) => {
                let kept = self.controller.entry(job).or_default();
                let last = *kept.came.get_or_insert(event.seq);
                prop_assert!(event.seq <= last + 1, "a gap before {}", event.seq);
                kept.came = Some(last.max(event.seq));
                if event.seq == kept.durable + 1 {
                    kept.durable += 1;
                }
            }
            Say::Outcome(job, _) => {
                let kept = self.controller.entry(job).or_default();
                kept.outcome = true;
                // The rule is watched until a job's result is there.
                kept.came = None;
            }
            Say::Accepted(job) => prop_assert!(self.executor[&job].events > 0),
            Say::SaidAck(..) => {}
            other => prop_assert!(false, "{other:?} of a run"),
        }
        Ok(())
    }

    fn happen(&mut self, happens: Happens) -> Result<(), TestCaseError> {
        let todo = match happens {
            Happens::Connect | Happens::Disconnect => {
                self.session.disconnected();
                self.controller.values_mut().for_each(|kept| kept.came = None);
                match happens {
                    Happens::Connect => welcome(&mut self.session),
                    _ => Vec::new(),
                }
            }
            Happens::Restart => {
                self.session = Session::new(agent(1));
                self.controller.values_mut().for_each(|kept| kept.came = None);
                let mut found = Vec::new();
                for n in 0..3 {
                    let Some(run) = self.executor.get_mut(&id(n)) else { continue };
                    run.read = None;
                    if run.events > 0 && !run.reported {
                        found.push((order(n), None));
                    }
                }
                self.session.unreported(found)
            }
            // The controller gives what it did not hear of.
            Happens::Order(n)
                if self.session.is_connected() && !self.controller.contains_key(&id(n)) =>
            {
                hear(&mut self.session, Heard::Order(Box::new(order(n))))
            }
            Happens::Journal(n) => {
                if let Some(run) = self.executor.get_mut(&id(n)).filter(|run| !run.ended) {
                    run.events += 1;
                }
                Vec::new()
            }
            Happens::Read(n) => self.read(n),
            Happens::End(n) => {
                if let Some(run) = self.executor.get_mut(&id(n)).filter(|run| run.events > 0) {
                    run.ended = true;
                }
                Vec::new()
            }
            Happens::Acknowledge(n) if self.session.is_connected() => {
                match self.controller.get(&id(n)) {
                    Some(kept) => hear(&mut self.session, Heard::EventAck(id(n), kept.durable)),
                    None => Vec::new(),
                }
            }
            Happens::AcknowledgeResult(n) if self.session.is_connected() => {
                match self.controller.get(&id(n)) {
                    Some(kept) if kept.outcome => {
                        // As the gate does: of events first.
                        let durable = kept.durable;
                        let todo = hear(&mut self.session, Heard::EventAck(id(n), durable));
                        self.act(todo)?;
                        hear(&mut self.session, Heard::ResultAck(id(n)))
                    }
                    _ => Vec::new(),
                }
            }
            Happens::Word(n, seq) if self.session.is_connected() => {
                hear(&mut self.session, Heard::Said(id(n), seq, answer()))
            }
            // A controller that is restored comes back with a connection of its own.
            Happens::Restore(n) => {
                if self.executor.get(&id(n)).is_some_and(|run| !run.reported)
                    && let Some(kept) = self.controller.get_mut(&id(n))
                {
                    *kept = Kept { durable: kept.durable / 2, came: None, outcome: false };
                    return self.happen(Happens::Connect);
                }
                Vec::new()
            }
            Happens::Order(_)
            | Happens::Acknowledge(_)
            | Happens::AcknowledgeResult(_)
            | Happens::Word(..) => Vec::new(),
        };
        self.act(todo)
    }

    /// Whoever follows the run reads on, as far as there is room.
    fn read(&mut self, n: u8) -> Vec<Do> {
        let Some(run) = self.executor.get_mut(&id(n)) else { return Vec::new() };
        let Some(read) = run.read else { return Vec::new() };
        if read < run.events {
            let next = event(read + 1);
            if next.bytes > run.room {
                return Vec::new();
            }
            run.room -= next.bytes;
            run.read = Some(read + 1);
            return self.session.run_event(id(n), next);
        }
        if !run.ended {
            return Vec::new();
        }
        run.read = None;
        self.session.run_ended(id(n), done())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever happens in whatever order: nothing of a run is left out or out of order, nothing is said while
    /// nobody is connected, a run is reported only once the controller has all of it; and when nothing is in
    /// the way any more, everything arrives and is reported.
    #[test]
    fn everything_arrives_in_any_order_of_events(steps in proptest::collection::vec(happens(), 0..150)) {
        let mut world = World {
            session: Session::new(agent(1)),
            executor: BTreeMap::new(),
            controller: BTreeMap::new(),
        };
        world.session.unreported(Vec::new());
        for step in steps {
            world.happen(step)?;
        }
        for n in 0..3 {
            world.happen(Happens::End(n))?;
        }
        world.happen(Happens::Connect)?;
        for round in 0..240_u8 {
            let n = round % 3;
            world.happen(Happens::Order(n))?;
            world.happen(Happens::Journal(n))?;
            world.happen(Happens::End(n))?;
            for _ in 0..20 {
                world.happen(Happens::Read(n))?;
            }
            world.happen(Happens::Acknowledge(n))?;
            world.happen(Happens::AcknowledgeResult(n))?;
        }
        for (job, run) in &world.executor {
            prop_assert!(run.reported, "{job} was not reported: {} events", run.events);
        }
        prop_assert_eq!(world.session.jobs(), 0);
    }
}
