//! What people do with jobs: starting one (durable and audited before any machine hears of it) and
//! cancelling it. Handing orders to machines is the gate's work, on the bus's hint.

use befund_model::Timestamp;
use befund_model::api::{AnswerQuestion, ApproveFix, NewJob, WorkInfo};
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::{DEFAULT_DEADLINE, Job, JobEvent, JobState, RunbookOrder, Said, Work};
use befund_model::language::Language;
use befund_model::probe;
use befund_model::runbook::Mode;
use befund_runtime::clock;
use jiff::SignedDuration;
use serde_json::{Map, Value};

use crate::api::caller::Caller;
use crate::api::problem::{Code, Failure};
use crate::bus::Hint;
use crate::state::AppState;
use crate::store::repository::{Jobs as _, Runbooks as _, Tickets as _};
use crate::{machines, runbooks, tickets};

/// The most bytes of a job's parameters, as JSON.
pub const MAX_PARAMETER_BYTES: usize = 16 << 10;
/// The longest that a job may wait for its machine: 30 days.
pub const MAX_DEADLINE_SECONDS: u64 = 30 * 24 * 3600;
/// The most bytes of a question's name, and of its answer.
const MAX_WORD_BYTES: usize = 256;
/// The most bytes of the signatures of one approval; what is said to a job has 14 KiB on its way.
const MAX_SIGNATURE_BYTES: usize = 12 << 10;

/// The most jobs that are listed.
const MOST_LISTED: u32 = 500;
/// The most events that are told at once.
pub const MOST_NEWS: u32 = 500;

/// The probes that can be run on machines, told in this language; of runbooks, [`runbooks::offered`] tells.
#[must_use]
pub fn works(language: Language) -> Vec<WorkInfo> {
    probe::catalogue(language)
}

/// Starts a job.
///
/// # Errors
/// `not_found` for a machine or ticket that is not there, `invalid` for work or parameters that
/// make no sense, `conflict` for a machine that was revoked.
pub async fn start(app: &AppState, new: NewJob, caller: &Caller) -> Result<Job, Failure> {
    let parameters = match new.parameters {
        Value::Null => Value::Object(Map::new()),
        Value::Object(map) => Value::Object(map),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(Failure::invalid("a job's parameters are a JSON object"));
        }
    };
    if parameters.to_string().len() > MAX_PARAMETER_BYTES {
        return Err(Failure::invalid(format!(
            "a job's parameters have {MAX_PARAMETER_BYTES} bytes at most"
        )));
    }
    let (parameters, runbook) = checked(app, &new.work, parameters, new.mode).await?;
    let machine = machines::find(app, &new.machine).await?;
    if machine.revoked_at.is_some() {
        return Err(Failure::new(
            Code::Conflict,
            format!(
                "machine {} was revoked, so nothing can run on it; enroll it anew",
                machine.name
            ),
        ));
    }
    if let Some(number) = new.ticket
        && app.store.ticket(number).await?.is_none()
    {
        return Err(Failure::not_found("ticket", number));
    }
    let seconds = new.deadline_seconds.unwrap_or(DEFAULT_DEADLINE.as_secs());
    if seconds == 0 || seconds > MAX_DEADLINE_SECONDS {
        return Err(Failure::invalid(format!(
            "a job may wait for its machine for 1 to {MAX_DEADLINE_SECONDS} seconds"
        )));
    }
    let now = app.clock.now();
    let wait = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    let job = Job {
        id: JobId::new(now, clock::random()),
        agent: machine.id,
        ticket: new.ticket,
        work: new.work,
        parameters,
        state: JobState::Waiting,
        created_by: caller.operator.name.clone(),
        created_at: now,
        deadline: now.checked_add(wait).unwrap_or(Timestamp::MAX),
        ended_at: None,
        outcome: None,
        runbook,
    };
    let audited = app.store.start(&job, &caller.by(), now).await?;
    let job = audited.job;
    app.bus.tell(Hint::Order(job.agent, job.id));
    tell(app, &job);
    Ok(job)
}

/// Checks parameters as far as this side can; the machine checks them again.
async fn checked(
    app: &AppState,
    work: &Work,
    parameters: Value,
    mode: Mode,
) -> Result<(Value, Option<RunbookOrder>), Failure> {
    match work {
        Work::Probe(name) => {
            let spec = probe::spec::probe(name).ok_or_else(|| {
                let name: String = name.chars().take(64).collect();
                Failure::invalid(format!(
                    "there is no probe {name:?}; `befund works` lists what there is, and `befund runbook list` the runbooks"
                ))
            })?;
            spec.parse(&parameters).map_err(|error| Failure::invalid(error.to_string()))?;
            Ok((parameters, None))
        }
        Work::Runbook(name) => {
            let (runbook, catalogue) = runbooks::find(app, name).await?;
            befund_runbook::inputs::admit(&runbook, &parameters)
                .map_err(|error| Failure::invalid(error.to_string()))?;
            let catalogue = catalogue.to_string();
            Ok((parameters, Some(RunbookOrder { mode, catalogue })))
        }
        Work::Undo(_) => Ok((parameters, None)),
    }
}

