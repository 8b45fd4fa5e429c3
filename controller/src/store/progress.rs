//! What machines say of their jobs: taken, begun, output, ended. Everything here may be said twice
//! and counts once.

use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId};
use befund_model::job::{Job, JobEvent, JobNews, JobState, MAX_EVENTS, Outcome};
use befund_model::ticket::TicketEvent;

use super::open::Store;
use super::repository::{JobProgress, JobReport, Result};
use super::sql::{Session, args, corrupt, to_json};
use super::write::write;
use super::{bulk, effects, jobs, timeline};

/// Who tells what comes from a machine.
const MACHINE: &str = "the machine";
/// The most characters of a result's one line.
const MOST_SUMMARY: usize = 400;

/// Keeps what a machine tells of its jobs, all of it in one commit.
pub(in crate::store) async fn report(
    store: &Store,
    agent: AgentId,
    reports: &[JobReport],
    at: Timestamp,
) -> Result<Vec<Option<JobProgress>>> {
    write!(store, "keep what a machine tells of its jobs", |session| {
        let mut progress = Vec::with_capacity(reports.len());
        for report in reports {
            progress.push(keep(session, agent, report, at).await?);
        }
        progress
    })
}

/// One job's report. A job that the controller had ended (its deadline, a cancel) keeps its state,
/// but what the machine says is kept all the same.
async fn keep(
    session: &mut Session,
    agent: AgentId,
    report: &JobReport,
    at: Timestamp,
) -> Result<Option<JobProgress>> {
    let Some((found, answered, last)) = jobs::locked(session, agent, report.job).await? else {
        return Ok(None);
    };
    let fresh = in_order(&report.events, last);
    let last_event = fresh.last().map_or(last, |event| event.seq);
    let outcome = report.outcome.as_deref().filter(|_| !answered).map(final_one);
    let told = fresh.iter().filter_map(|event| match &event.what {
        JobNews::Started => Some(JobState::Running),
        // What is final, only an outcome says.
        JobNews::State(state) => Some(*state).filter(|state| !state.is_final()),
        _ => None,
    });
    let state = report
        .delivered
        .then_some(JobState::Delivered)
        .into_iter()
        .chain(told)
        .chain(outcome.as_ref().map(|outcome| outcome.state))
        .fold(found.state, |state, next| if state.may_become(next) { next } else { state });
    let progress = JobProgress {
        ticket: found.ticket,
        last_event,
        ended: outcome.is_some(),
        changed: outcome.is_some() || state != found.state || !fresh.is_empty(),
    };
    if !progress.changed {
        return Ok(Some(progress));
    }
    move_on(session, report.job, state, last_event, outcome.as_ref(), at).await?;
    let rows = fresh
        .iter()
        .map(|event| {
            Ok(args![report.job, event.seq, event.at, to_json(&event.what, "a job's event")?])
        })
        .collect::<Result<_>>()?;
    bulk::execute(session, "INSERT INTO job_events (job, seq, at, what) VALUES", rows, "").await?;
    if let Some(outcome) = &outcome {
        effects::note(session, &found, outcome, at).await?;
    }
    if let Some(ticket) = found.ticket {
        let output = fresh
            .iter()
            .map(|event| TicketEvent::Output { job: report.job, news: event.what.clone() });
        let told = output.chain(outcome.as_ref().map(|outcome| result(&found, state, outcome)));
        let rows = told
            .map(|event| timeline::event_row(ticket, &event, MACHINE, at))
            .collect::<Result<Vec<_>>>()?;
        if !rows.is_empty() {
            timeline::locked(session, ticket).await?;
            bulk::execute(session, timeline::INSERT_EVENTS, rows, "").await?;
        }
    }
    Ok(Some(progress))
}

/// Writes where a job stands now.
async fn move_on(
    session: &mut Session,
    job: JobId,
    state: JobState,
    last_event: u32,
    outcome: Option<&Outcome>,
    at: Timestamp,
) -> Result<()> {
    match outcome {
        Some(outcome) => {
            session
                .execute(
                    "UPDATE jobs SET state = $2, last_event = $3, outcome = $4, answered = 1, \
                     ended_at = COALESCE(ended_at, $5) WHERE id = $1",
                    args![
                        job,
                        state.as_str(),
                        last_event,
                        to_json(outcome, "a job's outcome")?,
                        at
                    ],
                )
                .await?
        }
        None => {
            session
                .execute(
                    "UPDATE jobs SET state = $2, last_event = $3 WHERE id = $1",
                    args![job, state.as_str(), last_event],
                )
                .await?
        }
    };
    Ok(())
}

/// Those events that follow `last` without a gap, each once.
fn in_order(events: &[JobEvent], last: u32) -> Vec<&JobEvent> {
    let mut next = last + 1;
    let mut fresh = Vec::new();
    for event in events {
        if event.seq == next && next <= MAX_EVENTS {
            fresh.push(event);
            next += 1;
        } else if event.seq > next {
            break;
        }
    }
    fresh
}

/// The outcome as it is kept: a machine that names no final state has failed.
fn final_one(outcome: &Outcome) -> Outcome {
    let state = if outcome.state.is_final() { outcome.state } else { JobState::Failed };
    Outcome { state, ..outcome.clone() }
}

/// Tells on a job's ticket that the controller ended it.
pub(in crate::store) async fn tell_result(
    session: &mut Session,
    job: &Job,
    state: JobState,
    outcome: &Outcome,
    by: &str,
    at: Timestamp,
) -> Result<()> {
    let Some(ticket) = job.ticket else { return Ok(()) };
    timeline::locked(session, ticket).await?;
    timeline::tell(session, ticket, &result(job, state, outcome), by, at).await?;
    Ok(())
}

/// A job's end as its ticket tells it.
fn result(job: &Job, state: JobState, outcome: &Outcome) -> TicketEvent {
    TicketEvent::Result {
        job: job.id,
        work: job.work.clone(),
        state,
        status: outcome.status,
        summary: summary(outcome),
    }
}

/// One line for people: a probe's summary, a runbook's conclusion, or why there is neither.
fn summary(outcome: &Outcome) -> String {
    let line = |field: &str| outcome.result.get(field).and_then(serde_json::Value::as_str);
    line("summary")
        .or_else(|| line("conclusion"))
        .filter(|line| !line.is_empty())
        .unwrap_or(&outcome.reason)
        .chars()
        .take(MOST_SUMMARY)
        .collect()
}

/// A count of events as it is kept.
pub(in crate::store) fn number(value: i64) -> Result<u32> {
    u32::try_from(value).map_err(|_| corrupt("a job", format!("{value} is no count of events")))
}
