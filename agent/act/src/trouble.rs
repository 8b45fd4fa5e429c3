//! Why something was not done: a status, and a reason that a person can act upon.

use std::io;

use befund_model::snapshot::Status;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Trouble {
    /// Never `ok` or `partial`.
    pub(crate) status: Status,
    /// What was attempted, on what, why it failed, and what to do.
    pub(crate) reason: String,
}

impl Trouble {
    /// This system has no such thing; the reason names what was looked for.
    pub(crate) fn unsupported(reason: impl Into<String>) -> Self {
        Self { status: Status::Unsupported, reason: reason.into() }
    }

    /// It did not work.
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self { status: Status::Failed, reason: reason.into() }
    }

    /// The deadline passed.
    pub(crate) fn late(reason: impl Into<String>) -> Self {
        Self { status: Status::Timeout, reason: reason.into() }
    }

    /// What the system said to an attempt.
    pub(crate) fn io(attempt: impl std::fmt::Display, error: &io::Error) -> Self {
        let status = match error.kind() {
            io::ErrorKind::PermissionDenied => Status::Denied,
            io::ErrorKind::TimedOut => Status::Timeout,
            io::ErrorKind::Unsupported => Status::Unsupported,
            _ => Status::Failed,
        };
        Self { status, reason: plain(format!("could not {attempt}: {error}")) }
    }
}

/// The reason without the numbers that Rust puts behind errors of the system.
fn plain(mut reason: String) -> String {
    while let Some(start) = reason.find(" (os error ") {
        let end = reason[start..].find(')').map_or(reason.len(), |end| start + end + 1);
        reason.replace_range(start..end, "");
    }
    reason
}

pub(crate) type Outcome<T> = Result<T, Trouble>;
