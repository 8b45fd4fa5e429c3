//! The session of one machine as a stream of what is said to it. The stream itself listens to the
//! machine and to its mailbox whenever it is polled, so a connected machine costs no task.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use befund_model::id::{AgentId, Hash};
use befund_proto::convert;
use befund_proto::v1::controller_message::Body;
use befund_proto::v1::{self, goodbye};
use befund_runtime::telemetry;
use futures_core::Stream;
use tokio::time::{Sleep, sleep};
use tonic::{Status, Streaming};
use tracing::{debug, info, warn};

use super::Shared;
use super::mailbox::{Delivery, Letter, Mailbox};
use crate::bus::Hint;

#[doc(hidden)]
pub mod fuzzing;
mod machine;
mod reports;
mod work;

use machine::{Heard, Session};
use reports::Reports;

/// How long what is said of a job waits for what belongs into the same commit, unless it is the job's end: most steps
/// that read have ended by then, and wait for one commit instead of two.
const COMPANY: Duration = Duration::from_millis(3);

type Work = Pin<Box<dyn Future<Output = Result<Vec<Body>, Status>> + Send>>;

/// What is said to one machine.
pub(super) struct SessionStream {
    shared: Arc<Shared>,
    agent: AgentId,
    inbound: Streaming<v1::AgentMessage>,
    mailbox: Arc<Mailbox>,
    rules: Session,
    outbox: VecDeque<Body>,
    /// What was heard and cannot be begun before `work` is done.
    next: Option<Heard>,
    work: Option<Work>,
    gathering: Option<Box<Gathering>>,
    greeted: bool,
    over: bool,
}

/// What was said of jobs, until it is kept.
struct Gathering {
    reports: Reports,
    until: Pin<Box<Sleep>>,
}

impl SessionStream {
    /// Begins a session; another of the same machine ends.
    pub(super) fn begin(
        shared: Arc<Shared>,
        agent: AgentId,
        inbound: Streaming<v1::AgentMessage>,
        mailbox: Arc<Mailbox>,
    ) -> Self {
        if let Some(replaced) = shared.live.enter(agent, Arc::clone(&mailbox)) {
            // A network that broke looks like this, and so does a copied identity: the place to
            // count from, once clones are looked for.
            info!(%agent, "another stream of the same identity took over");
            metrics::counter!("befund_gate_replaced_total").increment(1);
            replaced.end(goodbye::Reason::Replaced);
        }
        metrics::gauge!("befund_gate_sessions").increment(1);
        Self {
            shared,
            agent,
            inbound,
            mailbox,
            rules: Session::default(),
            outbox: VecDeque::new(),
            next: None,
            work: None,
            gathering: None,
            greeted: false,
            over: false,
        }
    }

    /// Listens until there is something to say, something to wait for, or the end.
    fn listen(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        if let Poll::Ready(delivery) = self.mailbox.poll(context) {
            match delivery {
                Delivery::End(reason) => self.goodbye(reason),
                // Nothing is said before the welcome; what waits is found again after it.
                Delivery::Letter(_) if !self.greeted => {}
                Delivery::Letter(Letter::Order(order)) => {
                    self.outbox.push_back(Body::Order(order.into_message()));
                }
                Delivery::Letter(Letter::Cancel(job)) => {
                    let job = convert::id::bytes(job.as_bytes());
                    self.outbox.push_back(Body::Cancel(v1::Cancel { job }));
                }
                Delivery::Letter(Letter::Said(said)) => self.outbox.push_back(Body::Said(said)),
                Delivery::Letter(Letter::Wake(reason)) => {
                    self.outbox.push_back(Body::Wake(v1::Wake { reason: reason.into() }));
                }
            }
            return Poll::Ready(Ok(()));
        }
        if let Some(work) = &mut self.work {
            let done = ready!(work.as_mut().poll(context));
            self.work = None;
            self.outbox.extend(done?);
            return Poll::Ready(Ok(()));
        }
        if let Some(mut gathering) = self.gathering.take() {
            if self.gather(&mut gathering, context).is_pending() {
                self.gathering = Some(gathering);
                return Poll::Pending;
            }
            let (shared, reports) = (Arc::clone(&self.shared), gathering.reports.into_reports());
            self.work = Some(Box::pin(work::reports(shared, self.agent, reports)));
            return Poll::Ready(Ok(()));
        }
        let heard = match self.next.take() {
            Some(heard) => heard,
            None => ready!(self.hear(context)),
        };
        self.act(heard);
        Poll::Ready(Ok(()))
    }

