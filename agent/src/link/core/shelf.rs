//! When to look for what the controller hands out: at a welcome that names something else than the machine has,
//! at the controller's word, for an order of a catalogue that the machine does not have, and some time after it went
//! wrong.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, info, info_span, warn};

use befund_model::job::Order;
use befund_model::machine::MachineTrust;
use befund_runtime::backoff::{Backoff, full_jitter};
use befund_runtime::{clock, telemetry};

use super::Core;
use crate::link::catalogue::{self, BringError, Brought, End};
use crate::link::note::Note;
use crate::link::session::Current;
use crate::platform;

/// How long what was refused is left alone, unless something else is handed out; and up to a quarter more.
const AFTER_REFUSAL: Duration = Duration::from_secs(3600);
/// How long until what the machine has is looked at once more although nothing else is handed out; and up to a quarter
/// more.
const LOOK_AGAIN: Duration = Duration::from_secs(6 * 3600);
/// Waits after what could not be fetched grow from here...
const BASE: Duration = Duration::from_secs(30);
/// ...to here.
const CAP: Duration = Duration::from_secs(3600);

/// Where bringing stands.
pub(super) struct Shelf {
    bringing: Option<Option<Current>>,
    /// What came up meanwhile.
    then: Option<Option<Current>>,
    /// Not before this.
    look_at: Option<Instant>,
    /// What was handed out when it was refused.
    refused: Option<Current>,
    /// What was handed out when it was looked for last.
    handed_out: Option<Current>,
    has: Option<MachineTrust>,
    backoff: Backoff,
    /// Orders whose catalogue is looked for.
    waiting: Vec<Waiting>,
}

/// An order whose catalogue is not here, as far as is known.
struct Waiting {
    order: Box<Order>,
    /// It is looked for since the order came: once that has ended, the executor says what is to be said.
    looked: bool,
}

impl Shelf {
    pub(super) fn new() -> Self {
        Self {
            bringing: None,
            then: None,
            look_at: None,
            refused: None,
            handed_out: None,
            has: None,
            backoff: Backoff::new(BASE, CAP),
            waiting: Vec::new(),
        }
    }

    /// Whether the machine lacks what an order is for.
    fn lacks(&self, order: &Order) -> bool {
        let wanted = order.runbook.as_ref().map(|runbook| &runbook.catalogue);
        wanted.is_some_and(|wanted| self.has.as_ref().is_none_or(|has| has.catalogue != *wanted))
    }

    pub(super) fn next_timer(&self, connected: bool) -> Option<Instant> {
        self.look_at.filter(|_| connected && self.bringing.is_none())
    }

    /// Whether the machine has what was handed out last.
    fn is_current(&self) -> bool {
        let pair = self.has.as_ref().zip(self.handed_out.as_ref());
        pair.is_some_and(|(has, current)| {
            has.executor_refusal.is_none() && !catalogue::lacks(has, current)
        })
    }

    /// Whether there is a reason to look.
    fn is_worth_it(&self, current: &Current) -> bool {
        let lacks = self.has.as_ref().is_none_or(|has| catalogue::lacks(has, current));
        // Until the time has come, the same would be refused again.
        lacks && (self.look_at.is_none() || self.refused.as_ref() != Some(current))
    }
}

impl Core {
    /// Looks whether the machine lacks what is handed out; `None` is the controller's word that it is something
    /// else now.
    pub(super) fn look_for_catalogue(&mut self, current: Option<Current>) {
        if current.as_ref().is_some_and(|current| !self.shelf.is_worth_it(current)) {
            return self.begin_waiting();
        }
        self.look_now(current);
    }

    fn look_now(&mut self, current: Option<Current>) {
        let Some(line) = &self.line else { return };
        if self.shelf.bringing.is_some() {
            self.shelf.then = Some(current);
            return;
        }
        let channel = line.channel.clone();
        if current.is_some() {
            self.shelf.handed_out.clone_from(&current);
        }
        self.shelf.look_at = None;
        self.shelf.bringing = Some(current.clone());
        let (executor, inbox) = (self.parts.executor.clone(), self.parts.inbox.clone());
        let soft = self.parts.life.soft();
        self.parts.life.spawn(info_span!("catalogue"), async move {
            let bringing = catalogue::bring(&executor, channel, current.as_ref());
            if let Some(brought) = soft.run_until_cancelled(bringing).await {
                // A core that is gone looks when it is back.
                let _ = inbox.send(Note::Brought(Box::new(brought))).await;
            }
        });
    }

