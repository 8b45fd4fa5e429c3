//! What goes wrong, in words for people: what was attempted, on what, why it failed, what to do.

use crate::exit::Exit;

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Whoever read the output has seen enough (`befund ticket list | head`): not an error.
    #[error("the output was closed")]
    OutputClosed,
    /// Everything else.
    #[error(transparent)]
    Cannot(#[from] Trouble),
}

/// A failure that is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {what}: {why}")]
pub(crate) struct Trouble {
    /// The exit code that it ends with.
    pub(crate) exit: Exit,
    /// What was attempted, on what, as it follows "cannot".
    pub(crate) what: String,
    /// Why it failed.
    pub(crate) why: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub(crate) fn cannot(exit: Exit, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Cannot(Trouble { exit, what: what.into(), why: why.into(), hint: None })
    }

    /// The same, with what to do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::OutputClosed => self,
            Self::Cannot(trouble) => Self::Cannot(Trouble { hint: Some(hint.into()), ..trouble }),
        }
    }

    /// The exit code.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::OutputClosed => Exit::Ok,
            Self::Cannot(trouble) => trouble.exit,
        }
    }
}

/// An error and its causes on one line, each text once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}
