//! Redaction: what looks like a secret is replaced by a visible mark before anything leaves the
//! machine.

use std::cell::Cell;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that went through a [`Redactor`]; on the wire it is that text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Redacted(String);

impl Redacted {
    /// The text, with its marks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Redacts texts and counts what it replaced.
#[derive(Debug, Default)]
pub struct Redactor {
    count: Cell<u32>,
}

impl Redactor {
    /// How many values were replaced so far.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count.get()
    }
}
