//! Jobs: started, looked up, cancelled, expired. What their machines say of them is in `progress`.

use befund_model::Timestamp;
use befund_model::audit::{Actor, By};
use befund_model::id::{AgentId, AuditId, JobId, TicketNumber};
use befund_model::job::{Job, JobEvent, JobState, Order, Outcome};
use befund_model::snapshot::Status;
use befund_model::ticket::TicketEvent;
use serde_json::json;

use super::open::Store;
use super::repository::{Adopted, AuditedJob, JobProgress, JobReport, Jobs, Result, StoreError};
use super::sql::{Row, Session, Value, args, to_json};
use super::write::write;
use super::{adopt, audit, bulk, progress, timeline};

const COLUMNS: &str = "id, agent, ticket, work, parameters, state, created_by, created_at, \
                       deadline, ended_at, outcome, audit, runbook";
/// How many agents are looked after in one statement.
const LOOK_UP: usize = 256;
/// How many jobs expire at one call.
const MOST_EXPIRED: i64 = 1_000;

impl Jobs for Store {
    async fn start(&self, job: &Job, by: &By, at: Timestamp) -> Result<AuditedJob> {
        let waiting = Job {
            state: JobState::Waiting,
            created_at: at,
            ended_at: None,
            outcome: None,
            ..job.clone()
        };
        let entry = write!(self, "start a job", |session| {
            if let Some(ticket) = waiting.ticket {
                timeline::locked(session, ticket).await?;
                let event = TicketEvent::JobStarted { job: job.id, work: job.work.clone() };
                timeline::tell(session, ticket, &event, by.actor.name(), at).await?;
            }
            let detail = json!({
                "job": job.id, "work": job.work, "parameters": job.parameters,
                "ticket": job.ticket, "deadline": job.deadline,
            });
            let object = format!("agent:{}", job.agent);
            let entry = audit::entry(session, "job.start", &object, &detail, by, at).await?;
            insert(session, &waiting, entry).await?;
            entry
        })?;
        Ok(AuditedJob { job: waiting, receipt: audit::receipt(entry) })
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>> {
        self.read("look up a job")
            .await?
            .row(format!("SELECT {COLUMNS} FROM jobs WHERE id = $1"), args![id])
            .await?
            .map(|row| read(&row))
            .transpose()
    }

    async fn jobs_in(&self, state: JobState, limit: u32) -> Result<Vec<Job>> {
        self.read("look for jobs by their state")
            .await?
            .rows(
                format!(
                    "SELECT {COLUMNS} FROM jobs WHERE state = $1 ORDER BY created_at, id LIMIT $2"
                ),
                args![state.as_str(), limit],
            )
            .await?
            .iter()
            .map(read)
            .collect()
    }

    async fn waiting(&self, agents: &[AgentId], at: Timestamp) -> Result<Vec<AuditedJob>> {
        let mut jobs = Vec::new();
        if agents.is_empty() {
            return Ok(jobs);
        }
        let mut session = self.read("look for waiting jobs").await?;
        for part in agents.chunks(LOOK_UP) {
            let (list, mut values) =
                bulk::list(2, part.iter().map(|agent| Value::from(*agent)).collect());
            values.insert(0, Value::from(at));
            let rows = session
                .rows(
                    format!(
                        "SELECT {COLUMNS} FROM jobs WHERE state = 'waiting' AND deadline > $1 \
                         AND agent IN {list}"
                    ),
                    values,
                )
                .await?;
            for row in rows {
                let receipt = audit::receipt(row.id(11, AuditId::from_slice)?);
                jobs.push(AuditedJob { job: read(&row)?, receipt });
            }
        }
        jobs.sort_by_key(|audited| (audited.job.created_at, audited.job.id));
        Ok(jobs)
    }

    async fn report(
        &self,
        agent: AgentId,
        reports: &[JobReport],
        at: Timestamp,
    ) -> Result<Vec<Option<JobProgress>>> {
        progress::report(self, agent, reports, at).await
    }

    async fn adopt(
        &self,
        agent: AgentId,
        order: &Order,
        begun_by: &str,
        at: Timestamp,
    ) -> Result<Adopted> {
        adopt::adopt(self, agent, order, begun_by, at).await
    }

    async fn cancel(&self, job: JobId, by: &By, at: Timestamp) -> Result<bool> {
        write!(self, "cancel a job", |session| {
            let found = found(session, job).await?;
            let detail = json!({ "job": job, "state": found.state, "ticket": found.ticket });
            let object = format!("agent:{}", found.agent);
            audit::entry(session, "job.cancel", &object, &detail, by, at).await?;
            if found.state == JobState::Waiting {
                let reason = "cancelled before the machine had it";
                end(session, &found, JobState::Cancelled, reason, by.actor.name(), at).await?;
            } else if !found.state.is_final() {
                session
                    .execute("UPDATE jobs SET cancel_at = $2 WHERE id = $1", args![job, at])
                    .await?;
            }
            found.state == JobState::Waiting || found.state.is_final()
        })
    }

    async fn unended(
        &self,
        tickets: &[TicketNumber],
    ) -> Result<Vec<(TicketNumber, JobId, JobState)>> {
        let mut jobs = Vec::new();
        if tickets.is_empty() {
            return Ok(jobs);
        }
        let mut session = self.read("look for jobs of tickets").await?;
        for part in tickets.chunks(LOOK_UP) {
            let (list, values) =
                bulk::list(1, part.iter().map(|ticket| Value::from(*ticket)).collect());
            let sql = format!(
                "SELECT ticket, id, state FROM jobs WHERE ended_at IS NULL AND ticket IN {list} \
                 ORDER BY id"
            );
            for row in session.rows(sql, values).await? {
                let state = row.word(2, "a job's state", JobState::parse)?;
                jobs.push((TicketNumber(row.int(0)?), row.id(1, JobId::from_slice)?, state));
            }
        }
        Ok(jobs)
    }

    async fn to_cancel(&self, agents: &[AgentId]) -> Result<Vec<(AgentId, JobId)>> {
        let mut jobs = Vec::new();
        if agents.is_empty() {
            return Ok(jobs);
        }
        let mut session = self.read("look for jobs to cancel").await?;
        for part in agents.chunks(LOOK_UP) {
            let (list, values) =
                bulk::list(1, part.iter().map(|agent| Value::from(*agent)).collect());
            let sql = format!(
                "SELECT agent, id FROM jobs WHERE cancel_at IS NOT NULL AND ended_at IS NULL \
                 AND agent IN {list}"
            );
            for row in session.rows(sql, values).await? {
                jobs.push((row.id(0, AgentId::from_slice)?, row.id(1, JobId::from_slice)?));
            }
        }
        Ok(jobs)
    }

    async fn expire(&self, at: Timestamp) -> Result<Vec<JobId>> {
        let rows = self
            .read("look for expired jobs")
            .await?
            .rows(
                "SELECT id FROM jobs WHERE ended_at IS NULL AND deadline <= $1 \
                 ORDER BY deadline LIMIT $2",
                args![at, MOST_EXPIRED],
            )
            .await?;
        let mut expired = Vec::new();
        for row in rows {
            let id = row.id(0, JobId::from_slice)?;
            if expire_one(self, id, at).await? {
                expired.push(id);
            }
        }
        Ok(expired)
    }

    async fn job_events(&self, job: JobId, after: u32, limit: u32) -> Result<Vec<JobEvent>> {
        self.read("read a job's events")
            .await?
            .rows(
                "SELECT seq, at, what FROM job_events WHERE job = $1 AND seq > $2 \
                 ORDER BY seq LIMIT $3",
                args![job, after, limit],
            )
            .await?
            .iter()
            .map(|row| {
                Ok(JobEvent {
                    seq: progress::number(row.int(0)?)?,
                    at: row.time(1)?,
                    what: row.json(2, "a job's event")?,
                })
            })
            .collect()
    }
}

/// Writes a new job in its state.
pub(in crate::store) async fn insert(
    session: &mut Session,
    job: &Job,
    entry: AuditId,
) -> Result<()> {
    let runbook = job.runbook.as_ref();
    let runbook = runbook.map(|runbook| to_json(runbook, "a job's runbook")).transpose()?;
    session
        .execute(
            "INSERT INTO jobs (id, agent, ticket, work, parameters, state, created_by, \
             created_at, deadline, answered, last_event, audit, runbook) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10, $11)",
            args![
                job.id,
                job.agent,
                job.ticket,
                to_json(&job.work, "a job's work")?,
                to_json(&job.parameters, "a job's parameters")?,
                job.state.as_str(),
                job.created_by.as_str(),
                job.created_at,
                job.deadline,
                entry,
                runbook.as_deref()
            ],
        )
        .await?;
    Ok(())
}

async fn expire_one(store: &Store, id: JobId, at: Timestamp) -> Result<bool> {
    let by = By { actor: Actor::System, source: "local".to_owned() };
    write!(store, "expire a job", |session| {
        let row = session
            .row(format!("SELECT {COLUMNS} FROM jobs WHERE id = $1 FOR UPDATE"), args![id])
            .await?;
        let found = row.map(|row| read(&row)).transpose()?;
        match found {
            Some(job) if !job.state.is_final() && job.deadline <= at => {
                let reason = match job.state {
                    JobState::Waiting => "its deadline passed before the machine took it",
                    JobState::Delivered
                    | JobState::Running
                    | JobState::Asking
                    | JobState::NeedsApproval
                    | JobState::Rebooting
                    | JobState::Done
                    | JobState::Failed
                    | JobState::Refused
                    | JobState::Cancelled
                    | JobState::Expired
                    | JobState::Indeterminate => "its deadline passed before the machine ended it",
                };
                end(session, &job, JobState::Expired, reason, by.actor.name(), at).await?;
                let detail = json!({ "job": id, "state": job.state, "ticket": job.ticket });
                let object = format!("agent:{}", job.agent);
                audit::entry(session, "job.expire", &object, &detail, &by, at).await?;
                true
            }
            Some(_) | None => false,
        }
    })
}

/// Ends a job on the controller's own account, so that it has a result too.
async fn end(
    session: &mut Session,
    job: &Job,
    state: JobState,
    reason: &str,
    by: &str,
    at: Timestamp,
) -> Result<()> {
    let outcome = Outcome {
        state,
        status: Status::Failed,
        reason: reason.to_owned(),
        result: serde_json::Value::Null,
        took_us: 0,
    };
    session
        .execute(
            "UPDATE jobs SET state = $2, ended_at = $3, outcome = $4 WHERE id = $1",
            args![job.id, state.as_str(), at, to_json(&outcome, "a job's outcome")?],
        )
        .await?;
    progress::tell_result(session, job, state, &outcome, by, at).await
}

/// A job, kept from other writers until the end of the transaction.
pub(in crate::store) async fn found(session: &mut Session, id: JobId) -> Result<Job> {
    let row = session
        .row(format!("SELECT {COLUMNS} FROM jobs WHERE id = $1 FOR UPDATE"), args![id])
        .await?
        .ok_or_else(|| StoreError::NotFound { what: "job", id: id.to_string() })?;
    read(&row)
}

/// Reads a job: [`COLUMNS`] without the audit entry.
pub(in crate::store) fn read(row: &Row) -> Result<Job> {
    Ok(Job {
        id: row.id(0, JobId::from_slice)?,
        agent: row.id(1, AgentId::from_slice)?,
        ticket: row.maybe_int(2)?.map(TicketNumber),
        work: row.json(3, "a job's work")?,
        parameters: row.json(4, "a job's parameters")?,
        state: row.word(5, "a job's state", JobState::parse)?,
        created_by: row.text(6)?,
        created_at: row.time(7)?,
        deadline: row.time(8)?,
        ended_at: row.maybe_time(9)?,
        outcome: row.maybe_json(10, "a job's outcome")?,
        runbook: row.maybe_json(12, "a job's runbook")?,
    })
}

/// A job that is this agent's, kept from other writers until the end of the transaction; with
/// whether its machine answered already, and the last event that is kept.
pub(in crate::store) async fn locked(
    session: &mut Session,
    agent: AgentId,
    job: JobId,
) -> Result<Option<(Job, bool, u32)>> {
    let row = session
        .row(
            format!(
                "SELECT {COLUMNS}, answered, last_event FROM jobs \
                 WHERE id = $1 AND agent = $2 FOR UPDATE"
            ),
            args![job, agent],
        )
        .await?;
    row.map(|row| Ok((read(&row)?, row.int(13)? != 0, progress::number(row.int(14)?)?))).transpose()
}
