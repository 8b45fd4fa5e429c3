//! How a run reaches whoever sits at the machine: by a door of the executor's own, never over the link. Here is what
//! it asks of that door, and the door of a machine at which nobody is signed in.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use befund_act::SessionUser;
use befund_model::action::Prediction;
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::Question;
use befund_model::language::Text;
use befund_runbook::machine::FixOrder;

/// An answer that is waited for. Dropping it withdraws what was asked.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whoever sits at the machine. Every answer is theirs, as the kernel names their account; nothing that comes over the
/// link is one.
pub trait Person: fmt::Debug + Send + Sync {
    /// Who is signed in; `None` if nobody is.
    fn signed_in(&self) -> Reply<'_, Option<SessionUser>>;

    /// Asks a question; the choice, and the account that made it. `None` if nobody is there, or nobody answers in the
    /// question's time.
    fn ask<'a>(
        &'a self,
        about: &'a About,
        question: &'a Question,
    ) -> Reply<'a, Option<(String, String)>>;

    /// Asks whether a fix may be done.
    fn consent<'a>(
        &'a self,
        about: &'a About,
        asked: &'a Asked,
    ) -> Reply<'a, Result<Agreed, NoConsent>>;

    /// Tells them to do something themselves; whether anybody was there to be told.
    fn instruct<'a>(&'a self, about: &'a About, text: &'a Text) -> Reply<'a, bool>;

    /// Opens an address in their browser, after showing its host; whether anybody was there to be shown it. `url` is
    /// `http` or `https`.
    fn open_url<'a>(
        &'a self,
        about: &'a About,
        url: &'a str,
        text: Option<&'a Text>,
    ) -> Reply<'a, bool>;
}

/// Which run asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The job.
    pub job: JobId,
    /// The ticket that it is for.
    pub ticket: Option<TicketNumber>,
    /// The runbook's name.
    pub runbook: String,
    /// What it is for.
    pub title: Text,
    /// Whose account began it at the machine itself; absent for one from afar.
    pub begun_by: Option<String>,
}

/// What somebody is to agree to.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The fix: what is done, and what the person is told of it.
    pub fix: FixOrder,
    /// What it would change.
    pub prediction: Prediction,
    /// How long is waited.
    pub within: Duration,
    /// For how long one consent may hold for further changes of the same ticket, if the person wants that; zero where
    /// it may not.
    pub for_ticket: Duration,
}

/// A consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Whose account.
    pub by: String,
    /// Whether it is to hold for further changes of the same ticket.
    pub for_ticket: bool,
}

/// Why there is no consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoConsent {
    /// Nobody is there.
    Nobody,
    /// Somebody said no: their account.
    Declined(String),
    /// Nobody answered in time.
    Late,
}

/// Nobody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nobody;

impl Person for Nobody {
    fn signed_in(&self) -> Reply<'_, Option<SessionUser>> {
        Box::pin(async { None })
    }

    fn ask<'a>(&'a self, _: &'a About, _: &'a Question) -> Reply<'a, Option<(String, String)>> {
        Box::pin(async { None })
    }

    fn consent<'a>(&'a self, _: &'a About, _: &'a Asked) -> Reply<'a, Result<Agreed, NoConsent>> {
        Box::pin(async { Err(NoConsent::Nobody) })
    }

    fn instruct<'a>(&'a self, _: &'a About, _: &'a Text) -> Reply<'a, bool> {
        Box::pin(async { false })
    }

    fn open_url<'a>(&'a self, _: &'a About, _: &'a str, _: Option<&'a Text>) -> Reply<'a, bool> {
        Box::pin(async { false })
    }
}
