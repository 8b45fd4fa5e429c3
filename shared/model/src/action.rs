//! Actions: compiled-in changes to a machine, and what is said of each before it is done.
//!
//! What there is to do stands in [`table`]; how it is done is the agent's. An action takes no free path,
//! no free address and no command: its parameters are whole numbers within limits, entries of lists in
//! the machine's own policy, or names of things that the machine itself has (an interface, a service).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::snapshot::Status;

mod table;

pub use table::ACTIONS;

/// How much a step can do to a machine and to whoever works at it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// It only looks, or asks the person to do something.
    #[default]
    Read,
    /// It changes something that a person would hardly notice, or that can be undone.
    Change,
    /// It interrupts work, may lose something, or cannot be undone.
    Disruptive,
}

impl Risk {
    /// The word used on screens and in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Change => "change",
            Self::Disruptive => "disruptive",
        }
    }
}

/// What may happen with a step of which nobody knows whether it was done, after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// Done twice is as done once: it is done again.
    Idempotent,
    /// The machine can be asked whether it was done ([`Holds`]); if not, it is done again.
    Probed,
    /// Nobody can tell: it is reported as indeterminate and never done again by itself.
    Never,
}

/// A parameter's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One entry of a policy's list, by name.
    Named(crate::probe::List),
    /// A network interface of this machine, by name.
    Interface,
    /// A service that is installed on this machine, by name, as in `cups.service`.
    Service,
    /// A printer of this machine, by name.
    Printer,
    /// An account of this machine, by name.
    Account,
    /// A whole number.
    Number {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// One of these words.
    Word(&'static [&'static str]),
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionParameter {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub takes: Takes,
    /// Whether it must be given.
    pub required: bool,
    /// One line for people.
    pub title: &'static str,
}

/// What the fix does when it is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// What was there before was noted and is put back.
    Restores,
    /// There is nothing to put back (an emptied cache fills again by itself).
    Needless,
    /// It cannot be taken back.
    Impossible,
}

/// One action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionSpec {
    /// Its name, as in `dns.flush_cache`.
    pub name: &'static str,
    /// One line for a technician.
    pub title: &'static str,
    /// One sentence for the person at the machine: what will be changed.
    pub user: crate::language::Words,
    /// What it may do; a runbook may raise it, never lower it.
    pub risk: Risk,
    /// What may happen after a crash.
    pub repeat: Repeat,
    /// What undoing it does.
    pub undo: Undo,
    /// Whether it changes how the machine is connected, so that it is confirmed or undone by itself.
    pub network: bool,
    /// The parameters.
    pub parameters: &'static [ActionParameter],
    /// How long it may take unless told otherwise, in milliseconds.
    pub within_ms: u64,
}

/// Actions that have something started which is to go on when they have ended: services, clients that ask for
/// addresses, what serves a mounted share, and whatever packages start when they are set up. Where a service manager
/// starts it, nothing of it is the action's; where none does, the daemons are.
const STARTING: [&str; 7] = [
    "net.dhcp_renew",
    "net.vpn_reconnect",
    "net.wifi_reconnect",
    "packages.repair",
    "service.restart",
    "service.start",
    "share.reconnect",
];

impl ActionSpec {
    /// Whether what it leaves running is what it is for.
    #[must_use]
    pub fn starts(&self) -> bool {
        STARTING.contains(&self.name)
    }
}

/// The action of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static ActionSpec> {
    ACTIONS.iter().find(|spec| spec.name == name)
}

/// What an action would change, told before it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Prediction {
    /// Whether it can be told at all.
    pub known: bool,
    /// Whether anything would change; false where the machine is so already.
    pub changes: bool,
    /// What would change, one thing to a line; or why it cannot be predicted.
    pub lines: Vec<String>,
}

/// Whether an action's post-condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// It was done.
    Done,
    /// It was not done.
    NotDone,
    /// That cannot be told.
    Unknown,
}

/// What came of an action, a script, or the undoing of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Acted {
    /// How it came out. `partial` is never said of a change.
    pub status: Status,
    /// Why it is not `ok`; empty if it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// One line for people: what was changed.
    pub summary: String,
    /// The programs that were run, as they were run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
    /// What undoing needs to know; null where there is nothing to undo. Of the action's own shape, kept in the
    /// machine's journal and never taken from anywhere else.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub before: Value,
    /// How long it took, in microseconds.
    pub took_us: u64,
}

/// A program that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Command {
    /// The absolute path and the arguments, redacted.
    pub line: Vec<String>,
    /// Its exit status; absent where it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// How long it ran, in microseconds.
    pub took_us: u64,
    /// The last of its output, redacted, at most 4 KiB; the whole was told as it came.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
    /// Whether output was left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}
