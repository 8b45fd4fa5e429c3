//! What runbooks need: the trust roots and catalogues that machines are handed, what people say to jobs at
//! work, and what came of each cause and fix. The controller keeps bytes; who may sign them is each machine's
//! own judgement.

use std::future::Future;

use befund_model::Timestamp;
use befund_model::api::CauseEffect;
use befund_model::audit::By;
use befund_model::id::{AgentId, JobId};
use befund_model::job::Said;

use super::Result;

/// A SHA-256.
pub type Digest = [u8; 32];

/// A trust root, as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRoot {
    /// Its version.
    pub version: u32,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
    /// The signatures.
    pub signatures: Vec<String>,
}

/// A catalogue's manifest, as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCatalogue {
    /// Its version.
    pub version: u64,
    /// The SHA-256 of the manifest.
    pub digest: Digest,
    /// The manifest's exact bytes.
    pub manifest: Vec<u8>,
    /// The signatures.
    pub signatures: Vec<String>,
    /// When it was published.
    pub at: Timestamp,
    /// By whom.
    pub published_by: String,
}

/// What was said to a job and did not reach its machine yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unheard {
    /// The machine.
    pub agent: AgentId,
    /// The job.
    pub job: JobId,
    /// Its number within the job.
    pub seq: u32,
    /// What.
    pub said: Said,
}

/// Runbooks.
pub trait Runbooks {
    /// Keeps a trust root; it must follow the last one. Said twice, it is the same.
    fn keep_root(
        &self,
        root: &KeptRoot,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
    /// The trust roots after this version, in order.
    fn roots(&self, after: u32) -> impl Future<Output = Result<Vec<KeptRoot>>> + Send;
    /// Keeps a catalogue with those of its files that are not there yet; it must be newer than the last one.
    /// Said twice, it is the same.
    fn keep_catalogue(
        &self,
        catalogue: &KeptCatalogue,
        files: &[(Digest, Vec<u8>)],
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
    /// The current catalogue: the newest.
    fn catalogue(&self) -> impl Future<Output = Result<Option<KeptCatalogue>>> + Send;
    /// All catalogues, newest first.
    fn catalogues(&self, limit: u32) -> impl Future<Output = Result<Vec<KeptCatalogue>>> + Send;
    /// A file of a catalogue.
    fn catalogue_file(
        &self,
        digest: Digest,
    ) -> impl Future<Output = Result<Option<Vec<u8>>>> + Send;
    /// Keeps what somebody says to a job, until its machine has heard it; answers its number.
    fn say(
        &self,
        job: JobId,
        said: &Said,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<u32>> + Send;
    /// What was said to jobs of these machines that are at work, and was not heard.
    fn unheard(&self, agents: &[AgentId]) -> impl Future<Output = Result<Vec<Unheard>>> + Send;
    /// A machine has heard it.
    fn heard(
        &self,
        agent: AgentId,
        job: JobId,
        seq: u32,
    ) -> impl Future<Output = Result<()>> + Send;
    /// How often each cause and fix of this runbook was found, done and verified, and how often the ticket
    /// came back; of all runbooks if none is named.
    fn effects(
        &self,
        runbook: Option<&str>,
    ) -> impl Future<Output = Result<Vec<CauseEffect>>> + Send;
}
