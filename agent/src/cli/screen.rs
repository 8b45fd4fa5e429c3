//! Text on the terminal. What came from elsewhere is made printable first: a terminal obeys control
//! characters.

use std::io::{IsTerminal as _, Write as _};

/// A line on standard output. A reader that is gone wants nothing more.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// A line on standard error.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "befund-agent: {line}");
}

/// A question on standard output; the answer's first line, or `None` at the end of the input.
pub(crate) fn ask(question: &str) -> Option<String> {
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "{question} ");
    let _ = out.flush();
    let mut answer = String::new();
    match std::io::stdin().read_line(&mut answer) {
        Ok(1..) => Some(answer.trim().to_lowercase()),
        Ok(0) | Err(_) => None,
    }
}

/// Whether a person can be asked.
pub(crate) fn somebody_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Text without control characters.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// Bytes in words, as in `12.3 KB`.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => {
            format!("{}.{} KB", count / 1_000, count % 1_000 / 100)
        }
        _ => format!("{}.{} MB", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well_and_control_characters_do_not_reach_the_terminal() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(12_345), "12.3 KB");
        assert_eq!(bytes(7_890_000), "7.8 MB");
        assert_eq!(printable("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
    }
}
