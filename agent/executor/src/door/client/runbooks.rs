//! What the link asks about runbooks: jobs that outlive its connection, what people say to them, and the
//! catalogue that it brings.

use std::time::Duration;

use befund_model::id::JobId;
use befund_model::job::Said;

use super::{ExecutorClient, ExecutorError, GRACE, Job, unexpected};
use crate::door::{Reply, Request, TrustReport, Unreported};

/// How long a job may be followed: people think, and machines restart.
pub(super) const FOLLOW: Duration = Duration::from_secs(31 * 24 * 3600);

impl ExecutorClient {
    /// Follows a runbook's job that the executor has in its journal, from after this event.
    ///
    /// # Errors
    /// If the executor cannot be reached.
    pub async fn attach(&self, job: JobId, after: u32) -> Result<Job, ExecutorError> {
        let answer = self.ask(&Request::Attach { job, after }, FOLLOW).await?;
        Ok(Job { answer })
    }

    /// Passes on what a person says to a job.
    ///
    /// # Errors
    /// If the executor cannot be reached.
    pub async fn say(&self, job: JobId, said: Said) -> Result<(), ExecutorError> {
        self.done(&Request::Say { job, said }, &[]).await
    }

    /// The jobs that were not reported.
    ///
    /// # Errors
    /// If the executor cannot be reached.
    pub async fn unreported(&self) -> Result<Vec<Unreported>, ExecutorError> {
        match self.ask(&Request::Unreported, GRACE).await?.next().await?.header {
            Reply::Unreported(jobs) => Ok(jobs),
            other => Err(unexpected(other)),
        }
    }

    /// The controller has all of this job.
    ///
    /// # Errors
    /// If the executor cannot be reached.
    pub async fn reported(&self, job: JobId) -> Result<(), ExecutorError> {
        self.done(&Request::Reported { job }, &[]).await
    }

    /// What this machine trusts and keeps.
    ///
    /// # Errors
    /// If the executor cannot be reached.
    pub async fn trust(&self) -> Result<TrustReport, ExecutorError> {
        match self.ask(&Request::Trust, GRACE).await?.next().await?.header {
            Reply::Trust(report) => Ok(*report),
            other => Err(unexpected(other)),
        }
    }

    /// Brings a trust root.
    ///
    /// # Errors
    /// If it is not taken: why.
    pub async fn offer_root(
        &self,
        bytes: &[u8],
        signatures: Vec<String>,
    ) -> Result<(), ExecutorError> {
        self.done(&Request::OfferRoot { signatures }, bytes).await
    }

    /// Brings a catalogue's manifest; the paths of the files that are missing.
    ///
    /// # Errors
    /// If it is not taken: why.
    pub async fn offer_catalogue(
        &self,
        manifest: &[u8],
        signatures: Vec<String>,
    ) -> Result<Vec<String>, ExecutorError> {
        let request = Request::OfferCatalogue { signatures };
        match self.ask_with(&request, manifest, GRACE).await?.next().await?.header {
            Reply::Wanted { paths } => Ok(paths),
            other => Err(unexpected(other)),
        }
    }

    /// Brings a file of the catalogue that was offered last.
    ///
    /// # Errors
    /// If it is not taken: why.
    pub async fn offer_file(&self, path: &str, bytes: &[u8]) -> Result<(), ExecutorError> {
        self.done(&Request::OfferFile { path: path.to_owned() }, bytes).await
    }

    async fn done(&self, request: &Request, blob: &[u8]) -> Result<(), ExecutorError> {
        match self.ask_with(request, blob, GRACE).await?.next().await?.header {
            Reply::Done => Ok(()),
            other => Err(unexpected(other)),
        }
    }
}
