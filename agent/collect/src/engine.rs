//! Runs collectors beside one another and hands on each section as it is finished.
//!
//! Each collector has a thread and a deadline. A thread that hangs is left behind: it cannot be
//! killed, and it holds nothing up; that is one reason why collecting is a process of its own.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use befund_model::section::Known;
use befund_model::snapshot::{PrivacyClass, Section, SectionKind, SectionRef, Status};

use crate::Root;
use crate::collector::{Context, Outcome};
use crate::registry::{Entry, selected};

/// What to collect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Sections of this class and the less private ones.
    pub up_to: PrivacyClass,
    /// Only these kinds; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<SectionKind>>,
    /// When to give up on whatever has not come, however long a collector may take by itself.
    pub deadline: Duration,
}

impl Plan {
    /// Everything up to this class, within ten seconds.
    #[must_use]
    pub const fn all(up_to: PrivacyClass) -> Self {
        Self { up_to, only: None, deadline: Duration::from_secs(10) }
    }
}

/// Collects what the plan asks for and hands on each section as soon as it is there; returns when
/// every one has come or has run out of time. A section that did not come is handed on as
/// `timeout`, with what its collector was last busy with.
pub fn collect(root: &Root, plan: &Plan, mut each: impl FnMut(Section)) {
    let started = Instant::now();
    let entries = selected(plan);
    let (done, finished) = sync_channel(entries.len().max(1));
    let mut waiting = BTreeMap::new();
    for (index, entry) in entries.iter().copied().enumerate() {
        let context = Context::new(root);
        let trail = context.root.trail();
        match start(index, entry, context, done.clone()) {
            Ok(()) => {
                waiting.insert(index, (started + entry.deadline.min(plan.deadline), trail));
            }
            Err(error) => each(missing(
                entry.section,
                Status::Failed,
                format!("no thread could be started for it: {error}"),
            )),
        }
    }
    drop(done);
    while let Some(next) = waiting.values().map(|(deadline, _)| *deadline).min() {
        match finished.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok((index, section)) => {
                if waiting.remove(&index).is_some() {
                    each(section);
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let now = Instant::now();
                let late: Vec<_> = waiting
                    .iter()
                    .filter(|(_, (deadline, _))| *deadline <= now)
                    .map(|(index, (_, trail))| (*index, trail.last()))
                    .collect();
                for (index, last) in late {
                    waiting.remove(&index);
                    let entry = entries[index];
                    let limit = entry.deadline.min(plan.deadline).as_millis();
                    let reason = match last {
                        Some(path) => {
                            format!("nothing came within {limit} ms; last busy with {path}")
                        }
                        None => format!("nothing came within {limit} ms"),
                    };
                    each(missing(entry.section, Status::Timeout, reason));
                }
            }
            // Every collector has ended, and those still waited for without a word.
            Err(RecvTimeoutError::Disconnected) => {
                for index in std::mem::take(&mut waiting).into_keys() {
                    each(missing(
                        entries[index].section,
                        Status::Failed,
                        "its collector ended early",
                    ));
                }
            }
        }
    }
}

fn start(
    index: usize,
    entry: &'static Entry,
    context: Context,
    done: SyncSender<(usize, Section)>,
) -> std::io::Result<()> {
    thread::Builder::new().name(entry.section.kind.as_str().to_owned()).spawn(move || {
        let started = Instant::now();
        let outcome =
            catch_unwind(AssertUnwindSafe(|| (entry.run)(&context))).unwrap_or_else(|_| {
                Outcome::lost(Status::Failed, "its collector has a defect: it panicked")
            });
        let known = entry.section;
        let line = SectionRef {
            kind: known.kind.clone(),
            status: outcome.status,
            reason: outcome.reason,
            hash: befund_model::id::Hash::of(b""),
            size: 0,
            class: known.class,
            volatility: known.volatility,
            redacted: outcome.redacted,
            took_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        // Nobody listens any more once the plan's deadline has passed.
        let _ = done.send((index, Section::new(line, outcome.bytes)));
    })?;
    Ok(())
}

fn missing(known: &Known, status: Status, reason: impl Into<String>) -> Section {
    Section::missing(known.kind.clone(), known.class, known.volatility, status, reason)
}
