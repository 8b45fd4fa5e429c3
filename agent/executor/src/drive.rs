//! Driving a run: it does each [`Do`] of the machine in `befund_runbook`, and tells it what it [`Heard`], which is in the
//! journal first. What the driver owes the machine stands at the head of [`befund_runbook::machine`].
//!
//! One task owns the run: it alone numbers, journals, tells and asks the machine. What takes time (children, people,
//! signatures) are tasks below it, which send it [`Word`]s and go with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Mutex, OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::warn;

use befund_model::action::Prediction;
use befund_model::job::{JobEvent, JobNews, JobState, MAX_EVENTS, Outcome, Question, Said};
use befund_model::runbook::FixRef;
use befund_model::snapshot::Status;
use befund_runbook::machine::{Do, Heard, Machine, Step};

use crate::journal::{Entry, JournalError};
use crate::judge::Judge;
use crate::result;

mod acting;
mod agreeing;
mod approving;
mod child;
mod measuring;
pub mod person;
mod resuming;
pub(crate) mod scene;
mod undoing;

use agreeing::Answer;
use approving::Verdict;
use measuring::Measurement;
pub(crate) use resuming::resume;
use scene::{Scene, Word, reference};
pub(crate) use undoing::undo_all;

/// The most lines of output of a run's own; what else it tells has a place behind them.
const MAX_OUTPUTS: u32 = MAX_EVENTS / 2;
/// How many words may wait for the driver.
const WORDS: usize = 64;

/// How the driver left off.
#[derive(Debug)]
pub(crate) enum Left {
    /// The run has ended.
    Ended(Box<Outcome>),
    /// The executor ends; the journal has what it takes to go on.
    Stopped,
}

/// The way for words to a driver.
pub(crate) fn words() -> (mpsc::Sender<Word>, mpsc::Receiver<Word>) {
    mpsc::channel(WORDS)
}

/// One run.
pub(crate) struct Driver {
    scene: Arc<Scene>,
    machine: Machine,
    words: mpsc::Receiver<Word>,
    said: mpsc::Receiver<Said>,
    judge: Arc<Mutex<Judge>>,
    tasks: JoinSet<()>,
    pace: Pace,
    /// The steps in which people are waited for.
    waiting: BTreeSet<Step>,
    asked: BTreeMap<String, (Question, mpsc::Sender<Answer>)>,
    approvals: BTreeMap<FixRef, mpsc::Sender<Verdict>>,
    predictions: BTreeMap<FixRef, Prediction>,
    /// The step in which each fix was done last.
    acted: BTreeMap<FixRef, Step>,
    outputs: u32,
    cancelled: bool,
    /// Its place among the runs at work; given up while only people are waited for.
    slot: Option<OwnedSemaphorePermit>,
}

/// Why a run goes no further.
struct Broken(String);

impl From<JournalError> for Broken {
    fn from(error: JournalError) -> Self {
        Self(crate::told(&error))
    }
}

impl Driver {
    /// A driver of this machine.
    pub(crate) fn new(
        scene: Arc<Scene>,
        machine: Machine,
        words: mpsc::Receiver<Word>,
        said: mpsc::Receiver<Said>,
    ) -> Self {
        let waiting = scene.shared.judges.take_waiting();
        let judge = Judge::with(scene.shared.config.judge.clone(), waiting);
        let lasted = machine.lasted();
        Self {
            scene,
            machine,
            words,
            said,
            judge: Arc::new(Mutex::new(judge)),
            tasks: JoinSet::new(),
            pace: Pace { lasted, since: Some(Instant::now()) },
            waiting: BTreeSet::new(),
            asked: BTreeMap::new(),
            approvals: BTreeMap::new(),
            predictions: BTreeMap::new(),
            acted: BTreeMap::new(),
            outputs: 0,
            cancelled: false,
            slot: None,
        }
    }

    /// Drives a run that has not started.
    pub(crate) async fn start(mut self) -> Left {
        if !self.take_slot().await {
            return Left::Stopped;
        }
        self.pace = Pace { lasted: Duration::ZERO, since: Some(Instant::now()) };
        let wanted = self.machine.start(Duration::ZERO);
        self.tell(JobNews::Started).await;
        self.drive(wanted).await
    }

