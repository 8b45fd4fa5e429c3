//! What the journal promises, checked against what was asked of it and acknowledged.

use std::collections::BTreeSet;

use befund_executor::journal::{Entry, Journal, JournalError, OpenStep, Recovered, Whose};
use befund_model::action::Repeat;
use befund_model::id::JobId;
use befund_runbook::machine::Step;

use crate::disk::{Disk, Image};
use crate::sample::{TICKET, boot, job, open, received};

/// Something that is asked of the journal.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Receive(u8),
    Append(u8, Entry),
    Sync(u8),
}

/// A call with the number of the disk's operations before it and after it.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub(crate) call: Call,
    pub(crate) begun: usize,
    pub(crate) acknowledged: usize,
}

pub(crate) fn call(journal: &mut Journal<Disk>, call: &Call) -> Result<(), JournalError> {
    match call {
        Call::Receive(number) => journal.receive(received(*number)).map(drop),
        Call::Append(number, entry) => journal.append(job(*number), entry.clone()),
        Call::Sync(number) => journal.sync(job(*number)),
    }
}

/// Makes the calls on an empty disk; those that are refused are left out.
pub(crate) fn play(calls: &[Call]) -> (Disk, Vec<Called>) {
    let disk = Disk::of(&Image::new());
    let mut journal = open(&disk);
    let mut told = Vec::new();
    for each in calls {
        let begun = disk.done();
        match call(&mut journal, each) {
            Ok(()) => told.push(Called { call: each.clone(), begun, acknowledged: disk.done() }),
            Err(JournalError::Order { .. } | JournalError::Unknown { .. }) => {}
            Err(error) => panic!("{each:?}: {error}"),
        }
    }
    (disk, told)
}

/// What was asked of one job before the crash.
struct Asked<'a> {
    /// Those entries that were begun; of the last it is not known whether it is there.
    begun: Vec<&'a Entry>,
    /// How many of them, from the first, must be there.
    durable: usize,
    received: Received,
}

#[derive(PartialEq, Eq)]
enum Received {
    No,
    Begun,
    Acknowledged,
}

fn asked(told: &[Called], number: u8, crash: usize) -> Asked<'_> {
    let mut asked = Asked { begun: Vec::new(), durable: 0, received: Received::No };
    for Called { call, begun, acknowledged } in told {
        if *begun >= crash && acknowledged != begun {
            continue;
        }
        let acknowledged = *acknowledged <= crash;
        match call {
            Call::Receive(of) if *of == number => {
                asked.received =
                    if acknowledged { Received::Acknowledged } else { Received::Begun };
            }
            Call::Append(of, entry) if *of == number => {
                asked.begun.push(entry);
                if acknowledged && entry.is_synced() {
                    asked.durable = asked.begun.len();
                }
            }
            Call::Sync(of) if *of == number && acknowledged => asked.durable = asked.begun.len(),
            Call::Receive(_) | Call::Append(..) | Call::Sync(_) => {}
        }
    }
    asked
}

/// Opens what a crash left and checks every promise. `crash` is the number of operations before it.
pub(crate) fn check(image: &Image, told: &[Called], crash: usize) -> Disk {
    let disk = Disk::of(image);
    let journal = open(&disk);
    let recovered = journal.recover(Some(&boot(2))).expect("it can be read");
    let undoable = journal.undoable(Whose::Ticket(TICKET)).expect("it can be read");
    let jobs: BTreeSet<u8> = told
        .iter()
        .map(|called| match called.call {
            Call::Receive(number) | Call::Append(number, _) | Call::Sync(number) => number,
        })
        .collect();
    for number in jobs {
        let asked = asked(told, number, crash);
        let found = recovered.iter().find(|found| found.job == job(number));
        let reported = asked.begun.iter().position(|entry| matches!(entry, Entry::Reported { .. }));
        match (found, &asked.received) {
            (None, Received::Acknowledged) => {
                assert!(reported.is_some(), "job {number} was taken on and is lost");
            }
            (None, Received::No | Received::Begun) => {}
            (Some(_), Received::No) => panic!("job {number} was never taken on"),
            (Some(found), Received::Begun | Received::Acknowledged) => {
                assert_eq!(found.order, Some(received(number)));
                let entries = journal.entries(job(number)).expect("it can be read");
                kept(&asked, &entries, found);
            }
        }
        if let Some(at) = reported {
            let must = at < asked.durable;
            assert!(!(must && found.is_some()), "job {number} was reported, and would be again");
        }
        for name in exits(&asked.begun[..asked.durable]) {
            let there = undoable.iter().any(|undoable| undoable.change.step == *name);
            assert!(there, "what undoing {name:?} needs is lost");
        }
    }
    disk
}

