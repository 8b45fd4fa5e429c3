//! Doing a fix, and what follows: confirm, verify, or undo. From here on, a run that is to stop still leaves nothing
//! unsaid: an act in flight is waited for, and what stays or is undone stands in the attempt.

use std::time::Duration;

use befund_model::action::Acted;
use befund_model::job::{JobNews, JobState};
use befund_model::runbook::{Attempt, AttemptEnd, Facts};
use befund_model::snapshot::Status;

use super::attempt::{End, is_persons};
use super::exchange::Stop;
use super::judging::Held;
use super::looking::Sought;
use super::run::{Age, Place, Run};
use super::{Do, FixOrder, Heard, lines};
use crate::document::{Act, Confirm, OnInterrupt, UndoBy, Verify};

/// How long and how often it is looked whether the cause is gone, where the runbook has no verifier of its own.
const VERIFY: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(5));
/// How often it is looked whether what must hold after a change holds.
const CONFIRM_EVERY: Duration = Duration::from_secs(5);

/// How far doing a fix came.
pub(super) enum Came {
    /// It ended so.
    To(End),
    /// An interruption came before it was begun.
    NotBegun,
    /// It was done, then came an interruption, and it has not helped: it is done again where that can be, or else has
    /// ended so.
    Again(End),
}

/// A fix that was done.
struct Done {
    base: String,
    place: Place,
    order: FixOrder,
    acted: Acted,
    /// How often the run had been interrupted before.
    interruptions: u32,
}

impl Run {
    /// Does it, and sees what became of it.
    pub(super) async fn act(
        &mut self,
        base: &str,
        place: Place,
        order: FixOrder,
        attempt: &mut Attempt,
    ) -> Result<Came, Stop> {
        let interruptions = self.exchange.interruptions();
        let passing = self.passing();
        let step = self.exchange.name(&format!("{base}/act"));
        let (fix, act) = (attempt.fix.clone(), attempt.act.clone());
        if let Some(stop) = self.exchange.stopped() {
            return Err(stop);
        }
        self.exchange.tell(JobNews::Acting { fix: fix.clone(), act });
        if order.act == Act::Reboot {
            self.exchange.stand(JobState::Rebooting);
        }
        self.exchange.want(Do::Act { step, fix: order.clone() })?;
        let before = self.facts.clone();
        self.age = Age::Stale;
        let acted = loop {
            match self.exchange.surely().await {
                Heard::Acted { acted, output, .. } => {
                    self.output_left = self.output_left.saturating_sub(output);
                    break *acted;
                }
                Heard::Indeterminate { .. } => {
                    self.exchange.stand(JobState::Running);
                    self.noted(before);
                    let reason = "it was interrupted, and nobody can tell whether it was done";
                    return Ok(Came::To(self.indeterminate(reason)));
                }
                Heard::NotBegun { .. } => {
                    self.exchange.stand(JobState::Running);
                    if let Some(stop) = self.exchange.stopped() {
                        return Err(stop);
                    }
                    if self.exchange.interruptions() != interruptions {
                        return Ok(Came::NotBegun);
                    }
                    return Ok(Came::To((AttemptEnd::Failed, "it was not begun".to_owned())));
                }
                Heard::Measured { .. }
                | Heard::Evaluated { .. }
                | Heard::Answered { .. }
                | Heard::Predicted { .. }
                | Heard::Consented { .. }
                | Heard::Approved { .. }
                | Heard::Undone { .. }
                | Heard::Waited { .. }
                | Heard::Cancelled { .. }
                | Heard::Interrupted { .. } => {}
            }
        };
        self.exchange.stand(JobState::Running);
        self.noted(before);
        let told = lines::acted(&acted);
        self.exchange.tell(JobNews::Acted { fix, acted: Box::new(told.clone()) });
        attempt.acted = Some(told);
        let done = Done { base: base.to_owned(), place, order, acted, interruptions };
        if done.acted.status != Status::Ok {
            return Ok(Came::To(self.failed(&done, attempt).await));
        }
        let then = self.exchange.interruptions();
        let end = self.prove(&done, &passing, attempt).await;
        let again = done.order.on_interrupt == OnInterrupt::Rerun
            && self.exchange.interruptions() != then
            && self.exchange.stopped().is_none()
            && end.0 == AttemptEnd::NotVerified;
        Ok(if again { Came::Again(end) } else { Came::To(end) })
    }