    /// Drives it on until it ends.
    pub(crate) async fn drive(mut self, wanted: Vec<Do>) -> Left {
        match self.go_on(wanted).await {
            Ok(left) => {
                if let Ok(mut judge) = self.judge.try_lock() {
                    self.scene.shared.judges.keep(judge.give_up_child());
                }
                left
            }
            Err(Broken(why)) => {
                self.scene.cancelled.cancel();
                self.tasks.shutdown().await;
                let changing = |wanted: &Do| matches!(wanted, Do::Act { .. } | Do::Undo { .. });
                let state = if self.machine.outstanding().iter().any(changing) {
                    JobState::Indeterminate
                } else {
                    JobState::Failed
                };
                let reason = format!("the run could not go on: {why}");
                Left::Ended(Box::new(result::without(state, Status::Failed, reason)))
            }
        }
    }

    async fn go_on(&mut self, wanted: Vec<Do>) -> Result<Left, Broken> {
        if let Some(outcome) = self.see_to(wanted).await? {
            return Ok(Left::Ended(outcome));
        }
        if self.slot.is_none() && self.waiting.is_empty() && !self.take_slot().await {
            return Ok(Left::Stopped);
        }
        loop {
            let word = tokio::select! {
                biased;
                () = self.scene.runs.stop.cancelled() => return Ok(Left::Stopped),
                () = self.scene.run.cancelled.cancelled(), if !self.cancelled => {
                    self.cancelled = true;
                    Word::Heard(Heard::Cancelled { by: self.scene.run.canceller() })
                }
                Some(ended) = self.tasks.join_next() => match ended {
                    Err(error) if error.is_panic() => {
                        return Err(Broken("a part of the agent broke down".to_owned()));
                    }
                    Ok(()) | Err(_) => continue,
                },
                Some(word) = self.words.recv() => word,
                Some(said) = self.said.recv() => {
                    self.pass_on(said).await;
                    continue;
                }
            };
            match word {
                Word::News(news) => self.tell(news).await,
                Word::Broken(why) => return Err(Broken(why)),
                Word::Heard(heard) => {
                    let cancels = matches!(heard, Heard::Cancelled { .. });
                    let wanted = self.hear(heard).await?;
                    if cancels {
                        self.scene.cancelled.cancel();
                    }
                    let Some(wanted) = wanted else { return Ok(Left::Stopped) };
                    if let Some(outcome) = self.see_to(wanted).await? {
                        return Ok(Left::Ended(outcome));
                    }
                }
            }
        }
    }

    /// Takes a place among the runs at work; whether the executor stays. Whoever cancels the run waits for no place.
    async fn take_slot(&mut self) -> bool {
        let runs = &self.scene.runs;
        tokio::select! {
            biased;
            () = runs.stop.cancelled() => false,
            () = self.scene.run.cancelled.cancelled() => true,
            // The semaphore is never closed.
            slot = Arc::clone(&runs.slots).acquire_owned() => {
                self.slot = slot.ok();
                true
            }
        }
    }

    /// Journals what was heard, and tells the machine; what it wants then, or nothing if the executor ends.
    async fn hear(&mut self, heard: Heard) -> Result<Option<Vec<Do>>, Broken> {
        let at = self.pace.at();
        self.note(&heard);
        if self.waiting.is_empty() {
            self.pace.go();
            if self.slot.is_none() && !self.take_slot().await {
                return Ok(None);
            }
        }
        let entry = Entry::Heard { heard: Box::new(heard.clone()), at };
        self.scene.runs.ledger.append(self.scene.run.order.job, entry).await?;
        Ok(Some(self.machine.hear(heard, at)))
    }

