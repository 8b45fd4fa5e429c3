//! What must hold of a job, whatever was killed while it ran: it ended, its result is there once, its events are there
//! without a gap, no step was done twice that must not be, and what nobody can tell is said to be so. It reads what the
//! controller has, what is in the machine's journal, and what the steps left behind.

use std::collections::BTreeMap;

use befund_model::action::Acted;
use befund_model::api::TicketView;
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::{Job, JobEvent, JobNews, JobState};
use befund_model::runbook::{Attempt, AttemptEnd, RunbookResult};
use befund_model::snapshot::Status;
use befund_model::ticket::TicketEvent;

use crate::book::{AGAIN, ASKED, Mark, ONCE};
use crate::tally::Tally;

/// The most entries of a ticket's timeline that are shown at once.
const TIMELINE_PAGE: usize = 500;
/// What `process.lower_priority` makes of a process.
const LOWERED: i32 = 10;

/// What a job was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The runbook.
    Steps,
    /// Undo what that did.
    Undo,
}

/// A job that was started.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    pub(crate) job: JobId,
    pub(crate) ticket: TicketNumber,
    pub(crate) what: What,
    /// The word that its marks bear.
    pub(crate) tag: String,
    /// The process that it makes nicer.
    pub(crate) process: u32,
    /// How nice that is once the job has ended.
    pub(crate) nice: Option<i32>,
    /// Whether it is known to have ended.
    pub(crate) ended: bool,
}

/// What is known of a job at the end.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) ordered: &'a Ordered,
    pub(crate) job: &'a Job,
    pub(crate) news: &'a [JobEvent],
    pub(crate) ticket: &'a TicketView,
    /// The machine's marks.
    pub(crate) marks: &'a [Mark],
    /// What the runbook's job reported, where this one undoes it.
    pub(crate) before: Option<&'a RunbookResult>,
    /// How nice a process is that nobody changed.
    pub(crate) nice: Option<i32>,
}

/// The result of a runbook's job.
pub(crate) fn result(job: &Job) -> Option<RunbookResult> {
    let outcome = job.outcome.as_ref()?;
    serde_json::from_value(outcome.result.clone()).ok()
}

