//! Playing a rehearsal: a driver whose measurements, people and fixes are those of the file.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use befund_model::action::{self, Acted, Prediction, Undo};
use befund_model::probe::{ProbeResult, Verdict};
use befund_model::runbook::RunbookResult;
use befund_model::snapshot::Status;

use super::report::Report;
use super::{Assent, Foretold, Played, Recorded, Rehearsal, Scene};
use crate::document::{Act, Runbook, Source};
use crate::machine::{Do, FixOrder, Heard, Machine, Step};

/// Rehearses the runbook. `evaluate` gives a value, or why there is none, for each expression, over the scope and what is
/// missing from it: as [`Do::Evaluate`] has them.
pub fn rehearse<E>(runbook: &Runbook, rehearsal: &Rehearsal, evaluate: E) -> Report
where
    E: FnMut(&[String], &Value, &BTreeMap<String, String>) -> Vec<Result<Value, String>>,
{
    let stage = Stage {
        rehearsal,
        scene: rehearsal.facts.clone(),
        earlier: BTreeMap::new(),
        lasted: Duration::ZERO,
        evaluate,
    };
    let result = stage.play(runbook);
    Report::of(runbook, rehearsal, result)
}

struct Stage<'a, E> {
    rehearsal: &'a Rehearsal,
    scene: Scene,
    /// The scene before each fix, for when it is undone.
    earlier: BTreeMap<String, Scene>,
    lasted: Duration,
    evaluate: E,
}

impl<E> Stage<'_, E>
where
    E: FnMut(&[String], &Value, &BTreeMap<String, String>) -> Vec<Result<Value, String>>,
{
    fn play(mut self, runbook: &Runbook) -> RunbookResult {
        let runbook = Arc::new(runbook.clone());
        let mut machine = Machine::new(runbook, &self.rehearsal.inputs, self.rehearsal.mode);
        let mut wanted = VecDeque::from(machine.start(self.lasted));
        loop {
            let next = wanted.pop_front().expect("a machine that has not ended wants something");
            let heard = match next {
                Do::End(result) => return *result,
                Do::Tell(_) => continue,
                other => self.answer(other),
            };
            if let Some(heard) = heard {
                wanted.extend(machine.hear(heard, self.lasted));
            }
        }
    }

    /// `None` for what wants no answer.
    fn answer(&mut self, wanted: Do) -> Option<Heard> {
        Some(match wanted {
            Do::Measure { step, source, .. } => self.measure(step, &source),
            Do::Evaluate { step, expressions, scope, missing } => {
                Heard::Evaluated { step, values: (self.evaluate)(&expressions, &scope, &missing) }
            }
            Do::Ask { step, question } => {
                let answer = self.rehearsal.answers.get(&question.name).cloned();
                Heard::Answered { step, answer, by: "the rehearsal".to_owned() }
            }
            Do::Predict { step, fix } => {
                let foretold = self.rehearsal.predictions.get(&name(&fix)).copied();
                Heard::Predicted { step, prediction: prediction(foretold.unwrap_or_default()) }
            }
            Do::Consent { step, .. } => {
                Heard::Consented { step, consent: assent(self.rehearsal.consent) }
            }
            Do::Approve { step, .. } => {
                Heard::Approved { step, approval: assent(self.rehearsal.approval) }
            }
            Do::Act { step, fix } => self.act(step, &fix),
            Do::Undo { step, fix, .. } => {
                if let Some(scene) = self.earlier.remove(&name(&fix)) {
                    self.scene = scene;
                }
                let acted = acted(Status::Ok, String::new(), "as it was before", Value::Null);
                Heard::Undone { step, acted: Box::new(acted) }
            }
            Do::Wait { step, lasting } => {
                self.lasted += lasting;
                Heard::Waited { step }
            }
            Do::Tell(_) | Do::End(_) => return None,
        })
    }

    fn measure(&self, step: Step, source: &Source) -> Heard {
        let (probe, version) = match source {
            Source::Probe { name, version, with: _ } => (name.clone(), *version),
            Source::Section { kind } => (format!("section.{kind}"), 1),
        };
        let recorded = self.scene.get(step.measurement()).cloned();
        let Recorded { status, reason, verdict, facts } = recorded.unwrap_or(Recorded {
            status: Status::Failed,
            reason: "the rehearsal has no facts for it".to_owned(),
            verdict: Verdict::Unknown,
            facts: Value::Null,
        });
        let summary = if reason.is_empty() { "as recorded".to_owned() } else { reason.clone() };
        let result =
            ProbeResult { probe, version, status, reason, verdict, summary, facts, took_us: 0 };
        Heard::Measured { step, result: Box::new(result) }
    }

    fn act(&mut self, step: Step, fix: &FixOrder) -> Heard {
        let name = name(fix);
        let played = self.rehearsal.acts.get(&name).cloned();
        let Played { status, reason } =
            played.unwrap_or(Played { status: Status::Ok, reason: String::new() });
        if status == Status::Ok
            && let Some(then) = self.rehearsal.then.get(&name)
        {
            self.earlier.insert(name, self.scene.clone());
            self.scene.extend(then.clone());
        }
        let restores = match &fix.act {
            Act::Action(name) => action::find(name).is_none_or(|spec| spec.undo == Undo::Restores),
            Act::Script(_) | Act::Instruct | Act::OpenUrl | Act::Reboot => false,
        };
        let before = if restores { json!({}) } else { Value::Null };
        let acted = Box::new(acted(status, reason, "as rehearsed", before));
        Heard::Acted { step, acted, output: 0 }
    }
}

fn name(fix: &FixOrder) -> String {
    format!("{}/{}", fix.cause, fix.index)
}

fn prediction(foretold: Foretold) -> Prediction {
    let (known, changes, line) = match foretold {
        Foretold::Changes => (true, true, "what the fix changes"),
        Foretold::Nothing => (true, false, "it is so already"),
        Foretold::Unknown => (false, true, "it cannot be predicted"),
    };
    Prediction { known, changes, lines: vec![line.to_owned()] }
}

fn assent(assent: Assent) -> Result<String, String> {
    match assent {
        Assent::Yes => Ok("the rehearsal".to_owned()),
        Assent::No => Err("the rehearsal says no".to_owned()),
    }
}

fn acted(status: Status, reason: String, summary: &str, before: Value) -> Acted {
    let summary = summary.to_owned();
    Acted { status, reason, summary, commands: Vec::new(), before, took_us: 0 }
}
