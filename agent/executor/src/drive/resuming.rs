//! Going on after an interruption: the machine goes the same way again by the journal's past, and of a change that was
//! in flight it is told what the journal knows, or what the machine says when it is asked.

use std::sync::Arc;

use tokio::sync::mpsc;

use befund_model::action::{Acted, Holds};
use befund_model::job::{JobNews, Said};
use befund_model::snapshot::Status;
use befund_runbook::machine::{Do, FixOrder, Heard, Interruption, Machine, Step};
use serde_json::Value;

use super::scene::{Scene, Word};
use super::{Driver, Left, acting};
use crate::journal::{Entry, Interrupted, OpenStep, Recovered};

/// How many of the newest events are looked through for news that may not have been told.
const LOOKED_AT: usize = 256;

/// Drives a run that was interrupted on to its end.
pub(crate) async fn resume(
    scene: Arc<Scene>,
    inputs: std::collections::BTreeMap<String, Value>,
    recovered: Recovered,
    interruption: Interruption,
    (words, said): (mpsc::Receiver<Word>, mpsc::Receiver<Said>),
) -> Left {
    let Recovered { job, past, open, .. } = recovered;
    let Some(book) = &scene.book else { return Left::Stopped };
    let runbook = Arc::clone(&book.runbook);
    let heard: Vec<Heard> = past.iter().map(|(heard, _)| heard.clone()).collect();
    let (machine, wanted) = Machine::resume(runbook, &inputs, scene.mode, past, interruption);
    let over = machine.ended().is_some() && matches!(wanted.as_slice(), [Do::End(_)]);
    let untold = machine.last_news().to_vec();
    let at = machine.lasted();
    let outstanding = machine.outstanding();
    let mut driver = Driver::new(Arc::clone(&scene), machine, words, said);
    for heard in &heard {
        driver.note(heard);
        driver.cancelled |= matches!(heard, Heard::Cancelled { .. });
    }
    if driver.cancelled {
        scene.cancelled.cancel();
    }
    if !over {
        let entry = Entry::Heard { heard: Box::new(Heard::Interrupted { by: interruption }), at };
        if let Err(error) = scene.runs.ledger.append(job, entry).await {
            // It stays as it is, and is tried again when the executor starts anew.
            tracing::warn!(error = &error as &dyn std::error::Error, "a run was not resumed");
            return Left::Stopped;
        }
    }
    let told: Vec<JobNews> =
        scene.run.log.last(LOOKED_AT).into_iter().map(|event| event.what).collect();
    for news in missing(&told, &untold) {
        driver.tell(news.clone()).await;
    }
    // What the interruption itself makes it want is begun with all else that it wants.
    let in_flight = outstanding.into_iter().filter(|one| !wanted.contains(one));
    let change = in_flight.into_iter().find_map(|wanted| match wanted {
        Do::Act { step, fix } => Some(Change::Act(step, fix)),
        Do::Undo { step, fix, before } => Some(Change::Undo(step, fix, before)),
        Do::Measure { .. }
        | Do::Evaluate { .. }
        | Do::Ask { .. }
        | Do::Predict { .. }
        | Do::Consent { .. }
        | Do::Approve { .. }
        | Do::Wait { .. }
        | Do::Tell(_)
        | Do::End(_) => None,
    });
    if let Some(change) = change {
        driver.take_up(change, open);
    }
    driver.drive(wanted).await
}

/// A change that was in flight.
enum Change {
    Act(Step, FixOrder),
    Undo(Step, FixOrder, Value),
}

impl Driver {
    /// Finds out what became of a change in flight, or does it.
    fn take_up(&mut self, change: Change, open: OpenStep) {
        let scene = Arc::clone(&self.scene);
        match (change, open) {
            (Change::Act(step, _), OpenStep::Done { step: done, acted, output })
                if step == done =>
            {
                self.tasks.spawn(async move {
                    scene.hear(Heard::Acted { step, acted, output }).await;
                });
            }
            (Change::Undo(step, ..), OpenStep::Done { step: done, acted, .. }) if step == done => {
                self.tasks.spawn(async move { scene.hear(Heard::Undone { step, acted }).await });
            }
            (Change::Act(step, fix), OpenStep::Again(open)) if open.intent.step == step => {
                self.tasks.spawn(acting::act(scene, step, fix, open.intent.before));
            }
            (Change::Act(step, fix), OpenStep::Probe(open)) if open.intent.step == step => {
                self.tasks.spawn(probe(scene, step, fix, open));
            }
            // Putting back what was noted is done again, as nothing tells whether it was.
            (Change::Undo(step, fix, before), OpenStep::Again(open) | OpenStep::Probe(open))
                if open.intent.step == step =>
            {
                self.begin(Do::Undo { step, fix, before })
            }
            (
                Change::Act(step, _) | Change::Undo(step, ..),
                OpenStep::Indeterminate { .. }
                | OpenStep::Again(_)
                | OpenStep::Probe(_)
                | OpenStep::Done { .. },
            ) => {
                self.tasks.spawn(async move { scene.hear(Heard::Indeterminate { step }).await });
            }
            (Change::Act(step, _), OpenStep::None | OpenStep::NotStarted) => {
                self.tasks.spawn(async move { scene.hear(Heard::NotBegun { step }).await });
            }
            (Change::Undo(step, fix, before), OpenStep::None | OpenStep::NotStarted) => {
                self.begin(Do::Undo { step, fix, before });
            }
        }
    }
}

/// Asks the machine whether it was done; if it was not, it is done now.
async fn probe(scene: Arc<Scene>, step: Step, fix: FixOrder, open: Box<Interrupted>) {
    match acting::holds(&scene, &fix).await {
        (Holds::Done, how) => {
            let acted = Acted {
                status: Status::Ok,
                reason: String::new(),
                summary: format!("it was done before the interruption: {how}"),
                commands: Vec::new(),
                before: open.intent.before.clone(),
                took_us: 0,
            };
            scene.hear(Heard::Acted { step, acted: Box::new(acted), output: 0 }).await;
        }
        (Holds::NotDone, _) => acting::act(scene, step, fix, open.intent.before).await,
        (Holds::Unknown, _) => scene.hear(Heard::Indeterminate { step }).await,
    }
}

/// Those of the newest news that were not told: all of them behind the last that was.
fn missing<'a>(told: &[JobNews], news: &'a [JobNews]) -> &'a [JobNews] {
    let whole = !news.is_empty() && told.windows(news.len()).any(|window| window == news);
    if whole {
        return &[];
    }
    let known = (0..news.len()).rev().find(|known| told.ends_with(&news[..*known]));
    &news[known.unwrap_or(0)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_not_told_again() {
        let line = |text: &str| JobNews::Output(text.to_owned());
        let news = [line("a"), line("b"), line("c")];
        let told = [line("x"), line("a"), line("b")];
        assert_eq!(missing(&told, &news), [line("c")]);
        assert_eq!(missing(&news, &news), []);
        assert_eq!(missing(&[line("x")], &news), news);
        let and_more = [line("a"), line("b"), line("c"), line("d")];
        assert_eq!(missing(&and_more, &news), []);
    }
}
