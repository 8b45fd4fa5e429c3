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
}

impl Pending {
    /// Reads what a machine wants signed, and whether it is of the job that it stands under.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn of(
        what: &str,
        job: Job,
        fix: FixRef,
        text: &str,
        people: u32,
    ) -> Result<Self, Failure> {
        let refused = |why: String| {
            Failure::cannot(Exit::Failed, what, why)
                .hint("sign nothing, and have somebody look at the machine and the controller")
        };
        let bytes = text.as_bytes().to_vec();
        let statement = Statement::parse(&bytes).map_err(|error| refused(chain(&error)))?;
        let step = &statement.step;
        let (said, is) =
            ((step.job, step.agent, step.ticket, &step.fix), (job.id, job.agent, job.ticket, &fix));
        if said != is {
            return Err(refused(
                "what is to be signed is of another job, machine, ticket or fix than it stands under".to_owned(),
            ));
        }
        Ok(Self { job, fix, statement, bytes, people })
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
    let Some((fix, text, people)) = newest(&events).filter(|_| !job.state.is_final()) else {
        let why = format!("it waits for no signature: it is {}", job.state);
        return Err(Failure::cannot(Exit::Conflict, what, why)
            .hint("see what waits: befund approve; or watch it: befund job watch JOB"));
    };
    let (fix, text) = (fix.clone(), text.to_owned());
    Pending::of(what, job, fix, &text, people)
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
fn newest(events: &[JobEvent]) -> Option<(&FixRef, &str, u32)> {
    let mut asked = None;
    for event in events {
        match &event.what {
            JobNews::ApprovalAsked { fix, statement, people } => {
                asked = Some((fix, statement.as_str(), *people));
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
        let waits = |news| newest(&told(news)).map(|(fix, _, _)| fix.index);
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
}
