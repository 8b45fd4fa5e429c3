//! What each machine said to the hostile controller, in order, and the way to speak to it. Waiting is by events: nothing is
//! looked for again and again.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use befund_model::id::{AgentId, JobId};
use befund_model::job::{JobEvent, Outcome};
use befund_proto::v1;
use tokio::sync::mpsc;
use tonic::Status;

use crate::process::PATIENCE;

/// What a machine said.
#[derive(Clone, Debug)]
pub enum Heard {
    /// A session began.
    Hello,
    /// The order is durable.
    Accepted(JobId),
    /// Something happened in a job.
    Event(JobId, JobEvent),
    /// How a job ended.
    Ended(JobId, Box<Outcome>),
    /// What it trusts now, and why it did not take what it was handed out.
    Trust(v1::TrustState),
    /// What was said to a job reached it.
    SaidAck(JobId, u32),
    /// It asked for the catalogue.
    AskedCatalogue,
    /// It asked for the time.
    AskedTime,
}

/// Where a session is spoken to.
pub type Saying = mpsc::Sender<Result<v1::ControllerMessage, Status>>;

#[derive(Default)]
struct Lane {
    say: Option<Saying>,
    heard: Vec<Heard>,
    shelf: Vec<v1::CataloguePart>,
}

/// All machines.
#[derive(Default)]
pub struct Lanes {
    all: Mutex<BTreeMap<AgentId, Lane>>,
    news: Condvar,
}

impl std::fmt::Debug for Lanes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lanes").finish_non_exhaustive()
    }
}

impl Lanes {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<AgentId, Lane>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a machine said.
    pub fn note(&self, agent: AgentId, heard: Heard) {
        self.lock().entry(agent).or_default().heard.push(heard);
        self.news.notify_all();
    }

    /// Notes where a machine's session is spoken to from now on.
    pub fn opened(&self, agent: AgentId, say: Saying) {
        self.lock().entry(agent).or_default().say = Some(say);
    }

    /// How much a machine has said.
    #[must_use]
    pub fn mark(&self, agent: AgentId) -> usize {
        self.lock().get(&agent).map_or(0, |lane| lane.heard.len())
    }

    /// Says something on a machine's session.
    ///
    /// # Panics
    /// If it has none.
    pub fn say(&self, agent: AgentId, body: v1::controller_message::Body) {
        let say = self.lock().get(&agent).and_then(|lane| lane.say.clone());
        let message = v1::ControllerMessage { body: Some(body) };
        say.expect("a session").blocking_send(Ok(message)).expect("the session is open");
    }

    /// Breaks a machine's session off.
    pub fn break_off(&self, agent: AgentId) {
        let say = self.lock().get_mut(&agent).and_then(|lane| lane.say.take());
        if let Some(say) = say {
            // It may be broken already.
            let _ = say.blocking_send(Err(Status::unavailable("broken off")));
        }
    }

    /// What is handed out to a machine from now on.
    pub fn stock(&self, agent: AgentId, shelf: Vec<v1::CataloguePart>) {
        self.lock().entry(agent).or_default().shelf = shelf;
    }

    /// What is handed out to a machine.
    #[must_use]
    pub fn shelf(&self, agent: AgentId) -> Vec<v1::CataloguePart> {
        self.lock().get(&agent).map(|lane| lane.shelf.clone()).unwrap_or_default()
    }

    /// Waits for something that a machine says after `mark`.
    ///
    /// # Panics
    /// If it does not say it, with what it said instead.
    pub fn wait<T>(
        &self,
        agent: AgentId,
        mark: usize,
        what: &str,
        mut pick: impl FnMut(&Heard) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        let (mut all, mut next) = (self.lock(), mark);
        loop {
            let heard = all.get(&agent).map(|lane| lane.heard.as_slice()).unwrap_or_default();
            while let Some(one) = heard.get(next) {
                next += 1;
                if let Some(found) = pick(one) {
                    return found;
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                panic!("waited in vain for {what}; it said: {:#?}", heard.get(mark..));
            }
            all = self.news.wait_timeout(all, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What a machine has said since `mark`, as far as this picks it.
    pub fn since<T>(
        &self,
        agent: AgentId,
        mark: usize,
        pick: impl FnMut(&Heard) -> Option<T>,
    ) -> Vec<T> {
        let all = self.lock();
        let heard = all.get(&agent).map(|lane| lane.heard.as_slice()).unwrap_or_default();
        heard.get(mark..).unwrap_or_default().iter().filter_map(pick).collect()
    }
}
