//! What the child is told to do: one action or script, and what of it. That it may be done was decided by
//! whoever wrote the order.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One order; a script's bytes are the blob of its frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActOrder {
    /// The action or script.
    pub work: Work,
    /// What is wanted of it.
    pub purpose: Purpose,
    /// How long it may take, in milliseconds; what runs then is killed.
    pub within_ms: u64,
    /// How much output is told, in bytes; the rest is left out, with a mark.
    pub output_bytes: u64,
    /// The person signed in, whose settings some actions change.
    #[serde(default)]
    pub user: Option<SessionUser>,
    /// What is to be known of the machine and its policy.
    pub machine: Machine,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// A row of [`befund_model::action::ACTIONS`].
    Action {
        /// Its name.
        name: String,
        /// Its parameters, an object or null.
        parameters: Value,
    },
    /// A script of the catalogue, verified.
    Script(Script),
}

/// A script. Its bytes come as the frame's blob.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// Its path in the catalogue, for people.
    pub name: String,
    /// What runs it.
    pub interpreter: Interpreter,
    /// What it gets as JSON on its standard input, an object.
    pub arguments: Value,
}

/// What runs a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpreter {
    /// `/bin/sh`.
    Sh,
    /// Windows PowerShell in `System32`, or `/usr/bin/pwsh`.
    Powershell,
    /// `/usr/bin/python3 -I`.
    Python,
}

/// What is wanted of an action or script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Tell what it would change.
    Predict,
    /// Do it.
    Perform,
    /// Put back what was noted when it was done. Of a script: this is its undo script.
    Undo {
        /// What was noted.
        before: Value,
    },
    /// Tell whether it was done.
    Holds,
}

/// The person signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionUser {
    /// The account's name.
    pub name: String,
    /// Its number on Unix, in decimal; its security identifier (`S-1-5-...`) on Windows.
    pub id: String,
}

/// What is to be known of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The tree of files that is changed: `/`, but in tests.
    pub root: PathBuf,
    /// The only folder in which programs are looked for, in tests; the system's own if absent.
    #[serde(default)]
    pub programs: Option<PathBuf>,
    /// The policy's names (`targets.dns`), for `hosts.entry_disable`.
    #[serde(default)]
    pub names: Vec<String>,
    /// The policy's time servers (`targets.ntp`), as `host` or `host:port`.
    #[serde(default)]
    pub time_servers: Vec<String>,
    /// No clock is set to before this, in seconds since 1970: the highest time that was seen signed.
    #[serde(default)]
    pub not_before: i64,
}

impl Default for Machine {
    /// The running system under a policy that lists nothing.
    fn default() -> Self {
        Self {
            root: PathBuf::from("/"),
            programs: None,
            names: Vec::new(),
            time_servers: Vec::new(),
            not_before: 0,
        }
    }
}
