//! `job …` and `works`: what ran, what runs and asks, and what can be run.

use befund_model::api::{AnswerQuestion, MachineView, WorkInfo};
use befund_model::id::JobId;
use befund_model::job::Job as Record;
use clap::Subcommand;
use serde_json::json;

use crate::client::{Client, read};
use crate::commands::watch::Sitting;
use crate::commands::{Desk, watch};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// Subcommands of `befund job`.
#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// Show a job and what came of it.
    Show {
        /// The job.
        id: JobId,
    },
    /// Watch a job until it ends.
    Watch {
        /// The job.
        id: JobId,
    },
    /// Explain what a job came to, for a colleague who goes on from here: causes, answers, what was tried and what became
    /// of it.
    Explain {
        /// The job.
        id: JobId,
    },
    /// Answer a question that a job asks.
    Answer {
        /// The job.
        id: JobId,
        /// The question's name.
        question: String,
        /// One of its answers.
        answer: String,
        /// It is what the user says, as on the phone; it is recorded so.
        #[arg(long)]
        for_user: bool,
    },
    /// Cancel a job that has not ended.
    Cancel {
        /// The job.
        id: JobId,
    },
}

impl Job {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
        let client = desk.client()?;
        match self {
            Self::Show { id } => {
                let what = format!("show job {id}");
                let raw = client.get(&what, &["jobs", &id.to_string()]).await?;
                let job: Record = read(&what, &raw)?;
                desk.screen.show(&raw, |look| render::job::job(look, &job))?;
                Ok(Exit::Ok)
            }
            Self::Watch { id } => {
                let what = format!("watch job {id}");
                let raw = client.get(&what, &["jobs", &id.to_string()]).await?;
                let job: Record = read(&what, &raw)?;
                let sitting = Sitting::of(desk, None);
                watch::job(&client, &what, &job, &sitting, desk).await
            }
            Self::Explain { id } => {
                let what = format!("explain job {id}");
                let raw = client.get(&what, &["jobs", &id.to_string()]).await?;
                let job: Record = read(&what, &raw)?;
                let machine = called(&client, &what, &job).await?;
                let machine = machine.as_deref();
                desk.screen.show(&raw, |look| render::explain::job(look, &job, machine))?;
                Ok(Exit::Ok)
            }
            Self::Answer { id, question, answer, for_user } => {
                let what = format!("answer {question} of job {id}");
                let body = AnswerQuestion { question, answer, for_user };
                let path = ["jobs", &id.to_string(), "answer"];
                let raw = client.post(&what, &path, &body).await?;
                desk.screen.show(&raw, |_| {
                    format!("The machine is told. Watch it go on: befund job watch {id}")
                })?;
                Ok(Exit::Ok)
            }
            Self::Cancel { id } => {
                let what = format!("cancel job {id}");
                let path = ["jobs", &id.to_string(), "cancel"];
                let raw = client.post(&what, &path, &json!({})).await?;
                let job: Record = read(&what, &raw)?;
                desk.screen.show(&raw, |look| render::job::job(look, &job))?;
                Ok(Exit::Ok)
            }
        }
    }
}

/// What the job's machine is called; none for one that is no longer there.
async fn called(client: &Client, what: &str, job: &Record) -> Result<Option<String>, Failure> {
    let told = client.get(what, &["machines", &job.agent.to_string()]).await;
    match told {
        Ok(raw) => Ok(Some(read::<MachineView>(what, &raw)?.machine.name)),
        Err(failure) if failure.exit() == Exit::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Lists the probes.
pub(crate) async fn works(desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = "list the probes";
    let raw = desk.client()?.get(what, &["works"]).await?;
    let works: Vec<WorkInfo> = read(what, &raw)?;
    desk.screen.show(&raw, |look| render::audit::works(look, &works))
}
