//! What is known of a job after an interruption, and what may happen with a step that was interrupted. Pure:
//! it looks at entries, and neither at files nor at the machine.

use std::time::Duration;

use befund_model::action::{Acted, Repeat};
use befund_model::id::JobId;
use befund_model::job::{JobEvent, Outcome};
use befund_model::snapshot::Status;
use befund_runbook::machine::{Heard, Step};

use super::entry::{BootId, Doing, Entry, Intent, Received};

/// A job that the controller has not all of yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovered {
    /// Its id.
    pub job: JobId,
    /// What was taken on; absent where damage took it.
    pub order: Option<Received>,
    /// What the machine was told, and when; told again in this order, a machine stands where it stood.
    pub past: Vec<(Heard, Duration)>,
    /// What becomes of the step that was interrupted.
    pub open: OpenStep,
    /// What was told, as far as it was kept.
    pub news: Vec<JobEvent>,
    /// What the job came to, if it ended: it is only to be reported.
    pub ended: Option<Outcome>,
    /// The bytes at the end that a crash left of a record which nobody was promised; they were cut off.
    pub torn: u64,
}

/// What becomes of an interrupted step.
#[derive(Clone, Debug, PartialEq)]
pub enum OpenStep {
    /// No step was being done: go on where the past ends.
    None,
    /// Nothing at all had happened but that the job was taken on.
    NotStarted,
    /// It was done, and the machine was not told.
    Done {
        /// The step.
        step: Step,
        /// What came of it.
        acted: Box<Acted>,
        /// What its commands printed, in bytes.
        output: u64,
    },
    /// Do it again; its intent is written again first.
    Again(Box<Interrupted>),
    /// Ask the machine whether it was done.
    Probe(Box<Interrupted>),
    /// Nobody can tell: tell the machine so and never do it again.
    Indeterminate {
        /// What was interrupted, if that is known.
        step: Option<Box<Interrupted>>,
        /// Why nobody can tell.
        why: String,
    },
}

/// A step that was interrupted.
#[derive(Clone, Debug, PartialEq)]
pub struct Interrupted {
    /// What was intended.
    pub intent: Intent,
    /// Whether the system has started anew since. Where it has not, what the step had started may still run.
    pub boot: Boot,
}

/// Whether the system has started anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Boot {
    /// It runs on.
    Same,
    /// It has.
    Other,
    /// The system does not tell.
    Unknown,
}

/// The intent that nothing has answered yet.
pub(super) fn open_intent(entries: &[Entry]) -> Option<&Intent> {
    let mut open: Option<&Intent> = None;
    for entry in entries {
        match entry {
            Entry::Intent(intent) => open = Some(intent),
            Entry::Exit { step, .. } if open.is_some_and(|intent| intent.step == *step) => {
                open = None
            }
            Entry::Heard { heard, .. } => {
                if open.is_some_and(|intent| answers(heard) == Some(&intent.step)) {
                    open = None;
                }
            }
            Entry::Received(_)
            | Entry::Exit { .. }
            | Entry::News(_)
            | Entry::Ended(_)
            | Entry::Reported { .. }
            | Entry::Damaged { .. } => {}
        }
    }
    open
}

/// The step that something heard answers, if it is one that changes something.
pub(super) const fn answers(heard: &Heard) -> Option<&Step> {
    match heard {
        Heard::Acted { step, .. }
        | Heard::NotBegun { step }
        | Heard::Undone { step, .. }
        | Heard::Indeterminate { step } => Some(step),
        Heard::Measured { .. }
        | Heard::Evaluated { .. }
        | Heard::Answered { .. }
        | Heard::Predicted { .. }
        | Heard::Consented { .. }
        | Heard::Approved { .. }
        | Heard::Waited { .. }
        | Heard::Interrupted { .. }
        | Heard::Cancelled { .. } => None,
    }
}

