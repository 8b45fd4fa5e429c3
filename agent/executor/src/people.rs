//! The people's door: how a run reaches whoever works at the machine, and how they start one themselves.
//!
//! The executor listens on it itself (`people.sock`), so that neither the link nor whoever speaks through it can answer
//! for a person. Whose program is at the other end, the kernel says ([`befund_runtime::local::credentials`]); whose word
//! counts, the system's records of sessions ([`signed_in`]).
//!
//! ```text
//! a person's program ── people.sock ── door ── conversation (what may follow what)
//!                                       │
//!                          a run ──── People ── desk (who is asked, whose answer counts)
//! ```
//!
//! Not here: what is run, and what is done where nobody agrees. That is the driver's, and the policy's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use befund_act::SessionUser;
use befund_model::id::JobId;
use befund_model::job::{self, JobNews};
use befund_model::language::{Language, Text};
use befund_model::runbook::RunbookResult;
use befund_runbook::document::Runbook;
use befund_runtime::peer::Account;

use crate::drive::person::{About, Agreed, Asked, NoConsent, Person, Reply};

mod asked;
pub mod client;
mod conversation;
mod desk;
pub mod door;
mod offers;
pub(crate) mod own;
pub mod protocol;
pub mod signed_in;
mod wording;

pub use asked::host;
pub use conversation::Wish;
use desk::{Audience, Desk, Effect, Guest, Matter, Notice, Scene, Verdict, Visitor, What};
use protocol::{ToPerson, Who};
use signed_in::Sessions;

/// The socket's name in the run folder.
pub const SOCKET: &str = "people.sock";
/// How long is waited for somebody who is to be shown something.
const NOTICED: Duration = Duration::from_secs(60);
/// What may wait for a program that does not read, before it is given up.
const LINES: usize = 256;

/// What people may start here, and starting it.
pub trait OwnRuns: std::fmt::Debug + Send + Sync {
    /// The runbooks that may be started here, by name.
    ///
    /// # Errors
    /// Why that cannot be told, and what to do.
    fn offers(&self) -> Reply<'_, Result<Vec<Arc<Runbook>>, String>>;

    /// Starts one for an account; `job` is its number.
    ///
    /// # Errors
    /// Why it is not started, and what to do.
    fn start<'a>(
        &'a self,
        job: JobId,
        wish: Wish,
        by: &'a Account,
    ) -> Reply<'a, Result<OwnRun, String>>;
}

/// A run that a person started.
#[derive(Debug)]
pub struct OwnRun {
    /// The runbook.
    pub runbook: Arc<Runbook>,
    /// What happens in it. Its end is the run's.
    pub news: mpsc::Receiver<JobNews>,
    /// What it came to, or why it came to nothing; after the last news.
    pub result: oneshot::Receiver<Result<RunbookResult, String>>,
    /// Stops it.
    pub cancel: CancellationToken,
}

/// Who works at the machine, and what they are asked. Clones share it.
#[derive(Clone, Debug)]
pub struct People {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sessions: Sessions,
    since: Instant,
    state: Mutex<State>,
    /// A matter may be settled at another time than before.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    desk: Desk,
    organisation: String,
    /// Connections, by what is said to them.
    lines: BTreeMap<Visitor, mpsc::Sender<ToPerson>>,
    last_visitor: Visitor,
    /// Whoever waits for a verdict.
    waiting: BTreeMap<u64, oneshot::Sender<Verdict>>,
    /// The runs that were started here, by whoever started them.
    owners: BTreeMap<JobId, (Visitor, String)>,
    /// Connections that do more than wait.
    busy: usize,
}

