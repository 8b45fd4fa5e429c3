//! What a chore tells: a spinner for what is going on where a person watches a terminal, plain lines
//! elsewhere. Everything goes to standard output, in order.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Standard output.
pub(crate) struct Screen {
    terminal: bool,
    colours: bool,
}

/// A step that goes on; ended by `done` or `failed`.
pub(crate) struct Step<'a> {
    screen: &'a Screen,
    what: String,
    spinner: Option<ProgressBar>,
}

impl Screen {
    /// The process's own.
    pub(crate) fn standard() -> Self {
        let terminal = io::stdout().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { terminal, colours: terminal && !no_color }
    }

    /// Prints text and a newline. A reader that went away is no reason to leave work undone.
    pub(crate) fn line(&self, text: &str) {
        let _ = writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush());
    }

    /// Prints a heading.
    pub(crate) fn heading(&self, text: &str) {
        self.line(&format!("\n{}", self.painted("1", text)));
    }

    /// Prints each line of a text, indented.
    pub(crate) fn block(&self, text: &str) {
        for line in text.trim_end().lines() {
            self.line(&format!("    {line}"));
        }
    }

    /// Shows why a chore failed.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let _ = writeln!(io::stderr(), "\n{} {error:#}", self.painted("31", "error:"));
    }

    /// Begins a step.
    pub(crate) fn step(&self, what: &str) -> Step<'_> {
        let spinner = self.terminal.then(|| {
            let target = ProgressDrawTarget::stdout();
            let spinner = ProgressBar::with_draw_target(None, target).with_message(what.to_owned());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                spinner.set_style(style);
            }
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        if spinner.is_none() {
            self.line(&format!("… {what}"));
        }
        Step { screen: self, what: what.to_owned(), spinner }
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

impl Step<'_> {
    /// It was done; `how` tells what came of it.
    pub(crate) fn done(mut self, how: &str) {
        self.clear();
        let mark = self.screen.painted("32", "✓");
        let what = std::mem::take(&mut self.what);
        let more = if how.is_empty() { String::new() } else { format!(": {how}") };
        self.screen.line(&format!("{mark} {what}{more}"));
    }

    fn clear(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        if self.spinner.is_some() || !self.what.is_empty() {
            self.clear();
        }
        if !self.what.is_empty() {
            let mark = self.screen.painted("31", "✗");
            self.screen.line(&format!("{mark} {}", self.what));
        }
    }
}
