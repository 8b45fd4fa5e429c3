//! Runs of runbooks. They are the executor's, which journals them and numbers their events: here they are
//! followed and passed on unchanged, nothing left out, and reported to the executor once the controller has
//! everything. Nothing of them is kept on the link's own disk.

use std::collections::VecDeque;

use befund_model::id::JobId;
use befund_model::job::{JobEvent, JobNews, MAX_EVENT_BYTES, MAX_EVENTS, Order, Outcome, Work};

use super::{Do, Say, Session};

/// How many runs are followed at a time: each holds a connection to the executor, which takes 32. Further
/// orders wait at the controller, further runs of the machine's own in the executor's journal.
pub const MAX_RUNS: usize = 16;
/// What the message around an event takes.
const ENVELOPE_BYTES: usize = 64;
/// The most bytes of an own run's order, as JSON, and of the name of who began it.
const MAX_ORDER_BYTES: usize = 12 << 10;
const MAX_NAME_BYTES: usize = 128;

/// Whether an order is the executor's to keep and to go on with.
#[must_use]
pub const fn is_run(order: &Order) -> bool {
    match order.work {
        Work::Probe(_) => false,
        Work::Runbook(_) | Work::Undo(_) => true,
    }
}

/// An event, and how many bytes it has as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// The event.
    pub event: JobEvent,
    /// Bytes.
    pub bytes: usize,
}

impl Weighed {
    /// Weighs an event. One that no message can hold gives way to a line that says so under its number, since
    /// a gap would hold up everything after it.
    #[must_use]
    pub fn new(event: JobEvent) -> Self {
        let weigh = |event: &JobEvent| serde_json::to_vec(event).map_or(0, |bytes| bytes.len());
        let bytes = weigh(&event);
        if bytes <= MAX_EVENT_BYTES - ENVELOPE_BYTES {
            return Self { event, bytes };
        }
        let line = format!("… {bytes} bytes are too many for one event, and were left out");
        let event = JobEvent { what: JobNews::Output(line), ..event };
        let bytes = weigh(&event);
        Self { event, bytes }
    }
}

/// A run of the machine's own, so that it fits into a message.
fn own(mut order: Order, mut begun_by: String) -> (Box<Order>, String) {
    let bytes = serde_json::to_vec(&order).map_or(0, |bytes| bytes.len());
    if bytes > MAX_ORDER_BYTES {
        order.parameters = serde_json::json!({});
    }
    begun_by.truncate(begun_by.floor_char_boundary(MAX_NAME_BYTES));
    (Box::new(order), begun_by)
}

#[derive(Debug)]
pub(super) struct Run {
    /// Whether the executor has it in its journal.
    journaled: bool,
    /// Its order and who began it, where that was at the machine itself.
    own: Option<(Box<Order>, String)>,
    /// Number of the last event that was read.
    last: u32,
    /// Up to which event the controller has them.
    acknowledged: u32,
    events: VecDeque<Weighed>,
    outcome: Option<Outcome>,
    outcome_acknowledged: bool,
    cancel_wanted: bool,
    /// Whether events of it were said on this connection, so that those that follow are said, too.
    saying: bool,
}

impl Run {
    const fn new(journaled: bool, own: Option<(Box<Order>, String)>) -> Self {
        Self {
            journaled,
            own,
            last: 0,
            acknowledged: 0,
            events: VecDeque::new(),
            outcome: None,
            outcome_acknowledged: false,
            cancel_wanted: false,
            saying: false,
        }
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.outcome.is_some()
    }

    pub(super) const fn is_journaled(&self) -> bool {
        self.journaled
    }

    /// What comes first of it on each connection.
    fn announce(&self, job: JobId) -> Option<Say> {
        match &self.own {
            Some((order, begun_by)) => Some(Say::Own(order.clone(), begun_by.clone())),
            None => self.journaled.then_some(Say::Accepted(job)),
        }
    }

    /// What a controller that may have heard nothing of it needs to hear.
    pub(super) fn say_again(&mut self, job: JobId, todo: &mut Vec<Do>) {
        self.saying = !self.events.is_empty();
        todo.extend(self.announce(job).map(Do::Say));
        let events = self.events.iter().map(|held| Say::Event(job, held.event.clone()));
        todo.extend(events.map(Do::Say));
        let outcome =
            self.outcome.iter().map(|outcome| Say::Outcome(job, Box::new(outcome.clone())));
        todo.extend(outcome.map(Do::Say));
    }

    /// Its order came once more. What was said of it is on its way.
    pub(super) fn taken_again(&self, job: JobId, connected: bool) -> Vec<Do> {
        self.announce(job).filter(|_| connected).map(Do::Say).into_iter().collect()
    }

    /// Somebody wants it stopped.
    pub(super) fn cancel(&mut self, job: JobId) -> Vec<Do> {
        self.cancel_wanted = true;
        // The executor may not know it yet.
        if self.journaled && !self.has_ended() { vec![Do::CancelRun(job)] } else { Vec::new() }
    }

