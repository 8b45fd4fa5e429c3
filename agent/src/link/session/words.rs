//! What people say to runs, on one connection: each word is passed on to the executor, and acknowledged once it
//! was. Said again meanwhile, it is not passed on again.

use std::collections::BTreeMap;

use befund_model::id::JobId;
use befund_model::job::Said;

use super::{Do, Say, Session};

/// The most words that are remembered; further ones are said again by the controller.
const MAX_WORDS: usize = 1_024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// Being passed on.
    OnItsWay,
    /// The executor has it.
    PassedOn,
}

/// The words of one connection.
#[derive(Debug)]
pub(super) struct Words(BTreeMap<(JobId, u32), Word>);

impl Words {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The connection is gone: everything is said again on the next.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// Nothing more is to be said to this job.
    pub(super) fn forget_job(&mut self, job: JobId) {
        self.0.retain(|(known, _), _| *known != job);
    }
}

impl Session {
    /// Somebody says something to a run. One that is not at hand any more has no use for it, which is
    /// acknowledged, too; one that may yet come to hand is said it again.
    pub(super) fn said(&mut self, job: JobId, seq: u32, said: Box<Said>) -> Vec<Do> {
        let over = || vec![Do::Say(Say::SaidAck(job, seq))];
        match self.runs.get(&job) {
            Some(run) if run.has_ended() => return over(),
            Some(run) if !run.is_journaled() => return Vec::new(),
            Some(_) => {}
            None if !self.looked => return Vec::new(),
            None if !self.more_runs => return over(),
            None => {}
        }
        match self.words.0.get(&(job, seq)) {
            Some(Word::OnItsWay) => Vec::new(),
            Some(Word::PassedOn) => over(),
            None if self.words.0.len() >= MAX_WORDS => Vec::new(),
            None => {
                self.words.0.insert((job, seq), Word::OnItsWay);
                vec![Do::PassOn(job, seq, said)]
            }
        }
    }

    /// The executor has what was said.
    pub fn passed_on(&mut self, job: JobId, seq: u32) -> Vec<Do> {
        if let Some(word) = self.words.0.get_mut(&(job, seq)) {
            *word = Word::PassedOn;
        }
        // On a later connection than it came on, this saves saying it again.
        let mut todo = Vec::new();
        self.say(Say::SaidAck(job, seq), &mut todo);
        todo
    }

    /// The executor could not be told; the controller says it again.
    pub fn not_passed_on(&mut self, job: JobId, seq: u32) {
        self.words.0.remove(&(job, seq));
    }
}
