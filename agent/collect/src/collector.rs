//! What a collector gets and gives: a [`Context`] to read with, and an [`Outcome`].
//!
//! A collector is a function from a context to a typed section or a [`Gap`]. What it could not read
//! but can do without it notes with [`Context::gap`], which makes the section `partial`.

use std::cell::RefCell;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use befund_model::redaction::Redactor;
use befund_model::snapshot::Status;

use crate::Root;
use crate::root::Unread;

/// The most gaps that a reason names.
const MAX_GAPS_TOLD: usize = 4;

/// What a collector works with.
#[derive(Debug)]
pub(crate) struct Context {
    /// What it reads.
    pub(crate) root: Root,
    /// What goes over every text that can carry a secret.
    pub(crate) redactor: Redactor,
    gaps: RefCell<Vec<Gap>>,
}

/// Something that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// How the section comes out if this is all that there is to say.
    pub(crate) status: Status,
    /// What and why, for people.
    pub(crate) reason: String,
}

impl Gap {
    /// This system has no such thing.
    pub(crate) fn unsupported(reason: impl Into<String>) -> Self {
        Self { status: Status::Unsupported, reason: plain(reason.into()) }
    }

    /// It could not be read or understood.
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self { status: Status::Failed, reason: plain(reason.into()) }
    }

    /// The account may not read it.
    pub(crate) fn denied(reason: impl Into<String>) -> Self {
        Self { status: Status::Denied, reason: plain(reason.into()) }
    }
}

/// The reason without the numbers that Rust puts behind errors of the system.
fn plain(mut reason: String) -> String {
    while let Some(start) = reason.find(" (os error ") {
        let end = reason[start..].find(')').map_or(reason.len(), |end| start + end + 1);
        reason.replace_range(start..end, "");
    }
    reason
}

impl From<Unread> for Gap {
    fn from(unread: Unread) -> Self {
        Self { status: unread.status(), reason: unread.told() }
    }
}

impl Context {
    /// A context of its own for one collector.
    pub(crate) fn new(root: &Root) -> Self {
        Self { root: root.tracked(), redactor: Redactor::default(), gaps: RefCell::default() }
    }

    /// Notes something that is missing from the section.
    pub(crate) fn gap(&self, gap: impl Into<Gap>) {
        self.gaps.borrow_mut().push(gap.into());
    }

    /// The value, or `None` and a note of what was missing. What this system simply does not have
    /// is not noted.
    pub(crate) fn note<T, E: Into<Gap>>(&self, result: Result<T, E>) -> Option<T> {
        match result.map_err(Into::into) {
            Ok(value) => Some(value),
            Err(gap) => {
                if gap.status != Status::Unsupported {
                    self.gap(gap);
                }
                None
            }
        }
    }

    /// What `read` makes of each line of a file; how many it could make nothing of is noted.
    pub(crate) fn lines<'a, T>(
        &self,
        path: &str,
        lines: impl Iterator<Item = &'a str>,
        read: impl Fn(&'a str) -> Option<T>,
    ) -> Vec<T> {
        let mut values = Vec::new();
        let mut lost = 0;
        for line in lines.filter(|line| !line.trim().is_empty()) {
            match read(line) {
                Some(value) => values.push(value),
                None => lost += 1,
            }
        }
        if lost > 0 {
            let lines = if lost == 1 { "line" } else { "lines" };
            self.gap(Gap::failed(format!("{lost} {lines} of {path} could not be understood")));
        }
        values
    }

    /// Waits until a second look is due, this long after the first, and gives what to look with. It is for
    /// counters: what can carry a secret is read with the context itself.
    ///
    /// # Errors
    /// Of a recorded tree without a second look.
    pub(crate) fn second_look(&self, after: Duration) -> Result<SecondLook, Gap> {
        let alone = |_| Gap::unsupported("only the running system can be seen at work");
        let root = self.root.later().map_err(alone)?;
        let recorded = if self.root.is_live() {
            thread::sleep(after);
            None
        } else {
            let elapsed = root.number("/elapsed_ms").ok().flatten();
            Some(elapsed.map_or(after, Duration::from_millis))
        };
        let gaps = RefCell::default();
        Ok(SecondLook { cx: Self { root, redactor: Redactor::default(), gaps }, recorded })
    }

    /// A file of one line, trimmed; `None` if it is absent or empty. Any other trouble is noted.
    pub(crate) fn line(&self, path: &str) -> Option<String> {
        self.note(self.root.line(path)).flatten()
    }
}

/// What the second of two looks is taken with.
#[derive(Debug)]
pub(crate) struct SecondLook {
    cx: Context,
    /// How long after the first it was, as a recorded tree tells.
    recorded: Option<Duration>,
}

impl SecondLook {
    /// Looks; what was missing is noted with the first look's.
    pub(crate) fn take<T>(&self, first: &Context, look: impl FnOnce(&Context) -> T) -> T {
        let value = look(&self.cx);
        first.gaps.borrow_mut().append(&mut self.cx.gaps.borrow_mut());
        value
    }

    /// How long it is since the first look, by the monotonic clock.
    pub(crate) fn elapsed(&self, first: Instant) -> Duration {
        self.recorded.unwrap_or_else(|| first.elapsed())
    }
}

/// How a section came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) reason: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) redacted: u32,
}

impl Outcome {
    /// No section came.
    pub(crate) fn lost(status: Status, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), bytes: b"null".to_vec(), redacted: 0 }
    }
}

/// Runs a collector and encodes what it gives.
pub(crate) fn run<T: Serialize>(
    context: &Context,
    collector: impl FnOnce(&Context) -> Result<T, Gap>,
) -> Outcome {
    let value = match collector(context) {
        Ok(value) => value,
        Err(gap) => return Outcome::lost(gap.status, gap.reason),
    };
    let bytes = match serde_json::to_vec(&value) {
        Ok(bytes) => bytes,
        Err(error) => return Outcome::lost(Status::Failed, format!("not encodable: {error}")),
    };
    let mut gaps: Vec<String> = Vec::new();
    for gap in context.gaps.take() {
        if !gaps.contains(&gap.reason) {
            gaps.push(gap.reason);
        }
    }
    let status = if gaps.is_empty() { Status::Ok } else { Status::Partial };
    let untold = gaps.len().saturating_sub(MAX_GAPS_TOLD);
    gaps.truncate(MAX_GAPS_TOLD);
    if untold > 0 {
        gaps.push(format!("and {untold} more"));
    }
    Outcome { status, reason: gaps.join("; "), bytes, redacted: context.redactor.count() }
}
