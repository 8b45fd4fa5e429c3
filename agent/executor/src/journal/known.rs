//! What the journal remembers of each job between two entries, and which entry may follow: the rules that
//! keep a step from being done twice. Not the files.

use std::collections::BTreeSet;

use befund_model::Timestamp;
use befund_model::action::Repeat;
use befund_model::id::{JobId, TicketNumber};
use befund_runbook::document::UndoBy;
use befund_runbook::machine::Step;

use super::entry::{Doing, Entry};
use super::recovery::answers;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has not ended.
    Running,
    /// The controller has not all of it.
    Ended,
    /// It is kept for undoing.
    Reported(Timestamp),
}

/// One job.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// How long its file is as far as it was acknowledged, in bytes.
    pub(super) bytes: u64,
    /// How much of that is synced.
    pub(super) synced: u64,
    /// The next record's number.
    pub(super) number: u64,
    /// What a failed write may have left behind `bytes`.
    pub(super) end: End,
    /// What was cut off when it was opened.
    pub(super) torn: u64,
    /// What was put aside, in bytes.
    pub(super) aside: u64,
    pub(super) stage: Stage,
    pub(super) ticket: Option<TicketNumber>,
    /// The jobs that it undid something of.
    pub(super) undoes: BTreeSet<JobId>,
    /// The digest of the catalogue that its runbook stands in, once a fix was begun that a script of it undoes.
    pub(super) undone_by: Option<String>,
    catalogue: Option<String>,
    /// The step that was begun and has not ended.
    open: Option<(Step, Repeat)>,
    /// The step that has ended without that the machine was told.
    untold: Option<Step>,
    /// The steps that were begun and have ended.
    past: BTreeSet<Step>,
}

/// How a job's file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Where the last acknowledged record ends.
    Clean,
    /// A write or a sync failed: nobody knows.
    Uncertain,
}

impl Known {
    pub(super) fn new() -> Self {
        Self {
            bytes: 0,
            synced: 0,
            number: 0,
            end: End::Clean,
            torn: 0,
            aside: 0,
            stage: Stage::Running,
            ticket: None,
            undoes: BTreeSet::new(),
            undone_by: None,
            catalogue: None,
            open: None,
            untold: None,
            past: BTreeSet::new(),
        }
    }

    /// Whether an entry may follow; if not, why.
    pub(super) fn may_follow(&self, entry: &Entry) -> Result<(), String> {
        match (self.stage, entry) {
            (Stage::Reported(_), _) => return Err("it has been reported".to_owned()),
            (Stage::Ended, Entry::Reported { .. }) => return Ok(()),
            (Stage::Ended, _) => return Err("it has ended".to_owned()),
            (Stage::Running, Entry::Reported { .. }) => return Err("it has not ended".to_owned()),
            (Stage::Running, _) => {}
        }
        match entry {
            Entry::Intent(intent) => {
                let step = &intent.step.0;
                if self.past.contains(&intent.step) {
                    return Err(format!("step {step} has been done"));
                }
                // Told again in order, a machine would want that step a second time.
                if let Some(untold) = &self.untold {
                    return Err(format!("the machine was not told what came of step {}", untold.0));
                }
                match &self.open {
                    Some((open, _)) if *open != intent.step => {
                        Err(format!("step {} has not ended, so {step} cannot begin", open.0))
                    }
                    Some((_, Repeat::Never)) => Err(format!(
                        "step {step} was begun, and nobody can tell whether it was done"
                    )),
                    Some((_, Repeat::Idempotent | Repeat::Probed)) | None => Ok(()),
                }
            }
            Entry::Exit { step, .. } => match &self.open {
                Some((open, _)) if open == step => Ok(()),
                Some(_) | None => Err(format!("step {} was not begun", step.0)),
            },
            Entry::Received(_) => Err("it was taken on already".to_owned()),
            Entry::Damaged { .. } => Err("damage is found when it is opened".to_owned()),
            Entry::Heard { .. } | Entry::News(_) | Entry::Ended(_) | Entry::Reported { .. } => {
                Ok(())
            }
        }
    }

    /// Whether no step that changes something was begun.
    pub(super) fn has_changed_nothing(&self) -> bool {
        self.open.is_none() && self.untold.is_none() && self.past.is_empty()
    }

    /// Takes note of an entry that is there.
    pub(super) fn note(&mut self, entry: &Entry) {
        match entry {
            Entry::Received(received) => {
                self.ticket = received.ticket;
                self.catalogue.clone_from(&received.catalogue);
            }
            Entry::Intent(intent) => {
                self.open = Some((intent.step.clone(), intent.repeat));
                match &intent.doing {
                    Doing::Undo(change) => {
                        self.undoes.insert(change.job);
                    }
                    Doing::Act => {
                        if let UndoBy::Script(_) = intent.fix.undo {
                            self.undone_by.clone_from(&self.catalogue);
                        }
                    }
                    Doing::Restart => {}
                }
            }
            Entry::Exit { step, .. } => {
                self.close(step);
                self.untold = Some(step.clone());
            }
            Entry::Heard { heard, .. } => {
                if let Some(step) = answers(heard) {
                    self.close(step);
                    self.untold.take_if(|untold| untold == step);
                }
            }
            Entry::Ended(_) => self.stage = Stage::Ended,
            Entry::Reported { at } => self.stage = Stage::Reported(*at),
            Entry::News(_) | Entry::Damaged { .. } => {}
        }
    }

    fn close(&mut self, step: &Step) {
        if self.open.as_ref().is_some_and(|(open, _)| open == step) {
            self.open = None;
        }
        self.past.insert(step.clone());
    }
}