    /// Notes what was measured before anything was done.
    fn noted(&mut self, before: Facts) {
        if self.before.is_empty() {
            self.before = before;
        }
    }

    fn indeterminate(&mut self, reason: &str) -> End {
        self.halted = Some(reason.to_owned());
        (AttemptEnd::Indeterminate, reason.to_owned())
    }

    /// A fix that failed may have been made in part: what touches the network is put back, and what is to be undone
    /// when it is interrupted, if it was.
    async fn failed(&mut self, done: &Done, attempt: &mut Attempt) -> End {
        let why = match done.acted.reason.as_str() {
            "" => done.acted.status.to_string(),
            reason => format!("{}: {reason}", done.acted.status),
        };
        let interrupted = self.exchange.stopped().is_some() || self.came_between(done);
        let wanted = self.confirm(done).is_some()
            || interrupted && done.order.on_interrupt == OnInterrupt::Undo;
        if interrupted && done.order.on_interrupt == OnInterrupt::Escalate {
            self.halted = Some("the run was interrupted while it was done".to_owned());
        }
        if wanted && can_be_undone(done) {
            let (end, reason) = self.undo(done, &why, attempt).await;
            let end = if end == AttemptEnd::Reverted { AttemptEnd::Failed } else { end };
            return (end, reason);
        }
        (AttemptEnd::Failed, lines::line(&why))
    }

    /// Confirms and verifies it.
    async fn prove(
        &mut self,
        done: &Done,
        passing: &std::collections::BTreeSet<String>,
        attempt: &mut Attempt,
    ) -> End {
        if let Some(Confirm { within, until }) = self.confirm(done).cloned() {
            let sought = until.map_or_else(|| Sought::Kept(passing.clone()), Sought::Holds);
            let base = format!("{}/confirm", done.base);
            let why = match self.watch(&base, within, CONFIRM_EVERY, &sought).await {
                Ok(Held::Yes) => None,
                Ok(Held::No) => {
                    let within = lines::duration(within);
                    Some(format!("what must hold after it did not within {within}"))
                }
                Ok(Held::Unknown(reason)) => Some(reason),
                Err(stop) => Some(format!("it was not confirmed: {}", stop.words())),
            };
            if let Some(why) = why {
                return self.undo_or_keep(done, &why, attempt).await;
            }
        }
        if let Some(end) = self.interrupted(done, attempt).await {
            return end;
        }
        self.verify(done, attempt).await
    }

    async fn verify(&mut self, done: &Done, attempt: &mut Attempt) -> End {
        let cause = &self.runbook.causes[done.place.0];
        let (within, every, sought) = match &cause.verify {
            Some(Verify { within, every, until }) => {
                (*within, *every, Sought::Holds(until.clone()))
            }
            None => (VERIFY.0, VERIFY.1, Sought::Gone(cause.when.clone())),
        };
        let base = format!("{}/verify", done.base);
        let looked = self.watch(&base, within, every, &sought).await;
        let (gone, summary, why) = match looked {
            Ok(Held::Yes) => (Some(true), "the cause is gone".to_owned(), None),
            Ok(Held::No) => {
                let within = lines::duration(within);
                let summary = format!("the cause was not gone within {within}");
                (Some(false), summary.clone(), Some(summary))
            }
            Ok(Held::Unknown(reason)) => {
                let summary = format!("whether the cause is gone is unknown: {reason}");
                (None, summary.clone(), Some(summary))
            }
            Err(stop) => {
                let summary = format!("its verification was not made: {}", stop.words());
                (None, summary.clone(), Some(summary))
            }
        };
        let (fix, summary) = (attempt.fix.clone(), lines::line(&summary));
        self.exchange.tell(JobNews::Verified { fix, gone, summary });
        let Some(why) = why else { return (AttemptEnd::Verified, String::new()) };
        if self.exchange.stopped().is_some() && done.order.on_interrupt == OnInterrupt::Undo {
            return self.undo_or_keep(done, &why, attempt).await;
        }
        if let Some(end) = self.interrupted(done, attempt).await {
            return end;
        }
        (AttemptEnd::NotVerified, kept(done, &why))
    }

