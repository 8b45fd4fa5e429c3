//! What a job waits to have signed: the newest statement that it made and that nobody has answered.

use befund_model::action::Risk;
use befund_model::id::JobId;
use befund_model::job::{Job, JobEvent, JobNews, JobState};
use befund_model::runbook::FixRef;
use befund_trust::approval::Statement;
use befund_trust::root::Role;
use serde_json::Value;

use crate::client::{Client, read};
use crate::exit::Exit;
use crate::failure::{Failure, chain};

/// The most pages of a job's events that are read.
const MAX_PAGES: usize = 64;

/// A statement that waits.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// The job.
    pub(crate) job: Job,
    /// The fix.
    pub(crate) fix: FixRef,
    /// What is signed, read.
    pub(crate) statement: Statement,
    /// What is signed, byte by byte.
    pub(crate) bytes: Vec<u8>,
    /// How many people have to sign.
    pub(crate) people: u32,
    /// Who has signed so far, each as the machine names them: `Name (id)`.
    pub(crate) signed: Vec<String>,
}

/// What a machine wants signed, as it told it.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// For which fix.
    pub(crate) fix: FixRef,
    /// The text, exactly as it is signed.
    pub(crate) statement: String,
    /// How many people have to sign it.
    pub(crate) people: u32,
    /// Who has signed so far.
    pub(crate) signed: Vec<String>,
}

impl Pending {
    /// Reads what a machine wants signed, and whether it is of the job that it stands under.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn of(what: &str, job: Job, wanted: Wanted) -> Result<Self, Failure> {
        let Wanted { fix, statement: text, people, signed } = wanted;
        let refused = |why: String| {
            Failure::cannot(Exit::Failed, what, why)
                .hint("sign nothing, and have somebody look at the machine and the controller")
        };
        let bytes = text.into_bytes();
        let statement = Statement::parse(&bytes).map_err(|error| refused(chain(&error)))?;
        let step = &statement.step;
        let (said, is) =
            ((step.job, step.agent, step.ticket, &step.fix), (job.id, job.agent, job.ticket, &fix));
        if said != is {
            return Err(refused(
                "what is to be signed is of another job, machine, ticket or fix than it stands under".to_owned(),
            ));
        }
        Ok(Self { job, fix, statement, bytes, people, signed })
    }

    /// Whose signature it takes.
    pub(crate) const fn role(&self) -> Role {
        match self.statement.step.risk {
            // Nobody signs what only reads: a statement of it cannot be read.
            Risk::Read | Risk::Change => Role::Change,
            Risk::Disruptive => Role::Disruptive,
        }
    }
}

/// What the job waits for.
///
/// # Errors
/// If it waits for nothing, or for something that nobody should sign.
pub(super) async fn of(client: &Client, what: &str, id: JobId) -> Result<Pending, Failure> {
    let job: Job = read(what, &client.get(what, &["jobs", &id.to_string()]).await?)?;
    let events = events(client, what, id).await?;
    let Some(wanted) = newest(&events).filter(|_| !job.state.is_final()) else {
        let why = format!("it waits for no signature: it is {}", job.state);
        return Err(Failure::cannot(Exit::Conflict, what, why)
            .hint("see what waits: befund approve; or watch it: befund job watch JOB"));
    };
    Pending::of(what, job, wanted)
}

/// All that a job has told.
///
/// # Errors
/// If the controller cannot be asked.
pub(crate) async fn events(
    client: &Client,
    what: &str,
    id: JobId,
) -> Result<Vec<JobEvent>, Failure> {
    let mut events: Vec<JobEvent> = Vec::new();
    for _ in 0..MAX_PAGES {
        let after = events.last().map_or(0, |event| event.seq);
        let path = ["jobs", &id.to_string(), "news"];
        let raw: Value = client.get_with(what, &path, &[("after", after)]).await?;
        let page: Vec<JobEvent> = read(what, &raw)?;
        if page.is_empty() {
            break;
        }
        events.extend(page);
    }
    Ok(events)
}

/// The newest statement that was not answered: neither approved nor left behind by the job.
fn newest(events: &[JobEvent]) -> Option<Wanted> {
    let mut asked: Option<Wanted> = None;
    for event in events {
        match &event.what {
            JobNews::ApprovalAsked { fix, statement, people } => {
                asked = Some(Wanted {
                    fix: fix.clone(),
                    statement: statement.clone(),
                    people: *people,
                    signed: Vec::new(),
                });
            }
            JobNews::Signed { by, people, .. } => {
                if let Some(wanted) = &mut asked {
                    wanted.signed.clone_from(by);
                    wanted.people = *people;
                }
            }
            JobNews::Approved { .. } | JobNews::Acting { .. } => asked = None,
            JobNews::State(JobState::NeedsApproval) => {}
            JobNews::State(_) => asked = None,
            JobNews::Started
            | JobNews::Output(_)
            | JobNews::StepStarted { .. }
            | JobNews::StepEnded { .. }
            | JobNews::Cause { .. }
            | JobNews::Asked(_)
            | JobNews::Answered(_)
            | JobNews::Predicted { .. }
            | JobNews::Consent { .. }
            | JobNews::Acted { .. }
            | JobNews::Verified { .. }
            | JobNews::Undone { .. }
            | JobNews::Resumed { .. } => {}
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use befund_model::Timestamp;

    use super::*;

    fn told(news: Vec<JobNews>) -> Vec<JobEvent> {
        let event = |(what, seq)| JobEvent { seq, at: Timestamp::UNIX_EPOCH, what };
        news.into_iter().zip(1..).map(event).collect()
    }

    fn fix(index: u32) -> FixRef {
        FixRef { cause: "dns-dead".into(), index }
    }

    fn asked(index: u32) -> JobNews {
        JobNews::ApprovalAsked { fix: fix(index), statement: format!("{index}"), people: 1 }
    }

    #[test]
    fn what_was_answered_or_left_behind_no_longer_waits() {
        let waits = |news| newest(&told(news)).map(|wanted| wanted.fix.index);
        let needs = || JobNews::State(JobState::NeedsApproval);
        assert_eq!(waits(vec![JobNews::Started]), None);
        assert_eq!(waits(vec![needs(), asked(0)]), Some(0));
        assert_eq!(waits(vec![asked(0), needs()]), Some(0));
        let approved = JobNews::Approved { fix: fix(0), by: "anna".into() };
        assert_eq!(waits(vec![asked(0), approved.clone()]), None);
        assert_eq!(waits(vec![asked(0), approved, needs(), asked(1)]), Some(1));
        assert_eq!(waits(vec![asked(0), JobNews::State(JobState::Running)]), None);
        assert_eq!(waits(vec![asked(0), asked(0)]), Some(0));
    }

    #[test]
    fn who_signed_before_is_told_until_it_is_asked_anew() {
        let signed = || JobNews::Signed { fix: fix(0), by: vec!["Anna (anna)".into()], people: 2 };
        let by = |news| newest(&told(news)).map(|wanted| wanted.signed.join(", "));
        assert_eq!(by(vec![asked(0), signed()]).as_deref(), Some("Anna (anna)"));
        assert_eq!(by(vec![asked(0), signed(), asked(0)]).as_deref(), Some(""));
        assert_eq!(by(vec![signed()]), None);
    }
}
