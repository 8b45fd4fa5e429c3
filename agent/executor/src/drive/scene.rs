//! What every step of a run works with: the run, the machine's own, and the way back to the driver. Cheap to clone
//! behind an [`Arc`]; it decides nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use befund_act::SessionUser;
use befund_model::Timestamp;
use befund_model::job::JobNews;
use befund_model::runbook::{FixRef, Mode};
use befund_runbook::document::{Act, UndoBy};
use befund_runbook::machine::{FixOrder, Heard};
use befund_runtime::clock::Clock;
use befund_trust::digest::Sha256;

use super::person::About;
use crate::admit::Book;
use crate::door::server::Shared;
use crate::keep::Keep;
use crate::policy::Policy;
use crate::policy::rules::Asked;
use crate::runs::{Run, Runs};

/// A word from a step that is under way to the driver, which numbers, journals and tells.
#[derive(Debug)]
pub(crate) enum Word {
    /// What the machine is to be told.
    Heard(Heard),
    /// News of the driver's own.
    News(JobNews),
    /// A change cannot be written down before it is made, so that the run goes no further.
    Broken(String),
}

/// Scripts of the catalogue, verified, by path.
pub(crate) type Scripts = BTreeMap<String, (Vec<u8>, Sha256)>;

/// What a step works with.
pub(crate) struct Scene {
    pub(crate) shared: Arc<Shared>,
    pub(crate) runs: Arc<Runs>,
    pub(crate) run: Arc<Run>,
    /// The runbook; absent for undoing what a ticket changed.
    pub(crate) book: Option<Arc<Book>>,
    /// The scripts that may be run.
    pub(crate) scripts: Scripts,
    pub(crate) mode: Mode,
    pub(crate) about: About,
    /// Until then people are waited for.
    pub(crate) deadline: Instant,
    /// Ends measuring, evaluating and acting; never an undo.
    pub(crate) cancelled: CancellationToken,
    pub(crate) words: mpsc::Sender<Word>,
}

impl Scene {
    /// Tells the machine something.
    pub(crate) async fn hear(&self, heard: Heard) {
        self.say(Word::Heard(heard)).await;
    }

    /// Tells news.
    pub(crate) async fn tell(&self, news: JobNews) {
        self.say(Word::News(news)).await;
    }

    /// A driver that has gone listens no more, and then nothing is to be done.
    pub(crate) async fn say(&self, word: Word) {
        let _ = self.words.send(word).await;
    }

    /// The policy as it is now.
    pub(crate) fn policy(&self) -> Result<Policy, String> {
        Policy::load(&self.shared.config.policy).map_err(|error| crate::told(&error))
    }

    /// The runbook.
    pub(crate) fn book(&self) -> Result<&Book, String> {
        self.book.as_deref().ok_or_else(|| "this run is of no runbook".to_owned())
    }

    /// When the catalogue of the runbook expired, if it had when the run began.
    pub(crate) fn expired(&self) -> Option<Timestamp> {
        self.book.as_ref().and_then(|book| book.expired)
    }

    /// What this machine trusts.
    pub(crate) fn keep(&self) -> MutexGuard<'_, Keep> {
        self.runs.keep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is signed in.
    pub(crate) async fn signed_in(&self) -> Option<SessionUser> {
        self.shared.config.person.signed_in().await
    }
}

/// The system's clock, not corrected by anybody from afar: what trust is judged by.
pub(crate) fn wall() -> Timestamp {
    Clock::system().now()
}

/// Which fix of the runbook.
pub(crate) fn reference(fix: &FixOrder) -> FixRef {
    FixRef { cause: fix.cause.clone(), index: fix.index }
}

/// How a fix is named to people and in the policy.
pub(crate) fn name(act: &Act) -> &str {
    match act {
        Act::Action(name) => name,
        Act::Script(script) => &script.path,
        Act::Instruct => "user.instruct",
        Act::OpenUrl => "user.open_url",
        Act::Reboot => "machine.reboot",
    }
}

/// What the policy looks at. A fix that a script undoes is one with a script.
pub(crate) fn asked(fix: &FixOrder) -> Asked<'_> {
    let script = match (&fix.act, &fix.undo) {
        (Act::Script(_), _) | (_, UndoBy::Script(_)) => true,
        (
            Act::Action(_) | Act::Instruct | Act::OpenUrl | Act::Reboot,
            UndoBy::Auto | UndoBy::Action(_) | UndoBy::None,
        ) => false,
    };
    Asked { what: name(&fix.act), script, risk: fix.risk, parameters: &fix.parameters }
}

/// Why the policy does not let a fix be done now, if it does not.
pub(crate) fn forbidden(policy: &Policy, fix: &FixOrder) -> Option<String> {
    let Some(now) = crate::platform::local_time(wall()) else {
        return Some(
            "the system does not tell its local time, so nobody knows the hour".to_owned(),
        );
    };
    policy.rules.permit(asked(fix), now).err().map(|refusal| refusal.to_string())
}
