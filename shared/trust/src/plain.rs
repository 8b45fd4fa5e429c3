//! What may stand in a text that a person reads before they sign, and how the rest is shown. Not what it says.

/// Whether a text is one line that shows what it is: neither controls nor characters that reorder or hide others.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.chars().any(is_tricky)
}

/// Whether a text is plain, not empty, and at most so many characters long.
pub(crate) fn is_name(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && is_plain(text)
}

/// Whether a text is a short name of our own: letters, digits, dots, hyphens and underscores.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
        && !text.starts_with(['.', '-'])
}

/// The text on one line, with what could deceive written out, as in `\u{202e}`.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        if is_tricky(char) || char == '\\' {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
    }
    shown
}

/// Controls; line and paragraph separators; what changes the direction (Unicode's `Bidi_Control`); what is not seen
/// (zero-width characters, variation and tag characters, fillers).
fn is_tricky(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_written_out() {
        assert_eq!(shown("a\nb\u{202e}c\u{1b}[0m"), r"a\nb\u{202e}c\u{1b}[0m");
        assert_eq!(shown(r"C:\new"), r"C:\\new", "an escape is told from what looks like one");
        assert_eq!(shown("Küche №3"), "Küche №3");
    }

    #[test]
    fn names_are_short_plain_and_there() {
        assert!(is_name("Anna Berg", 9));
        for bad in ["", "  ", "Anna Bergs", "An\u{200b}a", "a\tb"] {
            assert!(!is_name(bad, 9), "{bad:?}");
        }
        assert!(is_id("anna-2"));
        for bad in ["", "Anna", "-a", "a/b", &"a".repeat(65)] {
            assert!(!is_id(bad), "{bad:?}");
        }
    }
}
