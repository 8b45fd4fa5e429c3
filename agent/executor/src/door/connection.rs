//! One connection: one request, answered to its end or until the other side gives up.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use befund_runtime::frame::{self, Frame, FrameError};
use befund_runtime::local::{self, Stream, WriteHalf};

use super::server::Shared;
use super::{Description, Reply, Request, runbooks};
use crate::policy::Policy;
use crate::{jobs, snapshot};

/// How long the request may take to come, and each reply to be taken.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where replies go.
pub(crate) struct Replies {
    to: WriteHalf,
}

impl Replies {
    /// Writes one reply.
    ///
    /// # Errors
    /// If the other side is gone, or does not read.
    pub(crate) async fn send(&mut self, reply: &Reply, blob: &[u8]) -> Result<(), FrameError> {
        timeout(PATIENCE, frame::send(&mut self.to, reply, blob))
            .await
            .map_err(|_| FrameError::Io(std::io::ErrorKind::TimedOut.into()))?
    }
}

/// Says why, and closes.
pub(super) async fn refuse(stream: Stream, message: String) {
    let (_from, to) = local::split(stream);
    // The other side may have gone already.
    let _ = Replies { to }.send(&Reply::Error { message }, &[]).await;
}

/// Reads the request and answers it.
pub(super) async fn serve(mut stream: Stream, shared: &Arc<Shared>, ending: CancellationToken) {
    let request = match timeout(PATIENCE, frame::receive::<Request>(&mut stream)).await {
        Err(_) => return debug!("no request came"),
        Ok(Ok(None)) => return,
        Ok(Ok(Some(frame))) => frame,
        Ok(Err(error)) => {
            warn!(error = &error as &dyn std::error::Error, "a request could not be understood");
            let message =
                "the request could not be understood; the link may be of another version \
                           than the executor"
                    .to_owned();
            return refuse(stream, message).await;
        }
    };
    let (mut from, to) = local::split(stream);
    let mut replies = Replies { to };
    let cancel = ending.child_token();
    let answer = answer(request, shared, &mut replies, &cancel);
    tokio::pin!(answer);
    let answered = tokio::select! {
        answered = &mut answer => answered,
        // Nothing may follow the request: an end, an error or a byte all mean that it was given up.
        _ = from.read_u8() => {
            cancel.cancel();
            answer.await
        }
    };
    if let Err(error) = answered {
        debug!(error = &error as &dyn std::error::Error, "the other side left before the end");
    }
}

async fn answer(
    Frame { header: request, blob }: Frame<Request>,
    shared: &Arc<Shared>,
    replies: &mut Replies,
    cancel: &CancellationToken,
) -> Result<(), FrameError> {
    match request {
        Request::Collect { up_to, only } => {
            snapshot::collect(up_to, only, shared, replies, cancel).await?;
        }
        Request::Run { order, clock_offset_ms } if runbooks::is_one(&order) => {
            runbooks::run(order, clock_offset_ms, shared, replies, cancel).await?;
            if !cancel.is_cancelled() {
                shared.be_ready();
            }
            return Ok(());
        }
        Request::Run { order, clock_offset_ms } => {
            jobs::run(order, clock_offset_ms, shared, replies, cancel).await?;
        }
        Request::Cancel { job } => {
            if let Some(token) = jobs::lock(&shared.running).get(&job) {
                token.cancel();
            } else {
                runbooks::cancel(job, shared).await;
            }
            return replies.send(&Reply::Done, &[]).await;
        }
        Request::Attach { job, after } => {
            return runbooks::attach(job, after, shared, replies, cancel).await;
        }
        Request::Say { .. }
        | Request::Unreported
        | Request::Reported { .. }
        | Request::Trust
        | Request::OfferRoot { .. }
        | Request::OfferCatalogue { .. }
        | Request::OfferFile { .. } => {
            let answered = runbooks::answer(request, blob, shared).await;
            let reply = answered.unwrap_or_else(|message| Reply::Error { message });
            return replies.send(&reply, &[]).await;
        }
        Request::Describe => {
            let reply = match Policy::load(&shared.config.policy) {
                Ok(policy) => Reply::Description(Box::new(Description {
                    works: policy.works(),
                    policy: policy.source,
                    targets: policy.targets,
                })),
                Err(error) => Reply::Error { message: error.to_string() },
            };
            return replies.send(&reply, &[]).await;
        }
    }
    // All was answered: nobody waits while the next child starts.
    if !cancel.is_cancelled() {
        shared.spare.refill();
    }
    Ok(())
}
