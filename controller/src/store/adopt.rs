//! Jobs that were begun at a machine itself: kept on its word, within bounds, since a machine may be anybody's.

use std::time::Duration;

use befund_model::Timestamp;
use befund_model::audit::{Actor, By};
use befund_model::id::{AgentId, TicketNumber};
use befund_model::job::{Job, JobState, Order};
use befund_model::ticket::TicketEvent;
use serde_json::json;

use super::open::Store;
use super::repository::{Adopted, Result};
use super::sql::{Session, args};
use super::write::write;
use super::{audit, jobs, timeline};

/// How many jobs of its own a machine may have kept within [`SPAN`]: people press a button a few times a day.
const MOST: i64 = 100;
/// A day.
const SPAN: Duration = Duration::from_secs(24 * 3600);
/// The longest that one is waited for.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);
/// How [`Job::created_by`] ends where nobody started it from afar.
const AT_THE_MACHINE: &str = " at the machine";

/// Keeps one.
pub(in crate::store) async fn adopt(
    store: &Store,
    agent: AgentId,
    order: &Order,
    begun_by: &str,
    at: Timestamp,
) -> Result<Adopted> {
    if order.agent != agent {
        return Ok(Adopted::Refused("its order is for another machine"));
    }
    let within = Duration::from_millis(order.within_ms).min(LONGEST);
    let mut job = Job {
        id: order.job,
        agent,
        ticket: None,
        work: order.work.clone(),
        parameters: order.parameters.clone(),
        state: JobState::Delivered,
        created_by: format!("{begun_by}{AT_THE_MACHINE}"),
        created_at: at,
        deadline: at.saturating_add(within).unwrap_or(at),
        ended_at: None,
        outcome: None,
        runbook: order.runbook.clone(),
    };
    let actor = Actor::Agent { id: agent, account: Some(begun_by.to_owned()) };
    let by = By { actor, source: String::new() };
    write!(store, "keep a machine's own job", |session| {
        let known = session
            .row("SELECT agent FROM jobs WHERE id = $1", args![job.id])
            .await?
            .map(|row| row.id(0, AgentId::from_slice))
            .transpose()?;
        if let Some(known) = known {
            let foreign = Adopted::Refused("a job of another machine has its number");
            return Ok(if known == agent { Adopted::Known } else { foreign });
        }
        if lately(session, agent, at).await? >= MOST {
            return Ok(Adopted::Refused("the machine began too many within a day"));
        }
        job.ticket = own_ticket(session, agent, order.ticket).await?;
        if let Some(ticket) = job.ticket {
            timeline::locked(session, ticket).await?;
            let event = TicketEvent::JobStarted { job: job.id, work: job.work.clone() };
            timeline::tell(session, ticket, &event, &job.created_by, at).await?;
        }
        let detail = json!({
            "job": job.id, "work": job.work, "parameters": job.parameters,
            "ticket": job.ticket, "deadline": job.deadline,
        });
        let object = format!("agent:{agent}");
        let entry = audit::entry(session, "job.adopt", &object, &detail, &by, at).await?;
        jobs::insert(session, &job, entry).await?;
        Adopted::New(job.ticket)
    })
}

/// How many of its own a machine had kept within [`SPAN`].
async fn lately(session: &mut Session, agent: AgentId, at: Timestamp) -> Result<i64> {
    let since = at.saturating_sub(SPAN).unwrap_or(at);
    let row = session
        .row(
            "SELECT COUNT(*) FROM jobs WHERE agent = $1 AND created_at > $2 AND created_by LIKE $3",
            args![agent, since, format!("%{AT_THE_MACHINE}")],
        )
        .await?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// The ticket, if it is one of this machine's: a machine has no say on others.
async fn own_ticket(
    session: &mut Session,
    agent: AgentId,
    ticket: Option<TicketNumber>,
) -> Result<Option<TicketNumber>> {
    let Some(ticket) = ticket else { return Ok(None) };
    let row = session
        .row("SELECT number FROM tickets WHERE number = $1 AND machine = $2", args![ticket, agent])
        .await?;
    Ok(row.map(|_| ticket))
}
