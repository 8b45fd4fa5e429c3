//! Where the run and its driver meet: what is wanted, what was heard, and what makes the run stop.
//!
//! The run itself ([`super::run`]) is written as one course of `async` functions, which compile to the state
//! machine. They await nothing but this exchange, so that there is no executor, no thread and no waker: the
//! driver's call hands one [`Heard`] over and polls once. Not here: what any of it means.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use befund_model::job::{JobNews, JobState};

use super::lines;
use super::{Do, Heard, Interruption, Step};
use crate::document::Runbook;

/// The most steps of one run, each of which is answered; a run that wants more ends with that reason.
pub const MAX_STEPS: usize = 20_000;
/// The most news of one run, so that the driver's own (output, statements) have a place behind them among
/// [`befund_model::job::MAX_EVENTS`].
pub const MAX_NEWS: usize = 4_000;
/// How often a run goes on after an interruption, so that an agent that dies of it does not do so for ever.
pub const MAX_INTERRUPTIONS: u32 = 20;
/// After how many restarts of the machine that it did not want a run goes on: what it changed may be why.
pub const MAX_UNWANTED: u32 = 3;

/// Why a run goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody wants it so.
    Cancelled { by: String },
    /// Its time is over.
    Wall(Duration),
    /// It wanted more than [`MAX_STEPS`].
    Steps,
    /// It was interrupted by what the runbook does not go on after.
    Interrupted(Interruption),
    /// It was interrupted too often.
    TooOften(Interruption),
}

impl Stop {
    /// The words for people.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Cancelled { by } => format!("cancelled by {}", lines::line(by)),
            Self::Wall(wall) => {
                format!("the run's time of {} was over", lines::duration(*wall))
            }
            Self::Steps => format!("the run wanted more than {MAX_STEPS} steps"),
            Self::Interrupted(by) => {
                format!("{} came between, after which the runbook does not go on", by.as_str())
            }
            Self::TooOften(by) => {
                format!("{} came between more often than the run may go on after", by.as_str())
            }
        }
    }
}

/// The shared end of both sides. Cloning gives another handle on the same exchange.
#[derive(Clone, Debug)]
pub(super) struct Exchange(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    at: Duration,
    runbook: Arc<Runbook>,
    wanted: Vec<Do>,
    outstanding: BTreeMap<Step, Do>,
    heard: Option<Heard>,
    stop: Option<Stop>,
    names: BTreeSet<String>,
    told: usize,
    state: JobState,
    interruptions: u32,
    /// Restarts of the machine that the run wanted, and others.
    reboots: u32,
    unwanted: u32,
    /// Whether what is still outstanding is to be wanted again: the end of a run that is to stop asks for something, too.
    again: bool,
}

/// The driver's side.
impl Exchange {
    pub(super) fn new(runbook: Arc<Runbook>) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            at: Duration::ZERO,
            runbook,
            wanted: Vec::new(),
            outstanding: BTreeMap::new(),
            heard: None,
            stop: None,
            names: BTreeSet::new(),
            told: 0,
            state: JobState::Running,
            interruptions: 0,
            reboots: 0,
            unwanted: 0,
            again: false,
        })))
    }

    /// Takes what was heard, if it answers anything, and notes the time.
    pub(super) fn hand(&self, heard: Heard, at: Duration) {
        let mut inner = self.inner();
        inner.pass(at);
        match heard {
            Heard::Cancelled { by } => inner.stop(Stop::Cancelled { by }),
            Heard::Interrupted { by } => inner.interrupted(by),
            Heard::Measured { .. }
            | Heard::Evaluated { .. }
            | Heard::Answered { .. }
            | Heard::Predicted { .. }
            | Heard::Consented { .. }
            | Heard::Approved { .. }
            | Heard::Acted { .. }
            | Heard::Indeterminate { .. }
            | Heard::NotBegun { .. }
            | Heard::Undone { .. }
            | Heard::Waited { .. } => {
                let Some(step) = step_of(&heard) else { return };
                if inner.outstanding.get(step).is_some_and(|wanted| answers(wanted, &heard)) {
                    inner.outstanding.remove(step);
                    inner.heard = Some(heard);
                }
            }
        }
    }

    /// Notes the time.
    pub(super) fn pass(&self, at: Duration) {
        self.inner().pass(at);
    }

    /// What the run has wanted since this was asked last.
    pub(super) fn wanted(&self) -> Vec<Do> {
        let mut inner = self.inner();
        let mut wanted = std::mem::take(&mut inner.wanted);
        if std::mem::take(&mut inner.again) {
            let again = inner.outstanding.values().filter(|open| !is_change(open));
            let again: Vec<Do> = again.filter(|open| !wanted.contains(open)).cloned().collect();
            wanted.extend(again);
        }
        wanted
    }

    /// What is not answered yet.
    pub(super) fn outstanding(&self) -> Vec<Do> {
        self.inner().outstanding.values().cloned().collect()
    }
}

