//! What a person types at the terminal while other things go on: lines of standard input, read by a thread of their own,
//! since nothing can be taken back from a read that has begun.

use std::io::{IsTerminal as _, Write as _};

use tokio::sync::mpsc;

use crate::exit::Exit;
use crate::failure::Failure;

/// Lines of standard input.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    typed: Option<mpsc::Receiver<String>>,
}

impl Lines {
    /// Whether somebody sits there.
    pub(crate) fn is_anybody_there() -> bool {
        std::io::stdin().is_terminal()
    }

    /// The next line; `None` once there is no more. Cancel-safe: a line that comes later is there for the next call.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let typed = self.typed.get_or_insert_with(|| {
            let (lines, typed) = mpsc::channel(1);
            // It ends with standard input or the process: nobody can wake it from its read.
            std::thread::spawn(move || {
                for line in std::io::stdin().lines() {
                    let Ok(line) = line else { return };
                    if lines.blocking_send(line).is_err() {
                        return;
                    }
                }
            });
            typed
        });
        typed.recv().await
    }

    /// Asks for a yes; anything else is a no, and so is nobody.
    ///
    /// # Errors
    /// If nobody is there to be asked.
    pub(crate) async fn confirm(&mut self, what: &str, question: &str) -> Result<Answer, Failure> {
        if !Self::is_anybody_there() {
            return Err(Failure::cannot(Exit::Usage, what, "nobody is there to confirm it"));
        }
        prompt(&format!("{question} [y/N] "));
        Ok(self.next().await.map_or(Answer::No, |line| Answer::of(&line)))
    }
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Yes.
    Yes,
    /// Anything else.
    No,
}

impl Answer {
    /// Reads a line.
    pub(crate) fn of(line: &str) -> Self {
        match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Self::Yes,
            _ => Self::No,
        }
    }
}

/// Shows where something is to be typed.
pub(crate) fn prompt(text: &str) {
    let mut out = std::io::stderr();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for yes in ["y", "Y", " yes ", "YES"] {
            assert_eq!(Answer::of(yes), Answer::Yes, "{yes:?}");
        }
        for no in ["", "n", "no", "ja", "yes please", "0"] {
            assert_eq!(Answer::of(no), Answer::No, "{no:?}");
        }
    }
}
