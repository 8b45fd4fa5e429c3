//! What is said at the people's door, as [`befund_runtime::frame`]s without blobs. A connection begins with
//! [`FromPerson::Attend`], [`FromPerson::Fix`] or [`FromPerson::List`]; what may follow, [`super::conversation`] says.
//!
//! Everything that is sent to a person is in their language already: their program shows it and adds its own
//! questions, no more. Texts of others (a runbook's, a machine's) may hold anything, and are made printable there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use befund_model::action::{Risk, Undo};
use befund_model::id::{JobId, TicketNumber};
use befund_model::runbook::Mode;

/// The most bytes of a frame that a person's program sends.
pub const MAX_FRAME_BYTES: usize = 64 << 10;

/// What a person's program says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromPerson {
    /// It waits for questions. Answered by [`ToPerson::Welcome`], or [`ToPerson::Declined`] where its account is not
    /// signed in at this machine.
    Attend {
        /// The person's language, a tag as in `de`.
        language: String,
    },
    /// It starts a runbook, and attends to it. Answered by [`ToPerson::Begun`], and at last by [`ToPerson::Done`] or
    /// [`ToPerson::Declined`]. The run is cancelled when the connection ends before.
    Fix {
        /// The runbook's name.
        runbook: String,
        /// What it is to take for its inputs.
        inputs: BTreeMap<String, Value>,
        /// How it is meant.
        mode: Mode,
        /// The ticket of this machine's that it is for: what the run changes is then undone with the ticket's other
        /// changes. Whether the ticket is this machine's, the controller knows.
        #[serde(default)]
        ticket: Option<TicketNumber>,
        /// The person's language, a tag as in `de`.
        language: String,
    },
    /// What may be started here. Answered by [`ToPerson::Offers`], and nothing follows.
    List {
        /// The person's language, a tag as in `de`.
        language: String,
    },
    /// The answer to a [`ToPerson::Question`]. One that comes too late, or is to another question, is ignored.
    Answer {
        /// The question's number.
        number: u64,
        /// The value of the choice.
        choice: String,
    },
    /// The answer to a [`ToPerson::ConsentAsked`]. As above.
    Consent {
        /// The question's number.
        number: u64,
        /// Whether.
        given: bool,
        /// Whether it holds for further changes of the same ticket, where that was offered.
        #[serde(default)]
        for_ticket: bool,
    },
    /// Stops the run that this connection started, or ends attending.
    Cancel,
}

/// What the executor says to a person's program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToPerson {
    /// Questions will come.
    Welcome,
    /// What may be started here; nothing follows.
    Offers {
        /// By name.
        offers: Vec<Offer>,
    },
    /// The run has begun.
    Begun {
        /// Its number.
        job: JobId,
        /// What the runbook is for.
        title: String,
    },
    /// A question.
    Question(Box<Question>),
    /// Something is to be agreed to.
    ConsentAsked(Box<ConsentAsked>),
    /// A question needs no answer any more.
    Settled {
        /// Its number.
        number: u64,
        /// What became of it.
        how: Settled,
    },
    /// A line on how the run goes.
    Tell {
        /// The line.
        line: String,
    },
    /// The person is to do something.
    Instruct {
        /// What.
        text: String,
    },
    /// A page is to be opened, after the person saw its host.
    OpenUrl {
        /// The address; http or https.
        url: String,
        /// Its host.
        host: String,
        /// Why; empty where nothing is said of that.
        text: String,
    },
    /// The run has ended; nothing follows.
    Done(Box<Done>),
    /// It cannot be done; nothing follows.
    Declined {
        /// Why, and what to do.
        why: String,
    },
}

/// A runbook that may be started here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its name, as in `net.no-internet`.
    pub runbook: String,
    /// What it is for.
    pub title: String,
    /// What it does.
    pub about: String,
    /// What may be set.
    pub inputs: Vec<OfferedInput>,
}

/// What may be set for a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedInput {
    /// Its name.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Whether it must be given.
    pub required: bool,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its number, never given twice.
    pub number: u64,
    /// For which organisation.
    pub organisation: String,
    /// Who is at work.
    pub who: Who,
    /// The words.
    pub text: String,
    /// The answers to choose from.
    pub choices: Vec<Choice>,
    /// The value that is taken when nobody answers.
    pub default: String,
    /// How long an answer is waited for, in seconds.
    pub seconds: u64,
}

/// An answer to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What [`FromPerson::Answer`] says.
    pub value: String,
    /// As the person reads it.
    pub text: String,
}

/// Something is to be agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentAsked {
    /// Its number, never given twice.
    pub number: u64,
    /// For which organisation.
    pub organisation: String,
    /// Who is at work.
    pub who: Who,
    /// What the runbook is for.
    pub title: String,
    /// What will be done: the action's own words.
    pub what: String,
    /// Why: the runbook's words; empty where it says nothing.
    pub why: String,
    /// What would change on this machine, a thing to a line.
    pub lines: Vec<String>,
    /// Whether what would change could be told at all.
    pub known: bool,
    /// How it can be undone.
    pub undo: Undo,
    /// What it may do.
    pub risk: Risk,
    /// How long an answer is waited for, in seconds.
    pub seconds: u64,
    /// For how many hours the person may agree to further changes of the same ticket; absent where not at all.
    pub for_ticket: Option<u64>,
}

/// Who is at work on the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The organisation's technicians.
    Technician {
        /// Who; absent where this machine was not told.
        name: Option<String>,
        /// The ticket.
        ticket: Option<TicketNumber>,
    },
    /// The person who is asked.
    Yourself,
    /// Another person at this machine.
    Another {
        /// Whose account.
        name: String,
    },
}

/// What became of a question that needs no answer any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// Somebody answered it.
    Answered {
        /// Whose account.
        by: String,
    },
    /// The time passed: nobody agreed, or the default is taken.
    TimedOut,
    /// The run goes on without it, or has ended.
    Withdrawn,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// One or two sentences.
    pub conclusion: String,
    /// Whether the trouble is over; absent where that cannot be told, or was not asked.
    pub accepted: Option<bool>,
    /// What was changed, and is so now, in order.
    pub changes: Vec<Change>,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What.
    pub what: String,
    /// What undoing it would do.
    pub undo: Undo,
    /// Whether nobody can tell if it was made.
    pub unsure: bool,
}