    /// Hands an order over, once its catalogue was looked for where it is not here: somebody may have published it
    /// a moment ago.
    pub(super) fn begin_with_catalogue(&mut self, order: Box<Order>) {
        if self.line.is_none() || !self.shelf.lacks(&order) {
            return self.begin(order);
        }
        let looked = self.shelf.bringing.is_none();
        self.shelf.waiting.push(Waiting { order, looked });
        if looked {
            self.look_for_catalogue(None);
        }
    }

    /// Hands over the orders whose catalogue is here now, or was looked for in vain. Without a connection nothing was
    /// looked for: they wait for the next one.
    fn begin_waiting(&mut self) {
        if self.line.is_none() {
            return;
        }
        for Waiting { order, looked } in std::mem::take(&mut self.shelf.waiting) {
            if looked {
                self.begin(order);
            } else {
                self.begin_with_catalogue(order);
            }
        }
    }

    pub(super) fn brought(&mut self, brought: Brought) {
        let current = self.shelf.bringing.take().flatten();
        let had = self.shelf.has.take();
        let mut refusal = had.as_ref().and_then(|had| had.refusal.clone());
        let random = u64::from_be_bytes(clock::random());
        let mut executor = None;
        match brought.end {
            End::Current => {
                // The executor may fail without anybody saying so.
                let wait = LOOK_AGAIN + full_jitter(LOOK_AGAIN / 4, random);
                self.shelf.look_at = Some(Instant::now() + wait);
                (refusal, self.shelf.refused) = (None, None);
                self.shelf.backoff.reset();
            }
            End::Refused(why) => {
                if refusal.as_ref() != Some(&why) {
                    warn!(why, "what the controller hands out is not taken");
                }
                refusal = Some(why);
                self.shelf.refused = current;
                let wait = AFTER_REFUSAL + full_jitter(AFTER_REFUSAL / 4, random);
                self.shelf.look_at = Some(Instant::now() + wait);
            }
            End::Broken(error) => {
                executor = match &error {
                    BringError::Executor(error) => Some(telemetry::chain(error)),
                    BringError::Refused(..)
                    | BringError::Call(_)
                    | BringError::Late
                    | BringError::Parts(_)
                    | BringError::Missing(_) => None,
                };
                let wait = self.shelf.backoff.next(random);
                let error = telemetry::chain(&error);
                info!(error, wait_ms = wait.as_millis(), "looking for the catalogue again");
                self.shelf.look_at = Some(Instant::now() + wait);
            }
            End::NotKept => debug!("the executor keeps no catalogue"),
        }
        let known = brought.trust.or(had);
        let silent = executor.is_some();
        let has = known.or_else(|| silent.then(MachineTrust::default));
        let has = has.map(|trust| MachineTrust { refusal, executor_refusal: executor, ..trust });
        if let Some(has) = &has {
            self.parts.trust.send_replace(Some(has.clone()));
            let todo = self.session.trusts(has.clone());
            self.act(todo);
        }
        self.shelf.has = has;
        if let Some(then) = self.shelf.then.take() {
            self.look_for_catalogue(then);
        }
        self.begin_waiting();
    }

    pub(super) fn shelf_tick(&mut self) {
        let due = self.shelf.next_timer(self.line.is_some());
        if due.is_some_and(|at| Instant::now() >= at) {
            self.look_again();
        }
    }

    /// Asks the machine what it trusts and allows; what was refused, or could not be fetched, is asked for anew.
    fn look_again(&mut self) {
        let settled = self.shelf.refused.is_none() && self.shelf.is_current();
        let current = self.shelf.handed_out.clone().filter(|_| settled);
        self.look_now(current);
    }

    /// Asks the machine if its policy is another file than it was: at each heartbeat, so that nothing wakes for it.
    pub(super) fn look_at_policy(&mut self) {
        let now = platform::version_of(&self.parts.policy);
        if self.policy != now {
            self.policy = now;
            self.look_again();
        }
    }
}
