//! Where a job stands, by the journal on its machine's disk. It only reads: whole, once nobody writes; and while somebody
//! does, what has been added.

use std::fmt;
use std::path::{Path, PathBuf};

use befund_executor::journal::{Entry, record};
use befund_model::id::JobId;
use befund_model::job::JobNews;
use befund_runbook::machine::{Heard, Step};

use crate::aim::Event;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It waits at the controller, or is on its way.
    Waiting,
    /// RECEIVED, and nothing else.
    Received,
    /// It measures, judges, asks.
    AtWork,
    /// It waits for a signature.
    Signing,
    /// INTENT, and no mark yet.
    Intent,
    /// INTENT, and the step that is done once has left its mark.
    Marked,
    /// EXIT, and the run does not know yet.
    Exit,
    /// ENDED, and not REPORTED.
    Ended,
    /// REPORTED.
    Reported,
    /// Its journal says that it was damaged.
    Damaged,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "on its way",
            Self::Received => "RECEIVED",
            Self::AtWork => "measuring, judging",
            Self::Signing => "waiting for a signature",
            Self::Intent => "INTENT",
            Self::Marked => "INTENT, mark left",
            Self::Exit => "EXIT",
            Self::Ended => "ENDED",
            Self::Reported => "REPORTED",
            Self::Damaged => "damaged",
        })
    }
}

/// The file of a job's journal.
pub(crate) fn path(folder: &Path, job: JobId) -> PathBuf {
    folder.join(format!("{job}.journal"))
}

/// The entries of a job's journal, as far as they can be read.
pub(crate) fn entries(folder: &Path, job: JobId) -> Vec<Entry> {
    let bytes = std::fs::read(path(folder, job)).unwrap_or_default();
    if bytes.is_empty() {
        return Vec::new();
    }
    let records = record::read(job, &bytes).records;
    records
        .into_iter()
        .map_while(|record| serde_json::from_slice(&bytes[record.payload]).ok())
        .collect()
}

/// Where a job with these entries stands; `marked` is whether its mark is there.
pub(crate) fn of(entries: &[Entry], marked: bool) -> Phase {
    let mut phase = Phase::Waiting;
    let mut open: Option<Step> = None;
    for entry in entries {
        phase = match entry {
            Entry::Received(_) => Phase::Received,
            Entry::Intent(intent) => {
                open = Some(intent.step.clone());
                let once = intent.fix.cause == crate::book::ONCE;
                if once && marked { Phase::Marked } else { Phase::Intent }
            }
            Entry::Exit { .. } => {
                open = None;
                Phase::Exit
            }
            Entry::Ended(_) => Phase::Ended,
            Entry::Reported { .. } => return Phase::Reported,
            Entry::Damaged { .. } => return Phase::Damaged,
            Entry::News(event) => match (&event.what, phase) {
                (JobNews::ApprovalAsked { .. }, _) => Phase::Signing,
                (_, Phase::Received | Phase::Waiting) => Phase::AtWork,
                (_, other) => other,
            },
            Entry::Heard { heard, .. } => match &**heard {
                Heard::Acted { step, .. }
                | Heard::Undone { step, .. }
                | Heard::NotBegun { step }
                | Heard::Indeterminate { step } => {
                    open.take_if(|open| open == step);
                    Phase::AtWork
                }
                Heard::Measured { .. }
                | Heard::Evaluated { .. }
                | Heard::Answered { .. }
                | Heard::Predicted { .. }
                | Heard::Consented { .. }
                | Heard::Approved { .. }
                | Heard::Waited { .. }
                | Heard::Interrupted { .. }
                | Heard::Cancelled { .. } => match phase {
                    Phase::Intent | Phase::Marked if open.is_some() => phase,
                    Phase::Exit => phase,
                    _ => Phase::AtWork,
                },
            },
        };
    }
    phase
}

/// Looks again and again what was added to a job's journal.
#[derive(Debug)]
pub(crate) struct Watched {
    path: PathBuf,
    read: usize,
}

impl Watched {
    pub(crate) fn new(folder: &Path, job: JobId) -> Self {
        Self { path: path(folder, job), read: 0 }
    }

    /// Whether such an entry was added since it was last looked.
    pub(crate) fn look(&mut self, event: Event) -> bool {
        let grown = std::fs::metadata(&self.path)
            .is_ok_and(|about| usize::try_from(about.len()).is_ok_and(|length| length > self.read));
        if !grown {
            return false;
        }
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        let mut found = false;
        while let Some(length) = bytes.get(self.read + 4..self.read + 8) {
            let length = length.first_chunk().map_or(0, |length| u32::from_be_bytes(*length));
            let from = self.read + record::HEAD_BYTES;
            let to = from + length as usize;
            let Some(payload) = bytes.get(from..to) else { break };
            found |= is(payload, event);
            self.read = to;
        }
        found
    }
}

/// Whether a record's payload is the entry that is waited for, by its first bytes.
fn is(payload: &[u8], event: Event) -> bool {
    let begins = |with: &str| payload.starts_with(with.as_bytes());
    match event {
        Event::Chance | Event::Mark => false,
        Event::Received => begins("{\"received\""),
        Event::Asked => {
            let head = payload.get(..200).unwrap_or(payload);
            begins("{\"news\"") && String::from_utf8_lossy(head).contains("\"approval_asked\"")
        }
        Event::Intent => begins("{\"intent\""),
        Event::Exit => begins("{\"exit\""),
        Event::Ended => begins("{\"ended\""),
    }
}