impl Known<'_> {
    /// What does not hold.
    pub(crate) fn judged(&self, tally: &mut Tally) -> Vec<String> {
        let mut wrong = Vec::new();
        let what = match self.ordered.what {
            What::Steps => "runbook",
            What::Undo => "undo",
        };
        *tally.jobs.entry((what, self.job.state.to_string())).or_default() += 1;
        self.told(tally, &mut wrong);
        match self.job.state {
            JobState::Done | JobState::Indeterminate => {}
            other => {
                let reason = self.job.outcome.as_ref().map_or("", |outcome| &outcome.reason);
                wrong.push(format!("it ended as {other}: {reason}"));
            }
        }
        let Some(result) = result(self.job) else {
            wrong.push("it has no result".to_owned());
            return wrong;
        };
        if given_up(self.job) {
            *tally
                .jobs
                .entry((what, "interrupted too often, and said so".to_owned()))
                .or_default() += 1;
        }
        let unknown = result.attempts.iter().any(|one| one.end == AttemptEnd::Indeterminate);
        if unknown != (self.job.state == JobState::Indeterminate) {
            wrong.push(format!("it ended as {} with such attempts", self.job.state));
        }
        for attempt in &result.attempts {
            let key = (format!("{what} {}", attempt.fix.cause), format!("{:?}", attempt.end));
            *tally.attempts.entry(key).or_default() += 1;
        }
        match self.ordered.what {
            What::Steps => self.steps(&result, tally, &mut wrong),
            What::Undo => self.undo(&result, tally, &mut wrong),
        }
        wrong
    }

    /// Its events, and its result on the ticket.
    fn told(&self, tally: &mut Tally, wrong: &mut Vec<String>) {
        tally.events += self.news.len() as u64;
        for (expected, event) in (1..).zip(self.news) {
            if event.seq != expected {
                wrong.push(format!("event {} stands in the place of {expected}", event.seq));
                break;
            }
        }
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for event in self.news {
            let once = match &event.what {
                JobNews::Started => "its start".to_owned(),
                JobNews::Consent { fix, .. } => format!("consent to {}", fix.cause),
                JobNews::Approved { fix, .. } => format!("approval of {}", fix.cause),
                JobNews::Acted { fix, .. } => format!("what came of {}", fix.cause),
                JobNews::Verified { fix, .. } => format!("verification of {}", fix.cause),
                JobNews::Undone { fix, .. } => format!("undoing of {}", fix.cause),
                _ => continue,
            };
            *counts.entry(once).or_default() += 1;
        }
        for (what, count) in counts.iter().filter(|(_, count)| **count > 1) {
            wrong.push(format!("it told {what} {count} times"));
        }
        let timeline = self.ticket.timeline.iter();
        let here: Vec<&JobNews> = timeline
            .filter_map(|entry| match &entry.event {
                TicketEvent::Output { job, news } if *job == self.job.id => Some(news),
                _ => None,
            })
            .collect();
        // A view of a ticket has so many entries at most.
        let all = self.ticket.timeline.len() < TIMELINE_PAGE;
        let told = self.news.iter().map(|event| &event.what);
        let same = match all {
            true => here.iter().copied().eq(told),
            false => here.iter().copied().eq(told.take(here.len())),
        };
        if !same {
            let (here, all) = (here.len(), self.news.len());
            wrong.push(format!("the ticket tells {here} of its {all} events, or others"));
        }
        let results = self.ticket.timeline.iter().filter(
            |entry| matches!(&entry.event, TicketEvent::Result { job, .. } if *job == self.job.id),
        );
        let results = results.count();
        if results > 1 || all && results != 1 {
            wrong.push(format!("the ticket tells its result {results} times"));
        }
    }

    fn marks(&self, step: &str) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(move |mark| mark.step == step && mark.tag == self.ordered.tag)
    }

    fn steps(&self, result: &RunbookResult, tally: &mut Tally, wrong: &mut Vec<String>) {
        for cause in [AGAIN, ASKED, ONCE] {
            let attempts: Vec<&Attempt> =
                result.attempts.iter().filter(|one| one.fix.cause == cause).collect();
            if attempts.len() > 1 {
                wrong.push(format!("{cause} was tried {} times", attempts.len()));
            }
            let attempt = attempts.first().copied();
            let end = attempt.map(|attempt| attempt.end);
            let done = is_done(attempt.and_then(|attempt| attempt.acted.as_ref()));
            if self.job.state == JobState::Done && !done && !given_up(self.job) {
                let reason = attempt.map_or("", |attempt| &attempt.reason);
                wrong.push(format!("it is done, and {cause} is not: {reason}"));
            }
            let unknown = end == Some(AttemptEnd::Indeterminate);
            match cause {
                ONCE => {
                    let marks = self.marks(ONCE).count();
                    *tally.marks.entry(ONCE.to_owned()).or_default() += marks as u64;
                    if unknown {
                        *tally.indeterminate.entry(marks > 0).or_default() += 1;
                    }
                    match (marks, done, unknown) {
                        (0, false, _) | (1, true, false) | (1, false, true) => {}
                        (0, true, _) => wrong.push("once is said to be done, and was not".into()),
                        (1, _, _) => {
                            wrong.push(format!("once was done, and is said to be {end:?}"))
                        }
                        (_, _, _) => wrong.push(format!("ONCE WAS DONE {marks} TIMES")),
                    }
                }
                AGAIN => {
                    let marks = self.marks(AGAIN).count();
                    *tally.marks.entry(AGAIN.to_owned()).or_default() += marks as u64;
                    if unknown {
                        wrong.push("again is indeterminate, and may be done again".to_owned());
                    }
                    if done && marks == 0 {
                        wrong.push("again is said to be done, and was not".to_owned());
                    }
                }
                _ => {
                    if unknown {
                        wrong.push("asked is indeterminate, and the machine can be asked".into());
                    }
                    let nice = self.ordered.nice;
                    if done && nice != Some(LOWERED) {
                        wrong.push(format!("asked is said to be done, and nice is {nice:?}"));
                    }
                }
            }
        }
    }

    fn undo(&self, result: &RunbookResult, tally: &mut Tally, wrong: &mut Vec<String>) {
        let Some(before) = self.before else { return };
        let done = |cause: &str| {
            let of = before.attempts.iter().find(|attempt| attempt.fix.cause == cause);
            is_done(of.and_then(|attempt| attempt.acted.as_ref()))
        };
        for cause in [AGAIN, ASKED, ONCE] {
            let of: Vec<_> = result.attempts.iter().filter(|one| one.fix.cause == cause).collect();
            let end = of.first().map(|attempt| attempt.end);
            if of.len() > 1 {
                wrong.push(format!("undoing {cause} was tried {} times", of.len()));
            }
            if done(cause) && end.is_none() {
                wrong.push(format!("WHAT UNDOES {cause} IS LOST"));
            }
            let reverted = end == Some(AttemptEnd::Reverted);
            let unknown = end == Some(AttemptEnd::Indeterminate);
            // To make a process less nice again takes an administrator.
            let beyond = cause == ASKED && !rustix::process::geteuid().is_root();
            if end.is_some() && !reverted && !unknown && !beyond {
                let reason = of.first().map_or("", |attempt| &attempt.reason);
                wrong.push(format!("{cause} was not undone: {end:?}, {reason}"));
            }
            let step = match cause {
                AGAIN => "unagain",
                ONCE => "unonce",
                _ => {
                    let nice = self.ordered.nice;
                    if unknown || reverted && nice != self.nice {
                        wrong.push(format!("undoing asked came to {end:?}, and nice is {nice:?}"));
                    }
                    continue;
                }
            };
            let marks: Vec<&Mark> = self.marks(step).collect();
            *tally.marks.entry(step.to_owned()).or_default() += marks.len() as u64;
            if reverted && marks.is_empty() {
                wrong.push(format!("{cause} is said to be undone, and is not"));
            }
            if cause == ONCE && marks.len() > 1 {
                wrong.push(format!("UNDOING ONCE WAS DONE {} TIMES", marks.len()));
            }
            if cause == ONCE && marks.len() == 1 && !reverted && !unknown {
                wrong.push(format!("once was undone, and is said to be {end:?}"));
            }
            if cause == AGAIN && unknown {
                wrong.push("undoing again is indeterminate, and may be done again".to_owned());
            }
            // What the fix noted came to the script that undoes it.
            let lost = |mark: &&&Mark| done(cause) && mark.was != self.ordered.tag;
            if let Some(mark) = marks.iter().find(lost) {
                wrong.push(format!("WHAT {cause} NOTED IS LOST: undone with {:?}", mark.was));
            }
        }
    }
}

/// Whether a run went no further since it had been interrupted as often as a run may be.
fn given_up(job: &Job) -> bool {
    let result = job.outcome.as_ref().map(|outcome| outcome.result.to_string());
    result.is_some_and(|result| result.contains("more often than the run may go on after"))
}

fn is_done(acted: Option<&Acted>) -> bool {
    acted.is_some_and(|acted| acted.status == Status::Ok)
}