impl People {
    /// Nobody is there yet. `organisation` is with whom the machine is enrolled; numbers begin behind `first`, a random
    /// one, so that an answer to the executor before is none to this one.
    #[must_use]
    pub fn new(organisation: String, sessions: Sessions, first: u64) -> Self {
        let state = State {
            desk: Desk::new(first >> 12),
            organisation,
            lines: BTreeMap::new(),
            last_visitor: 0,
            waiting: BTreeMap::new(),
            owners: BTreeMap::new(),
            busy: 0,
        };
        let inner = Inner {
            sessions,
            since: Instant::now(),
            state: Mutex::new(state),
            changed: Notify::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Whether somebody is asked, or has begun something here: a reason for the executor to stay.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let state = self.state();
        state.busy > 0 || !state.desk.is_quiet()
    }

    /// With whom the machine is enrolled, as somebody has vouched for.
    pub(crate) fn is_of(&self, organisation: String) {
        self.state().organisation = organisation;
    }

    /// The accounts that count as persons now, those at the machine's own screen first.
    pub async fn signed_in(&self) -> Vec<Account> {
        let sessions = self.inner.sessions.clone();
        // It may wait for the system.
        tokio::task::spawn_blocking(move || sessions.look()).await.unwrap_or_default()
    }

    async fn show(&self, about: &About, notice: Notice) -> bool {
        match self.put(about, What::Notice(notice), NOTICED).await {
            Some(Verdict::Shown) => true,
            Some(_) | None => false,
        }
    }

    /// Puts a matter to people until it is settled; withdraws it when it is dropped. `None` where nobody is signed in.
    async fn put(&self, about: &About, what: What, within: Duration) -> Option<Verdict> {
        let signed_in = self.signed_in().await;
        if signed_in.is_empty() {
            return None;
        }
        let (tell, mut told) = oneshot::channel();
        let number = {
            let mut state = self.state();
            let (audience, who) = match state.owners.get(&about.job) {
                Some((visitor, name)) => {
                    (Audience::Own(*visitor), Who::Another { name: name.clone() })
                }
                None => {
                    let technician = || Who::Technician { name: None, ticket: about.ticket };
                    // Whoever began it has left, or the executor was started anew meanwhile.
                    let begun = about.begun_by.clone().map(|name| Who::Another { name });
                    (Audience::Everybody, begun.unwrap_or_else(technician))
                }
            };
            let organisation = state.organisation.clone();
            let matter = Matter { audience, what, organisation, who };
            let (number, effects) = state.desk.ask(matter, within, self.scene(&signed_in));
            state.waiting.insert(number, tell);
            state.perform(effects);
            number
        };
        let _open = Opened { people: self, number };
        loop {
            let changed = self.inner.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let next = self.state().desk.next().map(|at| self.inner.since + at);
            let until = next.unwrap_or_else(|| self.inner.since + within);
            tokio::select! {
                settled = timeout_at(until, &mut told) => match settled {
                    Ok(verdict) => return verdict.ok(),
                    Err(_) => {
                        let mut state = self.state();
                        let effects = state.desk.pass(self.at());
                        state.perform(effects);
                    }
                },
                () = changed => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self) -> Duration {
        self.inner.since.elapsed()
    }

    fn scene<'a>(&self, signed_in: &'a [Account]) -> Scene<'a> {
        Scene { at: self.at(), signed_in }
    }
}

impl Person for People {
    fn signed_in(&self) -> Reply<'_, Option<SessionUser>> {
        Box::pin(async {
            let account = People::signed_in(self).await.into_iter().next()?;
            Some(SessionUser { name: account.name(), id: account.to_string() })
        })
    }

    fn ask<'a>(
        &'a self,
        about: &'a About,
        question: &'a job::Question,
    ) -> Reply<'a, Option<(String, String)>> {
        Box::pin(async move {
            let within = Duration::from_millis(question.within_ms);
            let what = What::Question(Box::new(question.clone()));
            match self.put(about, what, within).await? {
                Verdict::Answered { choice, by } => Some((choice, by)),
                Verdict::Given { .. }
                | Verdict::Refused { .. }
                | Verdict::Silence { .. }
                | Verdict::Shown
                | Verdict::Left => None,
            }
        })
    }

    fn consent<'a>(
        &'a self,
        about: &'a About,
        asked: &'a Asked,
    ) -> Reply<'a, Result<Agreed, NoConsent>> {
        Box::pin(async move {
            let Asked { fix, prediction, within, for_ticket } = asked;
            let view = asked::ConsentView::of(&about.title, fix, prediction, *for_ticket);
            match self.put(about, What::Consent(Box::new(view)), *within).await {
                Some(Verdict::Given { by, for_ticket }) => Ok(Agreed { by, for_ticket }),
                Some(Verdict::Refused { by }) => Err(NoConsent::Declined(by)),
                // Nobody is signed in, or no program that asks ran in their session.
                None | Some(Verdict::Silence { asked: false }) => Err(NoConsent::Nobody),
                Some(
                    Verdict::Silence { asked: true }
                    | Verdict::Left
                    | Verdict::Shown
                    | Verdict::Answered { .. },
                ) => Err(NoConsent::Late),
            }
        })
    }

    fn instruct<'a>(&'a self, about: &'a About, text: &'a Text) -> Reply<'a, bool> {
        Box::pin(self.show(about, Notice::Instruct(text.clone())))
    }

    fn open_url<'a>(
        &'a self,
        about: &'a About,
        url: &'a str,
        text: Option<&'a Text>,
    ) -> Reply<'a, bool> {
        Box::pin(async move {
            match host(url) {
                Ok(host) => {
                    let (url, text) = (url.to_owned(), text.cloned());
                    self.show(about, Notice::OpenUrl { url, host, text }).await
                }
                Err(why) => {
                    warn!(why, "an address is not opened");
                    false
                }
            }
        })
    }
}

