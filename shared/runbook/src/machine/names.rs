//! Which measurements an expression names, so that only those are made again. Not a parser of CEL, which is the
//! linter's: what it takes for a name and is none is measured once more than needed, and that is all.

use std::collections::BTreeSet;

/// The names in the expression that stand for themselves: no members (`.name`), no words within texts or comments.
pub(super) fn named(expression: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut rest = expression;
    let mut member = false;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => quoted(rest, Raw::No),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            letter if letter.is_alphabetic() || letter == '_' => {
                let end =
                    rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                if after.starts_with(['\'', '"']) && is_prefix(word) {
                    let raw = if word.contains(['r', 'R']) { Raw::Yes } else { Raw::No };
                    end + quoted(after, raw)
                } else {
                    if !member {
                        names.insert(word);
                    }
                    end
                }
            }
            digit if digit.is_ascii_digit() => {
                rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len())
            }
            other => other.len_utf8(),
        };
        if !first.is_whitespace() {
            member = first == '.';
        }
        rest = &rest[length..];
    }
    names
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Raw {
    Yes,
    No,
}

/// Whether the word before a quote belongs to it, as in `r"\d"`, `b'x'`.
fn is_prefix(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "r" | "b" | "rb" | "br")
}

/// The length of the text that begins here with its quote.
fn quoted(text: &str, raw: Raw) -> usize {
    let quote = &text[..1];
    let triple = quote.repeat(3);
    let close = if text.starts_with(&triple) { triple.as_str() } else { quote };
    let mut at = close.len();
    while let Some(next) = text[at..].chars().next() {
        if text[at..].starts_with(close) {
            return at + close.len();
        }
        at += next.len_utf8();
        if next == '\\' && raw == Raw::No {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(expression: &str) -> Vec<&str> {
        named(expression).into_iter().collect()
    }

    #[test]
    fn names_are_those_that_are_no_members_and_in_no_text() {
        assert_eq!(
            names("gw.neighbor == 'dns' && dns.web.all(s, !s.answered)"),
            ["dns", "gw", "s"]
        );
        assert_eq!(names(r#"a . b + "it's \" c" + d"#), ["a", "d"]);
        assert_eq!(names(r#"r'\' + e // f"#), ["e"]);
        assert_eq!(names("'''x ' y''' + 1u + 0x1F + g[h]"), ["g", "h"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in ".{0,200}") {
            for name in named(&text) {
                prop_assert!(text.contains(name));
            }
        }
    }
}
