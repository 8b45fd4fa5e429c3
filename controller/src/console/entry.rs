//! One entry of a timeline: what happened, in words. What a job said and came to stands under the
//! entry that started it, so that thirty lines of it do not hide what people wrote.

use std::collections::HashMap;

use askama::Template;
use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId};
use befund_model::job::{Job, JobNews, JobState, Outcome, Work};
use befund_model::probe::ProbeResult;
use befund_model::snapshot::Status;
use befund_model::ticket::{TicketEvent, TimelineEntry};
use serde::Deserialize as _;

use crate::console::page::Frame;
use crate::console::run::{Run, is_run};
use crate::console::ways::{Piece, pieces};
use crate::console::{facts, units};
use crate::jobs;
use crate::state::AppState;

/// An entry with what its template shows beside it.
#[derive(Template)]
#[template(path = "entry.html")]
pub struct Entry {
    frame: Frame,
    entry: TimelineEntry,
    machine: Option<AgentId>,
    lines: Vec<TimelineEntry>,
    ending: Option<Ending>,
    run: Option<String>,
}

impl Entry {
    /// An entry of a ticket about this machine, with its job's result if it tells of one.
    pub async fn read(
        app: &AppState,
        entry: TimelineEntry,
        machine: Option<AgentId>,
        frame: Frame,
    ) -> Self {
        let ending = Ending::read(app, &entry, &frame).await;
        let run = run_of(app, &entry, &frame).await;
        Self { frame, entry, machine, lines: Vec::new(), ending, run }
    }

    /// A timeline's entries, each job's lines and its end under the entry that started it.
    pub async fn grouped(
        app: &AppState,
        timeline: Vec<TimelineEntry>,
        machine: Option<AgentId>,
        frame: &Frame,
    ) -> Vec<Self> {
        let mut entries: Vec<Self> = Vec::with_capacity(timeline.len());
        let mut started: HashMap<JobId, usize> = HashMap::new();
        for entry in timeline {
            let group = follows(&entry.event).and_then(|job| started.get(&job).copied());
            let of_output = matches!(entry.event, TicketEvent::Output { .. });
            if let TicketEvent::JobStarted { job, .. } = &entry.event {
                started.insert(*job, entries.len());
            }
            match group.and_then(|at| entries.get_mut(at)) {
                // A run tells all of it itself.
                Some(group) if group.run.is_some() => {}
                Some(group) if of_output => group.lines.push(entry),
                Some(group) => group.ending = Ending::read(app, &entry, frame).await,
                None => entries.push(Self::read(app, entry, machine, frame.clone()).await),
            }
        }
        entries
    }

    /// The job under which it stands, or that it starts.
    fn job(&self) -> Option<JobId> {
        match &self.entry.event {
            TicketEvent::JobStarted { job, .. } => Some(*job),
            event => follows(event),
        }
    }

    /// What the style goes by.
    const fn kind(&self) -> &'static str {
        match &self.entry.event {
            TicketEvent::Opened { .. } => "opened",
            TicketEvent::Commented { .. } => "commented",
            TicketEvent::SnapshotAttached { .. } => "snapshot",
            TicketEvent::Judged { .. } => "judged",
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

/// The run that this entry starts, as markup, if it is shown as one.
async fn run_of(app: &AppState, entry: &TimelineEntry, frame: &Frame) -> Option<String> {
    match &entry.event {
        TicketEvent::JobStarted { job, work } if is_run(work) => {
            let job = jobs::get(app, *job).await.ok()?;
            Run::read(app, job, frame).await.ok().map(|run| run.markup())
        }
        _ => None,
    }
}

/// The job that told this, if one did.
const fn follows(event: &TicketEvent) -> Option<JobId> {
    match event {
        TicketEvent::Output { job, .. } | TicketEvent::Result { job, .. } => Some(*job),
        TicketEvent::Opened { .. }
        | TicketEvent::Commented { .. }
        | TicketEvent::SnapshotAttached { .. }
        | TicketEvent::Judged { .. }
        | TicketEvent::JobStarted { .. }
        | TicketEvent::Escalated { .. }
        | TicketEvent::Changed { .. }
        | TicketEvent::Solved { .. }
        | TicketEvent::Reopened { .. } => None,
    }
}

/// How a job ended.
#[derive(Template)]
#[template(path = "ending.html")]
pub struct Ending {
    frame: Frame,
    at: Timestamp,
    work: Work,
    state: JobState,
    status: Status,
    summary: String,
    report: Option<Report>,
}

impl Ending {
    /// What this entry tells, if it tells of a job's end.
    async fn read(app: &AppState, entry: &TimelineEntry, frame: &Frame) -> Option<Self> {
        let TicketEvent::Result { job, work, state, status, summary } = &entry.event else {
            return None;
        };
        let report = jobs::get(app, *job).await.ok().and_then(|job| Report::of(&job, frame));
        Some(Self {
            frame: frame.clone(),
            at: entry.at,
            work: work.clone(),
            state: *state,
            status: *status,
            summary: summary.clone(),
            report,
        })
    }

    /// Whether it ended as it should, but could not measure all.
    fn lacking(&self) -> bool {
        self.state == JobState::Done && self.status != Status::Ok
    }
}

/// What a job came to.
#[derive(Template)]
#[template(path = "report.html")]
pub struct Report {
    frame: Frame,
    outcome: Outcome,
    probe: Option<ProbeResult>,
    facts: Vec<(String, String)>,
}

impl Report {
    /// A job's result, if it ended.
    #[must_use]
    pub fn of(job: &Job, frame: &Frame) -> Option<Self> {
        let outcome = job.outcome.clone()?;
        let probe = ProbeResult::deserialize(&outcome.result).ok();
        let markup = |value: &serde_json::Value| facts::markup(frame.t, value);
        let facts = match &probe {
            Some(probe) => vec![(probe.probe.clone(), markup(&probe.facts))],
            None if outcome.result.is_null() => Vec::new(),
            None => vec![(job.work.name().to_owned(), markup(&outcome.result))],
        };
        Some(Self { frame: frame.clone(), outcome, probe, facts })
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
