//! What a run has told so far, put into the order of work: what was looked at, what is wrong, what people were
//! asked, what was done about it. Pure; what stands in it is what the machine said, and how it reads is the
//! templates' business.

use std::collections::VecDeque;

use befund_model::Timestamp;
use befund_model::action::{Acted, Prediction, Risk};
use befund_model::job::{JobEvent, JobNews, JobState, Question};
use befund_model::runbook::{
    Answer, Attempt, AttemptEnd, Cause, CauseVerdict, FixRef, RunbookResult,
};
use befund_model::snapshot::Status;
use befund_trust::approval::Statement;

/// How many lines of output are kept.
pub const SHOWN_LINES: usize = 200;
/// The most characters of a line of output.
pub const SHOWN_CHARACTERS: usize = 2_000;

/// It.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// What was looked at, in order.
    pub steps: Vec<Step>,
    /// The causes that were judged, in order.
    pub causes: Vec<Judged>,
    /// What people were asked, in order.
    pub questions: Vec<Asked>,
    /// The fixes, in the order in which they came up.
    pub fixes: Vec<Tried>,
    /// What was printed.
    pub output: Output,
    /// What interrupted it.
    pub resumed: Vec<String>,
    state: Option<JobState>,
}

/// Something that was looked at.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name within the runbook.
    pub name: String,
    /// How it came out; none while it is looked at.
    pub status: Option<Status>,
    /// One line for people.
    pub summary: String,
}

impl Step {
    /// Whether it was looked at in full, or still is.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.status.is_none_or(|status| status == Status::Ok)
    }
}

/// A cause that was judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its id within the runbook.
    pub id: String,
    /// The verdict that counts: one that was found stays found.
    pub verdict: CauseVerdict,
    /// The evidence, or what was missing.
    pub evidence: String,
    /// What a technician does about it; empty if nothing is known.
    pub advice: String,
    /// Whether it was found and is so no longer.
    pub gone: bool,
}

/// What a person was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// When.
    pub at: Timestamp,
    /// The answer that was taken.
    pub answer: Option<Answer>,
}

/// A fix, as far as it went.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Which.
    pub fix: FixRef,
    /// The action's name, or the script's path.
    pub act: String,
    /// What it may do.
    pub risk: Risk,
    /// What it would change.
    pub prediction: Option<Prediction>,
    /// Whether it was agreed to, and by whom or why not.
    pub consent: Option<(bool, String)>,
    /// What is to be signed.
    pub signing: Option<Signing>,
    /// Who signed.
    pub approved: Option<String>,
    /// Whether it was begun.
    pub begun: bool,
    /// What came of it.
    pub acted: Option<Acted>,
    /// Whether the cause is gone, and in one line why.
    pub verified: Option<(Option<bool>, String)>,
    /// What came of undoing it.
    pub undone: Option<Acted>,
    /// How far it went, once the run has ended.
    pub end: Option<AttemptEnd>,
    /// Why it went no further.
    pub reason: String,
}

/// A text that waits for signatures.
#[derive(Clone, Debug)]
pub struct Signing {
    /// Exactly what is signed.
    pub text: String,
    /// The same, read; none if it is nothing that may be signed.
    pub statement: Option<Box<Statement>>,
    /// How many people it takes.
    pub people: u32,
    /// Who has signed so far.
    pub by: Vec<String>,
    /// Whether it is no longer waited for.
    pub over: bool,
}

/// What was printed, its end.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// The lines.
    pub lines: VecDeque<Line>,
    /// How many stood before them.
    pub left_out: usize,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// As it was printed.
    Said(String),
    /// Such a line, too long, its beginning.
    Cut(String),
    /// From here on this was done.
    During(String),
}

impl Story {
    /// Of these events, from the first.
    #[must_use]
    pub fn of(events: &[JobEvent]) -> Self {
        let mut story = Self::default();
        for event in events {
            story.hear(event);
        }
        story
    }

