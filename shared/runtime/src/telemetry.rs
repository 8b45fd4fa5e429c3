//! Logs: for people on a terminal, JSON for programs. Values are fields; personal data stays below
//! INFO. A whole chain of causes is written by [`chain`], once, where an error is handled.

use std::error::Error;
use std::fmt::Write as _;
use std::io::IsTerminal as _;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What log lines look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            other => Err(format!("{other:?} is not a log format: expected `human` or `json`")),
        }
    }
}

/// Sends logs to standard error: Befund's own from `level` on, libraries' from WARN on. Call once.
pub fn init(format: LogFormat, level: Level) {
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("befund", LevelFilter::from_level(level));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let done = match format {
        LogFormat::Human => {
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            registry.with(layer.with_ansi(colours).with_target(false)).try_init()
        }
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    if done.is_err() {
        tracing::debug!("a log subscriber is already there");
    }
}

/// An error with all of its causes, joined by `: `, control characters escaped.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        for letter in error.to_string().chars() {
            if letter.is_control() {
                text.extend(letter.escape_default());
            } else {
                let _ = text.write_char(letter);
            }
        }
        next = error.source();
    }
    text
}
