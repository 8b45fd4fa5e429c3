//! Lists of patterns as SSH reads them (ssh_config(5), PATTERNS): `*`, `?`, and `!` before what is taken out. Not what
//! they are patterns of.

/// Whether one of the patterns fits and none that begins with `!` does.
pub(super) fn is_listed(list: &str, text: &str) -> bool {
    let mut listed = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if fits(pattern.as_bytes(), text.as_bytes()) => return false,
            Some(_) => {}
            None => listed |= fits(pattern.as_bytes(), text.as_bytes()),
        }
    }
    listed
}

/// Whether a pattern fits the whole text; in time by the product of their lengths.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    // After the last `*`, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                star = Some((at, read));
            }
            Some(byte) if *byte == b'?' || *byte == text[read] => {
                at += 1;
                read += 1;
            }
            Some(_) | None => {
                let Some((after, taken)) = star else { return false };
                (at, read) = (after, taken + 1);
                star = Some((after, taken + 1));
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_as_ssh_reads_them() {
        for (list, text, listed) in [
            ("anna", "anna", true),
            ("anna", "annab", false),
            ("*@example.org", "anna@example.org", true),
            ("*@example.org", "anna@example.com", false),
            ("a*b*c", "aXbYbZc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("", "", true),
            ("*,!ben", "ben", false),
            ("*,!ben", "anna", true),
            ("!ben", "anna", false),
            ("ben,anna", "anna", true),
        ] {
            assert_eq!(is_listed(list, text), listed, "{list} {text}");
        }
    }

    #[test]
    fn a_spiteful_pattern_ends() {
        assert!(!is_listed(&"*a".repeat(200), &"a".repeat(199)));
    }
}