    /// Takes what happened next.
    pub fn hear(&mut self, event: &JobEvent) {
        match &event.what {
            JobNews::Started => self.stand(JobState::Running),
            JobNews::State(state) => self.stand(*state),
            JobNews::Output(text) => self.output.say(text),
            JobNews::StepStarted { step } => self.begin(step),
            JobNews::StepEnded { step, status, summary } => {
                self.begin(step);
                if let Some(known) = self.steps.iter_mut().find(|known| known.name == *step) {
                    known.status = Some(*status);
                    known.summary.clone_from(summary);
                }
            }
            JobNews::Cause { cause, verdict, summary } => self.judge(cause, *verdict, summary),
            JobNews::Asked(question) => {
                let question = (**question).clone();
                // Asked once more, after an interruption.
                self.questions
                    .retain(|one| one.question.name != question.name || one.answer.is_some());
                self.questions.push(Asked { question, at: event.at, answer: None });
            }
            JobNews::Answered(answer) => {
                let mut asked = self.questions.iter_mut().rev();
                if let Some(one) = asked.find(|one| one.question.name == answer.question) {
                    one.answer = Some(answer.clone());
                }
            }
            JobNews::Predicted { fix, act, risk, prediction } => {
                let tried = self.fresh(fix);
                tried.act.clone_from(act);
                tried.risk = *risk;
                tried.prediction = Some(prediction.clone());
            }
            JobNews::Consent { fix, given, by } => {
                self.last(fix).consent = Some((*given, by.clone()));
            }
            JobNews::ApprovalAsked { fix, statement, people } => {
                let read = Statement::parse(statement.as_bytes()).ok().map(Box::new);
                self.last(fix).signing = Some(Signing {
                    text: statement.clone(),
                    statement: read,
                    people: *people,
                    by: Vec::new(),
                    over: false,
                });
            }
            JobNews::Signed { fix, by, people } => {
                if let Some(signing) = &mut self.last(fix).signing {
                    signing.by.clone_from(by);
                    signing.people = *people;
                }
            }
            JobNews::Approved { fix, by } => self.last(fix).approved = Some(by.clone()),
            JobNews::Acting { fix, act } => {
                let tried = self.last(fix);
                tried.act.clone_from(act);
                tried.begun = true;
                self.output.push(Line::During(act.clone()));
            }
            JobNews::Acted { fix, acted } => self.last(fix).acted = Some((**acted).clone()),
            JobNews::Verified { fix, gone, summary } => {
                self.last(fix).verified = Some((*gone, summary.clone()));
            }
            JobNews::Undone { fix, acted } => self.last(fix).undone = Some((**acted).clone()),
            JobNews::Resumed { after } => self.resumed.push(after.clone()),
        }
    }

    /// Takes what it came to in the end, which says of each fix how far it went.
    pub fn conclude(&mut self, result: &RunbookResult) {
        let same = |line: &Line| matches!(line, Line::Said(text) if *text == result.conclusion);
        if self.output.lines.back().is_some_and(same) {
            self.output.lines.pop_back();
        }
        let causes = result.causes.iter();
        self.causes = causes.map(|cause| self.judged(cause)).collect();
        let mut from = 0;
        for attempt in &result.attempts {
            let rest = self.fixes.iter().skip(from);
            let place = rest.take_while(|tried| tried.end.is_none());
            let at = place.into_iter().position(|tried| tried.fix == attempt.fix);
            let at = match at {
                Some(at) => from + at,
                None => {
                    let at = from.min(self.fixes.len());
                    self.fixes.insert(at, Tried::new(&attempt.fix));
                    at
                }
            };
            self.fixes[at].conclude(attempt);
            from = at + 1;
        }
    }

    fn judged(&self, cause: &Cause) -> Judged {
        let known = self.causes.iter().find(|known| known.id == cause.id);
        Judged {
            id: cause.id.clone(),
            verdict: cause.verdict,
            evidence: cause.evidence.clone(),
            advice: cause.advice.clone(),
            gone: known.is_some_and(|known| known.gone),
        }
    }

    /// Where the machine says that it stands.
    #[must_use]
    pub const fn state(&self) -> Option<JobState> {
        self.state
    }

    /// The causes with this verdict.
    pub fn judged_as(&self, verdict: CauseVerdict) -> impl Iterator<Item = &Judged> {
        self.causes.iter().filter(move |cause| cause.verdict == verdict)
    }

    /// The questions that wait for an answer.
    pub fn open_questions(&self) -> impl Iterator<Item = &Asked> {
        self.questions.iter().filter(|asked| asked.answer.is_none())
    }

