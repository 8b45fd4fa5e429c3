//! What machines say of their jobs: taken, begun, output, ended. Everything here may be said twice
//! and counts once.

use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId};
use befund_model::job::{Job, JobEvent, JobNews, JobState, MAX_EVENTS, Outcome};
use befund_model::ticket::TicketEvent;

use super::open::Store;
use super::repository::{Result, StoreError};
use super::sql::{Session, args, corrupt, to_json};
use super::write::write;
use super::{bulk, jobs, timeline};

/// Who tells what comes from a machine.
const MACHINE: &str = "the machine";
/// The most characters of a result's one line.
const MOST_SUMMARY: usize = 400;

/// The machine has the order durably; saying so again changes nothing.
pub(in crate::store) async fn delivered(
    store: &Store,
    agent: AgentId,
    job: JobId,
    _at: Timestamp,
) -> Result<bool> {
    write!(store, "note that a job was delivered", |session| {
        match jobs::locked(session, agent, job).await? {
            Some((job, ..)) if job.state.may_become(JobState::Delivered) => {
                set_state(session, job.id, JobState::Delivered).await?;
                true
            }
            Some((job, ..)) => !job.state.is_final(),
            None => false,
        }
    })
}

/// Keeps events in order, each once; answers the last that is durable.
pub(in crate::store) async fn events(
    store: &Store,
    agent: AgentId,
    job: JobId,
    events: &[JobEvent],
    at: Timestamp,
) -> Result<u32> {
    write!(store, "keep a job's events", |session| {
        let (found, _, last) = jobs::locked(session, agent, job)
            .await?
            .ok_or_else(|| StoreError::NotFound { what: "job", id: job.to_string() })?;
        let fresh = in_order(events, last);
        let Some(newest) = fresh.last().map(|event| event.seq) else { return Ok(last) };
        let rows = fresh
            .iter()
            .map(|event| {
                Ok(args![job, event.seq, event.at, to_json(&event.what, "a job's event")?])
            })
            .collect::<Result<_>>()?;
        bulk::execute(session, "INSERT INTO job_events (job, seq, at, what) VALUES", rows, "")
            .await?;
        session
            .execute("UPDATE jobs SET last_event = $2 WHERE id = $1", args![job, newest])
            .await?;
        let began = fresh.iter().any(|event| event.what == JobNews::Started);
        if began && found.state.may_become(JobState::Running) {
            set_state(session, job, JobState::Running).await?;
        }
        if let Some(ticket) = found.ticket {
            timeline::locked(session, ticket).await?;
            let rows = fresh
                .iter()
                .map(|event| {
                    let told = TicketEvent::Output { job, news: event.what.clone() };
                    timeline::event_row(ticket, &told, MACHINE, at)
                })
                .collect::<Result<_>>()?;
            bulk::execute(session, timeline::INSERT_EVENTS, rows, "").await?;
        }
        newest
    })
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

/// Keeps the outcome. A job that the controller had ended (its deadline, a cancel) keeps its state,
/// but what the machine says is kept all the same.
pub(in crate::store) async fn finish(
    store: &Store,
    agent: AgentId,
    job: JobId,
    outcome: &Outcome,
    at: Timestamp,
) -> Result<bool> {
    let outcome = &Outcome {
        state: if outcome.state.is_final() { outcome.state } else { JobState::Failed },
        ..outcome.clone()
    };
    write!(store, "keep a job's outcome", |session| {
        let Some((found, false, _)) = jobs::locked(session, agent, job).await? else {
            return Ok(false);
        };
        let state = if found.state.may_become(outcome.state) { outcome.state } else { found.state };
        session
            .execute(
                "UPDATE jobs SET state = $2, outcome = $3, answered = 1, \
                 ended_at = COALESCE(ended_at, $4) WHERE id = $1",
                args![job, state.as_str(), to_json(outcome, "a job's outcome")?, at],
            )
            .await?;
        tell_result(session, &found, state, outcome, MACHINE, at).await?;
        true
    })
}

/// Tells a job's end on its ticket.
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
    let event = TicketEvent::Result {
        job: job.id,
        work: job.work.clone(),
        state,
        status: outcome.status,
        summary: summary(outcome),
    };
    timeline::tell(session, ticket, &event, by, at).await?;
    Ok(())
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

async fn set_state(session: &mut Session, job: JobId, state: JobState) -> Result<()> {
    session.execute("UPDATE jobs SET state = $2 WHERE id = $1", args![job, state.as_str()]).await?;
    Ok(())
}