/// What these entries say, in the run of the system that is going on now.
pub(super) fn judge(job: JobId, entries: Vec<Entry>, torn: u64, now: Option<&BootId>) -> Recovered {
    let open = decide(&entries, now);
    let mut recovered =
        Recovered { job, order: None, past: Vec::new(), open, news: Vec::new(), ended: None, torn };
    for entry in entries {
        match entry {
            Entry::Received(received) => recovered.order = Some(*received),
            Entry::Heard { heard, at } => recovered.past.push((*heard, at)),
            Entry::News(event) => recovered.news.push(*event),
            Entry::Ended(outcome) => recovered.ended = Some(*outcome),
            Entry::Intent(_)
            | Entry::Exit { .. }
            | Entry::Reported { .. }
            | Entry::Damaged { .. } => {}
        }
    }
    recovered
}

fn decide(entries: &[Entry], now: Option<&BootId>) -> OpenStep {
    let damage = entries.iter().find_map(|entry| match entry {
        Entry::Damaged { bytes, why } => {
            Some(format!("{bytes} bytes of the journal of this job were damaged: {why}"))
        }
        Entry::Received(_)
        | Entry::Heard { .. }
        | Entry::Intent(_)
        | Entry::Exit { .. }
        | Entry::News(_)
        | Entry::Ended(_)
        | Entry::Reported { .. } => None,
    });
    let interrupted = open_intent(entries).map(|intent| {
        let boot = match (&intent.boot, now) {
            (Some(then), Some(now)) if then == now => Boot::Same,
            (Some(_), Some(_)) => Boot::Other,
            (None, _) | (_, None) => Boot::Unknown,
        };
        Box::new(Interrupted { intent: intent.clone(), boot })
    });
    if let Some(why) = damage {
        return OpenStep::Indeterminate { step: interrupted, why };
    }
    match interrupted {
        Some(interrupted) => of_open(interrupted),
        None => of_none(entries),
    }
}

/// What becomes of a step with an intent and nothing after it.
fn of_open(interrupted: Box<Interrupted>) -> OpenStep {
    let unknown = |why: &str, interrupted| OpenStep::Indeterminate {
        step: Some(interrupted),
        why: why.to_owned(),
    };
    if interrupted.intent.doing == Doing::Restart {
        return match interrupted.boot {
            Boot::Other => OpenStep::Done {
                step: interrupted.intent.step,
                acted: Box::new(Acted {
                    status: Status::Ok,
                    reason: String::new(),
                    summary: "the machine was restarted".to_owned(),
                    commands: Vec::new(),
                    before: serde_json::Value::Null,
                    took_us: 0,
                }),
                output: 0,
            },
            // Asked for, and not come about: to ask again is to ask once.
            Boot::Same => OpenStep::Again(interrupted),
            // To restart again could go on for ever.
            Boot::Unknown => {
                unknown("the system does not tell whether it was restarted", interrupted)
            }
        };
    }
    match interrupted.intent.repeat {
        Repeat::Idempotent => OpenStep::Again(interrupted),
        Repeat::Probed => OpenStep::Probe(interrupted),
        Repeat::Never => unknown(
            "it was interrupted, and the machine cannot be asked whether it was done",
            interrupted,
        ),
    }
}

/// Where a job stands of which no step is open.
fn of_none(entries: &[Entry]) -> OpenStep {
    let mut exit = None;
    let mut begun = false;
    for entry in entries {
        match entry {
            Entry::Exit { step, acted, output } => exit = Some((step, acted, *output)),
            Entry::Heard { heard, .. } => {
                begun = true;
                if answers(heard)
                    .is_some_and(|told| exit.as_ref().is_some_and(|(step, ..)| *step == told))
                {
                    exit = None;
                }
            }
            Entry::Intent(_) | Entry::Ended(_) | Entry::Reported { .. } => begun = true,
            Entry::Received(_) | Entry::News(_) | Entry::Damaged { .. } => {}
        }
    }
    match exit {
        Some((step, acted, output)) => {
            OpenStep::Done { step: step.clone(), acted: acted.clone(), output }
        }
        None if begun => OpenStep::None,
        None => OpenStep::NotStarted,
    }
}
