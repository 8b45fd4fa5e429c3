//! What a ticket changed on this machine and what has not been undone yet, the last change first. It tells;
//! undoing is a run's.

use std::collections::BTreeMap;

use serde_json::Value;

use befund_model::action::Acted;
use befund_model::id::{JobId, TicketNumber};
use befund_model::snapshot::Status;

use super::entry::{ChangeRef, Doing, Entry, Intent};
use super::recovery::answers;

/// Whose changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Every job's of a ticket.
    Ticket(TicketNumber),
    /// One job's.
    Job(JobId),
}

/// A change that can be undone, as far as the journal knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Undoable {
    /// Which change.
    pub change: ChangeRef,
    /// What was done, with how it is undone.
    pub intent: Intent,
    /// The digest of the catalogue that it stands in.
    pub catalogue: Option<String>,
    /// What undoing needs to know: what [`Acted::before`] said, else what was known before the step.
    pub before: Value,
    /// Whether it was done.
    pub certainty: Certainty,
    /// Whether undoing it has been tried.
    pub tried: Tried,
}

/// Whether a change was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It was.
    Made,
    /// It failed, or was interrupted: part of it may be there.
    Perhaps,
}

/// Whether undoing was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tried {
    /// Never.
    No,
    /// It failed, or was interrupted.
    Failed,
}

/// The changes within these journals that were not undone, the last first.
pub(super) fn changes(journals: &[(JobId, Vec<Entry>)]) -> Vec<Undoable> {
    let mut made: BTreeMap<ChangeRef, Undoable> = BTreeMap::new();
    let mut undoing: Vec<(ChangeRef, Option<&Acted>)> = Vec::new();
    for (job, entries) in journals {
        let catalogue = match entries.first() {
            Some(Entry::Received(received)) => received.catalogue.as_ref(),
            // Damage took it, or there is nothing.
            Some(_) | None => None,
        };
        for entry in entries {
            let Entry::Intent(intent) = entry else { continue };
            let exit = exit(entries, intent);
            match &intent.doing {
                Doing::Restart => {}
                Doing::Undo(change) => undoing.push((change.clone(), exit)),
                Doing::Act => {
                    let change = ChangeRef { job: *job, step: intent.step.clone() };
                    // One that was begun again may have found what it did itself the first time.
                    let first = made.get(&change).map(|undoable| undoable.before.clone());
                    let first = first.filter(|before| !before.is_null());
                    let before = exit.map(|acted| &acted.before).filter(|before| !before.is_null());
                    let certainty = match exit.map(|acted| acted.status) {
                        Some(Status::Ok | Status::Partial) => Certainty::Made,
                        // Nothing was begun.
                        Some(Status::Unsupported | Status::Denied) => continue,
                        Some(Status::Timeout | Status::Failed) | None => Certainty::Perhaps,
                    };
                    let undoable = Undoable {
                        change: change.clone(),
                        before: before
                            .or(first.as_ref().filter(|_| intent.before.is_null()))
                            .unwrap_or(&intent.before)
                            .clone(),
                        intent: (**intent).clone(),
                        catalogue: catalogue.cloned(),
                        certainty,
                        tried: Tried::No,
                    };
                    made.insert(change, undoable);
                }
            }
        }
    }
    for (change, exit) in undoing {
        if exit.is_some_and(|acted| acted.status == Status::Ok) {
            made.remove(&change);
        } else if let Some(undoable) = made.get_mut(&change) {
            undoable.tried = Tried::Failed;
        }
    }
    let mut left: Vec<Undoable> = made.into_values().collect();
    left.sort_by_key(|undoable| std::cmp::Reverse(undoable.intent.turn));
    left
}

/// What came of an intent, by its exit or by what the machine was told of it.
fn exit<'a>(entries: &'a [Entry], intent: &Intent) -> Option<&'a Acted> {
    entries.iter().find_map(|entry| match entry {
        Entry::Exit { step, acted, .. } if *step == intent.step => Some(&**acted),
        Entry::Heard { heard, .. } if answers(heard) == Some(&intent.step) => told(heard),
        Entry::Received(_)
        | Entry::Heard { .. }
        | Entry::Intent(_)
        | Entry::Exit { .. }
        | Entry::News(_)
        | Entry::Ended(_)
        | Entry::Reported { .. }
        | Entry::Damaged { .. } => None,
    })
}

fn told(heard: &befund_runbook::machine::Heard) -> Option<&Acted> {
    use befund_runbook::machine::Heard;
    match heard {
        Heard::Acted { acted, .. } | Heard::Undone { acted, .. } => Some(acted),
        Heard::Indeterminate { .. }
        | Heard::NotBegun { .. }
        | Heard::Interrupted { .. }
        | Heard::Measured { .. }
        | Heard::Evaluated { .. }
        | Heard::Answered { .. }
        | Heard::Predicted { .. }
        | Heard::Consented { .. }
        | Heard::Approved { .. }
        | Heard::Waited { .. }
        | Heard::Cancelled { .. } => None,
    }
}
