//! One line on a terminal that says what is going on, and how far, until it is done.

use std::io::Write as _;

use super::screen;

/// Clears the line that the cursor is in (ECMA-48: carriage return, erase in line).
const CLEAR: &str = "\r\x1b[K";

/// The line. It goes when this is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    text: Option<&'static str>,
}

impl Progress {
    /// Nothing is shown.
    pub(super) const fn hidden() -> Self {
        Self { text: None }
    }

    /// What is going on.
    pub(super) fn shown(text: &'static str) -> Self {
        draw(&format!("{text} …"));
        Self { text: Some(text) }
    }

    /// How far it is.
    pub(super) fn at(&self, sent: u64, total: u64) {
        if let Some(text) = self.text {
            draw(&line(text, sent, total));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.text.is_some() {
            draw("");
        }
    }
}

fn line(text: &str, sent: u64, total: u64) -> String {
    format!("{text} {} / {}", screen::bytes(sent), screen::bytes(total))
}

fn draw(line: &str) {
    // A terminal that is gone shows nothing.
    let mut out = std::io::stderr().lock();
    let _ = write!(out, "{CLEAR}{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_how_far_it_is() {
        assert_eq!(line("Sending", 1_500, 12_345), "Sending 1.5 KB / 12.3 KB");
    }
}
