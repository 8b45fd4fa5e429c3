//! Texts with `${EXPRESSION}` in them. `$${` stands for `${` itself.

use crate::document::{Condition, Piece};

/// A piece that does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// Where it begins, in characters from 0.
    pub(super) at: usize,
}

/// The pieces of a text, each with the place of its first character, counted from 0. A text without any
/// expression is one piece; one expression alone is one piece, too.
pub(super) fn pieces(text: &str) -> Result<Vec<(usize, Piece)>, Unclosed> {
    let signs: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    let mut said = String::new();
    let (mut at, mut begun) = (0, 0);
    while at < signs.len() {
        match signs[at..] {
            ['$', '$', '{', ..] => {
                said.push_str("${");
                at += 3;
            }
            ['$', '{', ..] => {
                let inside = at + 2;
                let end = end_of(&signs, inside).ok_or(Unclosed { at })?;
                if !said.is_empty() {
                    pieces.push((begun, Piece::Said(std::mem::take(&mut said))));
                }
                let text = signs[inside..end].iter().collect();
                pieces.push((inside, Piece::Filled(Condition { text })));
                at = end + 1;
                begun = at;
            }
            [sign, ..] => {
                said.push(sign);
                at += 1;
            }
            [] => break,
        }
    }
    if !said.is_empty() || pieces.is_empty() {
        pieces.push((begun, Piece::Said(said)));
    }
    Ok(pieces)
}

/// The brace that closes, those within texts and further braces left out.
fn end_of(signs: &[char], from: usize) -> Option<usize> {
    let mut open = 0_usize;
    let mut quote = None;
    let mut at = from;
    while at < signs.len() {
        match (signs[at], quote) {
            ('\\', Some(_)) => at += 1,
            (sign, Some(begun)) if sign == begun => quote = None,
            (_, Some(_)) => {}
            (sign @ ('\'' | '"'), None) => quote = Some(sign),
            ('{', None) => open += 1,
            ('}', None) if open == 0 => return Some(at),
            ('}', None) => open -= 1,
            (_, None) => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> Vec<String> {
        let pieces = pieces(text).expect("pieces");
        let told = |(at, piece): (usize, Piece)| match piece {
            Piece::Said(said) => format!("{at}:{said}"),
            Piece::Filled(filled) => format!("{at}={}", filled.text),
        };
        pieces.into_iter().map(told).collect()
    }

    #[test]
    fn a_text_is_taken_apart_at_its_expressions() {
        assert_eq!(told("plain"), ["0:plain"]);
        assert_eq!(told(""), ["0:"]);
        assert_eq!(told("${web.portal_host}"), ["2=web.portal_host"]);
        assert_eq!(told("http://${a.b}/${c}"), ["0:http://", "9=a.b", "13:/", "16=c"]);
        assert_eq!(told("${ {'}': 1}['}'] }x"), ["2= {'}': 1}['}'] ", "18:x"]);
        assert_eq!(told("$${a} $5 {b}"), ["0:${a} $5 {b}"]);
        assert_eq!(pieces("ab ${c"), Err(Unclosed { at: 3 }));
    }

    proptest! {
        #[test]
        fn any_text_has_pieces_or_an_end_that_is_missing(text in "[a-c${}'\\\\ ]{0,30}") {
            match pieces(&text) {
                Ok(pieces) => prop_assert!(!pieces.is_empty()),
                Err(Unclosed { at }) => prop_assert!(text.chars().nth(at) == Some('$')),
            }
        }
    }
}
