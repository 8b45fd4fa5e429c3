//! What is said on a session, and when: the orders that are kept, the events and outcomes that wait
//! for their acknowledgement, heartbeats, the controller's wishes. Free of I/O: it is told what
//! happened and answers what to do; `super::core` does it.
//!
//! It outlives connections: what was not acknowledged on one is said again on the next.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use befund_model::id::{AgentId, Hash, JobId};
use befund_model::job::{JobEvent, JobState, Order, Outcome, Said};
use befund_model::machine::MachineTrust;
use befund_model::snapshot::Status;

mod job;
mod run;
mod words;

pub use job::{Kept, MAX_UNACKNOWLEDGED_BYTES, Progress};
use job::{Phase, Running};
use run::Run;
pub use run::{MAX_RUNS, Weighed, is_run};
use words::Words;

/// How many jobs that are over are remembered, so that a late copy of their order is known.
const REMEMBERED: usize = 256;
/// How many jobs may be at hand; further orders wait at the controller.
pub const MAX_JOBS: usize = 64;

/// What the controller said.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The session begins.
    Welcome {
        /// How often to send a heartbeat.
        heartbeat: Duration,
        /// With whom this machine is enrolled.
        organisation: String,
        /// What it hands out now.
        current: Current,
    },
    /// Whether it has the snapshot that the check-in named.
    CheckIn {
        /// It has.
        known: bool,
    },
    /// A job for this machine.
    Order(Box<Order>),
    /// Stop that job.
    Cancel(JobId),
    /// Somebody says this to that job; the number counts what is said to it.
    Said(JobId, u32, Box<Said>),
    /// It hands out another catalogue or trust root.
    CatalogueChanged,
    /// It has that job's events up to this one.
    EventAck(JobId, u32),
    /// It has that job's outcome.
    ResultAck(JobId),
    /// It wants a new certificate to be asked for.
    WantsRenewal,
    /// It wants a snapshot.
    WantsSnapshot,
    /// It wants to be left.
    WantsReconnect,
    /// It ends the session.
    Goodbye(Farewell),
}

/// What the controller hands out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Current {
    /// The version of its newest trust root; 0 for none.
    pub root_version: u32,
    /// The SHA-256 of its catalogue's manifest, 64 hexadecimal digits; empty for none.
    pub catalogue: String,
}

/// Why the controller ended the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// The identity was revoked.
    Revoked,
    /// The certificate ran out.
    Expired,
    /// Somebody else is connected with this identity.
    Replaced,
    /// The controller stops.
    Stopping,
    /// The agent broke the protocol, or the reason is not known to this version.
    Other,
}