    /// What is done about a fix that is not verified, if the run was interrupted meanwhile.
    async fn interrupted(&mut self, done: &Done, attempt: &mut Attempt) -> Option<End> {
        // A restart that the fix is itself is no interruption of it.
        if !self.came_between(done) || done.order.act == Act::Reboot {
            return None;
        }
        let why = "its verification was not made: the run was interrupted after it was done";
        match done.order.on_interrupt {
            OnInterrupt::Recheck | OnInterrupt::Rerun => None,
            OnInterrupt::Undo => Some(self.undo_or_keep(done, why, attempt).await),
            OnInterrupt::Escalate => {
                self.halted = Some("the run was interrupted after a change".to_owned());
                Some((AttemptEnd::NotVerified, kept(done, why)))
            }
        }
    }

    async fn undo_or_keep(&mut self, done: &Done, why: &str, attempt: &mut Attempt) -> End {
        if can_be_undone(done) {
            self.undo(done, why, attempt).await
        } else {
            (AttemptEnd::NotVerified, kept(done, why))
        }
    }

    async fn undo(&mut self, done: &Done, why: &str, attempt: &mut Attempt) -> End {
        let step = self.exchange.name(&format!("{}/undo", done.base));
        let (fix, before) = (done.order.clone(), done.acted.before.clone());
        self.exchange.must(Do::Undo { step, fix, before });
        self.age = Age::Stale;
        let undone = loop {
            match self.exchange.surely().await {
                Heard::Undone { acted, .. } => break *acted,
                Heard::Indeterminate { .. } => {
                    let reason = format!(
                        "{why}; undoing it was interrupted, and nobody can tell whether it is undone"
                    );
                    return self.indeterminate(&lines::line(&reason));
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
        };
        let told = lines::acted(&undone);
        let fix = attempt.fix.clone();
        self.exchange.tell(JobNews::Undone { fix, acted: Box::new(told.clone()) });
        attempt.undone = Some(told);
        if undone.status == Status::Ok {
            (AttemptEnd::Reverted, lines::line(&format!("{why}; it was undone")))
        } else {
            let reason = format!("{why}; undoing it failed: {} {}", undone.status, undone.reason);
            (AttemptEnd::Failed, lines::line(&reason))
        }
    }

    fn confirm(&self, done: &Done) -> Option<&Confirm> {
        self.runbook.causes[done.place.0].fixes[done.place.1].confirm.as_ref()
    }

    fn came_between(&self, done: &Done) -> bool {
        self.exchange.interruptions() != done.interruptions
    }
}

fn can_be_undone(done: &Done) -> bool {
    let something = match done.order.undo {
        UndoBy::Auto => !done.acted.before.is_null(),
        UndoBy::Action(_) | UndoBy::Script(_) => true,
        UndoBy::None => false,
    };
    something && !is_persons(&done.order.act)
}

/// The reason of what was done, is not verified, and stays.
fn kept(done: &Done, why: &str) -> String {
    if is_persons(&done.order.act) {
        return lines::line(why);
    }
    lines::line(&format!("{why}; what was changed is kept"))
}