/// A matter that somebody waits for.
struct Opened<'a> {
    people: &'a People,
    number: u64,
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        let mut state = self.people.state();
        state.waiting.remove(&self.number);
        let effects = state.desk.withdraw(self.number);
        state.perform(effects);
    }
}

impl State {
    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Say(visitor, said) => {
                    let Some(line) = self.lines.get(&visitor) else { continue };
                    if line.try_send(*said).is_err() {
                        // It does not read. Its connection ends with this.
                        debug!(visitor, "a person's program does not listen");
                        self.lines.remove(&visitor);
                    }
                }
                Effect::Settle(number, verdict) => {
                    if let Some(waiting) = self.waiting.remove(&number) {
                        // Whoever waited may have gone.
                        let _ = waiting.send(verdict);
                    }
                }
            }
        }
    }
}

/// What somebody came for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// To be asked, and nothing else.
    Attends,
    /// To have a run.
    Fixes,
}

/// A connection, as the door sees it: it is somebody's presence, and ends when this is dropped.
#[derive(Debug)]
struct Presence {
    people: People,
    visitor: Visitor,
    account: Account,
    busy: bool,
}

impl Presence {
    /// A connection of this account, and what is to be said to it.
    fn new(
        people: &People,
        account: Account,
    ) -> (Self, mpsc::Sender<ToPerson>, mpsc::Receiver<ToPerson>) {
        let (say, said) = mpsc::channel(LINES);
        let mut state = people.state();
        state.last_visitor += 1;
        state.busy += 1;
        let visitor = state.last_visitor;
        state.lines.insert(visitor, say.clone());
        drop(state);
        (Self { people: people.clone(), visitor, account, busy: true }, say, said)
    }

    /// Whether this account is signed in now.
    async fn is_signed_in(&self) -> bool {
        self.people.signed_in().await.contains(&self.account)
    }

    /// It is there to be asked; one that only waits is no reason to stay.
    async fn arrive(&mut self, language: Language, role: Role) {
        let signed_in = self.people.signed_in().await;
        let name = self.account.name();
        let guest = Guest { account: self.account.clone(), name, language };
        let mut state = self.people.state();
        let effects = state.desk.arrive(self.visitor, guest, self.people.scene(&signed_in));
        state.perform(effects);
        if role == Role::Attends && self.busy {
            self.busy = false;
            state.busy -= 1;
        }
    }

    /// A run is this one's own from now on; not, if its account has another one at work.
    fn owns(&self, job: JobId) -> bool {
        let name = self.account.name();
        let mut state = self.people.state();
        let free = !state.owners.values().any(|(_, other)| *other == name);
        if free {
            state.owners.insert(job, (self.visitor, name));
        }
        free
    }

    fn owns_no_more(&self, job: JobId) {
        self.people.state().owners.remove(&job);
    }

    async fn answer(&self, number: u64, choice: &str) {
        self.reply(number, |desk, visitor, scene| desk.answer(visitor, number, choice, scene))
            .await;
    }

    async fn consent(&self, number: u64, given: bool, for_ticket: bool) {
        self.reply(number, |desk, visitor, scene| {
            desk.consent(visitor, number, given, for_ticket, scene)
        })
        .await;
    }

    async fn reply(
        &self,
        number: u64,
        say: impl FnOnce(&mut Desk, Visitor, Scene<'_>) -> Vec<Effect>,
    ) {
        // Whoever was not asked makes no work.
        if !self.people.state().desk.was_asked(self.visitor, number) {
            return;
        }
        let signed_in = self.people.signed_in().await;
        let mut state = self.people.state();
        let effects = say(&mut state.desk, self.visitor, self.people.scene(&signed_in));
        state.perform(effects);
        drop(state);
        self.people.inner.changed.notify_waiters();
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut state = self.people.state();
        state.lines.remove(&self.visitor);
        state.owners.retain(|_, (visitor, _)| *visitor != self.visitor);
        if self.busy {
            state.busy -= 1;
        }
        let effects = state.desk.leave(self.visitor);
        state.perform(effects);
        drop(state);
        self.people.inner.changed.notify_waiters();
    }
}
