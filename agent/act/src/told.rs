//! What the child tells: output while it comes, what undoing will need as soon as it is known, one answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use befund_model::action::{Acted, Holds, Prediction};

/// The header of a frame from the child. The last is [`Told::Predicted`], [`Told::Acted`] or [`Told::Holds`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Lines of output that came together, redacted, at most 4 KiB.
    Output(String),
    /// What undoing needs to know, told before anything is changed so that it survives a crash in the
    /// middle; the child waits until whoever reads it has noted it, and says so by a byte. [`Acted::before`] may later say more.
    Before(Value),
    /// What would change.
    Predicted(Prediction),
    /// What came of doing or undoing it.
    Acted(Box<Acted>),
    /// Whether it was done.
    Holds {
        /// That.
        holds: Holds,
        /// How that is known, or why it is not.
        reason: String,
    },
}