/// The run's side.
impl Exchange {
    /// A step of this name, or with a number behind it if there was one already.
    pub(super) fn name(&self, base: &str) -> Step {
        let mut inner = self.inner();
        let mut name = base.to_owned();
        let mut count = 1;
        while !inner.names.insert(name.clone()) {
            count += 1;
            name = format!("{base}#{count}");
        }
        Step(name)
    }

    /// Wants something done, unless the run is to stop.
    pub(super) fn want(&self, doing: Do) -> Result<(), Stop> {
        let mut inner = self.inner();
        if let Some(stop) = inner.stop.clone() {
            inner.outstanding.clear();
            return Err(stop);
        }
        if inner.names.len() > MAX_STEPS {
            inner.stop(Stop::Steps);
            inner.outstanding.clear();
            return Err(Stop::Steps);
        }
        inner.want(doing);
        Ok(())
    }

    /// Wants something done although the run is to stop.
    pub(super) fn must(&self, doing: Do) {
        self.inner().want(doing);
    }

    /// The next answer to anything that is outstanding, unless the run is to stop: then whatever is outstanding
    /// is withdrawn.
    pub(super) async fn next(&self) -> Result<Heard, Stop> {
        poll_fn(|_| {
            let mut inner = self.inner();
            if let Some(heard) = inner.heard.take() {
                return Poll::Ready(Ok(heard));
            }
            let Some(stop) = inner.stop.clone() else { return Poll::Pending };
            inner.outstanding.clear();
            Poll::Ready(Err(stop))
        })
        .await
    }