    /// The next thing that the machine says, by the rules.
    fn hear(&mut self, context: &mut Context<'_>) -> Poll<Heard> {
        match ready!(Pin::new(&mut self.inbound).poll_next(context)) {
            Some(Ok(message)) => match self.rules.hear(message) {
                Ok(heard) => Poll::Ready(heard),
                Err(broken) => {
                    warn!(agent = %self.agent, error = telemetry::chain(&broken), "the protocol was broken");
                    metrics::counter!("befund_gate_protocol_errors_total").increment(1);
                    self.goodbye(goodbye::Reason::Protocol);
                    Poll::Ready(Heard::Nothing)
                }
            },
            Some(Err(status)) => {
                debug!(agent = %self.agent, %status, "the stream broke");
                if status.code() == tonic::Code::OutOfRange {
                    self.goodbye(goodbye::Reason::Protocol);
                }
                self.over = true;
                Poll::Ready(Heard::Nothing)
            }
            None => {
                self.over = true;
                Poll::Ready(Heard::Nothing)
            }
        }
    }

    fn act(&mut self, heard: Heard) {
        let now = self.shared.clock.now();
        match heard {
            Heard::Nothing => {}
            Heard::Hello { facts, clock, trust } => {
                let offset = clock.saturating_sub(now.as_millisecond());
                self.shared.heard.hello(self.agent, now, facts, offset);
                if let Some(trust) = trust {
                    self.shared.heard.trusts(self.agent, now, trust);
                }
                self.greeted = true;
                self.outbox.push_back(Body::Welcome(self.shared.welcome(now)));
                self.shared.bus.tell(Hint::Machine(self.agent));
                self.shared.pickup.now(self.agent);
            }
            Heard::Beat => {
                self.shared.heard.beat(self.agent, now);
                self.shared.pickup.later(self.agent);
            }
            Heard::CheckIn(root) => self.check_in(root),
            Heard::WordTaken(job, seq) => {
                let shared = Arc::clone(&self.shared);
                self.work = Some(Box::pin(work::said_heard(shared, self.agent, job, seq)));
            }
            Heard::Own(order, begun_by) => {
                let shared = Arc::clone(&self.shared);
                self.work = Some(Box::pin(work::adopt(shared, self.agent, order, begun_by)));
            }
            Heard::Trusts(trust) => {
                self.shared.heard.trusts(self.agent, now, trust);
                self.shared.bus.tell(Hint::Machine(self.agent));
            }
            said @ (Heard::Accepted(_) | Heard::Event(..) | Heard::Finished(..)) => {
                let mut reports = Reports::default();
                match reports.add(said) {
                    Ok(()) => {
                        let until = Box::pin(sleep(COMPANY));
                        self.gathering = Some(Box::new(Gathering { reports, until }));
                    }
                    Err(other) => self.next = Some(other),
                }
            }
        }
    }

    fn check_in(&mut self, root: Hash) {
        match self.shared.roots.known(self.agent, root) {
            Some(known) => self.outbox.push_back(Body::CheckIn(v1::CheckInReply { known })),
            None => {
                let shared = Arc::clone(&self.shared);
                self.work = Some(Box::pin(work::check_in(shared, self.agent, root)));
            }
        }
    }

    /// Takes what comes of jobs into one commit; ready when that is to begin.
    fn gather(&mut self, gathering: &mut Gathering, context: &mut Context<'_>) -> Poll<()> {
        while !gathering.reports.is_full() && !self.over {
            match self.hear(context) {
                Poll::Ready(heard) => {
                    if let Err(other) = gathering.reports.add(heard) {
                        self.next = Some(other);
                        break;
                    }
                }
                Poll::Pending if gathering.reports.has_outcome() => break,
                Poll::Pending => return gathering.until.as_mut().poll(context),
            }
        }
        Poll::Ready(())
    }

    fn goodbye(&mut self, reason: goodbye::Reason) {
        self.outbox.push_back(Body::Goodbye(v1::Goodbye { reason: reason.into() }));
        self.over = true;
    }
}

impl Stream for SessionStream {
    type Item = Result<v1::ControllerMessage, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(body) = this.outbox.pop_front() {
                if this.outbox.is_empty() {
                    this.outbox = VecDeque::new();
                }
                return Poll::Ready(Some(Ok(v1::ControllerMessage { body: Some(body) })));
            }
            if this.over {
                return Poll::Ready(None);
            }
            if let Err(status) = ready!(this.listen(context)) {
                this.over = true;
                return Poll::Ready(Some(Err(status)));
            }
        }
    }
}

impl Drop for SessionStream {
    fn drop(&mut self) {
        metrics::gauge!("befund_gate_sessions").decrement(1);
        if self.shared.live.leave(self.agent, &self.mailbox) {
            self.shared.bus.tell(Hint::Machine(self.agent));
        }
    }
}
