//! One entry of a timeline: what happened, in words, with a job's result where it is told.

use askama::Template;
use befund_model::job::{Job, JobNews, Outcome};
use befund_model::probe::ProbeResult;
use befund_model::runbook::RunbookResult;
use befund_model::ticket::{TicketEvent, TimelineEntry};
use serde::Deserialize as _;

use crate::console::page::Frame;
use crate::console::{facts, units};
use crate::jobs;
use crate::state::AppState;

/// An entry with what its template shows beside it.
#[derive(Template)]
#[template(path = "entry.html")]
pub struct Entry {
    frame: Frame,
    entry: TimelineEntry,
    report: Option<Report>,
}

impl Entry {
    /// An entry, with its job's result if it tells of one.
    pub async fn read(app: &AppState, entry: TimelineEntry, frame: Frame) -> Self {
        let report = match &entry.event {
            TicketEvent::Result { job, .. } => {
                jobs::get(app, *job).await.ok().and_then(|job| Report::of(&job, &frame))
            }
            TicketEvent::Opened { .. }
            | TicketEvent::Commented { .. }
            | TicketEvent::SnapshotAttached { .. }
            | TicketEvent::JobStarted { .. }
            | TicketEvent::Output { .. }
            | TicketEvent::Escalated { .. }
            | TicketEvent::Changed { .. }
            | TicketEvent::Solved { .. }
            | TicketEvent::Reopened { .. } => None,
        };
        Self { frame, entry, report }
    }

    /// What the style goes by.
    const fn kind(&self) -> &'static str {
        match &self.entry.event {
            TicketEvent::Opened { .. } => "opened",
            TicketEvent::Commented { .. } => "commented",
            TicketEvent::SnapshotAttached { .. } => "snapshot",
            TicketEvent::JobStarted { .. } => "started",
            TicketEvent::Output { .. } => "output",
            TicketEvent::Result { .. } => "result",
            TicketEvent::Escalated { .. } => "escalated",
            TicketEvent::Changed { .. } => "changed",
            TicketEvent::Solved { .. } => "solved",
            TicketEvent::Reopened { .. } => "reopened",
        }
    }

    /// A changed field, as the page calls it.
    fn field<'a>(&self, field: &'a str) -> &'a str {
        let t = self.frame.t;
        match field {
            "status" => t.status,
            "priority" => t.priority,
            "level" => t.level,
            "assignee" => t.assignee,
            other => other,
        }
    }
}

/// What a job came to.
#[derive(Template)]
#[template(path = "report.html")]
pub struct Report {
    frame: Frame,
    outcome: Outcome,
    runbook: Option<RunbookResult>,
    probe: Option<ProbeResult>,
    facts: Vec<(String, String)>,
}

impl Report {
    /// A job's result, if it ended.
    #[must_use]
    pub fn of(job: &Job, frame: &Frame) -> Option<Self> {
        let outcome = job.outcome.clone()?;
        let runbook = RunbookResult::deserialize(&outcome.result).ok();
        let probe = ProbeResult::deserialize(&outcome.result).ok();
        let markup = |value: &serde_json::Value| facts::markup(frame.t, value);
        let facts = match (&runbook, &probe) {
            (Some(runbook), _) => runbook
                .facts
                .iter()
                .map(|(step, probe)| (step.clone(), markup(&probe.facts)))
                .collect(),
            (None, Some(probe)) => vec![(probe.probe.clone(), markup(&probe.facts))],
            (None, None) if outcome.result.is_null() => Vec::new(),
            (None, None) => vec![(job.work.name().to_owned(), markup(&outcome.result))],
        };
        Some(Self { frame: frame.clone(), outcome, runbook, probe, facts })
    }

    fn took(&self) -> String {
        units::scalar(self.frame.t, "took_us", &self.outcome.took_us.into())
    }
}

/// A job's news in one line.
#[derive(Template)]
#[template(path = "news.html")]
pub struct NewsLine<'a> {
    /// What all pages have.
    pub frame: &'a Frame,
    /// The news.
    pub news: &'a JobNews,
}