    /// Takes an event; what is to be said of it, and whether it is held until it is acknowledged. What the controller
    /// has is not said, unless it stands between others: a connection's events have no gap.
    fn take(&mut self, weighed: Weighed) -> (Option<JobEvent>, bool) {
        let seq = weighed.event.seq;
        // What leaves a gap, or is more than there may be, would end each session that it is said on.
        if seq != self.last + 1 || seq > MAX_EVENTS || self.has_ended() {
            return (None, false);
        }
        self.last = seq;
        let held = seq > self.acknowledged;
        if !held && !self.saying {
            return (None, false);
        }
        self.saying = true;
        let event = weighed.event.clone();
        if held {
            self.events.push_back(weighed);
        }
        (Some(event), held)
    }

    /// The controller has everything up to this event; the bytes that are free again.
    fn acknowledge(&mut self, seq: u32) -> usize {
        self.acknowledged = seq;
        let mut freed = 0;
        while let Some(held) = self.events.pop_front_if(|held| held.event.seq <= seq) {
            freed += held.bytes;
        }
        freed
    }

    fn is_over(&self) -> bool {
        self.outcome_acknowledged && self.events.is_empty()
    }
}

impl Session {
    /// Takes up an order for a run.
    pub(super) fn begin(&mut self, order: Order) -> Vec<Do> {
        if self.runs.len() >= MAX_RUNS {
            return Vec::new();
        }
        self.runs.insert(order.job, Run::new(false, None));
        vec![Do::Begin(Box::new(order))]
    }

    /// The executor's runs that were not reported, each with who began it at the machine itself. Those that
    /// are not followed yet are from now on.
    pub fn unreported(&mut self, found: Vec<(Order, Option<String>)>) -> Vec<Do> {
        (self.looked, self.more_runs) = (true, false);
        let mut todo = Vec::new();
        for (order, begun_by) in found {
            let job = order.job;
            // Of an identity that this machine had: nobody knows it any more.
            if order.agent != self.agent || self.runs.contains_key(&job) {
                continue;
            }
            if self.over.contains(&job) {
                todo.push(Do::Reported(job));
                continue;
            }
            if self.runs.len() >= MAX_RUNS {
                self.more_runs = true;
                continue;
            }
            let run = Run::new(true, begun_by.map(|by| own(order, by)));
            if let Some(first) = run.announce(job) {
                self.say(first, &mut todo);
            }
            self.runs.insert(job, run);
            todo.push(Do::Follow(job, 0));
        }
        todo
    }

    /// Something happened in a run. The first event says that the executor has it in its journal.
    pub fn run_event(&mut self, job: JobId, weighed: Weighed) -> Vec<Do> {
        let Some(run) = self.runs.get_mut(&job) else { return Vec::new() };
        let first = !std::mem::replace(&mut run.journaled, true);
        let bytes = weighed.bytes;
        let (event, held) = run.take(weighed);
        let cancel = first && run.cancel_wanted;
        let mut todo = Vec::new();
        if first {
            self.say(Say::Accepted(job), &mut todo);
        }
        if let Some(event) = event {
            self.say(Say::Event(job, event), &mut todo);
        }
        if !held {
            todo.push(Do::More(job, bytes));
        }
        if cancel {
            todo.push(Do::CancelRun(job));
        }
        todo
    }

    /// A run ended.
    pub fn run_ended(&mut self, job: JobId, outcome: Outcome) -> Vec<Do> {
        let Some(run) = self.runs.get_mut(&job).filter(|run| !run.has_ended()) else {
            return Vec::new();
        };
        run.outcome = Some(outcome.clone());
        let mut todo = Vec::new();
        self.say(Say::Outcome(job, Box::new(outcome)), &mut todo);
        todo
    }

    /// The executor could not be asked to run it, or nobody knows whether it was: it was not accepted, and
    /// the controller gives it again.
    pub fn run_lost(&mut self, job: JobId) {
        if self.runs.get(&job).is_some_and(|run| !run.journaled && !run.has_ended()) {
            self.runs.remove(&job);
        }
    }

    pub(super) fn run_acknowledged(&mut self, job: JobId, seq: u32) -> Vec<Do> {
        let Some(run) = self.runs.get_mut(&job) else { return Vec::new() };
        if seq < run.acknowledged {
            // A controller that was restored from a backup has less than it had. The executor has it all.
            let own = run.own.take();
            *run = Run { last: seq, acknowledged: seq, ..Run::new(true, own) };
            return vec![Do::Follow(job, seq)];
        }
        let freed = run.acknowledge(seq);
        let mut todo = Vec::new();
        if freed > 0 && !run.has_ended() {
            todo.push(Do::More(job, freed));
        }
        self.finish(job, &mut todo);
        todo
    }

    pub(super) fn run_result_ack(&mut self, job: JobId) -> Vec<Do> {
        let mut todo = Vec::new();
        if let Some(run) = self.runs.get_mut(&job).filter(|run| run.has_ended()) {
            run.outcome_acknowledged = true;
            self.finish(job, &mut todo);
        }
        todo
    }

    /// Reports a run of which the controller has everything.
    fn finish(&mut self, job: JobId, todo: &mut Vec<Do>) {
        let Some(run) = self.runs.get(&job).filter(|run| run.is_over()) else { return };
        if run.journaled {
            todo.push(Do::Reported(job));
        }
        self.runs.remove(&job);
        self.words.forget_job(job);
        self.is_over(job);
        if self.more_runs {
            todo.push(Do::LookForRuns);
        }
    }
}

#[cfg(test)]
mod tests;