    /// What the driver itself keeps of what was heard, also of the past.
    pub(crate) fn note(&mut self, heard: &Heard) {
        match heard {
            Heard::Answered { step, .. }
            | Heard::Consented { step, .. }
            | Heard::Approved { step, .. } => {
                self.waiting.remove(step);
            }
            Heard::Predicted { step, prediction } => {
                if let Some(fix) = fix_of(step) {
                    self.predictions.insert(fix, prediction.clone());
                }
            }
            Heard::Acted { step, .. } => {
                if let Some(fix) = fix_of(step) {
                    self.acted.insert(fix, step.clone());
                }
            }
            // Nobody is asked any more.
            Heard::Cancelled { .. } => self.waiting.clear(),
            Heard::Measured { .. }
            | Heard::Evaluated { .. }
            | Heard::Indeterminate { .. }
            | Heard::NotBegun { .. }
            | Heard::Undone { .. }
            | Heard::Waited { .. }
            | Heard::Interrupted { .. } => {}
        }
    }

    /// Begins all that is wanted; the outcome, if the run has ended.
    async fn see_to(&mut self, wanted: Vec<Do>) -> Result<Option<Box<Outcome>>, Broken> {
        let (mut measurements, mut news) = (Vec::new(), Vec::new());
        for wanted in wanted {
            match wanted {
                Do::Tell(one) => news.push(one),
                Do::End(result) => {
                    self.tell_all(news).await;
                    return Ok(Some(self.outcome(&result)));
                }
                Do::Measure { step, source, parameters, within } => {
                    measurements.push(Measurement { step, source, parameters, within });
                }
                other => {
                    self.tell_all(std::mem::take(&mut news)).await;
                    self.begin(other);
                }
            }
        }
        // Measuring changes nothing, and goes on while that it begins is written down.
        for group in measuring::groups(measurements) {
            self.tasks.spawn(measuring::measure(Arc::clone(&self.scene), group));
        }
        self.tell_all(news).await;
        if !self.waiting.is_empty() {
            self.pace.pause();
            self.slot = None;
        }
        Ok(None)
    }

    fn begin(&mut self, wanted: Do) {
        let scene = Arc::clone(&self.scene);
        match wanted {
            Do::Evaluate { step, expressions, scope, missing } => {
                let judge = Arc::clone(&self.judge);
                let judged = measuring::evaluate(scene, judge, step, expressions, scope, missing);
                self.tasks.spawn(judged);
            }
            Do::Ask { step, question } => {
                let (to, from) = mpsc::channel(4);
                self.waiting.insert(step.clone());
                self.asked.insert(question.name.clone(), (question.clone(), to));
                self.tasks.spawn(agreeing::ask(scene, step, question, from));
            }
            Do::Predict { step, fix } => {
                self.tasks.spawn(acting::predict(scene, step, fix));
            }
            Do::Consent { step, fix, consent, prediction } => {
                self.waiting.insert(step.clone());
                self.tasks.spawn(agreeing::consent(scene, step, fix, consent, prediction));
            }
            Do::Approve { step, fix } => {
                let (to, from) = mpsc::channel(4);
                self.waiting.insert(step.clone());
                let prediction = self.predictions.get(&reference(&fix)).cloned();
                self.approvals.insert(reference(&fix), to);
                self.tasks.spawn(approving::approve(scene, step, fix, prediction, from));
            }
            Do::Act { step, fix } => {
                self.tasks.spawn(acting::act(scene, step, fix, Value::Null));
            }
            Do::Undo { step, fix, before } => {
                let of_it = || Step(format!("fix/{}/{}/act", fix.cause, fix.index));
                let acted = self.acted.get(&reference(&fix)).cloned().unwrap_or_else(of_it);
                self.tasks.spawn(acting::undo(scene, step, acted, fix, before));
            }
            Do::Wait { step, lasting } => {
                self.tasks.spawn(agreeing::wait(scene, step, lasting));
            }
            // Seen to before.
            Do::Measure { .. } | Do::Tell(_) | Do::End(_) => {}
        }
    }

