//! What a technician signs before a machine changes anything: a [`Statement`], which the machine itself makes of a step
//! that it is about to do. It is JSON in one way of writing, and its exact bytes are signed. Nothing is signed ahead
//! (`docs/adr/0007-nothing-is-signed-ahead.md`).
//!
//! Not here: whether the statement that comes back is the one that was made, which the executor sees by comparing
//! bytes; whether its number was used, which is [`crate::floor::Seen`]'s; and consent.

use befund_model::Timestamp;
use befund_model::action::Risk;
use befund_model::id::{AgentId, JobId, TicketNumber};
use befund_model::runbook::FixRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalogue::{InvalidPath, check_path};
use crate::digest::Sha256;
use crate::floor::Number;
use crate::json;
use crate::plain::is_name;

mod challenge;
mod gathered;
mod prediction;
mod terms;
mod text;
mod verify;

pub use challenge::{Challenge, InvalidChallenge};
pub use gathered::{Gathered, NotTaken, Reached};
pub use prediction::{MAX_LINE, MAX_LINES, prediction_lines};
pub use terms::{Browsers, Terms};
pub use verify::{Refusal, verify};

/// The most bytes of a statement: as text within JSON it still fits into an event.
pub const MAX_BYTES: usize = 7 << 10;

/// The first field of a statement: what it is, so that no other signed document can be taken for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// The only one.
    #[default]
    #[serde(rename = "befund-approval/1")]
    V1,
}

/// One step on one machine, that somebody lets happen once, soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// What it is.
    pub format: Format,
    /// Whose machine; as in the trust root.
    pub organisation: String,
    /// The machine's name, for people; nothing is decided by it. 255 characters at most.
    pub machine: String,
    /// What is to be done.
    pub step: Step,
    /// What would change, as the machine predicts it: see [`prediction_lines`].
    pub prediction: Vec<String>,
    /// Its number: it is used once.
    pub number: Number,
    /// Not before.
    pub not_before: Timestamp,
    /// From then on not.
    pub expires: Timestamp,
    /// What the machine made up for this statement, so that nothing signed earlier fits.
    pub challenge: Challenge,
}

/// What is to be done, where, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The machine.
    pub agent: AgentId,
    /// The job.
    pub job: JobId,
    /// The ticket that it is for.
    pub ticket: Option<TicketNumber>,
    /// The catalogue that the runbook is of.
    pub catalogue: CatalogueRef,
    /// The runbook.
    pub runbook: RunbookRef,
    /// The cause that was found, and which of its fixes this is.
    pub fix: FixRef,
    /// What is done.
    pub act: Act,
    /// Its parameters, filled in; an object.
    pub parameters: Value,
    /// What it may do; never `read`, which nobody has to sign.
    pub risk: Risk,
}

/// Which catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueRef {
    /// Its version.
    pub version: u64,
    /// The SHA-256 of its manifest's exact bytes.
    pub digest: Sha256,
}

/// Which runbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunbookRef {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The SHA-256 of its file.
    pub digest: Sha256,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// A compiled-in action, by name.
    Action(String),
    /// A script of the catalogue.
    Script {
        /// Its path within the catalogue.
        path: String,
        /// The SHA-256 of its exact bytes.
        sha256: Sha256,
    },
    /// The person at the machine is told to do something.
    Instruct,
    /// An address is opened in the person's browser.
    OpenUrl,
    /// The machine is restarted.
    Reboot,
}

/// Why a statement or an order makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Not the document.
    #[error(transparent)]
    Json(#[from] json::Malformed),
    /// It is not written in the one way that is taken.
    #[error(
        "reading what is to be approved: it is not written as this program writes it, so that it may mean something else to others"
    )]
    NotCanonical,
    /// A field that may not be so.
    #[error("reading what is to be approved: {field} has to be {wanted}")]
    Field {
        /// Which.
        field: &'static str,
        /// What it has to be.
        wanted: &'static str,
    },
    /// The script's path may not be.
    #[error("reading what is to be approved: its script")]
    Path(#[from] InvalidPath),
}

impl Statement {
    /// The bytes to be signed: the document, indented, in this type's order, the names of parameters in order.
    /// Whether they make sense is seen by [`Self::seal`].
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut written = self.clone();
        written.step.parameters = json::sorted(&self.step.parameters);
        json::write(&written)
    }

    /// The bytes to be signed, if they make sense and can be read again: what the machine keeps and compares with.
    ///
    /// # Errors
    /// If they are too many, or a field may not be so.
    pub fn seal(&self) -> Result<Vec<u8>, Malformed> {
        let bytes = self.bytes();
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    /// Reads a statement, to show it. This says nothing of who signed it: see [`verify()`].
    ///
    /// # Errors
    /// If it is too large, is not written in the one way, or makes no sense.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let statement: Self = json::read("a statement to be approved", bytes, MAX_BYTES)?;
        check_common(&statement.organisation, &statement.step)?;
        check_span(statement.not_before, statement.expires)?;
        if statement.machine.chars().count() > 255 {
            return Err(field("the machine's name", "at most 255 characters"));
        }
        let lines = &statement.prediction;
        if lines.len() > MAX_LINES || lines.iter().any(|line| line.chars().count() > MAX_LINE) {
            return Err(field("the prediction", "at most 24 lines of 240 characters"));
        }
        if statement.bytes() != bytes {
            return Err(Malformed::NotCanonical);
        }
        Ok(statement)
    }
}

const fn field(field: &'static str, wanted: &'static str) -> Malformed {
    Malformed::Field { field, wanted }
}

fn check_common(organisation: &str, step: &Step) -> Result<(), Malformed> {
    if !is_name(organisation, 128) {
        return Err(field("the organisation", "a name of at most 128 plain characters"));
    }
    if !is_name(&step.runbook.name, 128) || !is_name(&step.fix.cause, 128) {
        return Err(field("the runbook's and the cause's name", "at most 128 plain characters"));
    }
    match &step.act {
        Act::Action(name) if !is_name(name, 128) => {
            return Err(field("the action's name", "at most 128 plain characters"));
        }
        Act::Script { path, .. } => check_path(path)?,
        Act::Action(_) | Act::Instruct | Act::OpenUrl | Act::Reboot => {}
    }
    if !step.parameters.is_object() {
        return Err(field("the parameters", "an object"));
    }
    match step.risk {
        Risk::Read => Err(field("the risk", "change or disruptive: nobody signs what only reads")),
        Risk::Change | Risk::Disruptive => Ok(()),
    }
}

fn check_span(not_before: Timestamp, expires: Timestamp) -> Result<(), Malformed> {
    if not_before < expires { Ok(()) } else { Err(field("the expiry", "later than its beginning")) }
}