/// What to say to the controller.
#[derive(Clone, Debug, PartialEq)]
pub enum Say {
    /// I am here.
    Heartbeat,
    /// My machine is as I last told.
    CheckIn(Hash),
    /// The order is durable.
    Accepted(JobId),
    /// Something happened in the job.
    Event(JobId, JobEvent),
    /// The job's outcome.
    Outcome(JobId, Box<Outcome>),
    /// What was said to the job reached it, or came too late.
    SaidAck(JobId, u32),
    /// This job was begun at the machine itself, by this account.
    Own(Box<Order>, String),
    /// This is what the machine trusts.
    Trust(Box<MachineTrust>),
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Do {
    /// Say this.
    Say(Say),
    /// Run the job: once it was handed to the executor, tell [`Session::handed_over`], then
    /// [`Session::event`] and [`Session::ended`].
    Run(Box<Order>),
    /// Make the order durable, then call [`Session::order_kept`]; if that fails, call
    /// [`Session::order_lost`].
    KeepOrder(Box<Order>),
    /// Stop the job.
    Stop(JobId),
    /// Make the outcome (and the events that are not acknowledged) durable, then call
    /// [`Session::outcome_kept`], even if it failed: the controller keeps it, too. One that was said may wait a moment: the
    /// acknowledgement mostly comes first, and with it [`Do::Forget`].
    KeepOutcome(JobId, Box<Kept>, Progress),
    /// Forget the job, and its outcome where that was not kept yet.
    Forget(JobId),
    /// Hand the runbook's order to the executor, whose job it is from then on, and follow it: tell
    /// [`Session::run_event`] and [`Session::run_ended`], or [`Session::run_lost`] if the executor could not be
    /// asked before it told anything. No more than [`MAX_UNACKNOWLEDGED_BYTES`] may be read of it, and what
    /// [`Do::More`] says.
    Begin(Box<Order>),
    /// Follow a run that the executor has, from after this event, in place of following it otherwise; with the
    /// same limit.
    Follow(JobId, u32),
    /// So many more bytes of events may be read of the run.
    More(JobId, usize),
    /// Ask the executor to stop the run; its outcome says what became of it.
    CancelRun(JobId),
    /// Tell the executor that the controller has all of the run.
    Reported(JobId),
    /// Look which runs the executor has not reported: [`Session::unreported`].
    LookForRuns,
    /// Pass this on to the run, then call [`Session::passed_on`] or [`Session::not_passed_on`].
    PassOn(JobId, u32, Box<Said>),
    /// Look whether the machine lacks what the controller hands out; absent: it is another than was said.
    LookForCatalogue(Option<Current>),
    /// Take and send a snapshot.
    Snapshot,
    /// Ask for a new certificate.
    Renew,
    /// Leave this connection and come back.
    Reconnect,
    /// The session ended for this reason.
    End(Farewell),
}

/// The state of all sessions of one agent.
#[derive(Debug)]
pub struct Session {
    agent: AgentId,
    connected: Option<Connected>,
    jobs: BTreeMap<JobId, Running>,
    runs: BTreeMap<JobId, Run>,
    over: VecDeque<JobId>,
    /// Whether the runs of the executor are known.
    looked: bool,
    /// Whether there are more of them than are followed.
    more_runs: bool,
    words: Words,
    trust: Option<MachineTrust>,
    /// What of it the controller was told on this connection.
    trust_told: Option<MachineTrust>,
}

#[derive(Debug)]
struct Connected {
    heartbeat: Duration,
    next_heartbeat: Instant,
}

impl Session {
    /// No jobs, not connected.
    #[must_use]
    pub const fn new(agent: AgentId) -> Self {
        Self {
            agent,
            connected: None,
            jobs: BTreeMap::new(),
            runs: BTreeMap::new(),
            over: VecDeque::new(),
            looked: false,
            more_runs: false,
            words: Words::new(),
            trust: None,
            trust_told: None,
        }
    }

    /// Takes up an order that the spool kept over a restart: it is run (again, since what runs is
    /// read-only).
    pub fn resume_order(&mut self, order: Order) -> Vec<Do> {
        let job = order.job;
        let run = Do::Run(Box::new(order));
        self.jobs.insert(job, Running::new(Phase::Running));
        vec![run]
    }

    /// Takes up an outcome that the spool kept over a restart.
    pub fn resume_outcome(&mut self, job: JobId, kept: Kept) {
        self.jobs.insert(job, Running::ended(kept));
    }

    /// Whether a session is up.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.connected.is_some()
    }