    /// Brings what somebody says from afar to the step that it is for; what comes too late is left.
    async fn pass_on(&mut self, said: Said) {
        match said {
            Said::Answer { question, answer, by } => {
                let Some((question, to)) = self.asked.get(&question) else { return };
                if question.choice.iter().any(|choice| choice.value == answer) {
                    // A question that was answered is not asked any more.
                    let _ = to.try_send((answer, by));
                } else {
                    let line = format!("{by} answered what is none of the choices");
                    self.tell(JobNews::Output(crate::events::cut(&line, 500))).await;
                }
            }
            Said::Approval { fix, signatures } => {
                if let Some(to) = self.approvals.get(&fix) {
                    // Those of statements of before an interruption come first, and must not crowd out the right ones.
                    let _ = to.send(Verdict::Signed(signatures)).await;
                }
            }
            Said::NotApproved { fix, by } => {
                if let Some(to) = self.approvals.get(&fix) {
                    let _ = to.send(Verdict::Declined(by)).await;
                }
            }
        }
    }

    /// Numbers, journals and tells. What finds no place in the journal is not told.
    async fn tell(&mut self, news: JobNews) {
        self.tell_all(vec![news]).await;
    }

    async fn tell_all(&mut self, news: Vec<JobNews>) {
        let bounded = news.into_iter().filter_map(|news| self.bound(news)).collect();
        tell_all(&self.scene, bounded).await;
    }

    /// Lets a run tell so many lines of output and no more.
    fn bound(&mut self, news: JobNews) -> Option<JobNews> {
        let JobNews::Output(line) = news else { return Some(news) };
        self.outputs += 1;
        match self.outputs.cmp(&MAX_OUTPUTS) {
            std::cmp::Ordering::Less => Some(JobNews::Output(line)),
            std::cmp::Ordering::Equal => {
                let line = "[cut: there were more lines than a run may tell]";
                Some(JobNews::Output(line.to_owned()))
            }
            std::cmp::Ordering::Greater => None,
        }
    }

    fn outcome(&self, result: &befund_model::runbook::RunbookResult) -> Box<Outcome> {
        let (state, status, reason) = match self.machine.ended() {
            Some(ended) => (ended.state, ended.status, ended.reason.clone()),
            None => (JobState::Failed, Status::Failed, "it did not end".to_owned()),
        };
        let mut outcome = result::with(state, status, reason, result);
        let lasted = self.machine.lasted().as_micros();
        outcome.took_us = u64::try_from(lasted).unwrap_or(u64::MAX);
        Box::new(outcome)
    }
}

/// Numbers, journals and tells an event of a run. Only one task of a run may do so at a time.
pub(crate) async fn tell(scene: &Scene, what: JobNews) {
    tell_all(scene, vec![what]).await;
}

/// As [`tell`], of several in their order, with one way to the journal. One that finds no place there is left out.
async fn tell_all(scene: &Scene, what: Vec<JobNews>) {
    let (job, now) = (scene.run.order.job, scene.runs.clock.now());
    let mut rest = what;
    while !rest.is_empty() {
        let first = scene.run.log.next();
        let numbered = (first..=MAX_EVENTS).zip(&rest);
        let events: Vec<JobEvent> =
            numbered.map(|(seq, what)| JobEvent { seq, at: now, what: what.clone() }).collect();
        if events.is_empty() {
            return;
        }
        let entries = events.iter().map(|event| Entry::News(Box::new(event.clone()))).collect();
        let (written, failed) = scene.runs.ledger.append_all(job, entries).await;
        scene.run.log.push(events.into_iter().take(written));
        let Some(error) = failed else { return };
        warn!(error = &error as &dyn std::error::Error, "an event was not written, nor told");
        rest.drain(..=written);
    }
}

/// The fix that a step belongs to, as in `fix/CAUSE/INDEX/act`.
fn fix_of(step: &Step) -> Option<FixRef> {
    let mut parts = step.0.split('/');
    let (Some("fix"), Some(cause), Some(index)) = (parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    Some(FixRef { cause: cause.to_owned(), index: index.parse().ok()? })
}

/// How long a run has lasted, people's thinking left out.
#[derive(Clone, Copy, Debug)]
struct Pace {
    lasted: Duration,
    /// Since when it counts on.
    since: Option<Instant>,
}

impl Pace {
    fn at(self) -> Duration {
        self.lasted + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn pause(&mut self) {
        *self = Self { lasted: self.at(), since: None };
    }

    fn go(&mut self) {
        if self.since.is_none() {
            self.since = Some(Instant::now());
        }
    }
}
