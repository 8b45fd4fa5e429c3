//! Taking a snapshot's sections from a collect child, and filling in those that did not come.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use befund_collect::child::ChildMessage;
use befund_collect::{Limits, Plan, expected};
use befund_model::snapshot::{PrivacyClass, Section, SectionKind, Status};
use befund_runtime::frame::FrameError;

use crate::child::ChildWork;
use crate::door::Reply;
use crate::door::connection::Replies;
use crate::door::server::Shared;
use crate::supervise::Next;

/// How much earlier than it is killed the child itself gives up on what has not come.
const MARGIN: Duration = Duration::from_millis(1_500);

/// Relays sections as they come; the last reply is always [`Reply::Done`], and every section that
/// was to be expected came before it.
pub(crate) async fn collect(
    up_to: PrivacyClass,
    only: Option<Vec<SectionKind>>,
    shared: &Shared,
    replies: &mut Replies,
    cancel: &CancellationToken,
) -> Result<(), FrameError> {
    let started = Instant::now();
    let within = shared.config.collect_within;
    let deadline = within.saturating_sub(MARGIN);
    let plan = Plan { up_to, only, deadline, limits: Limits::default() };
    let mut waiting = expected(&plan);
    let until = started + within;
    let failure = relay(plan, until, &mut waiting, shared, replies, cancel).await?;
    if cancel.is_cancelled() {
        return Ok(());
    }
    if let Some((status, reason)) = failure {
        warn!(missing = waiting.len(), reason, "sections are missing");
        for (kind, class, volatility) in waiting {
            let section = Section::missing(kind, class, volatility, status, reason.clone());
            replies.send(&Reply::Section(section.line), &section.bytes).await?;
        }
    }
    info!(took_ms = started.elapsed().as_millis(), "snapshot taken");
    replies.send(&Reply::Done, &[]).await
}

type Expected = (SectionKind, PrivacyClass, befund_model::snapshot::Volatility);

/// Sends on what the child tells, and takes it off the list; why the rest did not come, if there is
/// a rest.
async fn relay(
    plan: Plan,
    until: Instant,
    waiting: &mut Vec<Expected>,
    shared: &Shared,
    replies: &mut Replies,
    cancel: &CancellationToken,
) -> Result<Option<(Status, String)>, FrameError> {
    let late = || {
        let within = shared.config.collect_within.as_millis();
        let reason = format!("it did not come within {within} ms");
        Some((Status::Timeout, reason))
    };
    let permit = cancel.run_until_cancelled(timeout_at(until, shared.children.acquire()));
    let _permit = match permit.await {
        None => return Ok(None),
        Some(Err(_)) => return Ok(late()),
        Some(Ok(permit)) => permit,
    };
    let work = ChildWork::Collect(plan);
    let mut child = match shared.child(work).await {
        Ok(child) => child,
        Err(error) => return Ok(Some((Status::Failed, crate::told(&error)))),
    };
    loop {
        match child.next::<ChildMessage>(until, cancel).await {
            Next::Frame(frame) => match frame.header {
                ChildMessage::Section(line) => {
                    waiting.retain(|(kind, ..)| *kind != line.kind);
                    replies.send(&Reply::Section(line), &frame.blob).await?;
                }
                ChildMessage::Done { .. } if waiting.is_empty() => return Ok(None),
                ChildMessage::Done { .. } => {
                    let reason = "the collect child did not tell of it".to_owned();
                    return Ok(Some((Status::Failed, reason)));
                }
            },
            Next::Cancelled => return Ok(None),
            Next::Late => return Ok(late()),
            Next::Garbled => {
                let reason = "the collect child told something that is no message".to_owned();
                return Ok(Some((Status::Failed, reason)));
            }
            Next::Closed => {
                let why = child.end().await;
                let reason = why.unwrap_or_else(|| "the collect child ended early".to_owned());
                return Ok(Some((Status::Failed, reason)));
            }
        }
    }
}
