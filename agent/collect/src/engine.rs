//! Runs collectors beside one another and hands on each section as it is finished.
//!
//! Each collector has a thread and a deadline. A thread that hangs is left behind: it cannot be
//! killed, and it holds nothing up; that is one reason why collecting is a process of its own. All of it
//! together keeps within [`Limits`].

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use befund_model::section::Known;
use befund_model::snapshot::{PrivacyClass, Section, SectionKind, SectionRef, Status};

use crate::collector::{Context, Outcome};
use crate::limits::Limits;
use crate::platform::usage;
use crate::registry::{Entry, selected};
use crate::root::{Root, Trail};

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
    /// What all of it may cost.
    #[serde(default)]
    pub limits: Limits,
}

impl Plan {
    /// Everything up to this class, within ten seconds.
    #[must_use]
    pub fn all(up_to: PrivacyClass) -> Self {
        let (deadline, limits) = (Duration::from_secs(10), Limits::default());
        Self { up_to, only: None, deadline, limits }
    }
}

/// How many collectors work at the same time: enough that those which wait (for a program, a disk, the end of
/// a measurement) hold nobody up, few enough that what they keep in memory stays small.
const LANES: usize = 8;
/// How often it is looked at what the work has cost.
const LOOK: Duration = Duration::from_millis(20);
/// The room for a collector's calls, in bytes.
const STACK_BYTES: usize = 512 << 10;

/// Collects what the plan asks for and hands on each section as soon as it is there; returns when
/// every one has come or has run out of time. A section that did not come is handed on as
/// `timeout`, with what its collector was last busy with.
pub fn collect(root: &Root, plan: &Plan, each: impl FnMut(Section)) {
    let entries = selected(plan);
    // Room for every answer: nobody waits to hand it in, also not once nobody listens.
    let (done, finished) = sync_channel(entries.len().max(1));
    let queue = entries.into();
    Collection { root, plan, queue, busy: BTreeMap::new(), done, each }.run(&finished);
}

struct Collection<'a, F> {
    root: &'a Root,
    plan: &'a Plan,
    queue: VecDeque<&'static Entry>,
    busy: BTreeMap<&'static str, Busy>,
    done: SyncSender<(&'static Entry, Section)>,
    each: F,
}

/// A collector at work.
struct Busy {
    entry: &'static Entry,
    until: Instant,
    trail: Trail,
}

impl<F: FnMut(Section)> Collection<'_, F> {
    fn run(mut self, finished: &Receiver<(&'static Entry, Section)>) {
        let end = Instant::now() + self.plan.deadline;
        let begun = usage::cpu();
        loop {
            while self.busy.len() < LANES
                && let Some(entry) = self.queue.pop_front()
            {
                self.begin(entry, end);
            }
            let Some(next) = self.busy.values().map(|busy| busy.until).min() else { return };
            let wait = next.saturating_duration_since(Instant::now()).min(LOOK);
            if let Ok((entry, section)) = finished.recv_timeout(wait)
                && self.busy.remove(entry.section.kind.as_str()).is_some()
            {
                (self.each)(section);
            }
            self.give_up_the_late();
            if Instant::now() >= end {
                let within = self.plan.deadline.as_millis();
                return self.cut_short(&format!("the snapshot was to be there within {within} ms"));
            }
            if let Some(why) = self.plan.limits.exceeded(begun) {
                return self.cut_short(&why);
            }
        }
    }

    fn begin(&mut self, entry: &'static Entry, end: Instant) {
        let context = Context::new(self.root);
        let trail = context.root.trail();
        match start(entry, context, self.done.clone()) {
            Ok(()) => {
                let until = (Instant::now() + entry.deadline).min(end);
                self.busy.insert(entry.section.kind.as_str(), Busy { entry, until, trail });
            }
            Err(error) => (self.each)(missing(
                entry.section,
                Status::Failed,
                format!("no thread could be started for it: {error}"),
            )),
        }
    }

    /// Those whose time is up are left behind; they hold no lane any more.
    fn give_up_the_late(&mut self) {
        let now = Instant::now();
        let late: Vec<_> = self.busy.extract_if(.., |_, busy| busy.until <= now).collect();
        for (_, Busy { entry, trail, .. }) in late {
            let limit = entry.deadline.min(self.plan.deadline).as_millis();
            let reason = format!("nothing came within {limit} ms{}", told(&trail));
            (self.each)(missing(entry.section, Status::Timeout, reason));
        }
    }

    /// Ends it all: what has not come says why.
    fn cut_short(mut self, why: &str) {
        for Busy { entry, trail, .. } in std::mem::take(&mut self.busy).into_values() {
            let reason = format!("cut short: {why}{}", told(&trail));
            (self.each)(missing(entry.section, Status::Timeout, reason));
        }
        for entry in std::mem::take(&mut self.queue) {
            let reason = format!("not begun: {why}");
            (self.each)(missing(entry.section, Status::Timeout, reason));
        }
    }
}

/// What a collector was last busy with.
fn told(trail: &Trail) -> String {
    trail.last().map(|path| format!("; last busy with {path}")).unwrap_or_default()
}

fn start(
    entry: &'static Entry,
    context: Context,
    done: SyncSender<(&'static Entry, Section)>,
) -> std::io::Result<()> {
    let thread = thread::Builder::new().name(entry.section.kind.as_str().to_owned());
    thread.stack_size(STACK_BYTES).spawn(move || {
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
        let _ = done.send((entry, Section::new(line, outcome.bytes)));
    })?;
    Ok(())
}

fn missing(known: &Known, status: Status, reason: impl Into<String>) -> Section {
    Section::missing(known.kind.clone(), known.class, known.volatility, status, reason)
}
