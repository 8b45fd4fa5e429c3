//! What went wrong lately.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::redaction::Redacted;

/// Section `crashes`: of programs and of the system, within the last 30 days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Crashes {
    /// The crashes, newest last; the latest 200.
    pub crashes: Vec<Crash>,
    /// How many more there were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older: Option<u32>,
}

/// A crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Crash {
    /// When.
    pub at: Timestamp,
    /// `program`, `hang`, `kernel`, `out of memory` or `hardware`.
    pub kind: String,
    /// The program that crashed, was ended or reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The module in which it crashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// The signal, exception or bug check (`SIGSEGV`, `0xc0000005`, `0x9f`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What was said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Redacted>,
    /// Where its memory was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dump: Option<String>,
}