    /// The fix that waits for signatures.
    #[must_use]
    pub fn unsigned(&self) -> Option<(&Tried, &Signing)> {
        let waiting = |tried: &&Tried| tried.approved.is_none();
        let tried = self.fixes.iter().rev().filter(waiting);
        tried.filter_map(|tried| Some((tried, tried.signing.as_ref()?))).find(|(_, one)| !one.over)
    }

    fn stand(&mut self, state: JobState) {
        self.state = Some(state);
        if state != JobState::NeedsApproval {
            for signing in self.fixes.iter_mut().filter_map(|tried| tried.signing.as_mut()) {
                signing.over = true;
            }
        }
    }

    fn begin(&mut self, name: &str) {
        if !self.steps.iter().any(|step| step.name == name) {
            let name = name.to_owned();
            self.steps.push(Step { name, status: None, summary: String::new() });
        }
    }

    fn judge(&mut self, id: &str, verdict: CauseVerdict, summary: &str) {
        let evidence = evidence(summary).to_owned();
        let Some(known) = self.causes.iter_mut().find(|known| known.id == id) else {
            let (id, advice) = (id.to_owned(), String::new());
            self.causes.push(Judged { id, verdict, evidence, advice, gone: false });
            return;
        };
        let was_found = known.verdict == CauseVerdict::Found;
        known.gone = was_found && verdict == CauseVerdict::Excluded;
        if !was_found {
            known.verdict = verdict;
            known.evidence = evidence;
        }
    }

    /// The fix as it was last tried.
    fn last(&mut self, fix: &FixRef) -> &mut Tried {
        let at = self.fixes.iter().rposition(|tried| tried.fix == *fix);
        let at = at.unwrap_or_else(|| {
            self.fixes.push(Tried::new(fix));
            self.fixes.len() - 1
        });
        &mut self.fixes[at]
    }

    /// The fix, tried once more if it was done before.
    fn fresh(&mut self, fix: &FixRef) -> &mut Tried {
        let at = self.fixes.iter().rposition(|tried| tried.fix == *fix);
        match at.filter(|at| self.fixes[*at].acted.is_none()) {
            Some(at) => self.fixes[at] = Tried::new(fix),
            None => self.fixes.push(Tried::new(fix)),
        }
        self.last(fix)
    }
}

impl Tried {
    fn new(fix: &FixRef) -> Self {
        Self {
            fix: fix.clone(),
            act: String::new(),
            risk: Risk::Read,
            prediction: None,
            consent: None,
            signing: None,
            approved: None,
            begun: false,
            acted: None,
            verified: None,
            undone: None,
            end: None,
            reason: String::new(),
        }
    }

    fn conclude(&mut self, attempt: &Attempt) {
        self.act.clone_from(&attempt.act);
        self.risk = attempt.risk;
        self.end = Some(attempt.end);
        self.reason.clone_from(&attempt.reason);
        self.acted = self.acted.take().or_else(|| attempt.acted.clone());
        self.undone = self.undone.take().or_else(|| attempt.undone.clone());
        self.approved = self.approved.take().or_else(|| attempt.approval.clone());
        self.prediction = self.prediction.take().or_else(|| attempt.prediction.clone());
        if self.consent.is_none() {
            self.consent = attempt.consent.clone().map(|by| (true, by));
        }
    }

    /// Whether the machine is another than before by it.
    #[must_use]
    pub fn stands(&self) -> bool {
        let well = |acted: &Acted| acted.status == Status::Ok;
        self.acted.as_ref().is_some_and(well)
            && !self.undone.as_ref().is_some_and(well)
            && self.risk != Risk::Read
    }
}

impl Output {
    fn say(&mut self, text: &str) {
        for line in text.lines() {
            self.push(match line.char_indices().nth(SHOWN_CHARACTERS) {
                Some((end, _)) => Line::Cut(line[..end].to_owned()),
                None => Line::Said(line.to_owned()),
            });
        }
    }

    fn push(&mut self, line: Line) {
        if self.lines.len() == SHOWN_LINES {
            self.lines.pop_front();
            self.left_out += 1;
        }
        self.lines.push_back(line);
    }
}

/// What a cause's line says after its title, which stands in quotation marks.
fn evidence(summary: &str) -> &str {
    summary.strip_prefix('“').and_then(|rest| rest.split_once("”: ")).map_or(summary, |(_, e)| e)
}

#[cfg(test)]
mod tests;
