//! A run of a runbook on a page, in the order of work: where it stands, what was looked at, what is wrong, what
//! people are asked, what is done about it and what came of it. It is made of parts, so that while it runs only
//! what changed is sent to who watches. What people say to it is in [`say`].

use askama::Template;
use befund_model::Timestamp;
use befund_model::action::{Acted, Undo};
use befund_model::job::{Job, JobState, Said, Work};
use befund_model::runbook::{AttemptEnd, CauseVerdict, Mode, RULED_OUT, RunbookResult};
use befund_runbook::document::Runbook;
use jiff::SignedDuration;
use serde::Deserialize as _;

use crate::api::problem::Failure;
use crate::console::browser_keys::PageKeys;
use crate::console::browser_keys::words::KeyWords;
use crate::console::page::Frame;
use crate::console::{facts, units};
use crate::runbooks;
use crate::state::AppState;
use crate::store::repository::{Jobs as _, Runbooks as _};

pub mod live;
pub mod names;
pub mod say;
pub mod signing;
pub mod story;
pub mod verdict;
pub mod words;

use names::Names;
use signing::SigningBox;
use story::{Asked, Judged, Line, Story, Tried};
use verdict::Tone;
use words::RunWords;

/// The most events that are read at once: as many as a job may have.
pub const EVENTS: u32 = befund_model::job::MAX_EVENTS;

/// Whether a job is shown as a run.
#[must_use]
pub const fn is_run(work: &Work) -> bool {
    match work {
        Work::Runbook(_) | Work::Undo(_) => true,
        Work::Probe(_) => false,
    }
}

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    /// What all pages have.
    pub frame: Frame,
    /// The words.
    pub r: &'static RunWords,
    /// Those about security keys.
    pub k: &'static KeyWords,
    /// The job.
    pub job: Job,
    /// What it told.
    pub story: Story,
    /// What it came to, once it has ended.
    pub result: Option<RunbookResult>,
    /// What the runbook calls things.
    pub names: Names,
    /// Whether the machine is connected.
    pub connected: bool,
    /// What people said that the machine has not taken yet.
    pub said: Vec<Said>,
    /// The keys that may sign a change on its page, while one waits for that.
    pub page_keys: Option<PageKeys>,
}

impl Run {
    /// A job's run, as it stands.
    ///
    /// # Errors
    /// `internal` if the store cannot be read.
    pub async fn read(app: &AppState, job: Job, frame: &Frame) -> Result<Self, Failure> {
        let events = app.store.job_events(job.id, 0, EVENTS).await?;
        let runbook = runbooks::of_job(app, &job).await?;
        Self::of(app, job, Story::of(&events), runbook, frame).await
    }

    /// A job's run, with what it has told and the runbook at hand.
    ///
    /// # Errors
    /// `internal` if the store cannot be read.
    pub async fn of(
        app: &AppState,
        job: Job,
        mut story: Story,
        runbook: Option<Runbook>,
        frame: &Frame,
    ) -> Result<Self, Failure> {
        let outcome = job.outcome.as_ref();
        let result = outcome.and_then(|one| RunbookResult::deserialize(&one.result).ok());
        if let Some(result) = &result {
            story.conclude(result);
        }
        let waits = !job.state.is_final()
            && (story.open_questions().next().is_some() || story.unsigned().is_some());
        let unheard = if waits { app.store.unheard(&[job.agent]).await? } else { Vec::new() };
        let page_keys = match waits && story.unsigned().is_some() {
            true => runbooks::newest_root(app).await?.and_then(|one| PageKeys::of(one.root())),
            false => None,
        };
        let said = unheard.into_iter().filter(|one| one.job == job.id).map(|one| one.said);
        Ok(Self {
            frame: frame.clone(),
            r: frame.r,
            k: KeyWords::of(frame.t),
            names: Names::new(runbook, frame.t.language()),
            connected: app.live.connected(job.agent),
            said: said.collect(),
            page_keys,
            job,
            story,
            result,
        })
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> JobState {
        self.job.state
    }

    /// Its parts by name, in the order in which they stand on the page.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, String)> {
        let (tone, sentence) = verdict::verdict(self);
        let put = |part: askama::Result<String>| part.unwrap_or_default();
        vec![
            ("head", put(Head { run: self, tone, sentence }.render())),
            ("looked", put(Looked { run: self }.render())),
            ("causes", put(Causes { run: self }.render())),
            ("questions", put(Questions { run: self }.render())),
            ("fixes", put(Fixes { run: self }.render())),
            ("output", put(Output { run: self }.render())),
            ("facts", put(Facts { run: self }.render())),
        ]
    }

