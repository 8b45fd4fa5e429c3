//! Brings the machine what the controller hands out: asks the executor what it has, fetches what it lacks, offers
//! it thing by thing. The executor judges; a refusal ends it. No more than one thing is held at a time. When to
//! look, `super::core` says.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::timeout;
use tonic::transport::Channel;

use befund_executor::ExecutorClient;
use befund_executor::door::TrustReport;
use befund_executor::door::client::ExecutorError;
use befund_model::machine::MachineTrust;
use befund_proto::convert::trust::digest;
use befund_proto::v1::link_client::LinkClient;
use befund_proto::{MAX_MESSAGE_BYTES, v1};
use befund_runtime::telemetry;

use super::session::Current;

pub mod parts;

use parts::{Item, Reader};

/// How long the controller may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long all of it may take.
const WHOLE: Duration = Duration::from_secs(30 * 60);
/// How many files can be named in one message; what is not named is sent although the machine has it.
const MAX_NAMED: usize = 400;

/// What came of looking.
#[derive(Debug)]
pub(crate) struct Brought {
    /// What the machine trusts and keeps now; absent if that could not be asked.
    pub(crate) trust: Option<MachineTrust>,
    /// How it ended.
    pub(crate) end: End,
}

/// How it ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The machine has what is handed out.
    Current,
    /// It does not take it, or what came cannot be taken: why, for people.
    Refused(String),
    /// It could not be asked or fetched; soon it may.
    Broken(BringError),
    /// The executor keeps no runbooks.
    NotKept,
}

/// Why a machine does not have what is handed out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BringError {
    /// The executor could not be asked.
    #[error("the executor could not be asked about the catalogue")]
    Executor(#[from] ExecutorError),
    /// The executor does not take it.
    #[error("{0} is not taken by this machine: {1}")]
    Refused(&'static str, String),
    /// The connection broke, or the controller has none.
    #[error("the catalogue could not be fetched")]
    Call(#[source] Box<tonic::Status>),
    /// The controller was silent.
    #[error("the controller did not send the catalogue in time")]
    Late,
    /// What came makes no sense.
    #[error(transparent)]
    Parts(#[from] parts::Broken),
    /// A file did not come.
    #[error("the controller did not send the file {0}, which the catalogue names")]
    Missing(String),
}

impl From<tonic::Status> for BringError {
    fn from(status: tonic::Status) -> Self {
        Self::Call(Box::new(status))
    }
}

/// Whether a machine lacks what is handed out.
pub(crate) fn lacks(trust: &MachineTrust, current: &Current) -> bool {
    let other = !current.catalogue.is_empty() && current.catalogue != trust.catalogue;
    current.root_version > trust.root_version || other
}

/// Brings what the machine lacks; `current` is what is handed out, if that is known.
pub(crate) async fn bring(
    executor: &ExecutorClient,
    channel: Channel,
    current: Option<&Current>,
) -> Brought {
    let had = match executor.trust().await {
        Ok(had) => had,
        Err(ExecutorError::Declined(_)) => return Brought { trust: None, end: End::NotKept },
        Err(error) => return Brought { trust: None, end: End::Broken(error.into()) },
    };
    if current.is_some_and(|current| !lacks(&told(&had), current)) {
        return Brought { trust: Some(told(&had)), end: End::Current };
    }
    let whole = timeout(WHOLE, fetch_all(executor, channel, &had)).await;
    let end = match whole.unwrap_or(Err(BringError::Late)) {
        Ok(()) => End::Current,
        Err(error @ (BringError::Refused(..) | BringError::Parts(_) | BringError::Missing(_))) => {
            End::Refused(telemetry::chain(&error))
        }
        Err(error @ (BringError::Executor(_) | BringError::Call(_) | BringError::Late)) => {
            End::Broken(error)
        }
    };
    // Something of it may have been taken, whatever the end.
    let has = executor.trust().await.unwrap_or(had);
    Brought { trust: Some(told(&has)), end }
}

/// What the controller is told of it.
fn told(report: &TrustReport) -> MachineTrust {
    MachineTrust {
        root_version: u32::try_from(report.root_version).unwrap_or(u32::MAX),
        pinned: report.pinned,
        catalogue_version: report.catalogue_version,
        catalogue: report.catalogue.to_ascii_lowercase(),
        refusal: None,
        policy: report.policy.to_ascii_lowercase(),
        policy_refusal: report.policy_refusal.clone(),
        executor_refusal: None,
    }
}

async fn fetch_all(
    executor: &ExecutorClient,
    channel: Channel,
    had: &TrustReport,
) -> Result<(), BringError> {
    let files = had.files.iter().filter_map(|file| digest(file)).take(MAX_NAMED).collect();
    let mut request = v1::CatalogueRequest {
        root_version: u32::try_from(had.root_version).unwrap_or(u32::MAX),
        catalogue: digest(&had.catalogue).unwrap_or_default(),
        files,
    };
    let named = !request.files.is_empty();
    match fetch(executor, channel.clone(), request.clone()).await {
        // A file that was named is wanted nevertheless: it is not whole any more.
        Err(BringError::Missing(_)) if named => {
            request.files.clear();
            // A root that was taken a moment ago is not offered again.
            request.root_version = told(&executor.trust().await?).root_version;
            fetch(executor, channel, request).await
        }
        other => other,
    }
}

async fn fetch(
    executor: &ExecutorClient,
    channel: Channel,
    request: v1::CatalogueRequest,
) -> Result<(), BringError> {
    let late = |_| BringError::Late;
    let mut client = LinkClient::new(channel).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let call = timeout(PATIENCE, client.catalogue(request));
    let mut stream = call.await.map_err(late)??.into_inner();
    let mut reader = Reader::default();
    let mut offering = Offering { executor, wanted: BTreeSet::new() };
    while let Some(part) = timeout(PATIENCE, stream.message()).await.map_err(late)?? {
        for item in reader.take(part)? {
            offering.offer(item).await?;
        }
    }
    if let Some(item) = reader.end()? {
        offering.offer(item).await?;
    }
    offering.wanted.pop_first().map_or(Ok(()), |path| Err(BringError::Missing(path)))
}

/// What is offered to the executor, and which files it still wants.
struct Offering<'a> {
    executor: &'a ExecutorClient,
    wanted: BTreeSet<String>,
}

impl Offering<'_> {
    async fn offer(&mut self, item: Item) -> Result<(), BringError> {
        match item {
            Item::Root(root) => {
                let offered = self.executor.offer_root(&root.bytes, root.signatures).await;
                offered.map_err(refused("a trust root"))
            }
            Item::Manifest(manifest) => {
                let offered =
                    self.executor.offer_catalogue(&manifest.bytes, manifest.signatures).await;
                self.wanted = offered.map_err(refused("the catalogue"))?.into_iter().collect();
                Ok(())
            }
            Item::File { path, bytes } if self.wanted.remove(&path) => {
                let offered = self.executor.offer_file(&path, &bytes).await;
                offered.map_err(refused("a file of the catalogue"))
            }
            Item::File { .. } => Ok(()),
        }
    }
}

fn refused(what: &'static str) -> impl Fn(ExecutorError) -> BringError {
    move |error| match error {
        ExecutorError::Declined(why) => BringError::Refused(what, why),
        other => BringError::Executor(other),
    }
}