/// Starts undoing all that the runbooks of a ticket changed on a machine, on the ticket's own if none is named.
///
/// # Errors
/// As [`start`]; `invalid` if no machine is named and the ticket has none.
pub async fn undo(
    app: &AppState,
    number: TicketNumber,
    machine: Option<String>,
    caller: &Caller,
) -> Result<Job, Failure> {
    let machine = match machine {
        Some(machine) => machine,
        None => {
            let agent = tickets::get(app, number, caller).await?.machine.ok_or_else(|| {
                Failure::invalid(format!("ticket {number} has no machine: name one"))
            })?;
            agent.to_string()
        }
    };
    let new = NewJob {
        machine,
        work: Work::Undo(number),
        parameters: Value::Null,
        ticket: Some(number),
        deadline_seconds: None,
        mode: Mode::Run,
    };
    start(app, new, caller).await
}

/// A job.
///
/// # Errors
/// `not_found`.
pub async fn get(app: &AppState, id: JobId) -> Result<Job, Failure> {
    app.store.job(id).await?.ok_or_else(|| Failure::not_found("job", id))
}

/// The jobs that stand so, oldest first.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn in_state(app: &AppState, state: JobState) -> Result<Vec<Job>, Failure> {
    Ok(app.store.jobs_in(state, MOST_LISTED).await?)
}

/// What a job has told so far, from after this event on; at most [`MOST_NEWS`] events.
///
/// # Errors
/// `not_found`.
pub async fn news(app: &AppState, id: JobId, after: u32) -> Result<Vec<JobEvent>, Failure> {
    get(app, id).await?;
    Ok(app.store.job_events(id, after, MOST_NEWS).await?)
}

/// Cancels a job: at once if no machine has begun it, else by asking the machine.
///
/// # Errors
/// `not_found`; `conflict` if it has ended.
pub async fn cancel(app: &AppState, id: JobId, caller: &Caller) -> Result<Job, Failure> {
    let job = get(app, id).await?;
    if job.state.is_final() {
        return Err(Failure::new(
            Code::Conflict,
            format!("job {id} has ended already: it is {}", job.state),
        ));
    }
    let ended_here = app.store.cancel(id, &caller.by(), app.clock.now()).await?;
    if !ended_here {
        app.bus.tell(Hint::Cancel(job.agent, id));
    }
    tell(app, &job);
    get(app, id).await
}

/// Answers a question that a job asks.
///
/// # Errors
/// `not_found`; `conflict` if it has ended; `invalid` for an answer of no use.
pub async fn answer(
    app: &AppState,
    id: JobId,
    answer: AnswerQuestion,
    caller: &Caller,
) -> Result<Job, Failure> {
    let name = &caller.operator.name;
    let by = if answer.for_user { format!("{name} for the user") } else { name.clone() };
    if answer.question.len() > MAX_WORD_BYTES || answer.answer.len() > MAX_WORD_BYTES {
        return Err(Failure::invalid(format!(
            "a question's name and its answer have {MAX_WORD_BYTES} bytes at most"
        )));
    }
    let said = Said::Answer { question: answer.question, answer: answer.answer, by };
    say(app, id, &said, caller).await
}

/// Hands signatures to a job, or the word that its fix will not be signed. They are the machine's to verify.
///
/// # Errors
/// `not_found`; `conflict` if it has ended; `invalid` for more than an approval may have.
pub async fn approve(
    app: &AppState,
    id: JobId,
    approval: ApproveFix,
    caller: &Caller,
) -> Result<Job, Failure> {
    let ApproveFix { fix, signatures } = approval;
    let bytes: usize = signatures.iter().map(String::len).sum();
    if bytes > MAX_SIGNATURE_BYTES || fix.cause.len() > MAX_WORD_BYTES {
        return Err(Failure::invalid(format!(
            "an approval has {MAX_SIGNATURE_BYTES} bytes of signatures at most"
        )));
    }
    let said = if signatures.is_empty() {
        Said::NotApproved { fix, by: caller.operator.name.clone() }
    } else {
        Said::Approval { fix, signatures }
    };
    say(app, id, &said, caller).await
}

async fn say(app: &AppState, id: JobId, said: &Said, caller: &Caller) -> Result<Job, Failure> {
    let job = get(app, id).await?;
    app.store.say(id, said, &caller.by(), app.clock.now()).await?;
    app.bus.tell(Hint::Said(job.agent, id));
    tell(app, &job);
    Ok(job)
}

fn tell(app: &AppState, job: &Job) {
    app.bus.tell(Hint::Job(job.id));
    if let Some(number) = job.ticket {
        app.bus.tell(Hint::Ticket(number));
    }
}