    /// All of it, as markup for a page that holds it.
    #[must_use]
    pub fn markup(&self) -> String {
        let parts = self.parts().into_iter();
        let parts: String = parts.map(|(name, markup)| self.part(name, &markup, "")).collect();
        let id = self.job.id;
        format!(
            "<article class=\"run\" aria-live=\"off\" id=\"run-{id}\" aria-labelledby=\"run-{id}-title\">{parts}</article>"
        )
    }

    /// One part; `attributes` are markup.
    #[must_use]
    pub fn part(&self, name: &str, markup: &str, attributes: &str) -> String {
        format!("<div id=\"run-{}-{name}\"{attributes}>{}</div>", self.job.id, markup.trim())
    }

    /// What it is for.
    #[must_use]
    pub fn title(&self) -> String {
        self.names.title(&self.job, self.r)
    }

    fn is_dry(&self) -> bool {
        self.job.runbook.as_ref().is_some_and(|order| order.mode == Mode::Dry)
    }

    fn may_cancel(&self) -> bool {
        self.frame.may_run() && !self.state().is_final()
    }

    fn may_undo(&self) -> bool {
        self.frame.may_run()
            && self.state().is_final()
            && self.story.fixes.iter().any(|tried| {
                tried.stands() && self.names.undo(&tried.fix, &tried.act) == Undo::Restores
            })
    }

    /// Whether somebody else may have to look at it.
    fn may_escalate(&self) -> bool {
        let over = self.result.as_ref().and_then(|result| result.accepted) == Some(true);
        let goes_on = self.result.as_ref().is_some_and(RunbookResult::escalates);
        self.frame.may_work()
            && matches!(self.job.work, Work::Runbook(_))
            && self.state().is_final()
            && self.state() != JobState::Cancelled
            && !self.is_dry()
            && (!over || goes_on)
    }

    fn group(&self) -> Option<&str> {
        self.result.as_ref()?.escalate_to.as_deref()
    }

    /// Why the runbook cannot tell to which group the ticket goes.
    fn group_unknown(&self) -> Option<&str> {
        self.result.as_ref()?.escalate_unknown.as_deref()
    }

    /// Whether something on the page waits for whoever reads it.
    fn calls(&self) -> bool {
        let asked = self.story.open_questions().next().is_some();
        !self.state().is_final() && (asked || self.story.unsigned().is_some())
    }

    fn is_looking(&self) -> bool {
        !self.state().is_final() && self.looked() < self.story.steps.len()
    }

    fn looked(&self) -> usize {
        self.story.steps.iter().filter(|step| step.status.is_some()).count()
    }

    fn found(&self) -> Vec<&Judged> {
        self.story.judged_as(CauseVerdict::Found).collect()
    }

    fn unknown(&self) -> Vec<&Judged> {
        self.story.judged_as(CauseVerdict::Unknown).collect()
    }

    fn ruled_out(&self) -> Vec<&Judged> {
        let excluded = self.story.judged_as(CauseVerdict::Excluded);
        excluded.chain(self.story.judged_as(CauseVerdict::Explained)).collect()
    }

    /// The evidence of a cause, or what was missing, without the advice that stands beside it.
    fn evidence(&self, cause: &Judged) -> String {
        // The verdict beside it says that already.
        if cause.evidence == RULED_OUT {
            return String::new();
        }
        let advice = self.names.advice_as_told(&cause.id);
        let evidence = advice.as_ref().and_then(|advice| cause.evidence.strip_suffix(advice));
        self.names.said(
            evidence
                .map_or(cause.evidence.as_str(), |evidence| evidence.trim_end_matches(['.', ' '])),
        )
    }

    /// What a technician does about a cause.
    fn advice(&self, cause: &Judged) -> String {
        self.names.advice(&cause.id).unwrap_or_else(|| cause.advice.clone())
    }

    /// Until when an answer is waited for.
    fn answer_by(&self, asked: &Asked) -> Timestamp {
        let within = i64::try_from(asked.question.within_ms).unwrap_or(i64::MAX);
        asked.at.saturating_add(SignedDuration::from_millis(within)).unwrap_or(Timestamp::MAX)
    }

