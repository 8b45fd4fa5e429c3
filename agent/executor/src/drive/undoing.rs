//! Undoing all that the runs of a ticket changed on this machine, last first, by what the journal kept. No machine of
//! steps: one change after the other, each with its intent and its end.
//!
//! Nobody signs it anew, since what was approved was approved with its undoing; the policy is asked all the same.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use befund_model::action::{self, Acted, Undo};
use befund_model::id::TicketNumber;
use befund_model::job::{JobNews, JobState};
use befund_model::runbook::{Attempt, AttemptEnd, Mode, RunbookResult};
use befund_model::snapshot::Status;
use befund_runbook::document::{Act, Script, UndoBy};
use befund_runbook::machine::{FixOrder, Heard, Step};

use super::acting::{self, undo_change};
use super::scene::{Scene, Word, name, reference, wall};
use super::{Left, tell};
use crate::journal::{Doing, Entry, JournalError, OpenStep, Recovered, Undoable, Whose};
use crate::result;

/// What a run that undoes is called in its result.
const NAME: &str = "undo";

/// Undoes what a ticket changed; `recovered` is this very job's past, if it was interrupted.
pub(crate) async fn undo_all(
    scene: &Scene,
    ticket: TicketNumber,
    recovered: Option<Recovered>,
    mut words: mpsc::Receiver<Word>,
) -> Left {
    let stop = scene.runs.stop.clone();
    let undoing = async {
        let mut undoing = Undoing { scene, attempts: Vec::new(), since: Instant::now() };
        match undoing.all(ticket, recovered, &mut words).await {
            Ok(()) => undoing.outcome(),
            Err(why) => result::without(
                JobState::Failed,
                Status::Failed,
                format!("undoing could not go on: {why}"),
            ),
        }
    };
    match stop.run_until_cancelled(undoing).await {
        Some(outcome) => Left::Ended(Box::new(outcome)),
        None => Left::Stopped,
    }
}

struct Undoing<'a> {
    scene: &'a Scene,
    attempts: Vec<Attempt>,
    since: Instant,
}

