//! What the driver holds of a run: it starts it, hands over what it heard, and gets what is to be done next.
//! Not here: the way that a run goes ([`super::run`]).

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::Value;

use befund_model::job::JobNews;
use befund_model::runbook::Mode;

use super::exchange::Exchange;
use super::run::{Finished, Run};
use super::{Do, Ended, Heard, Interruption};
use crate::document::Runbook;

/// One run of a runbook. See the [module](super) for what its driver owes it.
pub struct Machine {
    exchange: Exchange,
    /// `None` once it has ended, or before it has started.
    course: Option<Pin<Box<dyn Future<Output = Finished> + Send>>>,
    waiting: Option<Run>,
    end: Option<Do>,
    ended: Option<Ended>,
    news: Vec<JobNews>,
}

impl Machine {
    /// A run that has not started. `inputs` are those given, admitted by the runbook's schema; defaults are added,
    /// and names that the runbook does not have are left out.
    #[must_use]
    pub fn new(runbook: Arc<Runbook>, inputs: &BTreeMap<String, Value>, mode: Mode) -> Self {
        let exchange = Exchange::new(Arc::clone(&runbook));
        let run = Run::new(runbook, inputs, mode, exchange.clone());
        Self {
            exchange,
            course: None,
            waiting: Some(run),
            end: None,
            ended: None,
            news: Vec::new(),
        }
    }

    /// Starts it, and gives what is to be done first. `at` is zero, but for a driver that prepared for a while;
    /// started a second time, it wants nothing.
    pub fn start(&mut self, at: Duration) -> Vec<Do> {
        let Some(run) = self.waiting.take() else { return Vec::new() };
        self.exchange.pass(at);
        self.course = Some(Box::pin(run.whole()));
        self.go_on()
    }

    /// Takes what was heard after the run has lasted `at`, and gives what is to be done next: nothing, where other
    /// answers are still waited for, and where it was not waited for this one.
    pub fn hear(&mut self, heard: Heard, at: Duration) -> Vec<Do> {
        if self.ended.is_some() {
            return Vec::new();
        }
        self.exchange.hand(heard, at);
        self.go_on()
    }

    /// Goes the way of an interrupted run again, up to where it was, and then on. `past` is all that was heard in it,
    /// earlier [`Heard::Interrupted`] among it, each with its `at`; the run was started at zero.
    ///
    /// Gives [`JobNews::Resumed`] and what is outstanding, but for an act or undo in flight, of which the driver tells
    /// what its journal knows; or [`Do::End`] alone where the run had ended already. The driver journals
    /// [`Heard::Interrupted`] at [`Machine::lasted`] before it does any of it.
    #[must_use]
    pub fn resume(
        runbook: Arc<Runbook>,
        inputs: &BTreeMap<String, Value>,
        mode: Mode,
        past: Vec<(Heard, Duration)>,
        interruption: Interruption,
    ) -> (Self, Vec<Do>) {
        let mut machine = Self::new(runbook, inputs, mode);
        machine.start(Duration::ZERO);
        for (heard, at) in past {
            machine.hear(heard, at);
        }
        if let Some(end) = machine.end.clone() {
            return (machine, vec![end]);
        }
        let told = std::mem::take(&mut machine.news);
        let next = machine.hear(Heard::Interrupted { by: interruption }, machine.lasted());
        machine.news = told;
        (machine, next)
    }

    /// What is not answered yet; in the order of the steps' names.
    #[must_use]
    pub fn outstanding(&self) -> Vec<Do> {
        self.exchange.outstanding()
    }

    /// How long the run has lasted, by what it was told.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        self.exchange.at()
    }

    /// The news that the newest [`Heard`] led to; after [`Machine::resume`], those of the newest of the past: for a driver
    /// that may have died between hearing and telling.
    #[must_use]
    pub fn last_news(&self) -> &[JobNews] {
        &self.news
    }

    /// How it ended; `None` while it has not.
    #[must_use]
    pub const fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    fn go_on(&mut self) -> Vec<Do> {
        let Some(course) = self.course.as_mut() else { return Vec::new() };
        // Nobody wakes it: it goes on when the driver hands something over.
        let polled = course.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let mut wanted = self.exchange.wanted();
        if let Poll::Ready(Finished { result, ended }) = polled {
            self.course = None;
            self.ended = Some(ended);
            let end = Do::End(Box::new(result));
            self.end = Some(end.clone());
            wanted.push(end);
        }
        self.news = wanted.iter().filter_map(news).cloned().collect();
        wanted
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exchange, course: _, waiting: _, end: _, ended, news: _ } = self;
        f.debug_struct("Machine").field("exchange", exchange).field("ended", ended).finish()
    }
}

const fn news(wanted: &Do) -> Option<&JobNews> {
    match wanted {
        Do::Tell(news) => Some(news),
        Do::Measure { .. }
        | Do::Evaluate { .. }
        | Do::Ask { .. }
        | Do::Predict { .. }
        | Do::Consent { .. }
        | Do::Approve { .. }
        | Do::Act { .. }
        | Do::Undo { .. }
        | Do::Wait { .. }
        | Do::End(_) => None,
    }
}