    /// An answer as people read it.
    fn choice<'a>(&'a self, asked: &'a Asked, value: &'a str) -> &'a str {
        let found = asked.question.choice.iter().find(|choice| choice.value == value);
        found.map_or(value, |choice| self.names.words(&choice.text))
    }

    /// The answer that was given and not taken yet.
    fn sent(&self, asked: &Asked) -> Option<&str> {
        self.said.iter().rev().find_map(|said| match said {
            Said::Answer { question, answer, .. } if *question == asked.question.name => {
                Some(answer.as_str())
            }
            Said::Answer { .. } | Said::Approval { .. } | Said::NotApproved { .. } => None,
        })
    }

    /// Whether the person at the machine is being asked to agree to this fix.
    fn asks_consent(&self, tried: &Tried) -> bool {
        let last = self.story.fixes.last().is_some_and(|last| std::ptr::eq(last, tried));
        last && self.state() == JobState::Asking
            && self.story.open_questions().next().is_none()
            && tried.consent.is_none()
    }

    /// How far a fix went, in words, and what their style goes by; none while it goes on.
    fn end(&self, tried: &Tried) -> Option<(&'static str, &'static str)> {
        let end = tried.end?;
        Some(match (&self.job.work, end) {
            (Work::Undo(_), AttemptEnd::Reverted) => (self.r.undone, "good"),
            (Work::Undo(_), AttemptEnd::Failed) => (self.r.not_undone, "bad"),
            (Work::Undo(_), AttemptEnd::Needless) => (self.r.undo_of(&Undo::Needless), ""),
            (Work::Undo(_) | Work::Runbook(_) | Work::Probe(_), end) => {
                (self.r.end_of(&end), self.r.end_class(&end))
            }
        })
    }

    /// Whether why a fix went no further was not said by its prediction or by what came of it.
    fn adds(&self, tried: &Tried) -> bool {
        let predicted = tried.prediction.iter().flat_map(|prediction| &prediction.lines);
        let acted = tried.acted.iter().chain(&tried.undone).map(|acted| &acted.reason);
        let mut acted = acted.filter(|reason| !reason.is_empty());
        !tried.reason.is_empty()
            && !predicted.into_iter().any(|said| said.starts_with(&tried.reason))
            && !acted.any(|said| tried.reason.ends_with(said))
    }

    /// A line of a prediction. That it cannot be told stands above it.
    fn predicted(&self, line: &str) -> String {
        match self.names.said(line) {
            known if known != line => known,
            line => line.strip_prefix("cannot predict: ").unwrap_or(&line).to_owned(),
        }
    }

    /// What came of an action, and the reason where that does not say it.
    fn came_to(&self, acted: &Acted) -> (String, String) {
        let said_already = acted.summary.contains(&acted.reason);
        let reason = if said_already { "" } else { acted.reason.as_str() };
        (self.names.said(&acted.summary), self.names.said(reason))
    }

    fn signing<'a>(&'a self, tried: &'a Tried) -> Option<SigningBox<'a>> {
        SigningBox::of(self, tried)
    }

    fn took(&self, us: &u64) -> String {
        units::scalar(self.frame.t, "took_us", &(*us).into())
    }

    /// What was measured last, and before anything was changed, by what it is.
    fn facts(&self) -> [(&'static str, Vec<(String, String)>); 2] {
        let markup = |facts: &befund_model::runbook::Facts| {
            let titled = facts.iter().map(|(step, probe)| {
                (self.names.step(step), facts::markup(self.frame.t, &probe.facts))
            });
            titled.collect::<Vec<_>>()
        };
        let result = self.result.as_ref();
        [
            (self.r.facts_now, result.map(|one| markup(&one.facts)).unwrap_or_default()),
            (self.r.facts_before, result.map(|one| markup(&one.before)).unwrap_or_default()),
        ]
    }
}

macro_rules! part {
    ($name:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name<'a> {
            run: &'a Run,
        }
    };
}

#[derive(Template)]
#[template(path = "run_head.html")]
struct Head<'a> {
    run: &'a Run,
    tone: Tone,
    sentence: String,
}

part!(Looked, "run_looked.html");
part!(Causes, "run_causes.html");
part!(Questions, "run_questions.html");
part!(Fixes, "run_fixes.html");
part!(Output, "run_output.html");
part!(Facts, "run_facts.html");
