//! Text from machines and people, made harmless for a terminal: whatever could move the cursor,
//! change colours or turn the direction of writing is shown, not done.

use std::fmt::Write as _;

use crate::screen::Look;

/// One line: line breaks are shown as well.
pub(crate) fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut safe, c);
    }
    safe
}

/// Several lines, each but the first indented; empty lines at the end are dropped.
pub(crate) fn block(text: &str, indent: usize) -> String {
    let mut safe = String::with_capacity(text.len());
    for (number, text) in text.trim_end().split('\n').enumerate() {
        if number > 0 {
            safe.push('\n');
            if !text.trim_end().is_empty() {
                safe.extend(std::iter::repeat_n(' ', indent));
            }
        }
        safe.push_str(&line(text.strip_suffix('\r').unwrap_or(text)));
    }
    safe
}

/// The same, broken at spaces so that no line is longer than the terminal where there is one. What the first line
/// stands behind counts as indented as well.
pub(crate) fn wrapped(look: &Look, text: &str, indent: usize) -> String {
    let block = block(text, indent);
    let Some(width) = look.width.map(usize::from) else { return block };
    // However far in it stands, some words go into a line.
    let room = width.saturating_sub(indent).max(20);
    let mut out = String::with_capacity(block.len());
    for (number, line) in block.split('\n').enumerate() {
        let line = if number > 0 { line.get(indent..).unwrap_or_default() } else { line };
        let mut used = 0;
        for (place, word) in line.split(' ').enumerate() {
            let length = word.chars().count();
            if place == 0 && number > 0 || place > 0 && used + 1 + length > room {
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                used = 0;
            } else if place > 0 {
                out.push(' ');
                used += 1;
            }
            out.push_str(word);
            used += length;
        }
    }
    out
}

fn push(safe: &mut String, c: char) {
    match c {
        '\t' => safe.push_str("    "),
        '\n' => safe.push_str("\\n"),
        '\r' => safe.push_str("\\r"),
        // Line and paragraph separators, marks that turn the direction of writing, and marks that
        // cannot be seen.
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        }
        c if c.is_control() => {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        }
        c => safe.push(c),
    }
}

/// Bytes as people read them.
pub(crate) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let float = bytes as f64;
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", float / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", float / 1_048_576.0),
        _ => format!("{:.1} GiB", float / 1_073_741_824.0),
    }
}

/// Microseconds as people read them.
pub(crate) fn took(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

/// A count with its word, as in `1 section`, `2 sections`.
pub(crate) fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_driven_by_what_it_shows() {
        assert_eq!(
            line("\u{1b}[31mred\u{7}\u{9b}2J\u{7f}"),
            "\\u{1b}[31mred\\u{7}\\u{9b}2J\\u{7f}"
        );
        assert_eq!(line("a\r\nb\tc"), "a\\r\\nb    c");
        assert_eq!(line("\u{202e}txt.exe\u{200b}"), "\\u{202e}txt.exe\\u{200b}");
        assert_eq!(line("Grüße, 世界 🙂"), "Grüße, 世界 🙂");
    }

    #[test]
    fn a_block_keeps_its_lines_and_nothing_else() {
        assert_eq!(
            block("one\r\n\u{1b}two\n\n  three\n\n", 4),
            "one\n    \\u{1b}two\n\n      three"
        );
    }

    #[test]
    fn a_narrow_terminal_breaks_at_spaces_and_keeps_the_indent() {
        let zone = jiff::tz::TimeZone::UTC;
        let colours = crate::screen::Colours::Off;
        let look = Look { colours, width: Some(30), zone };
        assert_eq!(
            wrapped(&look, "the name servers do not answer\nat all, any of them", 4),
            "the name servers do not\n    answer\n    at all, any of them"
        );
        let long = "x".repeat(50);
        assert_eq!(wrapped(&look, &format!("a {long} b"), 4), format!("a\n    {long}\n    b"));
        let wide = Look { width: None, ..look };
        assert_eq!(wrapped(&wide, &format!("a {long} b"), 4), format!("a {long} b"));
    }

    #[test]
    fn figures() {
        assert_eq!(size(1_023), "1023 B");
        assert_eq!(size(57_000), "55.7 KiB");
        assert_eq!(size(64 << 20), "64.0 MiB");
        assert_eq!(took(999), "999 µs");
        assert_eq!(took(1_250), "1.2 ms");
        assert_eq!(took(12_340_000), "12.3 s");
        assert_eq!(count(1, "section"), "1 section");
        assert_eq!(count(0, "section"), "0 sections");
    }
}