fn exits<'a>(entries: &[&'a Entry]) -> Vec<&'a Step> {
    let exit = |entry: &&'a Entry| match *entry {
        Entry::Exit { step, .. } => Some(step),
        _other => None,
    };
    entries.iter().filter_map(exit).collect()
}

/// What is there is a beginning of what was asked, with all of it that was promised, and is decided as it must.
fn kept(asked: &Asked<'_>, entries: &[Entry], found: &Recovered) {
    let there: Vec<Entry> = entries[1..].iter().map(unnumbered).collect();
    let wanted: Vec<Entry> = asked.begun.iter().map(|entry| unnumbered(entry)).collect();
    assert!(wanted.starts_with(&there), "{there:?} is no beginning of {wanted:?}");
    assert!(
        there.len() >= asked.durable,
        "{} of {} are lost",
        asked.durable - there.len(),
        asked.durable
    );
    let ended = there.iter().find_map(|entry| match entry {
        Entry::Ended(outcome) => Some((**outcome).clone()),
        _other => None,
    });
    assert_eq!(found.ended, ended);
    assert_eq!(found.open, expected(&there, found), "after {there:?}");
}

/// The journal numbers what it intends.
fn unnumbered(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    if let Entry::Intent(intent) = &mut entry {
        intent.turn = 0;
    }
    entry
}

/// The rules of the decision, told once more and in another way: by the last entry that is of a step.
fn expected(entries: &[Entry], found: &Recovered) -> OpenStep {
    use befund_runbook::machine::Heard;
    let last =
        entries.iter().rposition(|entry| matches!(entry, Entry::Intent(_) | Entry::Exit { .. }));
    let (last, after) = match last {
        Some(at) => (Some(&entries[at]), &entries[at + 1..]),
        None => (None, entries),
    };
    let told = |wanted: &Step| {
        after.iter().any(|entry| match entry {
            Entry::Heard { heard, .. } => match &**heard {
                Heard::Acted { step, .. } | Heard::Indeterminate { step } => step == wanted,
                _other => false,
            },
            _other => false,
        })
    };
    match last {
        Some(Entry::Exit { step, .. }) if told(step) => OpenStep::None,
        Some(Entry::Intent(intent)) if told(&intent.step) => OpenStep::None,
        Some(Entry::Exit { step, acted, output }) => {
            OpenStep::Done { step: step.clone(), acted: acted.clone(), output: *output }
        }
        Some(Entry::Intent(intent)) => {
            let right = match (&found.open, intent.repeat) {
                (OpenStep::Again(open), Repeat::Idempotent)
                | (OpenStep::Probe(open), Repeat::Probed)
                | (OpenStep::Indeterminate { step: Some(open), .. }, Repeat::Never) => {
                    open.intent.step == intent.step
                }
                _wrong => false,
            };
            assert!(right, "{:?} is decided as {:?}", intent.step, found.open);
            found.open.clone()
        }
        Some(_) => OpenStep::None,
        None if entries.iter().any(|entry| !matches!(entry, Entry::News(_))) => OpenStep::None,
        None => OpenStep::NotStarted,
    }
}

/// The id of the only job that is unreported.
pub(crate) fn only(journal: &Journal<Disk>) -> (JobId, Recovered) {
    let mut all = journal.recover(Some(&boot(2))).expect("it can be read");
    assert_eq!(all.len(), 1);
    let one = all.remove(0);
    (one.job, one)
}