impl Undoing<'_> {
    async fn all(
        &mut self,
        ticket: TicketNumber,
        recovered: Option<Recovered>,
        words: &mut mpsc::Receiver<Word>,
    ) -> Result<(), String> {
        let known = match recovered {
            None => {
                tell(self.scene, JobNews::Started).await;
                BTreeSet::new()
            }
            Some(recovered) => self.past(recovered).await.map_err(|error| crate::told(&error))?,
        };
        // One run at a time changes something.
        let _acting = self.scene.runs.acting.acquire().await.map_err(|error| error.to_string())?;
        let changes =
            self.scene.runs.ledger.with(move |journal| journal.undoable(Whose::Ticket(ticket)));
        for undoable in changes.await.map_err(|error| crate::told(&error))? {
            let step = step_of(&undoable);
            if known.contains(&step) {
                continue;
            }
            if self.scene.run.cancelled.is_cancelled() {
                self.note(&undoable.intent.fix, None, AttemptEnd::Refused, "cancelled before it");
                continue;
            }
            self.one(step, undoable, words).await?;
        }
        Ok(())
    }

    /// What this job did before it was interrupted; the steps that are not done again.
    async fn past(&mut self, recovered: Recovered) -> Result<BTreeSet<Step>, JournalError> {
        let (job, ledger) = (self.scene.run.order.job, &self.scene.runs.ledger);
        tell(self.scene, JobNews::Resumed { after: "a restart of the agent".to_owned() }).await;
        let heard = match recovered.open {
            OpenStep::Done { step, acted, .. } => Some(Heard::Undone { step, acted }),
            OpenStep::Indeterminate { step: Some(open), .. } => {
                Some(Heard::Indeterminate { step: open.intent.step })
            }
            OpenStep::Indeterminate { step: None, .. }
            | OpenStep::None
            | OpenStep::NotStarted
            | OpenStep::Again(_)
            | OpenStep::Probe(_) => None,
        };
        if let Some(heard) = heard {
            let entry = Entry::Heard { heard: Box::new(heard), at: Duration::ZERO };
            ledger.append(job, entry).await?;
        }
        let entries = ledger.with(move |journal| journal.entries(job)).await?;
        let mut known = BTreeSet::new();
        for entry in &entries {
            let Entry::Intent(intent) = entry else { continue };
            let Doing::Undo(_) = intent.doing else { continue };
            let ended = entries.iter().find_map(|entry| match entry {
                Entry::Heard { heard, .. } => match &**heard {
                    Heard::Undone { step, acted } if *step == intent.step => {
                        Some(Some((**acted).clone()))
                    }
                    Heard::Indeterminate { step } if *step == intent.step => Some(None),
                    _ => None,
                },
                _ => None,
            });
            match ended {
                Some(Some(acted)) if known.insert(intent.step.clone()) => {
                    self.undone(&intent.fix, acted);
                }
                Some(None) if known.insert(intent.step.clone()) => {
                    let why = "it was interrupted, and nobody can tell whether it is undone";
                    self.note(&intent.fix, None, AttemptEnd::Indeterminate, why);
                }
                Some(_) | None => {}
            }
        }
        Ok(known)
    }

    async fn one(
        &mut self,
        step: Step,
        undoable: Undoable,
        words: &mut mpsc::Receiver<Word>,
    ) -> Result<(), String> {
        let Undoable { change, intent, catalogue, before, .. } = undoable;
        let fix = intent.fix;
        let nothing = match fix.undo {
            UndoBy::None => true,
            UndoBy::Auto => before.is_null(),
            UndoBy::Action(_) | UndoBy::Script(_) => false,
        };
        if nothing {
            self.note(&fix, None, AttemptEnd::Needless, why_not(&fix.act));
            return Ok(());
        }
        if let Some(why) = acting::barred(self.scene, &fix) {
            self.note(&fix, None, AttemptEnd::Refused, &why);
            return Ok(());
        }
        let scene = self.scene;
        let by = |script: &Script| {
            let catalogue =
                catalogue.ok_or("which catalogue it was done by is not known any more")?;
            let script = scene.keep().undoing_script(&catalogue, &script.path, wall());
            script
                .map(|(bytes, _)| bytes)
                .map_err(|error| format!("the script that undoes it: {}", crate::told(&error)))
        };
        let mut work = pin!(undo_change(scene, step, change, &fix, before, by));
        let mut done = false;
        loop {
            let word = tokio::select! {
                biased;
                Some(word) = words.recv() => word,
                () = &mut work, if !done => {
                    done = true;
                    continue;
                }
                else => return Err("the child's words did not come".to_owned()),
            };
            match word {
                Word::News(news) => tell(self.scene, news).await,
                Word::Broken(why) => return Err(why),
                Word::Heard(heard) => return self.hear(&fix, heard).await,
            }
        }
    }

    async fn hear(&mut self, fix: &FixOrder, heard: Heard) -> Result<(), String> {
        let entry = Entry::Heard { heard: Box::new(heard.clone()), at: self.since.elapsed() };
        let job = self.scene.run.order.job;
        self.scene.runs.ledger.append(job, entry).await.map_err(|error| crate::told(&error))?;
        match heard {
            Heard::Undone { acted, .. } => {
                let news = JobNews::Undone { fix: reference(fix), acted: acted.clone() };
                tell(self.scene, news).await;
                self.undone(fix, *acted);
            }
            Heard::Indeterminate { .. } => {
                let why = "it was interrupted, and nobody can tell whether it is undone";
                self.note(fix, None, AttemptEnd::Indeterminate, why);
            }
            Heard::Measured { .. }
            | Heard::Evaluated { .. }
            | Heard::Answered { .. }
            | Heard::Predicted { .. }
            | Heard::Consented { .. }
            | Heard::Approved { .. }
            | Heard::Acted { .. }
            | Heard::NotBegun { .. }
            | Heard::Waited { .. }
            | Heard::Cancelled { .. }
            | Heard::Interrupted { .. } => {}
        }
        Ok(())
    }

    fn undone(&mut self, fix: &FixOrder, acted: Acted) {
        let (end, reason) = match acted.status {
            Status::Ok => (AttemptEnd::Reverted, String::new()),
            Status::Partial
            | Status::Unsupported
            | Status::Denied
            | Status::Timeout
            | Status::Failed => (AttemptEnd::Failed, acted.reason.clone()),
        };
        self.note(fix, Some(acted), end, &reason);
    }

    fn note(&mut self, fix: &FixOrder, undone: Option<Acted>, end: AttemptEnd, reason: &str) {
        let undone = undone.map(|acted| Acted { before: Value::Null, ..acted });
        self.attempts.push(Attempt {
            fix: reference(fix),
            act: name(&fix.act).to_owned(),
            parameters: fix.parameters.clone(),
            risk: fix.risk,
            prediction: None,
            consent: None,
            approval: None,
            acted: None,
            undone,
            end,
            reason: crate::events::cut(reason, 500),
        });
    }

    fn outcome(&mut self) -> befund_model::job::Outcome {
        let attempts = std::mem::take(&mut self.attempts);
        let is = |end| attempts.iter().filter(|attempt| attempt.end == end).count();
        let (all, undone) = (attempts.len(), is(AttemptEnd::Reverted));
        let conclusion = match (all, undone) {
            (0, _) => {
                "the ticket has changed nothing on this machine that is not undone".to_owned()
            }
            (all, undone) if all == undone => format!("all was undone that was changed ({all})"),
            (all, undone) => format!("{undone} of {all} changes were undone"),
        };
        let (state, status) = if is(AttemptEnd::Indeterminate) > 0 {
            (JobState::Indeterminate, Status::Partial)
        } else if self.scene.run.cancelled.is_cancelled() {
            (JobState::Cancelled, Status::Partial)
        } else if all == undone {
            (JobState::Done, Status::Ok)
        } else {
            (JobState::Done, Status::Partial)
        };
        let reason = if status == Status::Ok { String::new() } else { conclusion.clone() };
        let result = RunbookResult {
            runbook: NAME.to_owned(),
            version: 1,
            conclusion,
            causes: Vec::new(),
            facts: std::collections::BTreeMap::new(),
            before: std::collections::BTreeMap::new(),
            mode: Mode::Run,
            answers: Vec::new(),
            attempts,
            accepted: None,
            escalate_to: None,
            escalate_unknown: None,
        };
        let mut outcome = result::with(state, status, reason, &result);
        outcome.took_us = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        outcome
    }
}

/// Why nothing undoes it.
fn why_not(act: &Act) -> &'static str {
    let undo = match act {
        Act::Action(name) => action::find(name).map(|spec| spec.undo),
        Act::Script(_) | Act::Instruct | Act::OpenUrl | Act::Reboot => None,
    };
    match undo {
        Some(Undo::Impossible) => "it cannot be taken back",
        Some(Undo::Needless | Undo::Restores) => "there is nothing to put back",
        None => "there is nothing that undoes it",
    }
}

/// The step in which a change is undone: the same after an interruption.
fn step_of(undoable: &Undoable) -> Step {
    Step(format!("undo/{}/{}", undoable.change.job, undoable.change.step.0))
}