    /// The next answer, even if the run is to stop: of what must not be left alone.
    pub(super) async fn surely(&self) -> Heard {
        poll_fn(|_| self.inner().heard.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// The next answer, unless somebody cancels the run: of what is still wanted when it is to stop for another reason.
    pub(super) async fn unless_cancelled(&self) -> Option<Heard> {
        poll_fn(|_| {
            let mut inner = self.inner();
            if let Some(heard) = inner.heard.take() {
                return Poll::Ready(Some(heard));
            }
            if !matches!(inner.stop, Some(Stop::Cancelled { .. })) {
                return Poll::Pending;
            }
            inner.outstanding.clear();
            Poll::Ready(None)
        })
        .await
    }

    /// Tells news; those beyond [`MAX_NEWS`] are left out, after a line that says so.
    pub(super) fn tell(&self, news: JobNews) {
        let mut inner = self.inner();
        inner.told += 1;
        if inner.told < MAX_NEWS {
            inner.wanted.push(Do::Tell(news));
        } else if inner.told == MAX_NEWS {
            let mark = "[cut: there were more news than a run may tell; its result has all of it]";
            inner.wanted.push(Do::Tell(JobNews::Output(mark.to_owned())));
        }
    }

    /// Tells where the job stands, unless it stands there already.
    pub(super) fn stand(&self, state: JobState) {
        if std::mem::replace(&mut self.inner().state, state) != state {
            self.tell(JobNews::State(state));
        }
    }

    /// How long the run has lasted.
    pub(super) fn at(&self) -> Duration {
        self.inner().at
    }

    /// What is left of the run's time.
    pub(super) fn left(&self) -> Duration {
        let inner = self.inner();
        inner.runbook.limits.wall.saturating_sub(inner.at)
    }

    /// How often the run was interrupted.
    pub(super) fn interruptions(&self) -> u32 {
        self.inner().interruptions
    }

    /// How often the machine was restarted meanwhile.
    pub(super) fn reboots(&self) -> u32 {
        self.inner().reboots
    }

    /// Why somebody wants the run to stop, if anybody does.
    pub(super) fn cancelled(&self) -> Option<Stop> {
        self.stopped().filter(|stop| matches!(stop, Stop::Cancelled { .. }))
    }

    /// Why the run is to stop, if it is.
    pub(super) fn stopped(&self) -> Option<Stop> {
        self.inner().stop.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing is left half done in here by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn pass(&mut self, at: Duration) {
        self.at = self.at.max(at);
        let wall = self.runbook.limits.wall;
        if self.at >= wall {
            self.stop(Stop::Wall(wall));
        }
    }

    /// The first reason stays, unless somebody wants it so.
    fn stop(&mut self, stop: Stop) {
        match (&self.stop, &stop) {
            (Some(Stop::Cancelled { .. }), _) => {}
            (None, _) | (Some(_), Stop::Cancelled { .. }) => self.stop = Some(stop),
            (Some(_), _) => {}
        }
    }

    fn want(&mut self, doing: Do) {
        if let Some(step) = step_wanted(&doing) {
            self.outstanding.insert(step.clone(), doing.clone());
        }
        self.wanted.push(doing);
    }

    fn interrupted(&mut self, by: Interruption) {
        self.interruptions += 1;
        let (resume, limits) = (self.runbook.resume, self.runbook.limits);
        let goes_on = match by {
            Interruption::Reboot => {
                let wanted = self.outstanding.values().any(is_reboot);
                if wanted {
                    self.reboots += 1;
                } else {
                    self.unwanted += 1;
                }
                // One that the run wants itself it also goes on after.
                resume.reboot || wanted
            }
            Interruption::Disconnect => resume.disconnect,
            Interruption::AgentRestart => resume.agent_restart,
        };
        if !goes_on {
            self.stop(Stop::Interrupted(by));
        } else if self.reboots > limits.reboots
            || self.unwanted > MAX_UNWANTED
            || self.interruptions > MAX_INTERRUPTIONS
        {
            self.stop(Stop::TooOften(by));
        }
        self.told += 1;
        let after = by.as_str().to_owned();
        self.wanted.push(Do::Tell(JobNews::Resumed { after }));
        if self.stop.is_none() {
            let again = self.outstanding.values().filter(|wanted| !is_change(wanted));
            self.wanted.extend(again.cloned());
        } else {
            // What the run withdraws now, it must not want again; what is left then, it waits for.
            self.again = true;
        }
    }
}

/// Whether it may not be given a second time by the machine.
const fn is_change(wanted: &Do) -> bool {
    matches!(wanted, Do::Act { .. } | Do::Undo { .. })
}

fn is_reboot(wanted: &Do) -> bool {
    matches!(wanted, Do::Act { fix, .. } if fix.act == crate::document::Act::Reboot)
}

const fn step_wanted(wanted: &Do) -> Option<&Step> {
    match wanted {
        Do::Measure { step, .. }
        | Do::Evaluate { step, .. }
        | Do::Ask { step, .. }
        | Do::Predict { step, .. }
        | Do::Consent { step, .. }
        | Do::Approve { step, .. }
        | Do::Act { step, .. }
        | Do::Undo { step, .. }
        | Do::Wait { step, .. } => Some(step),
        Do::Tell(_) | Do::End(_) => None,
    }
}

const fn step_of(heard: &Heard) -> Option<&Step> {
    match heard {
        Heard::Measured { step, .. }
        | Heard::Evaluated { step, .. }
        | Heard::Answered { step, .. }
        | Heard::Predicted { step, .. }
        | Heard::Consented { step, .. }
        | Heard::Approved { step, .. }
        | Heard::Acted { step, .. }
        | Heard::Indeterminate { step }
        | Heard::NotBegun { step }
        | Heard::Undone { step, .. }
        | Heard::Waited { step } => Some(step),
        Heard::Cancelled { .. } | Heard::Interrupted { .. } => None,
    }
}

const fn answers(wanted: &Do, heard: &Heard) -> bool {
    match wanted {
        Do::Measure { .. } => matches!(heard, Heard::Measured { .. }),
        Do::Evaluate { .. } => matches!(heard, Heard::Evaluated { .. }),
        Do::Ask { .. } => matches!(heard, Heard::Answered { .. }),
        Do::Predict { .. } => matches!(heard, Heard::Predicted { .. }),
        Do::Consent { .. } => matches!(heard, Heard::Consented { .. }),
        Do::Approve { .. } => matches!(heard, Heard::Approved { .. }),
        Do::Act { .. } => matches!(
            heard,
            Heard::Acted { .. } | Heard::Indeterminate { .. } | Heard::NotBegun { .. }
        ),
        Do::Undo { .. } => matches!(heard, Heard::Undone { .. } | Heard::Indeterminate { .. }),
        Do::Wait { .. } => matches!(heard, Heard::Waited { .. }),
        Do::Tell(_) | Do::End(_) => false,
    }
}