    /// How many jobs are at hand.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.jobs.len() + self.runs.len()
    }

    /// A connection is made, on which the hello told this.
    pub fn connecting(&mut self, trust_told: Option<MachineTrust>) {
        self.trust_told = trust_told;
    }

    /// The connection is gone.
    pub fn disconnected(&mut self) {
        self.connected = None;
        self.words.forget();
        self.trust_told = None;
        for running in self.jobs.values_mut() {
            if let Phase::KeepingOutcome(_, progress @ Progress::Said) = &mut running.phase {
                *progress = Progress::Unsaid;
            }
        }
    }

    /// When to call [`tick`](Self::tick).
    #[must_use]
    pub fn next_tick(&self) -> Option<Instant> {
        self.connected.as_ref().map(|connected| connected.next_heartbeat)
    }

    /// Time passed.
    pub fn tick(&mut self, now: Instant) -> Vec<Do> {
        match &mut self.connected {
            Some(connected) if now >= connected.next_heartbeat => {
                connected.next_heartbeat = now + connected.heartbeat;
                vec![Do::Say(Say::Heartbeat)]
            }
            _ => Vec::new(),
        }
    }

    /// Says something of the machine's own, if somebody is there.
    #[must_use]
    pub fn check_in(&self, root: Hash) -> Vec<Do> {
        if self.is_connected() { vec![Do::Say(Say::CheckIn(root))] } else { Vec::new() }
    }

    /// The controller said something.
    pub fn heard(&mut self, heard: Heard, now: Instant) -> Vec<Do> {
        match heard {
            Heard::Welcome { heartbeat, organisation: _, current } => {
                self.welcome(heartbeat, current, now)
            }
            Heard::Order(order) => self.order(*order),
            Heard::Cancel(job) => self.cancel(job),
            Heard::Said(job, seq, said) => self.said(job, seq, said),
            Heard::CatalogueChanged => vec![Do::LookForCatalogue(None)],
            Heard::EventAck(job, seq) => {
                if let Some(running) = self.jobs.get_mut(&job) {
                    running.acknowledge(seq);
                }
                self.run_acknowledged(job, seq)
            }
            Heard::ResultAck(job) if self.runs.contains_key(&job) => self.run_result_ack(job),
            Heard::ResultAck(job) => self.result_ack(job),
            Heard::CheckIn { known: true } => Vec::new(),
            Heard::CheckIn { known: false } | Heard::WantsSnapshot => vec![Do::Snapshot],
            Heard::WantsRenewal => vec![Do::Renew],
            Heard::WantsReconnect => vec![Do::Reconnect],
            Heard::Goodbye(why) => vec![Do::End(why)],
        }
    }

    fn welcome(&mut self, heartbeat: Duration, current: Current, now: Instant) -> Vec<Do> {
        let heartbeat = heartbeat.clamp(Duration::from_secs(1), Duration::from_secs(3600));
        self.connected = Some(Connected { heartbeat, next_heartbeat: now + heartbeat });
        let mut todo = Vec::new();
        for (job, running) in &self.jobs {
            running.say_again(*job, &mut todo);
        }
        for (job, run) in &mut self.runs {
            run.say_again(*job, &mut todo);
        }
        self.tell_trust(&mut todo);
        todo.push(Do::LookForCatalogue(Some(current)));
        todo
    }

    /// What the machine trusts and keeps now.
    pub fn trusts(&mut self, trust: MachineTrust) -> Vec<Do> {
        self.trust = Some(trust);
        let mut todo = Vec::new();
        self.tell_trust(&mut todo);
        todo
    }

    fn tell_trust(&mut self, todo: &mut Vec<Do>) {
        let Some(trust) = &self.trust else { return };
        if self.connected.is_some() && self.trust_told.as_ref() != Some(trust) {
            self.trust_told = Some(trust.clone());
            todo.push(Do::Say(Say::Trust(Box::new(trust.clone()))));
        }
    }

    fn order(&mut self, order: Order) -> Vec<Do> {
        let job = order.job;
        if let Some(run) = self.runs.get(&job) {
            return run.taken_again(job, self.is_connected());
        }
        if let Some(running) = self.jobs.get(&job) {
            let mut todo = Vec::new();
            if self.is_connected() {
                running.say_again(job, &mut todo);
            }
            return todo;
        }
        if self.over.contains(&job) || self.jobs.len() >= MAX_JOBS {
            return Vec::new();
        }
        if order.agent != self.agent {
            self.jobs.insert(job, Running::new(Phase::Keeping));
            let reason = format!("the order is for agent {}, not for this one", order.agent);
            return self.ended(job, without_result(JobState::Refused, Status::Denied, reason));
        }
        if is_run(&order) {
            return self.begin(order);
        }
        self.jobs.insert(job, Running::new(Phase::Keeping));
        vec![Do::Run(Box::new(order))]
    }

    /// The executor was handed the order. It is made durable while the executor is at work: what
    /// runs is read-only, and a stop before that leaves the order at the controller, which gives it
    /// again.
    #[must_use]
    pub fn handed_over(&self, order: Box<Order>) -> Vec<Do> {
        match self.jobs.get(&order.job).map(|running| &running.phase) {
            Some(Phase::Keeping) => vec![Do::KeepOrder(order)],
            Some(Phase::Running | Phase::KeepingOutcome(..) | Phase::Ended(_)) | None => Vec::new(),
        }
    }

    /// The order is durable.
    pub fn order_kept(&mut self, job: JobId) -> Vec<Do> {
        let Some(running) = self.jobs.get_mut(&job) else { return Vec::new() };
        match running.phase {
            Phase::Keeping => running.phase = Phase::Running,
            Phase::Running | Phase::KeepingOutcome(..) | Phase::Ended(_) => return Vec::new(),
        }
        let mut todo = Vec::new();
        self.say(Say::Accepted(job), &mut todo);
        todo
    }

    /// The order could not be made durable: it was not accepted, is stopped, and the controller
    /// gives it again.
    pub fn order_lost(&mut self, job: JobId) -> Vec<Do> {
        self.jobs.remove(&job);
        vec![Do::Stop(job)]
    }

    fn cancel(&mut self, job: JobId) -> Vec<Do> {
        if let Some(run) = self.runs.get_mut(&job) {
            return run.cancel(job);
        }
        match self.jobs.get(&job).map(|running| &running.phase) {
            Some(Phase::Keeping | Phase::Running) => vec![Do::Stop(job)],
            Some(Phase::KeepingOutcome(..) | Phase::Ended(_)) | None => Vec::new(),
        }
    }

    /// Something happened in a job. It is numbered here, since what is too much is left out.
    pub fn event(&mut self, job: JobId, event: JobEvent) -> Vec<Do> {
        let Some(running) = self.jobs.get_mut(&job) else { return Vec::new() };
        let Some(event) = running.take(event) else { return Vec::new() };
        let mut todo = Vec::new();
        self.say(Say::Event(job, event), &mut todo);
        todo
    }

    /// A job ended. Its outcome is said before it is kept where the order is durable: whatever is lost of it is run
    /// again then, and the controller takes the first.
    pub fn ended(&mut self, job: JobId, outcome: Outcome) -> Vec<Do> {
        let connected = self.is_connected();
        let Some(running) = self.jobs.get_mut(&job) else { return Vec::new() };
        let (progress, mut todo) = match running.phase {
            Phase::Running if connected => {
                let say = Say::Outcome(job, Box::new(outcome.clone()));
                (Progress::Said, vec![Do::Say(say)])
            }
            Phase::Keeping | Phase::Running => (Progress::Unsaid, Vec::new()),
            Phase::KeepingOutcome(..) | Phase::Ended(_) => return Vec::new(),
        };
        running.phase = Phase::KeepingOutcome(outcome.clone(), progress);
        let kept = Kept { outcome, events: running.unacknowledged() };
        todo.push(Do::KeepOutcome(job, Box::new(kept), progress));
        todo
    }

    /// The outcome is durable, as far as that was possible.
    pub fn outcome_kept(&mut self, job: JobId) -> Vec<Do> {
        let Some(running) = self.jobs.get_mut(&job) else { return Vec::new() };
        let Phase::KeepingOutcome(outcome, progress) = &running.phase else { return Vec::new() };
        let (outcome, progress) = (outcome.clone(), *progress);
        running.phase = Phase::Ended(outcome.clone());
        let mut todo = Vec::new();
        match progress {
            Progress::Unsaid => self.say(Say::Outcome(job, Box::new(outcome)), &mut todo),
            Progress::Said => {}
        }
        todo
    }

    fn result_ack(&mut self, job: JobId) -> Vec<Do> {
        match self.jobs.get(&job).map(|running| &running.phase) {
            Some(Phase::Ended(_) | Phase::KeepingOutcome(..)) => {}
            Some(Phase::Keeping | Phase::Running) | None => return Vec::new(),
        }
        self.jobs.remove(&job);
        self.is_over(job);
        vec![Do::Forget(job)]
    }

    fn is_over(&mut self, job: JobId) {
        self.over.push_back(job);
        if self.over.len() > REMEMBERED {
            self.over.pop_front();
        }
    }

    fn say(&self, say: Say, todo: &mut Vec<Do>) {
        if self.is_connected() {
            todo.push(Do::Say(say));
        }
    }
}

/// An outcome of a job that has no result.
#[must_use]
pub fn without_result(state: JobState, status: Status, reason: String) -> Outcome {
    Outcome { state, status, reason, result: serde_json::Value::Null, took_us: 0 }
}

#[cfg(test)]
mod tests;
